#!/usr/bin/env perl

# The tools that look on while a program runs find what they are for: each planted fault is reported for every backend,
# by kind and place, and a program without a fault is not.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use measure::Profile;
use tests::lib::Built;

chdir "$Bin/../.." or die "tools.t: cannot enter the tree: $!\n";
my $build    = $ENV{BUILD} // 'build';
my @backends = split ' ', $ENV{BACKENDS} // 'sys hw08 par';
my $launcher = tests::lib::Built::launcher();

my $MAKE_WALL_S = 900;
my $RUN_WALL_S  = 300;

# What each fault must be called. The C library's blocks are known to AddressSanitizer, so it says more about them.
my %REPORT = (
    valgrind => {
        'leak'                 => qr/40 bytes in 1 blocks are (?:definitely|possibly) lost.*main/s,
        'overrun'              => qr/Invalid write of size 1.*write_behind_end.*0 bytes after a block of size 40/s,
        'overrun-after-resize' => qr/Invalid write of size 1.*write_behind_new_end.*0 bytes after a block of size 500/s,
        'underrun'             => qr/Invalid write of size 1.*write_before_start.*1 bytes before a block of size 40/s,
        'use-after-free'       => qr/Invalid read of size 1.*read_after_free.*inside a block of size 40 free'd/s,
        'use-after-resize'     => qr/Invalid read of size 1.*read_after_resize.*inside a block of size 40 free'd/s,
        'double-free'          => qr/Invalid free.*free_twice.*0 bytes inside a block of size 40 free'd/s,
        'uninitialized'        => qr/depends on uninitialised value.*read_uninitialized/s,
    },
    asan => {
        'leak'                 => qr/leak of (?:a block of )?40.*main/s,
        'overrun'              => qr/(?:use-after-poison|heap-buffer-overflow).*WRITE of size 1.*write_behind_end/s,
        'overrun-after-resize' => qr/(?:use-after-poison|heap-buffer-overflow).*WRITE of size 1.*write_behind_new_end/s,
        'underrun'             => qr/(?:use-after-poison|heap-buffer-overflow).*WRITE of size 1.*write_before_start/s,
        'use-after-free'       => qr/(?:use-after-poison|heap-use-after-free).*READ of size 1.*read_after_free/s,
        'use-after-resize'     => qr/(?:use-after-poison|heap-use-after-free).*READ of size 1.*read_after_resize/s,
        'double-free'          => qr/(?:double-free|no live block).*free_twice/s,
    },
    tsan => { 'race' => qr/data race.*write_to_block/s },
);

my %COMMAND = (
    valgrind =>
      [qw(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all)],
    asan => [],
    tsan => [],
);

sub run_planted ( $tool, $backend, $fault ) {
    return measure::Launch::run(
        command  => [ @{ $COMMAND{$tool} }, "$build/$tool/tests/planted-$backend", $fault ],
        launcher => $launcher,
        wall_s   => $RUN_WALL_S,
    );
}

# The variables of an outer make would choose another folder of this build, or other backends.
sub build (@arguments) {
    my @make = (
        command  => [ 'make', '-j2', "BUILD=$build", "BACKENDS=@backends", 'BACKEND=', @arguments ],
        env      => { MAKEFLAGS => undef, MAKELEVEL => undef, BIN => undef },
        launcher => $launcher,
        wall_s   => $MAKE_WALL_S,
    );
    my ($result) = tests::lib::Built::alone( sub () { measure::Launch::run(@make) } );
    my $built = measure::Launch::ok($result);
    diag( "make @arguments ", measure::Launch::sentence($result), "\n$result->{stderr}" ) if !$built;
    return $built;
}

sub reported_ok ( $tool, $backend, $fault ) {
    my $result   = run_planted( $tool, $backend, $fault );
    my $reported = !measure::Launch::ok($result) && $result->{stderr} =~ $REPORT{$tool}{$fault};
    ok( $reported, "$tool reports the planted $fault of a program on $backend" );
    diag( measure::Launch::sentence($result), "\n$result->{stderr}" ) if !$reported;
    return;
}

sub clean_ok ( $tool, $backend ) {
    my $result = run_planted( $tool, $backend, 'none' );
    my $clean  = measure::Launch::ok($result) && $result->{stderr} eq '';
    ok( $clean, "$tool reports nothing for a program without a fault on $backend" );
    diag( measure::Launch::sentence($result), "\n$result->{stderr}" ) if !$clean;
    return;
}

for my $tool ( sort keys %REPORT ) {
    my @programs = map { "$build/$tool/tests/planted-$_" } @backends;
    ok( build( "FLAVOUR=$tool", @programs ), "the programs with planted faults build for $tool" ) or next;
    for my $backend (@backends) {
        clean_ok( $tool, $backend );
        reported_ok( $tool, $backend, $_ ) for sort keys %{ $REPORT{$tool} };
    }
}

