#!/usr/bin/env perl

# The ladder: each of its backends keeps the contract and gives right answers, breaks that are planted in them are found, and
# ladder/claims draws from figures the verdicts that its rules say. The suite is run without its longest topics; all of it,
# and under the tools: make ladder.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::StandIn;

my $tree   = abs_path("$Bin/../..");
my $build  = 'build';
my @ladder = qw(buddy bucket cache arena);
my $folder = File::Temp->newdir;

# What the make that started us was told is not for those that we start.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR SEED CK_FORK CK_RUN_CASE)};

tests::lib::Built::launcher();

sub run ( $wall_s, $environment, @command ) {
    return measure::Launch::run( command => \@command, env => $environment, directory => $tree, wall_s => $wall_s );
}

sub make (@arguments) {
    my ($made) =
      tests::lib::Built::alone( sub () { run( 900, {}, qw(make -s -j2), "BUILD=$build", @arguments ) } );
    BAIL_OUT("the ladder cannot be built:\n$made->{stderr}") if !measure::Launch::ok($made);
    return;
}

sub suite_of ($backend) { return "$build/release/tests/suite-$backend" }

# ---- The contract and the answers ------------------------------------------------------------------------------------------

# Those that are quick. LONG=1: some that take longer; left out even then: overlap, sizes, reuse, peak, large and out of memory.
my @topics = ( 'alignment', 'huge sizes', 'errno', 'null and zero', 'small space', 'threads' );
push @topics, 'resize', 'thread exit' if $ENV{LONG};

# Of the threads' tests those that find most of the planted breaks; the hurried ones take six times as long.
my %TESTS = (
    threads => [
        qw(threads_with_blocks_of_their_own_do_not_disturb_each_other blocks_resized_and_freed_by_other_threads_all_to_all_keep_their_content)
    ]
);

