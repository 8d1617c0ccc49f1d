package grader::intake::Places;

# How near a file of a submission lies to the source of a backend. The same name often stands in several folders: par/heap.c
# beside hw08/heap.c, or beside old/heap.c. The nearest one is meant.
#
# Pure: it looks at paths alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);

# From the nearest to the farthest: in the backend's folder, as the Makefile links it; beside or below its source; elsewhere; in
# the folder of another backend; and among what was handed out, or is old.
use constant { OWN => 0, NEAR => 1, ELSEWHERE => 2, OF_ANOTHER => 3, HANDED_OUT => 4 };

# A folder with one of these names holds what the course handed out, and not what was handed in.
my $STARTER =
  qr{(?:\A|/)(?:starter|start|skeleton|template|handout|given|provided|original|old|backup|bak)(?:[-_ ][^/]*)?/}i;

sub is_handed_out ($path) { return $path =~ $STARTER }

# $source: of the backend. %how: own, others => [names of folders, in small letters] of this backend and of the others; homes =>
# [folders in which the others' sources lie].
sub rank ( $path, $source, %how ) {
    my @from  = _folders($source);
    my @to    = _folders($path);
    my $depth = 0;
    $depth++ while $depth < @from && $depth < @to && $from[$depth] eq $to[$depth];
    my @rest = map { lc } @to[ $depth .. $#to ];
    return HANDED_OUT if is_handed_out( join q{}, map { "$_/" } @rest );

    my ( $is_own, $is_others ) = map { _has_any( $how{$_}, @rest ) } qw(own others);
    return OWN if $is_own && !$is_others;
    return OF_ANOTHER
      if $is_others && !$is_own || grep { _is_below( $path, $_ ) && !_is_below( $source, $_ ) } @{ $how{homes} };
    return $depth == @from ? NEAR : ELSEWHERE;
}

sub _folders ($path) {
    my $folder = dirname($path);
    return $folder eq q{.} ? () : split m{/}, $folder;
}

sub _has_any ( $names, @folders ) {
    my %is = map { $_ => 1 } @{ $names // [] };
    return scalar grep { $is{$_} } @folders;
}

sub _is_below ( $path, $folder ) { return $folder eq q{.} || index( $path, "$folder/" ) == 0 }

1;
