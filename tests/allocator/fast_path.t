#!/usr/bin/env perl

# What the comments in par_alloc.c say the fast paths cost is what the compiler made of them: from the first instruction to
# the first `ret`, which is the way that is taken when no branch is.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use tests::lib::Built;

my $tree   = "$Bin/../..";
my $object = 'build/release/par_alloc.o';
tests::lib::Built::insist($object);

open my $file, '<', "$tree/par_alloc.c" or die "cannot read par_alloc.c: $!\n";
my $source = do { local $/ = undef; <$file> };

# Result: the instructions of a function up to its first return.
sub fast_path ($function) {
    open my $pipe, '-|', 'objdump', '-d', '--no-show-raw-insn', "--disassemble=$function", "$tree/$object"
      or BAIL_OUT("there is no objdump: $!");
    my @instructions = map { /^\s+[0-9a-f]+:\s+(\S.*)$/ ? $1 : () } <$pipe>;
    for my $i ( 0 .. $#instructions ) {
        return @instructions[ 0 .. $i ] if $instructions[$i] =~ /^ret/;
    }
    return;
}

# What a branch leads to decides whether it is taken on the fast path, so only those forward out of it are counted.
my ($compiler) = qx(gcc -dumpversion) =~ /^(\d+)/;
for my $function (qw(xmalloc xfree)) {
    my ( $instructions, $branches ) =
      $source =~
      m{// On the fast path (\d+) instructions[^\n]*?: (\d+) branches(?:(?!\n\w).)*?\n\w[^\n]*\b$function\(}s;
    ok( defined $instructions, "$function: a comment says what the fast path costs" ) or next;
    my @path = fast_path($function);
    cmp_ok( scalar @path, '>', 5, '... and there is one' );
    is( scalar( grep { /\block\b|\bxchg\b|\bcall/ } @path ), 0, '... without atomic operations and calls' );
  SKIP: {
        skip "the comment speaks of gcc 12 on x86-64, and this is gcc $compiler", 2 if $compiler != 12;
        is( scalar @path,                  $instructions, "... of $instructions instructions" );
        is( scalar( grep { /^j/ } @path ), $branches,     "... with $branches branches" );
    }
}

done_testing;
