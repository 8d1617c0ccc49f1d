#!/usr/bin/env perl

# grader/speed/regrade on logs that are complete, so that nothing is built or timed; and the process that burns a core.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More import => [qw(cmp_ok done_testing is like ok subtest)];
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

use lib "$Bin/../..";
use grader::speed::Burner;

my $folder     = File::Temp->newdir;
my $submission = "$folder/submission";
mkdir $submission or die "cannot make $submission: $!\n";

# Result: what it printed, on either output, and its exit status.
sub regrade (@arguments) {
    open my $output, '-|', "'$^X' '$Bin/../../grader/speed/regrade' @arguments 2>&1"
      or die "cannot run grader/speed/regrade: $!\n";
    my $printed = do { local $/ = undef; <$output> };
    close $output;
    return ( $printed, $? >> 8 );
}

# Arguments with a log of one test, which two regrades beside each kind of company met with these verdicts.
sub logged (%verdicts) {
    my $path = "$folder/log";
    open my $file, '>', $path or die "cannot write $path: $!\n";
    for my $beside ( sort keys %verdicts ) {
        my $number = 0;
        for my $verdict ( split q{ }, $verdicts{$beside} ) {
            $number++;
            say {$file} join "\t", $submission, $beside, $number, 'par.base.list', $verdict, 5.5, 5, 6, 13, '9.0';
        }
    }
    close $file or die "cannot write $path: $!\n";
    return "--times 2 --log $path $submission";
}

subtest 'verdicts are counted' => sub {
    my ( $table, $status ) = regrade( logged( alone => 'pass pass', burner => 'pass skip' ) );
    like( $table, qr{^submission +par[.]base[.]list +2 / +0 / +0 +1 / +0 / +1 +0 +1 +5[.]5 +9[.]0$}m, 'none changed' );
    like( $table, qr/^4 verdicts; changed: 0; could not be told: 1$/m,                                '... in all' );
    is( $status, 0, '... says the exit status' );

    ( $table, $status ) = regrade( logged( alone => 'pass fail', burner => 'pass pass' ) );
    like( $table, qr/^4 verdicts; changed: 1; could not be told: 0$/m, 'one failed, three passed' );
    is( $status, 1, '... says the exit status' );

    my $log = logged( alone => 'pass pass', burner => 'fail fail', 'burner-30' => 'pass pass' );
    ($table) = regrade( '--share 30', $log );
    like( $table, qr/^4 verdicts; changed: 0;/m, 'what happened beside another burner does not count' );
    ($table) = regrade($log);
    like( $table, qr/^4 verdicts; changed: 2;/m, '... but beside the one that burns a whole core' );
};

subtest 'wrong options' => sub {
    my $log =
      logged( map { $_ => 'pass pass' } qw(alone burner burner-0 burner-101) );    # then nothing is run in any case
    my %said = (
        "--share 0 $log"   => '--share takes 1 to 100, not 0',
        "--share 101 $log" => '--share takes 1 to 100, not 101',
        "$folder/nowhere"  => "there is no $folder/nowhere",
    );
    for my $arguments ( sort keys %said ) {
        my ( $printed, $status ) = regrade($arguments);
        like( $printed, qr/^regrade: \Q$said{$arguments}\E$/m, $said{$arguments} );
        is( $status, 2, '... and the exit status says so' );
    }
};

# The other way round a clock would decide: on a busy machine it may get less.
subtest 'the burner rests for its share of the time' => sub {
    my $started_s = clock_gettime(CLOCK_MONOTONIC);
    my $burner    = grader::speed::Burner->start( 60, 0.25 );
    my $pid       = $burner->{pid};
    sleep 0.05 while $burner->cpu_s < 0.3 && clock_gettime(CLOCK_MONOTONIC) - $started_s < 60;
    my ( $cpu_s, $elapsed_s ) = ( $burner->cpu_s, clock_gettime(CLOCK_MONOTONIC) - $started_s );
    cmp_ok( $cpu_s, '>',  0,                       'it burns' );
    cmp_ok( $cpu_s, '<=', 0.3 * $elapsed_s + 0.03, '... a quarter of a core' );
    undef $burner;
    ok( !kill( 0, $pid ), '... and ends with its object' );
};

done_testing;
