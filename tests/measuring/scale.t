#!/usr/bin/env perl

# bench/scale: what it divides by what. All figures are made up, so nothing here depends on the clock.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::StandIn;

my $tree      = "$Bin/../..";
my $script    = "$tree/bench/scale";
my $programs  = $ENV{BIN} // "$tree/bin";
my ($backend) = grep { $_ ne 'hw08' } split ' ', $ENV{BACKENDS} // 'sys';

# ---- Its patterns -----------------------------------------------------------------------------------------------------------

if ( defined $backend ) {
    for my $pattern (qw(crowd pairs)) {
        my @counted =
          map { measure::Launch::run( command => [ "$programs/patterns-$backend", $pattern, '-w', 1, '-t', $_ ] ) } 1,
          64;
        like( $counted[0]{stdout}, qr/\A[1-9]\d+ operations\n\z/, "$pattern counts its operations" );
        is( $counted[1]{stdout}, $counted[0]{stdout}, '... and does as many with 64 threads as with 1' );
    }
}

# ---- Its figures ------------------------------------------------------------------------------------------------------------

# Of a run that must not count: the warm-up, and for limit at 64 threads the trial too.
my $UNCOUNTED = 77;

# A billion operations: each second of CPU time is a nanosecond an operation. Half of it is system time.
sub figures ( $uncounted_runs, @cpu_s ) {
    my @half = map { $_ / 2 } ($UNCOUNTED) x $uncounted_runs, @cpu_s;
    return {
        stdout   => "1000000000 operations\n",
        wall_s   => [1],
        peak_kib => [1024],
        user_s   => \@half,
        sys_s    => \@half
    };
}

# limit costs twice as much in each round as in the one before, as on a machine that is being slowed: only figures of
# one round may be divided by each other. par costs twice as much as limit with 2 threads and 3 times as much with 4.
my %measured = (
    'patterns-sys crowd -t 2'    => figures( 1, 5,   10, 20 ),
    'patterns-sys crowd -t 4'    => figures( 1, 5.5, 11, 22 ),
    'patterns-sys crowd -t 64'   => figures( 1, 10,  20, 42 ),
    'patterns-par crowd -t 2'    => figures( 1, 2,   4,  8 ),
    'patterns-par crowd -t 4'    => figures( 1, 3,   6,  12 ),
    'patterns-par crowd -t 64'   => figures( 1, 3.6, 8,  16.8 ),
    'patterns-limit crowd -t 2'  => figures( 1, 1,   2,  4 ),
    'patterns-limit crowd -t 4'  => figures( 1, 1,   2,  4 ),
    'patterns-limit crowd -t 64' => figures( 2, 2,   4,  8 ),
);
my @usual = ( '--allocators', 'sys par', '--threads', '64 2 4', '--rounds', 3 );

sub run ( $folder, @arguments ) { return tests::lib::StandIn::run( $folder, $script, @arguments ) }

# { ALLOCATOR => its columns } of what follows the head of a block.
sub rows_of ($block) {
    my %columns_of;
    for my $row ( split /\n/, ( split /\n\n/, $block )[0] ) {
        my ( $allocator, @columns ) = split / {2,}/, $row;
        $columns_of{$allocator} = join ' | ', @columns;
    }
    return \%columns_of;
}

my $folder = tests::lib::StandIn::folder(%measured);
my $result = run( $folder, @usual );
ok( measure::Launch::ok($result), 'three allocators are measured' )
  or diag measure::Launch::sentence($result), $result->{stderr};
is( $result->{stderr}, '', 'no progress is shown to a pipe' );

my ( undef, @blocks ) = split /^allocator.*\n-+\n/m, $result->{stdout};
is( @blocks, 3, 'there are three blocks' );
my @rows = map { rows_of($_) } @blocks;
is( $rows[0]{par},   '4.00 +- 2.00 | 6.00 +- 3.00 | 8.00 +- 4.40', 'CPU nanoseconds an operation: median and spread' );
is( $rows[0]{limit}, '2.00 +- 1.00 | 2.00 +- 1.00 | 4.00 +- 2.00', '... also of limit' );
is( $rows[1]{par},   '2.00 +- 0.00 | 3.00 +- 0.00 | 2.00 +- 0.10', 'divided by those of limit in the same round' );
is( $rows[1]{limit}, undef,                                        '... which has no row there' );
is(
    $rows[2]{par},
    '1.00 +- 0.00 | 1.50 +- 0.00 | 1.00 +- 0.05 | 1.50 at 4, too much',
    'divided by that at 2 threads; the largest is named, and that it is too much'
);
is( $rows[2]{sys}, '1.00 +- 0.00 | 1.10 +- 0.00 | 1.00 +- 0.00 | 1.10 at 4', '... or not' );

my $json = tests::lib::StandIn::json_of($folder);
is_deeply( $json->{threads},                        [ 2,   4, 64 ], 'the JSON names the numbers of threads in order' );
is_deeply( $json->{cpu_ns_per_operation}{limit}{2}, [ 1,   2, 4 ],  '... the nanoseconds of every round' );
is_deeply( $json->{over_limit}{par}{4},             [ 3,   3, 3 ],  '... what they are over limit' );
is_deeply( $json->{normalised}{par}{4},             [ 1.5, 1.5, 1.5 ], '... over that at 2 threads' );
is_deeply( [ map { $json->{worst}{$_}{meets_target} ? 1 : 0 } qw(sys par) ], [ 1, 0 ], '... and who meets the target' );

# ---- What is wrong ----------------------------------------------------------------------------------------------------------

$result = run( $folder, @usual, '--threads', '1 4' );
is( $result->{stderr}, "scale: --threads must name 2, for all is compared with that\n",
    '2 threads cannot be left out' );
like( run( $folder, @usual, '--threads', '2 x' )->{stderr}, qr/one is 'x'/, 'threads are numbers' );

$folder = tests::lib::StandIn::folder( %measured,
    'patterns-par crowd -t 4' => { %{ $measured{'patterns-par crowd -t 4'} }, stdout => "7 operations\n" } );
like(
    run( $folder, @usual )->{stderr},
    qr/patterns-par crowd -t 4 did 7 operations, but .* did 1000000000$/,
    'a pattern that does not do the same work with every number of threads is found out'
);

delete @measured{ grep { /limit/ } keys %measured };
$folder = tests::lib::StandIn::folder(%measured);
is(
    run( $folder, @usual )->{stderr},
    "scale: there is no $folder/patterns-limit; build what is missing with 'make bin/patterns-limit'\n",
    'limit is always needed'
);

done_testing();
