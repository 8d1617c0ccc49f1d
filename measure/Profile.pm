package measure::Profile;

# Runs a program that was built for gprof and says in which functions it spent its time.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use measure::Launch;

# gprof takes a sample every 10 ms: after this long the shares are good to a few percent.
my $ENOUGH_CPU_S = 1.0;
my $RUN_WALL_S   = 60;
my @TOPS         = map { $_ * 1000 } 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000;

sub run (%options) {
    my @tops = defined $options{top} ? ( $options{top} ) : @TOPS;
    my $profile;
    for my $top (@tops) {
        $profile = _run_once( $top, \%options );
        last if $profile->{cpu_s} >= $ENOUGH_CPU_S;
    }
    return $profile;
}

# One thread only: gprof counts calls without locks, and threads would lose some.
sub _run_once ( $top, $options ) {
    my $folder = File::Temp->newdir( TMPDIR => 1 );
    my $result = measure::Launch::run(
        command => [ $options->{program}, '-t', 1, $top ],
        env     => { GMON_OUT_PREFIX => "$folder/gmon" },
        wall_s  => $RUN_WALL_S,
        ( defined $options->{launcher} ? ( launcher => $options->{launcher} ) : () ),
    );
    die "$options->{program} -t 1 $top ", measure::Launch::sentence($result), "\n" if !measure::Launch::ok($result);

    my ($counts) = glob "$folder/gmon.*";
    die "$options->{program} wrote no profile: was it built with 'make FLAVOUR=gprof'?\n" if !defined $counts;
    open my $gprof, '-|', 'gprof', '--brief', '--flat-profile', $options->{program}, $counts
      or die "gprof cannot be started: $!. ./setup installs it (package binutils).\n";
    my @functions = map { _function_of($_) } <$gprof>;
    close $gprof or die "gprof failed on $options->{program}\n";
    return { top => $top, cpu_s => $result->{user_s} + $result->{sys_s}, functions => \@functions };
}

# A line of the flat profile: share, seconds with those above, seconds, [calls, time of a call, the same with callees,] name.
# The three in brackets are missing for a function that was not built for gprof.
sub _function_of ($line) {
    return if $line !~ /\A\s*[\d.]+\s+[\d.]+\s+[\d.]+\s/;
    my @fields = split ' ', $line;
    return {
        percent => $fields[0],
        seconds => $fields[2],
        calls   => @fields > 4 ? $fields[3] : undef,
        name    => $fields[-1]
    };
}

sub table ( $profile, $count ) {
    my @functions = grep { $_->{percent} > 0 } @{ $profile->{functions} };
    splice @functions, $count if @functions > $count;
    my $text = sprintf "  %6s  %8s  %14s  %s\n", 'share', 'seconds', 'calls', 'function';
    for my $function (@functions) {
        my $calls = $function->{calls} // '';
        1 while $calls =~ s/(\d)(\d{3})(?!\d)/$1,$2/;
        $text .= sprintf "  %4.0f %%  %8.2f  %14s  %s\n", @{$function}{qw(percent seconds)}, $calls, $function->{name};
    }
    return $text;
}

1;

__END__

=head1 NAME

measure::Profile - the hottest functions of a program, with gprof

=head1 SYNOPSIS

    my $profile = measure::Profile::run( program => 'build/gprof/bin/list-hw08' );
    print measure::Profile::table( $profile, 10 );

=head1 FUNCTIONS

=head2 run(program => FILE, top => TOP, launcher => FILE)

Runs a program of FLAVOUR=gprof with one thread and returns C<< { top, cpu_s, functions => [ { percent, seconds, calls,
name }, ... ] } >>, the hottest function first. Without C<top>, it raises TOP until the run takes a second of CPU time.
C<calls> is undef for a function that was not built for gprof. C<launcher> is as in measure::Launch. Dies with one line if
the program fails or there is no profile.

=head2 table($profile, $count)

The first $count functions as text, one a line.

=cut
