package grader::class::Table;

# Tables as spreadsheets keep them: read with any of the usual separators and encodings, written as CSV in UTF-8.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use grader::class::Text;

# Dies with one line when this machine cannot read or write tables.
sub insist () {
    return eval { require Text::CSV; 1 } // die "there is no Text::CSV here; ./setup --class installs it\n";
}

# Result: rows, each a list of cells without blanks around them; empty lines are left out. Each row knows its line:
# [ line => [cells] ]. Dies with one line.
sub read_file ($path) {
    insist();
    open my $file, '<:raw', $path or die "cannot read $path: $!\n";
    my $bytes = do { local $/ = undef; <$file> }
      // q{};
    die grader::class::Text::printable($path), ": this is a workbook of a spreadsheet: save it as CSV\n"
      if $bytes =~ /\A(?:PK\x03\x04|\xd0\xcf\x11\xe0)/;
    my $text = decoded($bytes);
    my ($head) = $text =~ /\A([^\r\n]*)/;
    my ($separator) =
      sort { ( () = $head =~ /\Q$b\E/g ) <=> ( () = $head =~ /\Q$a\E/g ) } q{,},
      "\t", q{;};
    my $csv = Text::CSV->new(
        {
            binary           => 1,
            sep_char         => $separator,
            allow_whitespace => 0,
            blank_is_undef   => 0
        }
    );
    open my $lines, '<:encoding(UTF-8)', \Encode::encode( 'UTF-8', $text =~ s/\r\n?/\n/gr )
      or die "$path: $!\n";
    my ( @rows, $line );
    $line = 1;

    while ( my $row = $csv->getline($lines) ) {
        my @cells = map { s/\A\s+|\s+\z//gr } @{$row};
        push @rows, [ $line => \@cells ] if grep { length } @cells;
        $line = $. + 1;
    }
    my ( $code, $why ) = $csv->error_diag;
    die grader::class::Text::printable($path), ", line $line: this is no CSV: $why\n" if !$csv->eof && $code;
    return @rows;
}

# What is wrong with a row that has cells where its head has none, as the rest of a text with a comma in it; undef when nothing is.
sub homeless ( $cells, @head ) {
    for my $number ( grep { length $cells->[$_] } 0 .. $#{$cells} ) {
        next if length( $head[$number] // q{} );
        my $at = $number + 1;
        return "'$cells->[$number]' stands in cell $at, which has no column: "
          . 'put quotes around a cell that holds the sign between the cells';
    }
    return;
}

# Blackboard writes UTF-16, Excel marks its UTF-8.
sub decoded ($bytes) {
    return Encode::decode( 'UTF-16', $bytes )
      if $bytes =~ /\A(?:\xff\xfe|\xfe\xff)/;
    my $text = eval { Encode::decode( 'UTF-8', $bytes, Encode::FB_CROAK() | Encode::LEAVE_SRC() ); };
    return ( $text // Encode::decode( 'cp1252', $bytes ) ) =~ s/\A\x{feff}//r;
}

# $rows: lists of cells. Result: bytes. quote: also around what needs none. mark: at the beginning, without which Excel takes the
# letters of UTF-8 for others.
sub text ( $rows, %how ) {
    insist();
    my $csv = Text::CSV->new(
        {
            binary       => 1,
            eol          => "\r\n",
            always_quote => $how{quote} ? 1 : 0,
            quote_space  => 0
        }
    );
    my $text = $how{mark} ? "\x{feff}" : q{};
    for my $row ( @{$rows} ) {
        $csv->combine( map { $_ // q{} } @{$row} )
          or die "cannot write a table\n";
        $text .= $csv->string;
    }
    return Encode::encode( 'UTF-8', $text );
}

# A spreadsheet takes what begins like this for a formula, and would compute what a student wrote.
sub harmless ($value) {
    return $value if !defined $value || $value =~ /\A-?[\d.]+\z/;
    return $value =~ /\A[=+\-@\t\r]/ ? "'$value" : $value;
}

1;
