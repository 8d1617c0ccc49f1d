package grader::class::similar::Pairs;

# Which submissions of a class have much in common, beyond what everybody was given.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max min);
use grader::class::similar::Tokens;
use grader::class::similar::Winnow;

# What more of a class has than this comes from the course, not from a neighbour.
our $MOST_OWNERS = 10;

# Fewer fingerprints in common than this are chance.
my $LEAST_SHARED = 5;

# $starter: texts that everybody was given. Result: their hashes.
sub starter (@texts) {
    my %is_given;
    for my $text (@texts) {
        my @tokens = grader::class::similar::Tokens::of($text);
        $is_given{ $_->[0] } = 1 for grader::class::similar::Winnow::grams( \@tokens );
    }
    return \%is_given;
}

# $files: [ { name, text } ]. Result: what is known of a submission: { files, tokens => [ [token, line, file] ], grams => those
# that were not given, fingerprints => { hash => 1 } }.
sub examined ( $files, $is_given ) {
    my ( @tokens, @grams, %kept );
    for my $number ( 0 .. $#{$files} ) {
        my @own  = grader::class::similar::Tokens::of( $files->[$number]{text} );
        my @left = grep { !$is_given->{ $_->[0] } } grader::class::similar::Winnow::grams( \@own, scalar @tokens );
        push @grams,  @left;
        push @tokens, map { [ @{$_}, $number ] } @own;
        $kept{ $_->[0] } = 1 for grader::class::similar::Winnow::fingerprints(@left);
    }
    return { files => $files, tokens => \@tokens, grams => \@grams, fingerprints => \%kept };
}

# $of: { NAME => as of examined() }. Result: pairs { names => [two], shared => fingerprints, shares => [of each], share => the
# larger }, the most alike first.
sub ranked ($of) {
    my ( %owners, %shared );
    for my $name ( sort keys %{$of} ) {
        push @{ $owners{$_} }, $name for keys %{ $of->{$name}{fingerprints} };
    }
    for my $names ( grep { @{$_} > 1 && @{$_} <= $MOST_OWNERS } values %owners ) {
        for my $one ( 0 .. $#{$names} ) { $shared{ $names->[$one] }{$_}++ for @{$names}[ $one + 1 .. $#{$names} ] }
    }
    my @pairs;
    for my $one ( keys %shared ) {
        for my $other ( keys %{ $shared{$one} } ) {
            my $count = $shared{$one}{$other};
            next if $count < $LEAST_SHARED;
            my @shares = map { $count / keys %{ $of->{$_}{fingerprints} } } $one, $other;
            push @pairs, { names => [ $one, $other ], shared => $count, shares => \@shares, share => max(@shares) };
        }
    }
    @pairs =
      sort { $b->{share} <=> $a->{share} || $b->{shared} <=> $a->{shared} || "@{$a->{names}}" cmp "@{$b->{names}}" }
      @pairs;
    return @pairs;
}

# Those of which a good part is in more submissions than are compared: it may be of the course, or of one source for many. Result:
# [ { name, share } ] of those with this share or more, by name.
sub in_many ( $of, $least ) {
    my %times;
    for my $name ( keys %{$of} ) { $times{$_}++ for keys %{ $of->{$name}{fingerprints} } }
    my @found;
    for my $name ( sort keys %{$of} ) {
        my @all    = keys %{ $of->{$name}{fingerprints} };
        my $common = grep { $times{$_} > $MOST_OWNERS } @all;
        push @found, { name => $name, share => $common / @all } if $common >= $LEAST_SHARED && $common / @all >= $least;
    }
    return @found;
}

# The regions that two have in common, at least as long as winnowing guarantees to find: [ [from, to] of one, [from, to] of
# the other ], places of tokens, in the order of the first.
sub regions ( $one, $other ) {
    my @left = @{ $one->{grams} };
    my ( %places, @regions );
    my @right = @{ $other->{grams} };
    push @{ $places{ $right[$_][0] } }, $_ for 0 .. $#right;
    my $at = 0;
    while ( $at < @left ) {
        my ( $longest, $where ) = ( 0, undef );
        for my $there ( @{ $places{ $left[$at][0] } // [] } ) {
            my $length = _common( \@left, $at, \@right, $there );
            ( $longest, $where ) = ( $length, $there ) if $length > $longest;
        }
        if ( $longest >= $grader::class::similar::Winnow::WINDOW ) {
            push @regions, [ _span( \@left, $at, $longest ), _span( \@right, $where, $longest ) ];
        }
        $at += max( 1, $longest );
    }
    return @regions;
}

# How many runs in a row are the same from here on.
sub _common ( $left, $at, $right, $there ) {
    my $length = 0;
    my $most   = min( @{$left} - $at, @{$right} - $there );
    while ( $length < $most ) {
        my ( $mine, $theirs ) = ( $left->[ $at + $length ], $right->[ $there + $length ] );
        last
          if $mine->[0] != $theirs->[0]
          || $mine->[1] != $left->[$at][1] + $length
          || $theirs->[1] != $right->[$there][1] + $length;
        $length++;
    }
    return $length;
}

sub _span ( $grams, $at, $length ) {
    my $from = $grams->[$at][1];
    return [ $from, $from + $length + $grader::class::similar::Winnow::GRAM - 2 ];
}

1;
