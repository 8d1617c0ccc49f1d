package grader::class::gradebooks::Students;

# Who is in the class: roster.csv in the output folder, as a learning platform exports it. Which one it was is told by its
# columns, and the gradebook for that platform goes by them.
#
# A submission is a student's when its name is one of the student's own (login, number, e-mail address, name), or holds it
# where the platform puts it when it packs all submissions.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;
use grader::class::gradebooks::Blackboard;
use grader::class::gradebooks::Canvas;
use grader::class::gradebooks::Moodle;

my @PLATFORMS =
  map { "grader::class::gradebooks::$_" } qw(Canvas Moodle Blackboard);

# Result: { platform, path, head => [columns], rows => [ { column => cell } ] }; undef when there is no such file. Dies with one
# line.
sub read_file ($path) {
    return if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    die "$path: there is nothing in it\n" if !defined $head;
    my @head       = @{ $head->[1] };
    my %has        = map { $_ => 1 } @head;
    my ($platform) = grep {
        !grep { !$has{$_} }
          $_->needs
    } @PLATFORMS;
    die "$path: these are not the columns of a roster; wanted are those of "
      . join( ', or of ', map { $_->title . ' (' . join( ', ', $_->needs ) . ')' } @PLATFORMS ) . "\n"
      if !defined $platform;
    my @students;

    for my $row (@rows) {
        my %cell;
        @cell{@head} = map { $_ // q{} } @{ $row->[1] }[ 0 .. $#head ];
        push @students, \%cell if $platform->is_student( \%cell );
    }
    return {
        platform => $platform,
        path     => $path,
        head     => \@head,
        rows     => \@students
    };
}

# Finds whose each submission is. $names: of the submissions. Result: { of => { NAME => row }, nobodys => [names], without =>
# [rows] }. A name that fits two students is nobody's.
sub match ( $roster, @names ) {
    my ( %rows_of, %of, %has_one, @nobodys );
    for my $row ( @{ $roster->{rows} } ) {
        push @{ $rows_of{ lc $_ } },
          $row for _unique(
            grep { length }
            map  { $_ // () } _own_names( $roster, $row )
          );
    }
    for my $name (@names) {
        my @candidates = ( $name, $roster->{platform}->ids_in($name) );
        my ($rows) =
          grep { defined && @{$_} == 1 } map { $rows_of{ lc $_ } } @candidates;
        if ( defined $rows ) { $of{$name} = $rows->[0] }
        else                 { push @nobodys, $name }
    }
    $has_one{$_} = 1 for values %of;
    return {
        of      => \%of,
        nobodys => \@nobodys,
        without => [ grep { !$has_one{$_} } @{ $roster->{rows} } ]
    };
}

# What a student goes by, the name for people first.
sub _own_names ( $roster, $row ) {
    my @own = $roster->{platform}->names_of($row);
    return ( @own, map { /\A([^@]+)@/ ? $1 : () } grep { defined } @own );
}

sub person ( $roster, $row ) {
    return ( $roster->{platform}->names_of($row) )[0];
}

# All that tells who somebody is: for an export without names.
sub identities ( $roster, $row ) {
    my @own   = grep { defined && length } _own_names( $roster, $row );
    my @words = map  { split /[\s,]+/ } $own[0];
    return _unique( @own, grep { length > 2 } @words );
}

sub _unique (@values) {
    my %seen;
    return grep { !$seen{ lc $_ }++ } @values;
}

# The column of an assignment: one that is there, with what the platform puts behind its name, or a new one.
sub column ( $roster, $assignment ) {
    my ($there) =
      grep { /\A\Q$assignment\E(?:\s*[(\[|].*)?\z/i } @{ $roster->{head} };
    return $there // $assignment;
}

1;
