package grader::class::gradebooks::Blackboard;

# The gradebook as Blackboard uploads it. Blackboard goes by Username, and by the number behind the name of a column
# (Allocator [Total Pts: 100 Score] |4711). A column that has no number becomes a new one, of text. All cells of a CSV are quoted.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;

my @OWN = ( 'Last Name', 'First Name', 'Username', 'Student ID' );

sub title ($class) { return 'Blackboard' }
sub file  ($class) { return 'blackboard.csv' }
sub needs ($class) { return ( 'Last Name', 'First Name', 'Username' ) }

sub key ($class) { return 'Username' }

sub is_student ( $class, $row ) { return length $row->{Username} }

sub names_of ( $class, $row ) {
    return ( "$row->{'First Name'} $row->{'Last Name'}", grep { defined } @{$row}{ 'Username', 'Student ID' } );
}

# Of all submissions in one archive: Allocator_jdoe_attempt_2026-11-28-10-44-00_work.zip.
sub ids_in ( $class, $name ) { return $name =~ /_([^_]+)_attempt_\d/ ? $1 : () }

# A file by itself in there, or what Blackboard writes about the attempt, in a file without a name of its own: as loose of
# Canvas.
sub loose ( $class, $name ) {
    return $name =~ /\A(.+_attempt_\d[\d-]*)(?:_(.+)|[.]txt)\z/ ? ( $1, $2 // 'blackboard.txt' ) : ();
}

# $entries: [ { row, score, excused } ]. Result: bytes. Who is excused has no row: an upload cannot say it.
sub text ( $class, $roster, $column, $max, $entries ) {
    my @own = grep {
        my $own = $_;
        grep { $_ eq $own } @{ $roster->{head} }
    } @OWN;
    my @rows = ( [ @own, $column ] );
    push @rows, [ @{ $_->{row} }{@own}, $_->{score} ] for grep { !$_->{excused} } @{$entries};
    return grader::class::Table::text( \@rows, quote => 1 );
}

1;
