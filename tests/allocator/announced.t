#!/usr/bin/env perl

# lib/libpar-valgrind.so announces its blocks: memcheck finds what is wrong in a program that knows nothing of par, and
# nothing in one that is right.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree  = tests::lib::Built::tree();
my $wrong = "$tree/build/release/misuse/wrong";
tests::lib::Built::launcher();
tests::lib::Built::insist( 'lib/libpar-valgrind.so', 'build/release/misuse/wrong' );
qx(valgrind --version 2>&1) =~ /^valgrind-/ or plan skip_all => 'there is no valgrind; ./setup installs it';

sub under_memcheck (@command) {
    return measure::Launch::run(
        command => [
            'env',                                                  "LD_PRELOAD=$tree/lib/libpar-valgrind.so",
            qw(valgrind --quiet --error-exitcode=99),               '--soname-synonyms=somalloc=nouserintercepts',
            qw(--leak-check=full --errors-for-leak-kinds=definite), @command
        ],
        wall_s => 900,
    );
}

# The program, what memcheck says of the act, and of the block.
my @WRONG = (
    [
        'CWE-122-behind-40-by-1',
        qr/Invalid write of size 1\n.*write_bytes/,
        qr/0 bytes after a block of size 40 alloc'd/
    ],
    [
        'CWE-124-in-front-1024-by-8',
        qr/Invalid write of size 1\n.*write_bytes/,
        qr/8 bytes before a block of size 1,024 alloc'd/
    ],
    [
        'CWE-416-written-at-start-100000',
        qr/Invalid write of size 8\n/,
        qr/0 bytes inside a block of size 100,000 free'd/
    ],
    [ 'CWE-415-another-between-40',     qr/Invalid free\(\)/, qr/0 bytes inside a block of size 40 free'd/ ],
    [ 'CWE-761-inside-1024-by-16',      qr/Invalid free\(\)/, qr/16 bytes inside a block of size 1,024 alloc'd/ ],
    [ 'CWE-122-behind-aligned-40-by-1', qr/Invalid write of size 1\n/, qr/0 bytes after a block of size 40 alloc'd/ ],
);

for my $case (@WRONG) {
    my ( $program, $act, $block ) = @{$case};
    my $result = under_memcheck( $wrong, $program );
    is( $result->{exit}, 99, "memcheck finds fault with $program" ) or diag measure::Launch::sentence($result);
    like( $result->{stderr}, $act,   '... at the act' );
    like( $result->{stderr}, $block, '... and names the block' );
}

my $right = under_memcheck( 'perl', '-e', 'my %h = map { $_ => [ 1 .. $_ % 50 ] } 1 .. 300; print scalar keys %h' );
is( $right->{stdout}, '300', 'a right program does what it did' );
unlike( $right->{stderr}, qr/Invalid|uninitialised/, '... and memcheck finds no fault with its blocks' )
  or diag $right->{stderr};

# Valgrind has the C library free its own when all is over, also what a stopped thread's lock stands before.
my $folder = File::Temp->newdir;
system( 'gcc', qw(-D_GNU_SOURCE -O1 -fno-builtin -pthread -o), "$folder/exits_busy", "$tree/tests/tools/exits_busy.c" )
  == 0
  or BAIL_OUT('cannot build exits_busy');
for ( 1 .. 3 ) {
    my $busy = under_memcheck("$folder/exits_busy");
    is( $busy->{exit}, 0, 'a program that exits while its threads allocate comes to an end' )
      or diag measure::Launch::sentence($busy), "\n", $busy->{stderr};
}

done_testing;
