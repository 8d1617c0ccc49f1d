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

# How the object was made: compiler, architecture and flags, as gcc writes them into it; other compilers leave the flags out.
sub made_by () {
    open my $pipe, '-|', 'readelf', '--debug-dump=info', "$tree/$object" or BAIL_OUT("there is no readelf: $!");
    my ($made_by) = map { /DW_AT_producer\s*:\s*(?:[(].*?[)]:\s*)?(.*\S)/ ? $1 : () } <$pipe>;
    return $made_by // 'a compiler that does not say how';
}

# The comments count what gcc 12 makes for x86-64 with the flags of the release.
my $COUNTED =
  qr/\AGNU\sC11\s12[.]\S+\s-mtune=generic\s-march=x86-64\s-g\s-O2\s-std=c11(?:\s-fasynchronous-unwind-tables)?\z/x;

# Without optimisation, or watched by a tool, there is no fast path; with -flto it is made when a program is linked.
my $NO_FAST_PATH = qr/\s-O[0s]\b|-flto|-fsanitize|-pg\b|--coverage/;

# What synchronises threads, and calls, of x86-64, arm64 and riscv64.
my $SLOW = qr/\block\b|\bxchg\b|\bcall|\Abl\b|\Ablr\b|\b(?:cas|ldadd|swp|ldaxr|stlxr)|\Ajal\b|\bamo|\blr[.]/;

# What a branch leads to decides whether it is taken on the fast path, so only those forward out of it are counted.
my $made_by = made_by();
for my $function (qw(xmalloc xfree)) {
    my ( $instructions, $branches ) =
      $source =~
      m{// On the fast path (\d+) instructions[^\n]*?: (\d+) branches(?:(?!\n\w).)*?\n\w[^\n]*\b$function\(}s;
    ok( defined $instructions, "$function: a comment says what the fast path costs" ) or next;
  SKIP: {
        skip "there is no fast path in an object of $made_by", 4 if $made_by =~ $NO_FAST_PATH;
        my @path = fast_path($function);
        cmp_ok( scalar @path, '>', 5, '... and there is one' );
        is( scalar( grep { $_ =~ $SLOW } @path ), 0, '... without atomic operations and calls' );
        skip "the comment speaks of gcc 12 on x86-64 with the release's flags, and this is $made_by", 2
          if $made_by !~ $COUNTED;
        is( scalar @path,                  $instructions, "... of $instructions instructions" );
        is( scalar( grep { /^j/ } @path ), $branches,     "... with $branches branches" );
    }
}

done_testing;
