package grader::class::gradebooks::Canvas;

# The gradebook as Canvas imports it. Canvas looks for students by ID, else by SIS User ID or SIS Login ID; it takes all columns
# after Section for assignments, and makes a new one of a name that it does not know. EX is excused. An empty cell would wipe
# out a score that is there, so only those with a score have a row.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;

my @OWN = ( 'Student', 'ID', 'SIS User ID', 'SIS Login ID', 'Integration ID', 'Root Account', 'Section' );

sub title ($class) { return 'Canvas' }
sub file  ($class) { return 'canvas.csv' }
sub needs ($class) { return qw(Student ID Section) }

sub key ($class) { return 'ID' }

# The second row holds the points that there are.
sub is_student ( $class, $row ) {
    return $row->{Student} !~ /\APoints Possible/
      && length "$row->{ID}$row->{Student}";
}

sub names_of ( $class, $row ) {
    return @{$row}{ 'Student', 'ID', 'SIS User ID', 'SIS Login ID' };
}

# Of all submissions in one archive: doejane_LATE_4711_815_work.tar.gz, in which 4711 is the ID.
sub ids_in ( $class, $name ) {
    return $name =~ /\A[^_]+_(?:LATE_)?(\d+)_\d+_/ ? $1 : ();
}

# A file by itself in there: doejane_4711_815_par_alloc.c, or par_alloc-1.c when it came a second time; after several times
# something longer stands behind the name. A text that was typed in has no second number. Result: the folder where it belongs,
# in which one student's files are and which ids_in knows, and its own name there, the likelier one first; nothing when the name
# is of another kind.
sub loose ( $class, $name ) {
    my ( $whose,  $file ) = $name =~ /\A([^_]+_(?:LATE_)?\d+)_(?|\d+_(.+)|(text[.]html))\z/ or return;
    my ( $before, $behind ) =
      $file =~ /\A(.+)-(?:\d|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})((?:[.][A-Za-z][A-Za-z0-9]*)*)\z/;
    ( $before, $behind ) = ( $1, ".tar$2" ) if $file =~ /\A(.+)[.]tar-\d([.]\w+)\z/;
    return ( "${whose}_0_all", defined $before ? "$before$behind" : (), $file );
}

# $entries: [ { row, score, excused } ]. Result: bytes.
sub text ( $class, $roster, $column, $max, $entries ) {
    my @own = grep {
        my $own = $_;
        grep { $_ eq $own } @{ $roster->{head} }
    } @OWN;
    my @rows =
      ( [ @own, $column ], [ '    Points Possible', (q{}) x $#own, $max ] );
    push @rows, [ @{ $_->{row} }{@own}, $_->{excused} ? 'EX' : $_->{score} ] for @{$entries};
    return grader::class::Table::text( \@rows );
}

1;
