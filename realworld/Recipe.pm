package realworld::Recipe;

# One program of programs/: what it needs, and one run of it on an allocator. recipe.sh says how a recipe is written.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use Digest::MD5    qw(md5_hex);
use File::Basename qw(basename dirname);
use File::Path     qw(make_path remove_tree);
use JSON::PP       ();
use List::Util     qw(max sum0);

use measure::Launch;
use realworld::Counts;

my $HERE = abs_path( dirname(__FILE__) );

# Only Debian's commands: those of a user's own folders are other programs, or cannot be read by the user of a run.
my $PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

my $WALL_S        = 240;                # a run takes a few seconds; this is for a machine that is busy, and a hang
my $CAPTURE_BYTES = 1024 * 1024;
my $OUTPUT_BYTES  = 64 * 1024 * 1024;

my %KNOWN_HEAD =
  map { $_ => 1 } ( 'needs', 'packages', 'counts', 'may be empty', 'known' );

sub new ( $class, $path ) {
    open my $file, '<', $path or die "there is no recipe $path: $!\n";
    my @lines = <$file>;
    close $file;
    my %head =
      map { /\A# ([a-z ]+): (.*\S)/ && $KNOWN_HEAD{$1} ? ( $1 => $2 ) : () } @lines;
    die "$path: its second line must be '# needs: COMMAND...'\n"
      if !$head{needs};
    my @needs = split ' ', $head{needs};
    return bless {
        name     => basename($path),
        path     => abs_path($path),
        needs    => \@needs,
        counts   => [ $head{counts} ? split( ' ', $head{counts} ) : basename( $needs[0] ) ],
        empty    => $head{'may be empty'},
        known    => $head{known},
        packages => $head{packages} // q{},
    }, $class;
}

sub name         ($self) { return $self->{name} }
sub known        ($self) { return $self->{known} }
sub may_be_empty ($self) { return $self->{empty} }

# Changes when results of the recipe can no longer be compared with older ones.
sub digest ($self) {
    my $digest = Digest::MD5->new;
    for my $path ( $self->{path}, "$HERE/recipe.sh", sort glob "$HERE/inputs/*" ) {
        open my $file, '<', $path or die "cannot read $path: $!\n";
        $digest->addfile($file);
    }
    return $digest->hexdigest;
}

# Result: why the program is not here, or nothing.
sub missing ($self) {
    my ($command) = grep { !_is_there($_) } @{ $self->{needs} } or return;
    return "no $command: Debian has it in " . ( join( ' or ', split ' ', $self->{packages} ) || 'no package' );
}

sub _is_there ($command) {
    return -r $command if $command =~ m{/};
    return scalar grep { -x "$_/$command" } split /:/, $PATH;
}

# %place: work, a folder for this runner alone; launcher; user, the number of a user, or undef.
sub make_input ( $self, %place ) {
    _fresh( $place{work}, $_, $place{user} ) for qw(input run usage);
    my $result = $self->_start( 'input', "$place{work}/input", {}, %place );
    return measure::Launch::ok($result)
      ? ()
      : 'its input cannot be made: it ' . measure::Launch::sentence($result);
}

# One run on the allocator of a library; counted: a path for counts, where the library counts calls; touch_kib: memory to have
# ready. Result: { ok, why, wall_s, user_s, sys_s, peak_kib, output, digest, and calls where they were counted }.
sub run ( $self, $library, %place ) {
    _fresh( $place{work}, $_, $place{user} ) for qw(run usage);
    my %variables = ( PRELOAD => $library );
    $variables{PAR_COUNT_FILE} = realworld::Counts::make( $place{counted} )
      if $place{counted};
    my $result = $self->_start( 'run', "$place{work}/run", \%variables, %place );
    my @usage  = _reports("$place{work}/usage");
    my %run    = (
        ok       => measure::Launch::ok($result) && !grep( { _is_bad($_) } @usage ) ? 1 : 0,
        wall_s   => $result->{wall_s},
        user_s   => sum0( map { $_->{user_s} } @usage ),
        sys_s    => sum0( map { $_->{sys_s} } @usage ),
        peak_kib => max( 0, map { $_->{peak_kib} } @usage ),
        output   => substr( $result->{stdout}, 0, 2000 ),
        digest   => md5_hex( $result->{stdout} ),
    );
    my $rest_kib = _rest_kib("$place{work}/usage/rest");
    $run{rest_kib} = $rest_kib               if defined $rest_kib;
    $run{why}      = _why( $result, @usage ) if !$run{ok};
    $run{calls}    = realworld::Counts::of( $place{counted}, @{ $self->{counts} } )
      if $place{counted};
    return \%run;
}

sub _start ( $self, $what, $folder, $variables, %place ) {
    return measure::Launch::run(
        command       => [ 'sh', "$HERE/recipe.sh", $what, $self->{path} ],
        launcher      => $place{launcher},
        directory     => $folder,
        wall_s        => $place{wall_s} // $WALL_S,
        output_bytes  => $OUTPUT_BYTES,
        capture_bytes => $CAPTURE_BYTES,
        user          => $place{user},
        touch_bytes   => $place{touch_bytes},
        only_env      => 1,
        env           => {
            PATH   => $PATH,
            HOME   => $folder,
            TMPDIR => $folder,
            LC_ALL => 'C.UTF-8',
            TREE   => dirname($HERE),
            INPUT  => "$place{work}/input",
            USAGE  => "$place{work}/usage",
            LAUNCH => abs_path( $place{launcher} ),
            %{$variables},
        },
    );
}

sub _fresh ( $work, $name, $user ) {
    remove_tree("$work/$name");
    make_path("$work/$name");
    chown $user, $user, "$work/$name"
      or die "cannot give $work/$name to user $user: $!\n"
      if defined $user;
    return;
}

# A report is empty when its launcher was killed.
sub _reports ($folder) {
    my @reports;
    for my $path ( grep { !m{/rest\z} } glob "$folder/*" ) {
        open my $file, '<', $path or next;
        my $line = <$file> // q{};
        close $file;
        push @reports, eval { JSON::PP->new->decode($line) } // ();
    }
    return @reports;
}

# What a recipe has noted of a server that had nothing left to do; undef when it noted nothing.
sub _rest_kib ($path) {
    open my $file, '<', $path or return;
    my ($bytes) = ( <$file> // q{} ) =~ /(\d+)/;
    close $file;
    return defined $bytes ? $bytes / 1024 : undef;
}

# The shell does not tell what became of a program within a pipe.
sub _is_bad ($usage) { return defined $usage->{error} || defined $usage->{signal} || $usage->{exit} }

# How the first bad program ended says more than what the shell around it made of that.
sub _why ( $result, @usage ) {
    my ($bad) = sort { defined $b->{signal} <=> defined $a->{signal} } grep { _is_bad($_) } @usage;
    return measure::Launch::sentence($result) if !$bad || defined $result->{stopped};
    return measure::Launch::sentence( { %{$result}, %{$bad}, stopped => undef } );
}

1;

__END__

=head1 NAME

realworld::Recipe - one real program: is it here, and how does it run on an allocator?

=head1 METHODS

=head2 new($path)

Reads a recipe. Dies with one line.

=head2 missing

Why the program cannot run on this machine, in words; nothing when it can.

=head2 make_input(%place), run($library, %place)

Makes what all runs read; runs the program once. Both run as C<user>, and nothing that they started is left afterwards.
C<user_s> and C<sys_s> are sums over all processes that ran on the allocator and the children that these waited for;
C<peak_kib> is that of the largest one of them.

=cut