# What is reported must be the backend's fault: nothing of the suite, nothing that a right backend does with its own memory, and
# no race that is none (hw08 moves large blocks by mremap, which ThreadSanitizer does not know). LONG=1: the whole suite; else
# without threads that hurry, and of what is left the tests that take two seconds or less.
my $RESIZES =
  { CK_RUN_CASE => 'thread exit', RUN_TEST => 'blocks_that_a_thread_only_resizes_before_it_ends_are_reused' };
my $MOVES = {
    CK_RUN_CASE => 'threads',
    RUN_TEST    => 'blocks_resized_and_freed_by_other_threads_all_to_all_keep_their_content'
};
my @asked = $ENV{LONG} ? {} : ( $RESIZES, $MOVES, map { { CK_RUN_CASE => $_ } } qw(alignment overlap sizes resize) );
for my $clean (
    ( map { [ 'asan', $_, 'tests/suite-hw08', 'course' ] } @asked ),
    [ 'tsan',     $ENV{LONG} ? { CK_RUN_CASE => 'thread exit' } : $RESIZES, 'tests/suite-hw08', 'course' ],
    [ 'valgrind', {},                                                       'bin/list-par',     300 ],
  )
{
    my ( $tool, $env, $program, @arguments ) = @{$clean};
    ok( build( "FLAVOUR=$tool", "BIN=$build/$tool/bin", 'BACKENDS=hw08 par', "$build/$tool/$program" ),
        "$program builds for $tool" );
    my $result = measure::Launch::run(
        command  => [ @{ $COMMAND{$tool} }, "$build/$tool/$program", @arguments ],
        env      => $env,
        launcher => $launcher,
        wall_s   => $RUN_WALL_S,
        asleep_s => $RUN_WALL_S,
    );
    ok( measure::Launch::ok($result) && $result->{stderr} eq '', '... and has no fault' )
      or diag measure::Launch::sentence($result), "\n", @{$result}{qw(stdout stderr)};
}

# ---- tests/tools/under, which runs suites and programs under a tool, says what was not clean ------------------------------------

sub write_program ( $path, $script ) {
    open my $file, '>', $path or die "tools.t: cannot write $path: $!\n";
    print {$file} "#!/bin/sh\n$script\n";
    close $file or die "tools.t: cannot write $path: $!\n";
    chmod 0755, $path or die "tools.t: cannot make $path executable: $!\n";
    return;
}

# A folder in which everything is clean but the program, which is the given script.
sub run_under ($script) {
    my $folder = File::Temp->newdir;
    make_path( "$folder/bin", "$folder/tests" );
    write_program( "$folder/tests/suite-one", 'echo "100%: Checks: 3, Failures: 0, Errors: 0"' );
    write_program( "$folder/bin/list-one",    $script );
    return measure::Launch::run(
        command => [
            'tests/tools/under', qw(--tool asan --backends one --programs list --folder),
            $folder, '--launcher', $launcher
        ],
        launcher => $launcher,
        wall_s   => $RUN_WALL_S,
    );
}

my $right =
  'case $1 in 1000) n="871: 178";; 3000) n="2919: 216";; *) n="6171: 261";; esac; echo "Max steps is at $n steps"';
my $clean = run_under($right);
ok(
    measure::Launch::ok($clean) && $clean->{stdout} =~ /3 checks.*list-one 10000 +ok .*all clean/s,
    'make asan says that all is clean, and goes on to larger inputs while it is quick'
) or diag( $clean->{stdout}, $clean->{stderr} );

for my $case (
    [ 'a wrong answer',         'echo "Max steps is at 1: 1 steps"', qr/printed 'Max steps is at 1: 1 steps'/ ],
    [ 'a failing exit status',  "$right; exit 7",                    qr/exit status 7/ ],
    [ 'a report on its output', "$right; echo ERROR >&2",            qr/reported something.*    ERROR/s ],
  )
{
    my ( $what, $script, $words ) = @{$case};
    my $result = run_under($script);
    ok( ( $result->{exit} // 0 ) == 1 && $result->{stdout} =~ /FAULT.*$words/s,
        "make asan fails for $what and says so" )
      or diag( $result->{stdout}, $result->{stderr} );
}

# ---- gprof ------------------------------------------------------------------------------------------------------------------

SKIP: {
    skip 'the profile is of hw08, which is not among the backends', 2 if !grep { $_ eq 'hw08' } @backends;
    my $program = "$build/gprof/bin/list-hw08";
    ok( build( 'FLAVOUR=gprof', "BIN=$build/gprof/bin", $program ), 'list-hw08 builds for gprof' ) or last SKIP;
    my $profile = measure::Profile::run( program => $program, top => 2000, launcher => $launcher );
    my %walks   = map { $_ => 1 } qw(take_from_list add_to_list);
    my $hottest = $profile->{functions}[0];
    my $percent = 0;
    $percent += $_->{percent} for grep { $walks{ $_->{name} } } @{ $profile->{functions} };
    ok(
        $hottest && $walks{ $hottest->{name} } && $percent > 50,
        'gprof finds the walks along the free list on top of list-hw08'
    ) or diag( measure::Profile::table( $profile, 10 ) );
}

done_testing();
