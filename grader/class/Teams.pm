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

# $roster: undef when there is none; @names: of the submissions. Result: { NAME => [rows of the roster] }, and sentences on lines that
# say nothing that can be done: those students are in no team. Dies with one line when the table as a whole cannot be read.
sub read_file ( $path, $roster, @names ) {
    return {} if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    return {} if !defined $head;
    my $shown = grader::class::Text::printable($path);
    my %at    = map { lc $head->[1][$_] => $_ } 0 .. $#{ $head->[1] };
    for my $column (qw(submission student)) {
        my $times = grep { lc eq $column } @{ $head->[1] };
        die "$shown, line 1: there is no column '$column'; wanted are submission and student\n" if !$times;
        die "$shown, line 1: there are two columns '$column': keep one of them\n"               if $times > 1;
    }
    die "$shown: it names students, and there is no roster.csv beside it\n" if @rows && !$roster;

    my %name_of = map { grader::class::Text::folded($_) => $_ } @names;
    my ( %of, @wrong );
    for my $row (@rows) {
        my ( $line, $cells )         = @{$row};
        my ( $submission, $student ) = map { $cells->[ $at{$_} ] // q{} } qw(submission student);
        my $name  = $name_of{ grader::class::Text::folded($submission) };
        my @found = grader::class::gradebooks::Students::named( $roster, $student );
        my $wrong = grader::class::Table::homeless( $cells, @{ $head->[1] } );
        $wrong //= _unknown( 'submission', $submission, @names ) if !defined $name;
        $wrong //= _wrong( $roster, $student, @found )           if @found != 1;
        if    ( defined $wrong ) { push @wrong, "teams.csv, line $line: " . grader::class::Text::plain($wrong) }
        elsif ( !grep { $_ == $found[0] } @{ $of{$name} } ) {
            push @{ $of{$name} }, $found[0];
        }
    }
    return ( \%of, @wrong );
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
