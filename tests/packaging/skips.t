#!/usr/bin/env perl

# A test that was not run is told at the end, by tests/lib/prove and by .ci/run, for which it is a failure unless it is listed.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;
use tests::lib::Files qw(read_file write_file);

my $TREE = tests::lib::Built::tree();
my $work = File::Temp->newdir;

# ---- tests/lib/prove -------------------------------------------------------------------------------------------------

write_file( "$work/some.t", <<'END');
use Test::More tests => 4;
SKIP: { skip 'there is no moon', 2 }
subtest sun => sub { plan skip_all => 'there is no sun' };
subtest stars => sub { plan tests => 2; pass; SKIP: { skip 'there are no stars', 1 } };
END
write_file( "$work/all.t",  "use Test::More skip_all => 'there is no sky';\n" );
write_file( "$work/none.t", "use Test::More tests => 1; pass('# skip is a word');\n" );

# Result: what tests/lib/prove says of some of these, its exit status, and what it has written.
sub proved (@tests) {
    local $ENV{LEFT_OUT} = "$work/left-out";
    my $names = join q{ }, map { "\Q$work\E/$_" } @tests;
    my $said  = qx($TREE/tests/lib/prove --jobs 2 $names 2>&1);
    return ( $said, $? >> 8, read_file("$work/left-out") );
}

my ( $said, $status, $written ) = proved(qw(some.t all.t none.t));
my @reasons = ( 'all.t: there is no sky', map { "some.t: there $_" } 'are no stars', 'is no moon', 'is no sun' );
is(
    $written,
    join( q{}, map { "$work/$_\n" } @reasons ),
    'each skip is written down once, with its test and its reason'
);
like( $said, qr/^Result: PASS\nSkipped:\n    \S+all[.]t: there is no sky\n/m, '... and said after the result' );
is( $status, 0, '... which stays that of prove' );

( $said, $status, $written ) = proved('none.t');
is( $written, q{}, 'where nothing was skipped, the list is empty' );
unlike( $said, qr/^Skipped/m, '... and nothing is said of it' );

write_file( "$work/wrong.t", "use Test::More tests => 1; fail('a sentence');\n" );
( $said, $status, $written ) = proved( 'wrong.t', 'all.t' );
is( $status, 1, 'a failure stays one' );
like( $written, qr/no sky/, '... and skips are written down then, too' );

# ---- .ci/run, in a tree whose setup and tests are stand-ins ----------------------------------------------------------

# Result: what it says on both outputs, and its exit status, when these lines were skipped.
sub ci (@skipped) { return ci_with( 'true', @skipped ) }

# everywhere: what make everywhere is.
sub ci_with ( $everywhere, @skipped ) {
    my $tree  = File::Temp->newdir;
    my $lines = join q{ }, map { quotemeta } @skipped;
    write_file( "$tree/.ci/run", read_file("$TREE/.ci/run") );
    write_file( "$tree/setup",   "#!/bin/sh\nmkdir -p build\n[ \$# = 0 ]\n" );
    chmod oct 755, "$tree/setup";
    write_file( "$tree/Makefile",
        "test:\n\t\@for line in $lines; do echo \"\$\$line\"; done >\$\$LEFT_OUT\neverywhere:\n\t\@$everywhere\n" );
    my $words = qx(bash \Q$tree\E/.ci/run 2>&1);
    return ( $words, $? >> 8 );
}

my $slurm = 'tests/grader/slurm.t: there is no slurmctld';
my ( undef, $without ) = ci( 'tests/everywhere/arm64.t: there is no compiler for arm64', $slurm );
is( $without, 0, '.ci/run goes on where the compiler for another processor cannot be had' );
my ( $words, $failed ) = ci($slurm);
is( $failed, 0, '.ci/run passes when only what ./setup leaves out was skipped' );
like(
    $words,
    qr/^Left out here: .*make everywhere.*\n.*and of make test:\n    \Q$slurm\E\n\z/m,
    '... and its last line names it, after all that it leaves to other commands'
);

( $words, $failed ) = ci();
is( $failed, 0, '... and when nothing was skipped' );
like( $words, qr/:\n    nothing\n\z/, '... which it says' );

( $words, $failed ) = ci( $slurm, 'tests/grader/class.t: there is no parallel' );
isnt( $failed, 0, 'a skip of something that ./setup was to install is a failure' );
like(
    $words,
    qr/^tests\/grader\/class[.]t: there is no parallel\n[.]ci\/run: these tests were skipped/m,
    '... that names it'
);

( $words, $failed ) = ci_with( 'echo "| trixie-short | x | nothing | - | not made | no mirror |"; false', $slurm );
is( $failed, 0, 'a Debian 13 that cannot be made is no failure' );
like( $words, qr/not made [|] no mirror [|]\n.*^Debian 13 could not be made here/ms, '... and is told' );
( $words, $failed ) = ci_with( 'echo "| trixie-short | x | short | 3 | 1 | 0 |"; false', $slurm );
isnt( $failed, 0, 'one in which a check fails is' );
like( $words, qr/short [|] 3 [|] 1 [|]/, '... and its table is shown' );

done_testing;
