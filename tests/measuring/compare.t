#!/usr/bin/env perl

# bench/compare: with peers it names the best one of each measure and the ratios to it and to the floor; all figures are
# made up, so nothing here depends on the clock.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::StandIn;

my $script = "$Bin/../../bench/compare";
my $ANSWER = "Max steps is at 7: 17 steps\n";

# Every list of figures begins with a run that must not count: the warm-up, or for sys the trials before it.
my $UNCOUNTED = 77;

# @rounds: wall s, user s, system s and peak MiB of every round.
sub figures ( $uncounted_runs, @rounds ) {
    my %figures = ( stdout => $ANSWER );
    my @names   = qw(wall_s user_s sys_s peak_kib);
    for my $round ( ( [ ($UNCOUNTED) x 4 ] ) x $uncounted_runs, @rounds ) {
        push @{ $figures{ $names[$_] } }, $round->[$_] * ( $names[$_] eq 'peak_kib' ? 1024 : 1 ) for 0 .. $#names;
    }
    return \%figures;
}

# The trial at this TOP takes so long.
sub trial ( $program, $top, $wall_s ) {
    return ( "$program-sys -t 4 $top" => figures( 0, [ $wall_s, 1, 0, 10 ] ) );
}

sub run ( $folder, @arguments ) { return tests::lib::StandIn::run( $folder, $script, @arguments ) }

sub line_of ( $text, $start ) {
    my ($line) = $text =~ /^(\Q$start\E.*\n(?:\s{11}.*\n)?)/m;
    return $line // '';
}

# ---- With peers -----------------------------------------------------------------------------------------------------------

# tcmalloc has the best median wall time, though by its mean mimalloc would be better; mimalloc the best CPU time; sys
# needs least memory. limit is better than all of them and no peer.
my %raced = (
    trial( 'list', 100_000, 0.9 ),
    trial( 'list', 200_000, 1.9 ),
    'list-sys'      => figures( 2, [ 4,   3, 1, 10 ], [ 4,   3, 1, 10 ], [ 4,  3, 1, 10 ] ),
    'list-tcmalloc' => figures( 1, [ 1,   2, 1, 40 ], [ 2,   2, 1, 40 ], [ 20, 2, 1, 40 ] ),
    'list-mimalloc' => figures( 1, [ 3,   1, 1, 20 ], [ 3,   1, 1, 20 ], [ 3,  1, 1, 20 ] ),
    'list-par'      => figures( 1, [ 0.8, 1, 0, 11 ], [ 1.8, 1, 0, 12 ], [ 20, 1, 0, 13 ] ),
    'list-libpar'   => figures( 1, [ 2,   2, 2, 5 ],  [ 4,   2, 2, 5 ],  [ 40, 2, 2, 5 ] ),
    'list-limit'    => figures( 1, [ 0.4, 0, 1, 1 ],  [ 0.6, 0, 1, 1 ],  [ 5,  0, 1, 1 ] ),
);
my %collatz = map { ( "collatz-$_" => $raced{"list-$_"} ) } qw(tcmalloc mimalloc par libpar);
$collatz{'collatz-sys'} = figures( 2, ( [ 4, 3, 1, 10 ] ) x 3 );

my $folder = tests::lib::StandIn::folder( %raced, %collatz );
my @peers  = ( '--backends', 'sys hw08 par tcmalloc mimalloc libpar limit' );
my $result = run( $folder, @peers, '--programs', 'list collatz', '--rounds', 3 );
ok( measure::Launch::ok($result), 'a race with peers ends well, without any binary of hw08 or collatz-limit' )
  or diag measure::Launch::sentence($result), $result->{stderr};
