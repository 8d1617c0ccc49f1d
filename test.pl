#!/usr/bin/env perl

# The grader's door: reads the options, builds, lets each stage of grader/ name and run its tests, and prints TAP.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd          qw(abs_path);
use FindBin      qw($RealBin);
use Getopt::Long qw(GetOptions);
use Pod::Usage   qw(pod2usage);

use lib $RealBin;
use grader::Build;
use grader::Correctness;
use grader::Job;
use grader::Progress;
use grader::Settings;
use grader::Speed;
use grader::Tap;
use grader::Workspace;

my %STAGES = ( correctness => \&grader::Correctness::tests, speed => \&grader::Speed::tests );
my @STAGES = qw(correctness speed);

sub usage_error ($message) { return pod2usage( -message => "test.pl: $message", -exitval => 2, -verbose => 0 ) }

sub read_options () {
    my %option = ( tree => $RealBin );
    local $SIG{__WARN__} = sub ($warning) { usage_error( $warning =~ s/\n\z//r ) };
    GetOptions( \%option, 'tree=s', 'seed=i', 'only=s', 'backends=s', 'programs=s', 'timeout=f', 'help' )
      or usage_error('the options could not be read');
    pod2usage( -exitval => 0, -verbose => 2, -noperldoc => 1 ) if $option{help};

    usage_error("'$ARGV[0]' is not an option")              if @ARGV;
    usage_error("--only $option{only}: not one of @STAGES") if defined $option{only} && !$STAGES{ $option{only} };
    usage_error("--timeout $option{timeout}: not a number of seconds over 0") if ( $option{timeout} // 1 ) <= 0;
    usage_error("--tree $option{tree}: there is no Makefile in it")           if !-f "$option{tree}/Makefile";
    for my $list ( grep { defined $option{$_} } qw(backends programs) ) {
        my @names = grep { length } split /[\s,]+/, $option{$list};
        my ($odd) = grep { !/\A\w+\z/ } @names;
        usage_error("--$list: '$odd' is not a name")   if defined $odd;
        usage_error("--$list: there is no name in it") if !@names;
        $option{$list} = \@names;
    }
    return %option;
}

# Result: whether every test passed. Dies when the grader itself cannot run.
sub grade ( $tap, %option ) {
    my $settings = grader::Settings::defaults();
    $settings->{run_timeout_s} = $option{timeout} if defined $option{timeout};
    my $seed      = $option{seed} // int rand 2**31;
    my $workspace = grader::Workspace->new;
    my $progress  = grader::Progress->new;

    $progress->show('building the launcher');
    my $job = grader::Job->new(
        tree      => abs_path( $option{tree} ),
        settings  => $settings,
        workspace => $workspace,
        launcher  => grader::Build::launcher( $RealBin, $workspace ),
        progress  => $progress,
        seed      => $seed,
        backends  => $option{backends} // $settings->{backends},
        programs  => $option{programs} // $settings->{programs},
    );
    my @tests = map { $STAGES{$_}->($job) } $option{only} // @STAGES;
    $job->build if @tests;

    $progress->clear;
    $tap->plan( scalar @tests );
    $tap->note("seed $seed (--seed $seed draws the same TOPs again)");
    for my $test (@tests) {
        my $outcome = $test->{run}->();
        $progress->clear;
        $tap->result( $test->{name}, $outcome );
    }
    my %count = $tap->counts;
    $tap->note(
        "$count{pass} passed, $count{fail} failed" . ( $count{skip} ? ", $count{skip} could not be told" : q{} ) );
    return $count{fail} == 0;
}

my %option     = read_options();
my $tap        = grader::Tap->new;
my $all_passed = eval { grade( $tap, %option ) ? 1 : 0 };
if ( !defined $all_passed ) {
    $tap->bail_out($@);
    exit 2;
}
exit( $all_passed ? 0 : 1 );

__END__

=head1 NAME

test.pl - grade the allocators: right answers, and fast enough

=head1 SYNOPSIS

    perl test.pl
    prove -v test.pl
    perl test.pl --only correctness --backends par
    perl test.pl --tree ../somebody

=head1 DESCRIPTION

Builds every program with every backend, from clean, into a temporary folder; then prints the Test Anything Protocol:

=over

=item *

each program gives the right answer with each backend, at fixed TOPs and at some drawn at random;

=item *

base: on each program C<par> is at least 4 times faster than C<hw08>;

=item *

challenge: on each program C<par> is faster than C<sys>.

=back

Speed is judged by the ratio of elapsed times in interleaved rounds. Each ratio is given with the interval in which the
true one lies; when that interval holds the threshold, the test is skipped: the machine was too noisy to tell.

A program that hangs, crashes, prints without end or starts other processes is stopped with all its children, and what
it did is said in a sentence. Nothing is left in the tree or in the temporary folder. The whole takes about two minutes.

=head1 OPTIONS

=over

=item --tree DIR

Grade the programs and backends that stand in DIR, with its Makefile, instead of those beside test.pl.

=item --only correctness | speed

Run this stage alone.

=item --backends LIST, --programs LIST

Look at these only; names separated by commas or blanks. A comparison takes place when both its backends are listed.

=item --seed N

Draw the same random TOPs as the run that printed this seed.

=item --timeout SECONDS

How long one run of a program may take; 20 when left out.

=item --help

This text.

=back

=head1 EXIT STATUS

0: every test passed (or could not be told). 1: a test failed. 2: the grader itself could not run, or was stopped.

=cut
