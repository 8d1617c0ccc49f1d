#!/usr/bin/env perl

# What the checking build (make DEBUG=1) catches: each misuse ends the process with one line that names call and pointer
# and says what is wrong and what to do. Right programs give the right answer in it, with the heap checked all the time.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

chdir "$Bin/../.." or die "checking.t: cannot enter the tree: $!\n";
my $build    = $ENV{BUILD} // 'build';
my $launcher = tests::lib::Built::launcher();
my $misuse   = "$build/debug/tests/misuse-par";
my $bin      = "$build/debug/bin";

# The call that is blamed, and what is said about it.
my %CAUGHT = (
    'small-twice'         => [ 'xfree',    qr/this block of 48 bytes was freed or moved before; free it once/ ],
    'medium-twice'        => [ 'xfree',    qr/this block of 100000 bytes was freed or moved before/ ],
    'large-twice'         => [ 'xfree',    qr/this block of 3000000 bytes was freed or moved before/ ],
    'small-twice-later'   => [ 'xfree',    qr/this block of 48 bytes was freed or moved before/ ],
    'medium-twice-later'  => [ 'xfree',    qr/this block of 100000 bytes was freed or moved before/ ],
    'freed-resize'        => [ 'xrealloc', qr/this block of 48 bytes was freed or moved before/ ],
    'small-inside'        => [ 'xfree',    qr/this is byte 16 of the live block 0x\w+ of 48 bytes; give the pointer/ ],
    'medium-inside'       => [ 'xfree',    qr/this is byte 49152 of the live block 0x\w+ of 100000 bytes; give/ ],
    'large-inside'        => [ 'xfree',    qr/this is byte 1499136 of the live block 0x\w+ of 3000000 bytes; give/ ],
    'foreign'             => [ 'xfree',    qr/this pointer was never handed out, or was freed long ago; give only/ ],
    'foreign-resize'      => [ 'xrealloc', qr/this pointer was never handed out, or was freed long ago; give only/ ],
    'overrun-by-one'      => [ 'xfree',    qr/byte 48 was written, but this block has 48 bytes; ask for more/ ],
    'overrun-never-freed' => [ 'exit',     qr/byte 48 was written, but this block has 48 bytes; ask for more/ ],
    'small-in-front'      =>
      [ 'xfree', qr/byte 63 was written, but this block has 40 bytes, or the next one was written in front/ ],
    'large-overrun-by-one'  => [ 'xfree',    qr/byte 3000000 was written, but this block has 3000000 bytes; ask/ ],
    'overrun-by-one-resize' => [ 'xrealloc', qr/byte 48 was written, but this block has 48 bytes; ask for more/ ],
    'write-after-free'      => [ 'xfree',    qr/byte 24 of this block of 48 bytes was written after .* freed; forget/ ],
    'write-after-free-later' => [ 'xfree', qr/byte 24 of this block of 48 bytes was written after .* freed; forget/ ],
    'write-after-resize'     => [ 'xfree', qr/byte 24 of this block of 48 bytes was written after .* freed; forget/ ],
);

# The right programs, with the answer that the build that is timed gives.
my %ANSWER = (
    'list-par -t 4 2000'    => 'Max steps is at 1161: 181 steps',
    'ivec-par -t 4 2000'    => 'Max steps is at 1161: 181 steps',
    'collatz-par -t 4 2000' => 'Max steps is at 1161: 181 steps',
);

sub run ( $check_every, @command ) {
    return measure::Launch::run(
        command  => \@command,
        env      => { PAR_CHECK_EVERY => $check_every },
        launcher => $launcher,
        wall_s   => 900,
    );
}

