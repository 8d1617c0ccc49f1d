package lecture::Profiles;

# Where the time goes: flat profiles by gprof, or of the C library by perf; and stacks, where perf works.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use measure::Launch;
use measure::Profile;
use measure::Table qw(progress);

my $PROGRAM      = 'list';
my $SYS_TOP      = 50_000;
my $SAMPLES      = 1500;                # about so many are enough, and perf takes long to read more
my $PERF_HZ_MOST = 999;
my %TOP_OF       = ( hw08 => 2000 );    # the next step up would take it many times as long
my $RUN_WALL_S   = 60;
my $FUNCTIONS    = 12;                  # more than a slide can show
my $STACKS       = 150;                 # the hottest ones

sub measure (%options) {
    my ( @profiles, %problems );
    for my $backend ( @{ $options{backends} } ) {
        progress("profile of $PROGRAM-$backend");
        my $flat = eval {
            $backend eq 'sys'
              ? undef
              : _gprof( "$options{gprof_bin}/$PROGRAM-$backend", $TOP_OF{$backend}, $options{launcher} );
        };
        my $flat_problem = $@;
        my $top          = $flat ? $flat->{top} : $SYS_TOP;
        my $deep =
          eval { _perf( "$options{bin}/$PROGRAM-$backend", $top, $flat ? $flat->{cpu_s} : 0, $options{launcher} ) };
        my $problem = $backend eq 'sys' ? $@ : $flat_problem;
        my $profile = $flat // ( $backend eq 'sys' ? $deep : undef );
        if ( !$profile ) { $problems{$backend} = $problem =~ s/\n.*//sr =~ s{\S*/}{}gr; next }
        push @profiles,
          { backend => $backend, program => $PROGRAM, stacks => $deep ? $deep->{stacks} : [], %{$profile} };
    }
    progress('');
    return { profiles => \@profiles, problems => \%problems };
}

# top: undef to have one chosen.
sub _gprof ( $program, $top, $launcher ) {
    die "there is no $program\n" if !-x $program;
    my $profile   = measure::Profile::run( program => $program, launcher => $launcher, top => $top );
    my @functions = grep { $_->{percent} > 0 } @{ $profile->{functions} };
    splice @functions, $FUNCTIONS if @functions > $FUNCTIONS;
    return {
        tool      => 'gprof',
        top       => $profile->{top},
        cpu_s     => $profile->{cpu_s},
        functions => [ map { { name => $_->{name}, percent => 0 + $_->{percent} } } @functions ],
    };
}

# cpu_s: about how long it will take.
sub _perf ( $program, $top, $cpu_s, $launcher ) {
    my $hertz  = $cpu_s * $PERF_HZ_MOST > $SAMPLES ? int( $SAMPLES / $cpu_s ) : $PERF_HZ_MOST;
    my $folder = File::Temp->newdir( TMPDIR => 1 );
    my $result = eval {
        measure::Launch::run(
            command => [
                qw(perf record --quiet --event cpu-clock:u --call-graph),
                'dwarf,4096', '--freq', $hertz, '--output', "$folder/data", '--', $program, '-t', 1, $top
            ],
            launcher => $launcher,
            wall_s   => $RUN_WALL_S,
        );
    } or die "perf, which alone can see into the C library, is not there\n";
    die 'perf does not work here: it ', measure::Launch::sentence($result), "\n" if !measure::Launch::ok($result);
    my $script = _script("$folder/data");
    return {
        tool  => 'perf',
        top   => $top,
        cpu_s => $result->{user_s} + $result->{sys_s},
        %{ folded($script) },
    };
}

# What was recorded, as text. Not through the launcher: perf leaves a helper of its own behind, which the launcher would
# count against it.
sub _script ($data) {
    open my $perf, '-|', 'sh', '-c', 'exec perf script --fields comm,ip,sym,dso --input "$1" 2>/dev/null', 'sh', $data
      or die "perf cannot be started\n";
    local $/ = undef;
    my $script = <$perf> // '';
    close $perf or die "perf cannot read what it recorded\n";
    return $script;
}

# Counts the stacks of perf's script, in which each sample is a paragraph: a heading, then a line for each function, the
# innermost first.
sub folded ($script) {
    my ( %stacks, %self, $samples );
    for my $paragraph ( split /\n\n+/, $script ) {
        my ( undef, @lines ) = split /\n/, $paragraph;
        my @names = map { /\A\s*[0-9a-f]+\s+(\S+?)(?:\+0x[0-9a-f]+)?\s+\(/ ? $1 : () } @lines;
        @names = map { $_ eq '[unknown]' ? () : s/\A(?:__GI_)?(?:__libc_)?//r } @names or next;
        $samples++;
        $self{ $names[0] }++;
        my @outermost_first = grep { !/\A(?:_start|start_main.*|start_call_main|clone3?|__clone.*|start_thread)\z/ }
          reverse @names;
        $stacks{ join ';', @outermost_first }++;
    }
    die "perf took no sample\n" if !$samples;
    my @functions = sort { $self{$b} <=> $self{$a} || $a cmp $b } keys %self;
    splice @functions, $FUNCTIONS if @functions > $FUNCTIONS;
    my @hottest = sort { $stacks{$b} <=> $stacks{$a} || $a cmp $b } keys %stacks;
    splice @hottest, $STACKS if @hottest > $STACKS;
    return {
        functions => [ map { { name  => $_,            percent => 100 * $self{$_} / $samples } } @functions ],
        stacks    => [ map { { stack => [ split /;/ ], samples => $stacks{$_} } } @hottest ],
    };
}

1;

__END__

=head1 NAME

lecture::Profiles - the time in each function

=head1 FUNCTIONS

=head2 measure(backends => [NAMES], bin => DIR, gprof_bin => DIR, launcher => FILE)

Profiles the program list with one thread: C<sys> with perf, because gprof cannot see into the C library, and the others with
gprof. C<bin> holds the release binaries, C<gprof_bin> those of C<make FLAVOUR=gprof>. If perf works, there are stacks of all
backends. Returns C<< { profiles => [ { backend, program, tool, top, cpu_s, functions => [ { name, percent } ], stacks } ],
problems => { NAME => sentence } } >>. Each of the stacks is C<< { stack => [NAMES], samples } >>, the outermost function first.

=head2 folded($script)

Counts the output of C<perf script --fields comm,ip,sym,dso>: C<< { functions, stacks } >>.

=cut
