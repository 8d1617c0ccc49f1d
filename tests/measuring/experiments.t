#!/usr/bin/env perl

# The experiments of bench/experiments can still be made: every line that one of them changes is there, and a copy of par
# with a change builds, runs and is raced.

use v5.32;
use warnings;

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;

my $tree        = "$Bin/../..";
my $experiments = "$tree/bench/experiments";
my $folder      = File::Temp->newdir;

my $list = measure::Launch::run( command => [ $experiments, '--list' ], wall_s => 300 );
ok( measure::Launch::ok($list), 'the lines of all experiments are in the sources' ) or diag $list->{stderr};
cmp_ok( scalar( () = $list->{stdout} =~ /\n/g ), '>=', 6, '... and there are six experiments or more' );

my $result = measure::Launch::run(
    command => [ $experiments, '--only', 'freed slots', '--rounds', 1, '--json', "$folder/experiments.json" ],
    env     => { TMPDIR => "$folder" },
    wall_s  => 900,
);
ok( measure::Launch::ok($result), 'an experiment is built and raced' )
  or diag measure::Launch::sentence($result), $result->{stderr};
like(
    $result->{stdout},
    qr/^  patterns large .* wall \d.*\(.* to .*\) .* CPU \d.* memory \d/m,
    '... and gives ratios of wall time, CPU time and memory'
);
is( join( q{ }, map { s{.*/}{}r } glob "$folder/*" ), 'experiments.json', '... and leaves no copy behind' );

my $none = measure::Launch::run( command => [ $experiments, '--only', 'nonsense' ], wall_s => 300 );
like( $none->{stderr}, qr/^experiments: there is no experiment with 'nonsense' in it/, 'an unknown one is named' );
isnt( $none->{exit}, 0, '... and fails' );

done_testing;
