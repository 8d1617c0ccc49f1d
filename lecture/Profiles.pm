package lecture::Profiles;

# Where the time goes: profiles of the release build by perf, or, where perf does not work, of a build for gprof.

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

# The allocator's functions, as far as a stack shows where it is entered: the three calls may be jumped through.
our $ENTRY = '^(x?(malloc|free|realloc)|_int_(malloc|free|realloc))$';

# gprof finds out how long each takes, and is what is shown if perf does not work.
sub measure (%options) {
    my ( @profiles, %problems );
    for my $backend ( @{ $options{backends} } ) {
        progress("profile of $PROGRAM-$backend");
        my $flat = eval {
            $backend eq 'sys'
              ? undef
              : _gprof( "$options{gprof_bin}/$PROGRAM-$backend", $TOP_OF{$backend}, $options{launcher} );
        };
        my $problem = $@;
        my $top     = $flat ? $flat->{top} : $SYS_TOP;
        my $deep =
          eval { _perf( "$options{bin}/$PROGRAM-$backend", $top, $flat ? $flat->{cpu_s} : 0, $options{launcher} ) };
        $problem = $@ if $backend eq 'sys';
        my @both = map { { backend => $backend, program => $PROGRAM, %{$_} } } grep { $_ } $deep, $flat;
        $problems{$backend} = $problem =~ s/\n.*//sr =~ s{\S*/}{}gr if !@both;
        push @profiles, @both;
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
    my ( %stacks, %self, %within, $samples );
    my $in_allocator = 0;
    for my $paragraph ( split /\n\n+/, $script ) {
        my ( undef, @lines ) = split /\n/, $paragraph;
        my @names = map { /\A\s*[0-9a-f]+\s+(\S+?)(?:\+0x[0-9a-f]+)?\s+\(/ ? $1 : () } @lines;
        @names = map { $_ eq '[unknown]' ? () : s/\A(?:__GI_)?(?:__libc_)?//r } @names or next;
        $samples++;
        $self{ $names[0] }++;
        if ( grep { /$ENTRY/ } @names ) {
            $in_allocator++;
            $within{ $names[0] }++;
        }
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
        samples      => $samples,
        in_allocator => $in_allocator,
        functions    => [
            map {
                { name => $_, percent => 100 * $self{$_} / $samples, within => 100 * ( $within{$_} // 0 ) / $samples }
            } @functions
        ],
        stacks => [ map { { stack => [ split /;/ ], samples => $stacks{$_} } } @hottest ],
    };
}

1;

__END__

=head1 NAME

lecture::Profiles - the time in each function

=head1 FUNCTIONS

=head2 measure(backends => [NAMES], bin => DIR, gprof_bin => DIR, launcher => FILE)

Profiles the program list with one thread: the release binaries of C<bin> with perf, which sees into the C library and knows
who called whom; and those of C<make FLAVOUR=gprof> in C<gprof_bin>, all but C<sys>. The page shows one of the two. Returns C<< {
profiles => [ { backend, program, tool, top, cpu_s, functions => [ { name, percent, within } ], samples, in_allocator, stacks }
], problems => { NAME => sentence } } >>. C<within> is the part of C<percent> in or below a call of the allocator; it, the counts
of all samples and of those in the allocator, and C<stacks>, C<< { stack => [NAMES], samples } >> with the outermost function
first, come from perf alone.

=head2 folded($script)

Counts the output of C<perf script --fields comm,ip,sym,dso>: C<< { samples, in_allocator, functions, stacks } >>.

=cut
