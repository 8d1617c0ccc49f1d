#!/usr/bin/env perl

# Every atomic operation of par and of the checking build has a comment right above it that argues its memory order and
# begins with `order:`.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd     qw(abs_path);
use FindBin qw($Bin);
use Test::More;

my $TREE = abs_path("$Bin/../..");

# An operation, as <stdatomic.h> and the compilers name them. Types (atomic_int) are none.
my $OPERATION =
  qr/\b(?:atomic_(?:load|store|exchange|compare_exchange|fetch|flag|thread_fence|signal_fence)|__atomic_|__sync_)/;

# Lines with an operation that have no such comment above them, but for those within the statement of one that has.
# Result: their number in all, and { line number => text } of those.
sub look ($text) {
    my ( $found, $argued, %bare ) = ( 0, 0 );
    my $number = 0;
    for my $line ( split /\n/, $text ) {
        $number++;
        if ( $line =~ m{^\s*//} ) {
            $argued ||= $line =~ m{//\s*order:};
            next;
        }
        if ( $line =~ $OPERATION ) {
            $found++;
            $bare{$number} = $line if !$argued;
        }
        $argued = 0 if $line =~ /[;{}]\s*(?:\/\/.*)?$/;
    }
    return ( $found, \%bare );
}

my $all = 0;
for my $path ( sort glob("$TREE/par/*.[ch] $TREE/interpose/*.c $TREE/par_alloc.c") ) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    my ( $found, $bare ) = look( do { local $/ = undef; <$file> } );
    $all += $found;
    my $name = substr $path, 1 + length $TREE;
    is( join( "\n", map { "$name:$_: $bare->{$_}" } sort { $a <=> $b } keys %{$bare} ),
        q{}, "$name: each of $found atomic operations says why its order is right" )
      if $found;
}
cmp_ok( $all, '>', 15, 'there are atomic operations to look at' );

my ( $found, $bare ) = look("// order: relaxed\nx = atomic_load(&y);\natomic_store(&y, 1);\natomic_int z;\n");
is( $found, 2, 'two operations and a declaration' );
is_deeply( [ keys %{$bare} ], [3], '... one of which has no comment' );

done_testing;
