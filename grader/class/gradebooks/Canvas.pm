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
    my ( $last, $first ) = split /\s*,\s*/, $row->{Student}, 2;
    return ( $row->{Student}, @{$row}{ 'ID', 'SIS User ID', 'SIS Login ID' }, defined $first ? "$first $last" : () );
}

# Of all submissions in one archive: doejane_LATE_4711_815_work.tar.gz, in which 4711 is the ID.
sub ids_in ( $class, $name ) {
    return $name =~ /\A[^_]+_(?:LATE_)?(\d+)_\d+_/ ? $1 : ();
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
