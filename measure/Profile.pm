package measure::Profile;

# Runs a program that was built for gprof and says in which functions it spent its time.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use measure::Launch;

# gprof takes a sample every 10 ms: after this long the shares are good to a few percent.
my $ENOUGH_CPU_S = 2;

# What all runs together take at most, and what one takes whose TOP somebody asked for.
my $BUDGET_CPU_S = 20;
my $ASKED_CPU_S  = 600;
my @TOPS         = map { 500 * 2**$_ } 0 .. 12;

sub run (%options) {
    my $folder = File::Temp->newdir( TMPDIR => 1 );
    my $run    = sub ( $top, $cpu_s ) { return _run_once( $top, $cpu_s, "$folder", \%options ) };
    my ( $chosen, $why ) =
      defined $options{top} ? ( $run->( $options{top}, $ASKED_CPU_S ), 'as it was asked for' ) : choose_top($run);
    my @functions = _functions( $options{program}, "$folder/$chosen->{top}" );
    return { top => $chosen->{top}, cpu_s => $chosen->{cpu_s}, why => $why, functions => \@functions };
}

sub choose_top ($run) {
    my ( $spent, $last ) = (0);
    for my $top (@TOPS) {
        my $now = $run->( $top, $BUDGET_CPU_S - $spent );
        if ( $now->{stopped} ) {
            die "TOP $top did not end within $BUDGET_CPU_S s of CPU time: give a smaller one, as TOP=100\n" if !$last;
            return ( $last, "TOP $top did not end in what was left of $BUDGET_CPU_S s" );
        }
        return ( $now, "the smallest of $TOPS[0], $TOPS[1], $TOPS[2], ... that takes $ENOUGH_CPU_S s or more" )
          if $now->{cpu_s} >= $ENOUGH_CPU_S;
        $spent += $now->{cpu_s};
        my $growth = $last && $last->{cpu_s} > 0.1 ? $now->{cpu_s} / $last->{cpu_s} : 2;
        return ( $now, sprintf 'the next one, %d, would take about %.0f s', 2 * $top, $growth * $now->{cpu_s} )
          if $spent + $growth * $now->{cpu_s} > $BUDGET_CPU_S;
        $last = $now;
    }
    return ( $last, 'the largest that is tried' );
}

# One thread only: gprof counts calls without locks, and threads would lose some. Result: { top, cpu_s, stopped }.
sub _run_once ( $top, $cpu_s, $folder, $options ) {
    my $result = measure::Launch::run(
        command => [ $options->{program}, '-t', 1, $top ],
        env     => { GMON_OUT_PREFIX => "$folder/$top" },
        cpu_s   => $cpu_s,
        wall_s  => 30 + 10 * $cpu_s,
        ( defined $options->{launcher} ? ( launcher => $options->{launcher} ) : () ),
    );
    my $is_stopped = ( $result->{stopped} // '' ) =~ /\A(?:cpu|wall)\z/;
    die "$options->{program} -t 1 $top ", measure::Launch::sentence($result), "\n"
      if !measure::Launch::ok($result) && ( !$is_stopped || defined $options->{top} );
    return { top => $top, cpu_s => $result->{user_s} + $result->{sys_s}, stopped => $is_stopped };
}

# $prefix: what the names of the counts begin with; the process adds a dot and its number.
sub _functions ( $program, $prefix ) {
    my ($counts) = glob "$prefix.*";
    die "$program wrote no profile: was it built with 'make FLAVOUR=gprof'?\n" if !defined $counts;
    open my $gprof, '-|', 'gprof', '--brief', '--flat-profile', $program, $counts
      or die "gprof cannot be started: $!. ./setup installs it (package binutils).\n";
    my @functions = map { _function_of($_) } <$gprof>;
    close $gprof or die "gprof failed on $program\n";
    return @functions;
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

Runs a program of FLAVOUR=gprof with one thread and returns C<< { top, cpu_s, why, functions => [ { percent, seconds, calls,
name }, ... ] } >>, the hottest function first. Without C<top>, it chooses one; C<why> says why that. C<calls> is undef for a
function that was not built for gprof. C<launcher> is as in measure::Launch. Dies with one line if the program fails or there
is no profile.

=head2 choose_top($run)

The smallest TOP of a doubling series whose run takes 2 s of CPU time or more, as far as all runs together fit into 20 s.
C<< $run->( $top, $cpu_s ) >> runs one, for so long at most, and returns C<< { top, cpu_s, stopped } >>. Result: what that
returned, and why this TOP.

=head2 table($profile, $count)

The first $count functions as text, one a line.

=cut
