#!/usr/bin/env perl

# misuse/run tells what became of the small wrong programs: par's builds catch what their page of results says (a few
# programs of each kind of mistake), and the four outcomes are told apart.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::Built;

my $tree = tests::lib::Built::tree();
tests::lib::Built::launcher();
tests::lib::Built::insist( ( map { "lib/$_.so" } qw(libpar libpar-hardened libpar-checking) ),
    'build/release/misuse/wrong' );

# { KIND => letters } of some programs with one of our builds.
sub letters ( $allocator, $programs ) {
    my $table = qx($tree/misuse/run --allocators $allocator --programs '$programs' --times 1);
    is( $?, 0, "misuse/run runs with $allocator" );
    return { $table =~ /^(CWE-\S+) +(\w+)$/mg };
}

my $SOME =
    '^CWE-(415-(in-a-row|another-between|overwritten-between)-(40|100000)'
  . '|761-inside-1024-by-16|590-static|122-behind-(40|1024)-by-(1|64)|416-written-at-40-by-8|908-fresh-block-1024'
  . '|124-in-front-(1024|100000|3000000)-by-8|122-end-of-string-100000|416-written-at-start-(100000|3000000))$';

is_deeply(
    letters( 'par', $SOME ),
    {
        'CWE-415-in-a-row'            => 'CC',
        'CWE-415-another-between'     => 'CC',
        'CWE-415-overwritten-between' => 'CC',
        'CWE-761-inside'              => 'C',
        'CWE-590-static'              => 'C',
        'CWE-122-behind'              => 'hWWW',
        'CWE-416-written-at'          => 'C',
        'CWE-908-fresh-block'         => 'W',
        'CWE-122-end-of-string'       => 'C',
        'CWE-416-written-at-start'    => 'CC',
        'CWE-124-in-front'            => 'WCh',
    },
    'the release catches what costs next to nothing'
);
is_deeply(
    letters( 'par-hardened', $SOME ),
    {
        'CWE-415-in-a-row'            => 'CC',
        'CWE-415-another-between'     => 'CC',
        'CWE-415-overwritten-between' => 'CC',
        'CWE-761-inside'              => 'C',
        'CWE-590-static'              => 'C',
        'CWE-122-behind'              => 'CCCC',
        'CWE-416-written-at'          => 'C',
        'CWE-908-fresh-block'         => 'h',
        'CWE-122-end-of-string'       => 'C',
        'CWE-416-written-at-start'    => 'CC',
        'CWE-124-in-front'            => 'CCC',
    },
    'the hardened build catches nearly all, and tells no secret'
);
is_deeply(
    letters( 'par-checking', '^CWE-(415-another-between-40|122-behind-40-by-1|416-written-at-40-by-8)$' ),
    { 'CWE-415-another-between' => 'C', 'CWE-122-behind' => 'C', 'CWE-416-written-at' => 'C' },
    'the checking build catches'
);

my $typo = qx($tree/misuse/run --allocators mine 2>&1);
is( $? >> 8, 2, 'an allocator that nobody knows is refused' );
like( $typo, qr/there is no allocator 'mine'; there are: par /, '... with the names of all' );

done_testing;
