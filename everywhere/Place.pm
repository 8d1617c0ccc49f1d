package everywhere::Place;

# One place: what its recipe says, a copy of the kit in it, and its checks, one after the other.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5    qw(md5_hex);
use File::Basename qw(basename);
use File::Path     qw(make_path);
use JSON::PP       ();
use POSIX          qw(setpgid);
use everywhere::Debian;
use everywhere::Tap;

my %LISTS = map { $_ => 1 } qw(packages checks);

# $path: of the recipe, a piece of shell that begins with lines `# is: ...`, `# base: ...`, `# packages: ...`, `# checks: ...`.
# $state: the folder for all that is made; $tree: the kit.
sub new ( $class, $path, $state, $tree ) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    my $text = do { local $/ = undef; <$file> };
    my %self = ( path => $path, name => basename($path), state => $state, tree => $tree, text => $text );
    while ( $text =~ /^# (is|base|packages|checks): (.*)$/mg ) {
        $self{$1} = $LISTS{$1} ? [ @{ $self{$1} // [] }, split ' ', $2 ] : $2;
    }
    for my $needed (qw(is base checks)) {
        die "$path: there is no line '# $needed: ...'\n" if !defined $self{$needed};
    }
    return bless \%self, $class;
}

sub name   ($self) { return $self->{name} }
sub is     ($self) { return $self->{is} }
sub checks ($self) { return @{ $self->{checks} } }

# The machine itself is a base, too; it has what it has.
sub _is_here ($self) { return $self->{base} eq 'here' }

sub _debian ($self) { return "$self->{state}/debian/$self->{base}" }

# The folder of the place as those outside see it, and as its checks do.
sub _outside ($self) { return $self->_is_here ? $self->_within : $self->_debian . '/root' . $self->_within }
sub _within  ($self) { return $self->_is_here ? "$self->{state}/here/$self->{name}" : "/home/student/$self->{name}" }

# Makes the place, without the kit. Result: undef, or { gone => true or false, why => sentence }.
sub prepare ($self) {
    return if $self->_is_here;
    make_path( "$self->{state}/logs", "$self->{state}/debian" );
    my $log     = "$self->{state}/logs/$self->{base}";
    my $problem = everywhere::Debian::make( $self->_debian, $self->{base}, $log );
    return $problem if $problem;
    my $why = everywhere::Debian::install( $self->_debian, $log, @{ $self->{packages} // [] } );
    return defined $why ? { gone => 0, why => $why } : undef;
}

# Copies the files of the kit, as the tree has them now; what an earlier copy has built stays, where nothing has changed.
sub lay ( $self, $files, $key ) {
    my $outside = $self->_outside;
    return if -e "$outside/laid" && _content("$outside/laid") eq $key;
    system 'rm', '-rf', '--one-file-system', '--', $outside;
    make_path("$outside/kit");
    my @into = ( 'tar', '-C', "$outside/kit", '-xf', '-' );
    my @from = ( 'tar', '-C', $self->{tree}, '--null', '--no-recursion', '-T', $files, '-cf', '-' );
    system( 'sh', '-c', '"$@" | tar -C "$0" -xf -', "$outside/kit", @from ) == 0
      or die "the kit cannot be copied to $outside/kit\n";
    _write( "$outside/recipe", $self->{text} );
    system 'chown', '-R', '1000:1000', $outside if !$self->_is_here;
    _write( "$outside/laid", $key );
    return;
}

sub _content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

sub _write ( $path, $text ) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} $text;
    close $file or die "cannot write $path: $!\n";
    return;
}

sub _path ( $self, $check ) { return "$self->{state}/results/$self->{name}/" . $check =~ s{/}{,}gr }

# What the check was found to say earlier, with the same kit and recipe; undef when it was not asked, or failed
# and failures are not asked for.
sub known ( $self, $check, $key, $also_failed = 0 ) {
    my $path = $self->_path($check) . '.json';
    return if !-e $path;
    my $kept = eval { JSON::PP->new->decode( _content($path) ) } or return;
    return if @{ $kept->{failed} } && !$also_failed;    # it may have been the machine
    return $kept->{key} eq md5_hex( $key . $self->{text} ) ? $kept : undef;
}

# Runs one check. $most_s: how long it may take in all; nobody waits for a place that hangs. Result: as everywhere::Tap::count,
# with its name.
sub check ( $self, $check, $key, $most_s ) {
    make_path("$self->{state}/results/$self->{name}");
    my $path    = $self->_path($check);
    my $within  = $self->_within;
    my $line    = "cd '$within/kit' && exec sh everywhere/inside '$within' '$check'";
    my @command = $self->_is_here ? ( 'sh', '-c', $line ) : everywhere::Debian::inside( $self->_debian, $line );
    my ( $said, $stopped ) = _said( "$path.err", $most_s, @command );
    _write( "$path.tap", $said );
    my $count = everywhere::Tap::count( $said, $?, $stopped );
    $count = { %{$count}, name => $check, key => md5_hex( $key . $self->{text} ) };
    _write( "$path.json.new", JSON::PP->new->canonical->pretty->encode($count) );
    rename "$path.json.new", "$path.json" or die "cannot write $path.json: $!\n";
    return $count;
}

# The group of processes of the check that runs; 0 between two.
our $running = 0;

# Result: standard output, and why the command was stopped, or undef. $? is its wait status.
sub _said ( $errors, $most_s, @command ) {
    my $pid = open( my $pipe, '-|' ) // die "cannot start a process: $!\n";
    if ( $pid == 0 ) {
        setpgid( 0, 0 );
        open STDIN, '<', '/dev/null';
        open STDERR, '>', $errors or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    $running = $pid;
    my $stopped;
    local $SIG{ALRM} = sub {
        $stopped = "was stopped after $most_s s";
        kill 'KILL', -$pid;
    };
    alarm $most_s;
    my $said = join q{}, <$pipe>;
    close $pipe;
    alarm 0;
    $running = 0;
    return ( $said, $stopped );
}

1;

__END__

=head1 NAME

everywhere::Place - a place that the kit is run in

=head1 METHODS

=head2 everywhere::Place->new($recipe, $state, $tree), $place->prepare, $place->lay($files, $key)

Reads the recipe; makes the tree of Debian that it wants; copies the files named in a list (separated by null bytes) there.

=head2 $place->known($check, $key), $place->check($check, $key, $most_s)

What a check has said with this key, now or in an earlier run.

=cut
