package grader::class::gradebooks::Students;

# Who is in the class: roster.csv in the output folder, as a learning platform exports it. Which one it was is told by its
# columns, and the gradebook for that platform goes by them.
#
# A submission is a student's when its name is one of the student's own (login, number, e-mail address, name), or holds it
# where the platform puts it when it packs all submissions, or when teams.csv says so.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;
use grader::class::Text;
use grader::class::gradebooks::Blackboard;
use grader::class::gradebooks::Canvas;
use grader::class::gradebooks::Moodle;

my @PLATFORMS =
  map { "grader::class::gradebooks::$_" } qw(Canvas Moodle Blackboard);

sub platforms () { return @PLATFORMS }

# The files of several sections one after the other are one roster: a head that comes again, and a student who is there already,
# count once.
#
# Result: { platform, path, head => [columns], rows => [ { column => cell } ] }; undef when there is no such file. Dies with one
# line.
sub read_file ($path) {
    return if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    my $shown = grader::class::Text::printable($path);
    die "$shown: there is nothing in it\n" if !defined $head;
    my @head       = @{ $head->[1] };
    my %has        = map { $_ => 1 } @head;
    my ($platform) = grep {
        !grep { !$has{$_} }
          $_->needs
    } @PLATFORMS;
    die "$shown: these are not the columns of a roster; wanted are those of "
      . join( ', or of ', map { $_->title . ' (' . join( ', ', $_->needs ) . ')' } @PLATFORMS )
      . "; a platform that speaks another language writes other ones: change yours to English there\n"
      if !defined $platform;
    my ( @students, %is_there );

    for my $row (@rows) {
        my %cell;
        my @cells = map { $_ // q{} } @{ $row->[1] }[ 0 .. $#head ];
        @cell{@head} = @cells;
        my $key = $cell{ $platform->key };
        next if "@cells" eq "@head" || !$platform->is_student( \%cell );
        my $why = grader::class::Table::homeless( $row->[1], @head );
        die "$shown, line $row->[0]: ${\grader::class::Text::plain($why)}\n" if defined $why;
        push @students, \%cell if $key eq q{} || !$is_there{$key}++;
    }
    return {
        platform => $platform,
        path     => $path,
        head     => \@head,
        rows     => \@students
    };
}

# Finds whose each submission is. $teams: as of grader::class::Teams, which goes before all names. Result: { of => { NAME =>
# [rows] }, nobodys => [names], without => [rows] }. A name that fits two students is nobody's.
sub match ( $roster, $teams, @names ) {
    my ( %of, %has_one, @nobodys );
    for my $name (@names) {
        my @candidates = ( $name, $roster->{platform}->ids_in($name) );
        my ($rows)     = $teams->{$name} // grep { @{$_} == 1 } map { [ named( $roster, $_ ) ] } @candidates;
        if ( defined $rows ) { $of{$name} = $rows }
        else                 { push @nobodys, $name }
    }
    $has_one{$_} = 1 for map { @{$_} } values %of;
    return {
        of      => \%of,
        nobodys => \@nobodys,
        without => [ grep { !$has_one{$_} } @{ $roster->{rows} } ]
    };
}

# The rows of those who go by this name.
sub named ( $roster, $name ) {
    my $rows_of = $roster->{rows_of} //= _rows_of($roster);
    return @{ $rows_of->{ grader::class::Text::folded($name) } // [] };
}

sub _rows_of ($roster) {
    my %rows_of;
    for my $row ( @{ $roster->{rows} } ) {
        push @{ $rows_of{ grader::class::Text::folded($_) } }, $row for own_names( $roster, $row );
    }
    return \%rows_of;
}

# What a student goes by, the name for people first.
sub own_names ( $roster, $row ) {
    my @own = grep { defined && length } $roster->{platform}->names_of($row);
    return _unique( @own, ( map { _turned($_) } @own ), map { /\A([^@]+)@/ ? $1 : () } @own );
}

# One platform writes "Lee, Ann" and the next "Ann Lee". Where the family's name begins among more than two words nobody can know.
sub _turned ($name) {
    return "$2 $1" if $name =~ /\A([^,]*[^,\s])\s*,\s*([^,]+)\z/;
    my @words = split q{ }, $name;
    return map { join( q{ }, @words[ $_ .. $#words ] ) . ', ' . join q{ }, @words[ 0 .. $_ - 1 ] } 1 .. $#words;
}

sub person ( $roster, $row ) {
    return ( own_names( $roster, $row ) )[0];
}

# All that tells who somebody is: for an export without names.
sub identities ( $roster, $row ) {
    my @own   = own_names( $roster, $row );
    my @words = map { split /[\s,]+/ } $own[0];
    return _unique( @own, grep { length > 2 } @words );
}

sub _unique (@values) {
    my %seen;
    return grep { !$seen{ grader::class::Text::folded($_) }++ } @values;
}

# The column of an assignment: one that is there, with what the platform puts behind its name, or a new one.
sub column ( $roster, $assignment ) {
    my ($there) =
      grep { /\A\Q$assignment\E(?:\s*[(\[|].*)?\z/i } @{ $roster->{head} };
    return $there // $assignment;
}

1;
