package grader::class::gradebooks::Moodle;

# The gradebook as Moodle takes it back as an offline grading worksheet. Moodle goes by the columns Identifier, Grade and Last
# modified (grade), and refuses a worksheet without one of these; so the roster is the worksheet of the assignment (Download
# grading worksheet), and what it holds is kept.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;

my $COMMENTS = 'Feedback comments';

sub title ($class) { return 'Moodle' }
sub file  ($class) { return 'moodle.csv' }
sub needs ($class) { return ( 'Identifier', 'Grade', 'Last modified (grade)' ) }

sub key ($class) { return 'Identifier' }

# A line for totals has no number there.
sub is_student ( $class, $row ) { return $row->{Identifier} =~ /\d/ }

sub names_of ( $class, $row ) {
    return ( grep { defined } @{$row}{ 'Full name', 'ID number', 'Email address', 'Identifier', 'Username' } );
}

# Of all submissions in one archive: Jane Doe_4711_assignsubmission_file, of the one who is called Participant 4711.
sub ids_in ( $class, $name ) {
    return $name =~ /_(\d+)_assignsubmission_/ ? "Participant $1" : ();
}

# A file by itself in there, when it was packed without folders: as loose of Canvas.
sub loose ( $class, $name ) {
    return $name =~ /\A(.+_\d+_assignsubmission)_(?:file|onlinetext)_(.+)\z/ ? ( "$1_file", $2 ) : ();
}

# $entries: [ { row, score, excused, words } ]. Result: bytes. Moodle has no sign for the excused; they get a comment alone.
sub text ( $class, $roster, $column, $max, $entries ) {
    my @head = @{ $roster->{head} };
    push @head, $COMMENTS if !grep { $_ eq $COMMENTS } @head;
    my @rows = ( \@head );
    for my $entry ( @{$entries} ) {
        my %cell = ( %{ $entry->{row} }, $COMMENTS => _as_html( $entry->{words} ) );
        $cell{Grade} = $entry->{excused} ? q{} : $entry->{score};
        push @rows, [ @cell{@head} ];
    }
    return grader::class::Table::text( \@rows );
}

# Moodle keeps a comment that it imports as HTML (set_editor_text of mod/assign/feedback/comments/locallib.php), and would take
# <stdio.h> for a tag.
sub _as_html ($text) { return $text =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr }

# What will not go well there; undef when all will. A number may have a decimal comma.
sub warning ( $class, $roster, $max ) {
    my ($column) = grep { lc eq 'maximum grade' } @{ $roster->{head} };
    return if !defined $column;
    my ($most) = map { tr/,/./r } grep { /\A\d+(?:[.,]\d+)?\z/ } map { $_->{$column} } @{ $roster->{rows} };
    return if !defined $most || $most == $max;
    return
      sprintf $most < $max
      ? 'Moodle takes no grade over %g, and this rubric has %g points: set the maximum of the assignment'
      : 'Moodle has %g as the maximum grade, and this rubric %g points: set the maximum of the assignment',
      $most,
      $max;
}

1;
