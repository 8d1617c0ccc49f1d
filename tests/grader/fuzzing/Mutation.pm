package tests::grader::fuzzing::Mutation;

# Good inputs made bad: a few random changes to bytes, to what stands in them, or to a table. All chance is Perl's rand, so the same
# seed gives the same inputs.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();

my $MOST_CHANGES = 4;
my $MOST_RANGE   = 64;                                             # bytes that are taken out or written twice
my $BLOCK_BYTES  = 512;                                            # of a tar
my $MOST_BYTES   = 100_000;                                        # of an input: it shall be quick
my $JSON         = JSON::PP->new->utf8->canonical->allow_nonref;

# What parsers stumble over.
my @NUMBERS =
  qw(0 -1 1 00 1e999 -1e999 nan inf 2147483648 4294967296 9223372036854775807 18446744073709551616 0x10 1.5 077);
my @WORDS = (
    q{},         "\0",      "\n", "\r\n",     "\t",           q{ },       q{"},       q{'},
    q{,},        q{;},      q{/}, q{\\},      q{..},          q{../},     q{/../},    q{*},
    q{(},        q{[},      q<{>, q<}>,       q{%s},          q{$x},      q{@x},      q{null},
    q{true},     '[]',      '{}', "\xff\xfe", "\xef\xbb\xbf", "\xc3\xa9", "\xc2\x9b", "\x80",
    "\x{1b}[2J", 'x' x 300, 'a/' x 140,
);

sub one_of (@values) { return $values[ rand @values ] }

# $others: good inputs of the same kind, of which this may get a part.
sub bytes ( $bytes, @others ) {
    for ( 1 .. 1 + int rand $MOST_CHANGES ) {
        my $at    = int rand 1 + length $bytes;
        my $range = int rand $MOST_RANGE;
        my $left  = length($bytes) - $at;
        $range = $left if $range > $left;
        my $which = int rand 9;
        if    ( $which == 0 && $left )        { substr $bytes, $at, 1, chr rand 256 }
        elsif ( $which == 1 && $left )        { substr( $bytes, $at, 1 ) ^.= chr 1 << int rand 8 }
        elsif ( $which == 2 )                 { substr $bytes, $at, 0, one_of(@WORDS) }
        elsif ( $which == 3 )                 { substr $bytes, $at, $range, q{} }
        elsif ( $which == 4 )                 { substr $bytes, $at, 0, substr $bytes, $at, $range }
        elsif ( $which == 5 )                 { substr $bytes, $at, $range, one_of(@WORDS) }
        elsif ( $which == 6 )                 { $bytes = _other_number($bytes) }
        elsif ( $which == 7 && rand() < 0.3 ) { substr $bytes, $at, $left, q{} }
        elsif (@others) {
            my $other = one_of(@others);
            substr $bytes, $at, $range, substr $other, rand length $other, $MOST_RANGE;
        }
    }
    return substr $bytes, 0, $MOST_BYTES;
}

sub _other_number ($bytes) {
    my @starts;
    push @starts, [ $-[0], $+[0] - $-[0] ] while $bytes =~ /\d+/g;
    return $bytes if !@starts;
    my ( $at, $length ) = @{ one_of(@starts) };
    substr $bytes, $at, $length, one_of(@NUMBERS);
    return $bytes;
}

# Another word in the place of one of its words, as often as not one that stands elsewhere in it.
sub words ( $text, @others ) {
    for ( 1 .. 1 + int rand $MOST_CHANGES ) {
        my @words = $text =~ /[\w.]+/g or last;
        my $old   = quotemeta one_of(@words);
        my $new   = rand() < 0.5 ? one_of(@words) : one_of( @WORDS, @NUMBERS );
        $text =~ s/\b$old\b/$new/;
    }
    return rand() < 0.5 ? $text : bytes( $text, @others );
}

# The heads of a tar's entries, with the sum that makes a reader believe them.
sub tar ( $tar, @others ) {
    my @heads =
      grep { substr( $tar, $_ + 257, 5 ) eq 'ustar' } map { $_ * $BLOCK_BYTES } 0 .. length($tar) / $BLOCK_BYTES - 1;
    for ( 1 .. 1 + int rand $MOST_CHANGES ) {
        my $head  = one_of(@heads);
        my $field = one_of(
            [ 0,   100 ],
            [ 0,   100 ],
            [ 124, 12 ],
            [ 124, 12 ],
            [ 156, 1 ],
            [ 156, 1 ],
            [ 157, 100 ],
            [ 345, 155 ],
            [ 257, 8 ]
        );
        my ( $at, $length ) = @{$field};
        my $value =
          $length == 1    ? one_of( 0 .. 7, qw(L K x g S D), "\0" )
          : $length == 12 ? one_of( '00000000010', '77777777777', '99999999999', "\x80" . "\xff" x 11,
            "\x80\0\0\0\0\0\0\0\0\0\1\0", q{ }, _eleven() )
          : bytes( substr( $tar, $head + $at, $length ) =~ s/\0+\z//r );
        substr $tar, $head + $at, $length, pack "a$length", $value;
        substr $tar, $head + 148, 8,       q{ } x 8;
        substr $tar, $head + 148, 8,       sprintf "%06o\0 ", unpack '%32C*', substr $tar, $head, $BLOCK_BYTES;
    }
    return rand() < 0.8 ? $tar : bytes( $tar, @others );
}

sub _eleven () { return sprintf '%011o', rand 5000 }

# A table or list as JSON: another value somewhere, or one less.
sub json ( $text, @others ) {
    return bytes( $text, @others ) if rand() < 0.3;
    my $value = $JSON->decode($text);
    _change( \$value ) for 1 .. 1 + int rand $MOST_CHANGES;
    return $JSON->encode($value);
}

sub _change ($place) {
    my $value = ${$place};
    my @below = ref $value eq 'HASH' ? sort keys %{$value} : ref $value eq 'ARRAY' ? 0 .. $#{$value} : ();
    if ( @below && rand() < 0.9 ) {
        my $key = one_of(@below);
        if ( ref $value eq 'HASH' ) {
            if    ( rand() < 0.1 ) { delete $value->{$key} }
            elsif ( rand() < 0.1 ) { $value->{ one_of(@WORDS) } = $value->{$key} }
            else                   { _change( \$value->{$key} ) }
        }
        else { _change( \$value->[$key] ) }
        return;
    }
    ${$place} = one_of( undef, [], {}, [ [] ], { a => 1 },
        JSON::PP::true, 0, -1, 1e300, '1e999', 1.5, one_of(@WORDS), one_of(@NUMBERS), "\x{2028}\x{1f600}" );
    return;
}

1;