sub keeps_the_contract ($backend) {
    for my $topic (@topics) {
        for my $test ( $ENV{LONG} ? undef : @{ $TESTS{$topic} // [undef] } ) {
            my $result = run( 60, { CK_RUN_CASE => $topic, RUN_TEST => $test }, suite_of($backend) );
            ok( measure::Launch::ok($result), "$backend: " . ( $test // $topic ) )
              or diag measure::Launch::sentence($result), "\n", $result->{stdout};
        }
    }
    for my $program (qw(ivec list collatz)) {
        my $result = run( 60, {}, "bin/$program-$backend", '-t', 4, 10_000 );
        is( $result->{stdout}, "Max steps is at 6171: 261 steps\n", "$backend: $program gives the published answer" )
          or diag measure::Launch::sentence($result);
    }
    return;
}

make( "BACKENDS=@ladder", 'programs', map { suite_of($_) } @ladder );
keeps_the_contract($_) for @ladder;

# ---- Planted breaks ---------------------------------------------------------------------------------------------------------

# [text, other text] in the backend; every place of the text is changed. Where a lock is missing, the processor is given away
# in the middle of what it guarded, so that the threads meet on any machine. And what the suite says of it.
my $hurt   = qr/:0: (?:the live block|xmalloc|xrealloc|.*crash|.*Received signal|.*Test timeout expired)/;
my @breaks = (
    {
        backend => 'buddy',
        bug     => 'no lock',
        changes => [
            [ 'pthread_mutex_lock(&heap.lock);',   q{} ],
            [ 'pthread_mutex_unlock(&heap.lock);', q{} ],
            [ 'block->next = *first;',             'block->next = *first; sched_yield();' ],
        ],
        topic => 'threads',
    },
    {
        backend => 'buddy',
        bug     => 'a merge with a buddy that is in use',
        changes => [ [ '!buddy->is_free || ', q{} ] ],
        topic   => 'overlap',
    },
    {
        backend => 'bucket',
        bug     => 'one slot too many in a block',
        changes =>
          [ [ '(BLOCK_BYTES - HEAD_BYTES) / head->slot_bytes', '(BLOCK_BYTES - HEAD_BYTES) / head->slot_bytes + 1' ] ],
        topic => 'overlap',
    },
    {
        backend => 'bucket',
        bug     => 'a block unmapped while a slot is in use',
        changes => [ [ 'head->free_slots < head->slots ||', 'head->free_slots + 1 < head->slots ||' ] ],
        topic   => 'overlap',
    },
    {
        backend => 'cache',
        bug     => 'free blocks that become one though they do not touch',
        changes => [ [ 'after != NULL && end_of(before) == after', 'after != NULL' ] ],
        topic   => 'threads',
    },
    {
        backend => 'cache',
        bug     => 'a cache that is lost with its thread',
        changes => [ [ 'pthread_setspecific(key, &cache) == 0', 'true' ] ],
        topic   => 'thread exit',
        says    => qr/the memory of an ended thread must be reused/,
    },
    {
        backend => 'arena',
        bug     => 'a slot freed under the lock of another arena',
        changes => [
            [ 'Arena* arena = head->arena;', 'Arena* arena = arena_of_thread();' ],
            [
                'head->free[slot / 64] |= UINT64_C(1) << slot % 64;',
                'uint64_t bits = head->free[slot / 64]; sched_yield();'
                  . 'head->free[slot / 64] = bits | UINT64_C(1) << slot % 64;'
            ],
        ],
        topic => 'threads',
    },
);

# Result: the source of a backend with a break; a text that is not there is an error of this test.
sub broken_source ( $break, $name ) {
    open my $file, '<', "$tree/ladder/$break->{backend}_alloc.c" or BAIL_OUT("cannot read $break->{backend}: $!");
    my $source = do { local $/ = undef; <$file> };
    for my $change ( @{ $break->{changes} } ) {
        my ( $text, $other ) = @{$change};
        BAIL_OUT("$break->{backend} no longer has '$text'") if $source !~ s/\Q$text\E/$other/g;
    }
    open my $broken, '>', "$folder/$name.c" or BAIL_OUT("cannot write $folder/$name.c: $!");
    print {$broken} $source;
    close $broken or BAIL_OUT("cannot write $folder/$name.c: $!");
    return "$folder/$name.c";
}

my ( @names, @objects );
for my $break (@breaks) {
    my $name = $break->{name} = 'fallen' . @names;
    push @names,   $name;
    push @objects, "SUBMITTED_$name=$folder/$name.o";
    my $compiled = run( 60, {}, qw(gcc -std=c11 -D_GNU_SOURCE -I. -O2 -g -pthread -w -c -o),
        "$folder/$name.o", broken_source( $break, $name ) );
    BAIL_OUT("$break->{backend} with $break->{bug} does not compile:\n$compiled->{stderr}")
      if !measure::Launch::ok($compiled);
}
make( "BACKENDS=@names", @objects, map { suite_of($_) } @names );
for my $break (@breaks) {
    my $environment = { VERBOSE => 1, CK_RUN_CASE => $break->{topic}, CK_TIMEOUT_MULTIPLIER => 0.3 };

    # With a word, as the grader gives one, nothing is run after the first test that failed.
    my $result = run( 60, $environment, suite_of( $break->{name} ), $break->{backend}, 'word' );
    my $found  = ( $result->{exit} // 0 ) == 1 && $result->{stdout} =~ ( $break->{says} // $hurt );
    ok( $found, "$break->{backend}: the suite finds $break->{bug}" )
      or diag measure::Launch::sentence($result), "\n", $result->{stdout};
    unlink "$tree/" . suite_of( $break->{name} ), "$tree/$build/release/tests/small_space-$break->{name}";
}

# ---- The claims ---------------------------------------------------------------------------------------------------------------

my $claims = "$tree/ladder/claims";

sub printed (%answers) {
    return {
        stdout => join( q{}, map { "$_ $answers{$_}\n" } sort keys %answers ),
        wall_s => [1],
        user_s => [1],
        sys_s  => [0]
    };
}

# Three rounds after one of warming up: advice, and par with and without it.
my %figures = (
    'probe-sys advice' =>
      printed( huge_per_all => 1, all_to_machine => 0.9, parts_from_process => 0.5, parts_to_machine => 0 ),
    'probe-nopurge after' => printed( left_per_peak => 0.8 ),
    'probe-par after'     => printed( left_per_peak => 0.1 ),
    'list-nohuge 50000'   => { stdout => q{}, wall_s => [ 9, 1.2, 1.2, 1.3 ] },
    'list-par 50000'      => { stdout => q{}, wall_s => [1] },
    'ivec-nohuge 100000'  => { stdout => q{}, wall_s => [ 9, 1.08, 1.2, 1.3 ] },
    'ivec-par 100000'     => { stdout => q{}, wall_s => [1] },
);

sub judge (@arguments) {
    my $stand_in = tests::lib::StandIn::folder(%figures);
    my $result   = tests::lib::StandIn::run( $stand_in, $claims, '--only', 'madvise', '--rounds', 3, @arguments );
    return ( $result, $stand_in );
}

my ( $result, $stand_in ) = judge();
ok( measure::Launch::ok($result), 'the claims are measured' )
  or diag measure::Launch::sentence($result), $result->{stderr};
my $json     = tests::lib::StandIn::json_of($stand_in);
my @verdicts = map { $_->{verdict} } @{ $json->{claims} };
is_deeply(
    \@verdicts,
    [ 'shown', 'cannot tell', 'shown', 'refuted', 'cannot tell', 'shown' ],
    'verdicts: beyond the limit, an interval with the limit in it, a ratio, refuted, between the limits, shown'
);
is_deeply( $json->{claims}[1]{value}{rounds}, [ 1.08, 1.2, 1.3 ], 'the figures of the rounds, without the warm-up' );
is( $json->{claims}[2]{value}{median}, 8, 'one divided by the other' );
like(
    $result->{stdout},
    qr/^madvise  refuted      MADV_DONTNEED does not work on a whole huge page$/m,
    'the table says so'
);
like(
    $result->{stdout},
qr{^ +8\.00 \(8\.00 to 8\.00\) times .*\n +probe-nopurge after / probe-par after; shown if > 2, refuted if < 1\.1$}m,
    '... with the figure, where it is from, and the rule'
);

( $result, $stand_in ) = judge('--markdown');
is( scalar( () = $result->{stdout} =~ /^\|/mg ), 8, 'the table for a report has a row for each' );

$figures{'probe-sys advice'} =
  printed( huge_per_all => 0, all_to_machine => 0.9, parts_from_process => 0.5, parts_to_machine => 0 );
( $result, $stand_in ) = judge();
$json = tests::lib::StandIn::json_of($stand_in);
is_deeply(
    [ map { $_->{verdict} } @{ $json->{claims} }[ 3 .. 5 ] ],
    [ ('cannot tell') x 3 ],
    'where there are no huge pages, nobody can tell'
);
is( $json->{claims}[3]{why}, 'the system gave no huge pages', '... and why' );

$figures{'probe-par after'} = printed( left_per_peaks => 0.1 );
( $result, $stand_in ) = judge();
is(
    $result->{stderr},
    "claims: probe-par after did not print left_per_peak\n",
    'a probe that does not answer is named'
);

delete $figures{'probe-par after'};
( $result, $stand_in ) = judge();
like(
    $result->{stderr},
    qr{^claims: there is no .*/probe-par; build what is missing with 'make bin/probe-par'$},
    '... and one that is not there'
);
is(
    run( 30, {}, $claims, '--only', 'nonsense' )->{stderr},
    "claims: there are no claims on 'nonsense'; ladder/claims --list shows all\n",
    'a rung that is not there'
);

done_testing;
