#!/usr/bin/env perl

# The line that shows how far a class is.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);

use lib "$Bin/../..";
use grader::class::Progress;

subtest 'Progress' => sub {
    my $said     = q{};
    my $progress = grader::class::Progress->new;
    {
        open my $text, '>', \$said or die $!;
        local *STDERR = $text;
        $progress->begin( 'timing', 10 );
        is( $said, q{}, 'is not shown where nobody looks' );
        @{$progress}{qw(on started)} = ( 1, time - 3600 );
        $progress->show(6);
    }
    like( $said, qr/timing: 6 of 10, about 40 min left/, 'says how much is done and how long the rest will take' );
    is( grader::class::Progress::duration( 3 * 3600 + 300 ), '3 h 05 min', '... also when it is long' );
};

done_testing;