is( $result->{stderr}, '', 'no progress is shown to a pipe' );
unlike( $result->{stdout}, qr/hw08/, 'hw08 is not in the table' );
like(
    $result->{stdout},
    qr/^list +300000 sys .*(?:\n +(?:par|tcmalloc|mimalloc|libpar|limit) .*){5,}/m,
    'the input is the first for which sys takes 2 seconds; every other contender has a row'
);
my ($collatz_rows) = $result->{stdout} =~ /^(collatz .*?)\n\n/ms;
unlike( $collatz_rows, qr/limit/, 'limit takes no part in collatz' );

my ($list_rows) = $result->{stdout} =~ /^(list .*?)^collatz/ms;
is(
    line_of( $list_rows, '  par' ),
"  par      wall 0.90 (0.80 to 1.00) x tcmalloc, the best peer; CPU 0.50 (0.50 to 0.50) x mimalloc; peak 1.20 x sys\n"
      . "           wall 3.00 (2.00 to 4.00) x limit; CPU 1.00 (1.00 to 1.00) x limit\n",
    'par is compared with the peer of the smallest median, measure by measure, and with limit'
);
is(
    line_of( $list_rows, '  libpar' ),
"  libpar   wall 2.00 (2.00 to 2.00) x tcmalloc, the best peer; CPU 2.00 (2.00 to 2.00) x mimalloc; peak 0.50 x sys\n"
      . "           wall 6.67 (5.00 to 8.00) x limit; CPU 4.00 (4.00 to 4.00) x limit\n",
    '... and libpar too'
);
is( line_of( $list_rows, '  mimalloc' ), '', '... and no peer' );
is(
    line_of( $collatz_rows, '  par' ),
"  par      wall 0.90 (0.80 to 1.00) x tcmalloc, the best peer; CPU 0.50 (0.50 to 0.50) x mimalloc; peak 1.20 x sys\n",
    'where limit takes no part, only the line on the best peer is there'
);

my $summary = tests::lib::StandIn::json_of($folder)->{sections}[0]{races}[0]{summaries}{par};
is_deeply(
    $summary->{best_peer}{wall},
    { to => 'tcmalloc', ratio => 0.9, low => 0.8, high => 1 },
    'the same stands in the JSON'
);
is( $summary->{best_peer}{memory}{low}, 1.1,     '... with the interval of the memory' );
is( $summary->{floor}{CPU}{to},         'limit', '... and with the ratio to limit' );

$folder = tests::lib::StandIn::folder(%raced);
$result = run( $folder, '--backends', 'sys par mimalloc', '--programs', 'list' );
like( $result->{stdout}, qr/^ +par .* 9$/m, 'nine rounds are run with peers when nobody says how many' );

# ---- Without peers --------------------------------------------------------------------------------------------------------

$folder = tests::lib::StandIn::folder( %raced, 'list-hw08' => figures( 0, [ 9, 9, 0, 9 ] ) );
$result = run( $folder, '--backends', 'sys hw08 par', '--programs', 'list', '--rounds', 1 );
ok( measure::Launch::ok($result), 'a race without peers ends well' )
  or diag measure::Launch::sentence($result), $result->{stderr};
like( $result->{stdout}, qr/^list +200000 sys/m, 'the input is the first for which sys takes 1 second' );
like( $result->{stdout}, qr/^ +hw08 /m,          'hw08 has its section' );
unlike( $result->{stdout}, qr/best peer/, 'there is no line on the best of one' );

# ---- What is wrong ----------------------------------------------------------------------------------------------------------

delete @raced{qw(list-tcmalloc list-limit)};
$folder = tests::lib::StandIn::folder(%raced);
$result = run( $folder, @peers, '--programs', 'list' );
isnt( $result->{exit}, 0, 'a race with programs missing fails' );
is( $result->{stdout}, '', '... before it begins' );
is(
    $result->{stderr},
    "compare: there is no $folder/list-tcmalloc; build what is missing with 'make bin/list-tcmalloc bin/list-limit'\n",
    '... and one line says how to build them'
);
like( run( $folder, '--backends', 'par mimalloc' )->{stderr}, qr/--backends must name sys/, 'sys cannot be left out' );

done_testing();