# The variables of an outer make would choose another folder of this build, or other backends.
my $built = measure::Launch::run(
    command => [
        qw(make -j2 DEBUG=1 BACKENDS=par BACKEND=), "BUILD=$build",
        $misuse,                                    map { "$bin/" . s/ .*//r } sort keys %ANSWER
    ],
    env      => { MAKEFLAGS => undef, MAKELEVEL => undef, BIN => undef, FLAVOUR => undef },
    launcher => $launcher,
    wall_s   => 900,
);
measure::Launch::ok($built) or BAIL_OUT("the checking build cannot be made: $built->{stderr}");

for my $way ( sort keys %CAUGHT ) {
    my ( $call, $words ) = @{ $CAUGHT{$way} };
    my $result  = run( undef, $misuse, $way );
    my $pointer = $result->{stdout} =~ s/\n\z//r;
    is( $result->{signal}, 6, "$way ends the process" ) or diag measure::Launch::sentence($result);
    like(
        $result->{stderr},
        qr/\A\Q$call($pointer): \E$words[^\n]*\n\z/,
        '... with one line: call, pointer, what, advice'
    );
}

my $ruined = run( 1, $misuse, 'ruined-heap' );
is( $ruined->{signal}, 6, 'par_check, called again and again, finds a ruined heap' )
  or diag measure::Launch::sentence($ruined);
my ($ruined_block) = $ruined->{stdout} =~ /\A(0x[0-9a-f]+)$/m;
like(
    $ruined->{stderr},
    qr/\Apar[(]\Q$ruined_block\E[)]: this block was written after it had been freed[^\n]+\n\z/,
    '... and says which block was written to'
);
is( run( 0, $misuse, 'ruined-heap' )->{exit}, 0, 'with PAR_CHECK_EVERY=0 nobody looks' );

my $typo = run( 'often', $misuse, 'none' );
is( $typo->{exit}, 2, 'a PAR_CHECK_EVERY that is no number is refused' );
like( $typo->{stderr}, qr/\APAR_CHECK_EVERY is "often", but must be a number [^\n]+\n\z/, '... in words' );

# XMALLOC_CHECK=1 explains: where the block was taken and freed, in lines of the program, and what was overwritten.
sub explained ($way) {
    return measure::Launch::run(
        command  => [ $misuse, $way ],
        env      => { XMALLOC_CHECK => 1 },
        launcher => $launcher,
        wall_s   => 300,
    )->{stderr};
}
my $LINE = qr/    \w+ at misuse[.]c:\d+\n/;
like(
    explained('overrun-by-one'),
qr/\A[^\n]+\n  overwritten: 1 byte within 1; there stands 01\n  taken at\n    overrun at misuse[.]c:\d+\n$LINE+  noticed at\n    overrun_and_free at misuse[.]c:\d+\n/,
    'XMALLOC_CHECK=1 says what an overrun wrote, where the block was taken, and where that was noticed'
);
like(
    explained('small-twice-later'),
qr/\A[^\n]+\n  taken at\n    free_twice_later at misuse[.]c:(\d+)\n$LINE+  freed at\n    free_twice_later at misuse[.]c:(\d+)\n$LINE+  noticed at\n    free_twice_later at/,
    '... and of a block that was freed twice, where for the first time'
);
like(
    explained('small-inside'),
    qr/\n  taken at\n    free_inside at misuse[.]c:\d+\n/,
    '... also of a pointer into it'
);

# The preloaded one is set up before the C library has the environment.
tests::lib::Built::insist('lib/libpar-checking.so');
my %PRELOADED = ( XMALLOC_CHECK => 'explain', PAR_CHECK_EVERY => 'often' );
for my $name ( sort keys %PRELOADED ) {
    my $refused = measure::Launch::run(
        command  => [ 'env', 'LD_PRELOAD=lib/libpar-checking.so', "$name=$PRELOADED{$name}", 'true' ],
        launcher => $launcher,
        wall_s   => 300,
    );
    is( $refused->{exit}, 2, "libpar-checking.so reads $name" ) or diag measure::Launch::sentence($refused);
    like( $refused->{stderr}, qr/\A$name is "$PRELOADED{$name}", but must be /, '... and says what is wrong with it' );
}

my $handed_on = measure::Launch::run(
    command  => [ 'env', 'LD_PRELOAD=lib/libpar-checking.so', 'XMALLOC_CHECK=1', 'sh', '-c', 'env' ],
    launcher => $launcher,
    wall_s   => 300,
);
like( $handed_on->{stdout}, qr/^XMALLOC_CHECK=1$/m, '... and leaves a program its environment, also when it explains' )
  or diag measure::Launch::sentence($handed_on);

sub clean_ok ( $result, $output, $what ) {
    my $clean = measure::Launch::ok($result) && $result->{stderr} eq '' && $result->{stdout} eq $output;
    ok( $clean, $what ) or diag( measure::Launch::sentence($result), "\n$result->{stdout}$result->{stderr}" );
    return;
}
clean_ok( run( 1, $misuse, 'none' ),
    '', 'a program without misuse is left in peace, with a check of the heap at each call' );
clean_ok( run( 1000, $misuse, 'none-fork' ), '', '... nor are the children that a process with several threads forks' );
clean_ok( run( 1000, split / /, "$bin/$_" ), "$ANSWER{$_}\n", "$_ gives the right answer under check" )
  for sort keys %ANSWER;

done_testing;
