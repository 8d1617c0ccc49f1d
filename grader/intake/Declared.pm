package grader::intake::Declared;

# What a submission itself declares, as the compiler sees it: a backend that includes a header with "void remove(void*);" means a
# function of its own, though the C library has one of that name.
#
# Pure: it looks at text alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# $preprocessed: what the preprocessor made of a source, with its marks of lines. Result: what of it stands in files of this folder.
sub own_text ( $preprocessed, $folder ) {
    my $is_own = 0;
    my @own;
    for my $line ( split /\n/, $preprocessed ) {
        if    ( $line =~ /\A# \d+ "([^"]*)"/ ) { $is_own = index( $1, "$folder/" ) == 0 }
        elsif ($is_own)                        { push @own, $line }
    }
    return join "\n", @own, q{};
}

# The functions and variables that a text without comments and macros declares or defines outside of all functions: { name => 1 }.
# A call of a function is no declaration, so what stands in braces or parentheses is passed over.
sub names ($text) {
    no warnings 'regexp';    # a string may have very many backslashes
    $text =~ s/"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'?/ /g;    # a brace in it is none
    $text =~ s/\bextern\s+\{/ /g;                                                        # of extern "C"
    my ( $depth, $outside ) = ( 0, q{} );
    while ( $text =~ /([^{}()]++|[{}()])/g ) {
        my $piece = $1;
        $outside .= $piece if $depth == 0;
        if    ( $piece =~ /\A[{(]\z/ ) { $depth++ }
        elsif ( $piece =~ /\A[})]\z/ && $depth > 0 ) {
            $depth--;
            $outside .= ';' if $depth == 0 && $piece eq '}';
        }
    }
    my %names;
    $names{$1} = 1 while $outside =~ /\b([A-Za-z_]\w*)\s*[(;,=\[]/g;
    return \%names;
}

1;
