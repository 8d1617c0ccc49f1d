package grader::class::Teams;

# Whose a submission is, where no name tells: teams.csv in the output folder, with a line for each student:
#
#     submission,student
#     team7,jdoe
#     team7,"Lee, Ann"
#
# The student is named as the roster names one: login, number, address or name.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::Nearest;
use grader::class::Table;
use grader::class::Text;
use grader::class::gradebooks::Students;

# $roster: undef when there is none; @names: of the submissions. Result: { NAME => [rows of the roster] }. Dies with one line for
# the first mistake.
sub read_file ( $path, $roster, @names ) {
    return {} if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    return {} if !defined $head;
    my $shown = grader::class::Text::printable($path);
    my %at    = map { lc $head->[1][$_] => $_ } 0 .. $#{ $head->[1] };
    for my $column (qw(submission student)) {
        die "$shown, line 1: there is no column '$column'; wanted are submission and student\n"
          if !defined $at{$column};
    }
    die "$shown: it names students, and there is no roster.csv beside it\n" if @rows && !$roster;

    my %name_of = map { grader::class::Text::folded($_) => $_ } @names;
    my %of;
    for my $row (@rows) {
        my ( $line,       $cells )   = @{$row};
        my ( $submission, $student ) = map { $cells->[ $at{$_} ] // q{} } qw(submission student);
        my $name = $name_of{ grader::class::Text::folded($submission) }
          // die "$shown, line $line: " . _unknown( 'submission', $submission, @names ) . "\n";
        my @found = grader::class::gradebooks::Students::named( $roster, $student );
        die "$shown, line $line: " . _wrong( $roster, $student, @found ) . "\n" if @found != 1;
        push @{ $of{$name} }, $found[0] if !grep { $_ == $found[0] } @{ $of{$name} };
    }
    return \%of;
}

sub _wrong ( $roster, $student, @found ) {
    my @all = map { grader::class::gradebooks::Students::own_names( $roster, $_ ) } @{ $roster->{rows} };
    return @found
      ? '\'' . grader::class::Text::plain($student) . '\' is the name of ' . @found . ' students; give the login'
      : _unknown( 'student', $student, @all );
}

sub _unknown ( $what, $said, @known ) {
    my $meant = grader::Nearest::nearest( $said, @known );
    return
        "there is no $what '"
      . grader::class::Text::plain($said) . q{'}
      . ( defined $meant ? "; did you mean $meant?" : q{} );
}

1;
