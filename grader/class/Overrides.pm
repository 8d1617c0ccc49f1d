package grader::class::Overrides;

# What a person decided about grades: overrides.csv in the output folder. Its columns may stand in any order:
#
#     name       of the submission, or how the roster knows the student, who need not have handed in anything
#     late_days  how many days it came late; the rubric's late_day says what each costs
#     points     42 sets the score; +5 and -3 change it, after what lateness costs
#     change     5 and -3 change it, too: a spreadsheet makes 5 of +5, which sets a score where it stands under points
#     excused    yes: there is no score, and none is missed
#     reason     for points and excused it must be given; the student reads it
#     backend    par=FILE: the file to take, as --backend of test.pl; more than one with ; between them

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(uniq);
use grader::class::Table;
use grader::class::Text;
use grader::Nearest;
use grader::intake::Given;

my @COLUMNS = qw(name late_days points change excused reason backend);

# In half of Europe a spreadsheet writes 2,5. Three digits behind a comma may be thousands.
my $NUMBER = qr/\d+(?:[.]\d+|,\d{1,2})?/;

our $HEAD = join( q{,}, @COLUMNS ) . "\n";

# $known: { name as grader::class::Text::folded has it => { KEY => whose that is, in words } }; more than one for a name that fits
# many, an empty KEY for one of a team, one that begins with a NUL for who handed in nothing. $backends: the names that a file may be
# given for. Result: { KEY => { late_days, points, excused, reason, given => [what --backend says], line } }, and sentences on lines
# that say nothing that can be done. Who is in such a line has { wrong => sentence }, so nobody gets a score that a person meant to
# change; everybody else has a grade. Dies with one line when the table as a whole cannot be read.
sub read_file ( $path, $known, $backends ) {
    return {} if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    return {} if !defined $head;
    my @head = map { lc =~ s/ /_/gr } @{ $head->[1] };
    my $why  = _wrong_head(@head);
    die grader::class::Text::printable($path), ", line 1: ${\grader::class::Text::plain($why)}\n" if defined $why;

    my ( %of, @wrong );
    for my $row (@rows) {
        my ( $line, $cells ) = @{$row};
        my %said;
        @said{@head} = @{$cells}[ 0 .. $#head ];
        my $name  = $said{name}                                    // q{};
        my $fits  = $known->{ grader::class::Text::folded($name) } // {};
        my ($key) = keys %{$fits} == 1 ? keys %{$fits} : ();
        my $wrong = grader::class::Table::homeless( $cells, @head ) // _wrong( \%said, $backends )
          // _unknown( $name, $fits, $known );
        $wrong //= "$fits->{$key} handed in nothing: take points as 42, or excused"
          if defined $key && $key =~ /\A\0/ && ( _needs_a_score(%said) || _given(%said) );
        $wrong //= "$fits->{$key} has a line already, line $of{$key}{line}: keep one of them"
          if defined $key && $of{$key};

        if ( !defined $wrong ) {
            $of{$key} = { _override(%said), line => $line };
            next;
        }
        my $told = "overrides.csv, line $line: " . grader::class::Text::plain($wrong);
        push @wrong, $told;
        $of{$key} = { wrong => $of{$key}{wrong} // $told, line => $line } if length( $key // q{} );
    }
    return ( \%of, @wrong );
}

sub _wrong_head (@head) {
    my %times;
    for my $column ( grep { length } @head ) {
        return "'$column' is no column; there are " . join( ', ', @COLUMNS ) if !grep { $_ eq $column } @COLUMNS;
        return "there are two columns '$column': keep one of them"           if $times{$column}++;
    }
    return "there is no column 'name'" if !$times{name};
    return;
}

sub _unknown ( $name, $fits, $known ) {
    return 'the name is missing'                                                           if !length $name;
    return "'$name' is one of $fits->{q{}}: write $fits->{q{}}, and it is for all of them" if defined $fits->{q{}};
    my @fits = map { $fits->{$_} } sort keys %{$fits};
    return                                                           if @fits == 1;
    return "'$name' may be " . join( ' or ', @fits ) . '; say which' if @fits;
    my @known  = uniq sort map { values %{$_} } values %{$known};
    my @longer = grep          { index( $_, "${name}_" ) == 0 } @known;    # a platform writes more behind it
    my $meant  = @longer == 1 ? $longer[0] : grader::Nearest::nearest( $name, @known );
    return "there is no submission '$name'" . ( defined $meant ? "; did you mean $meant?" : q{} );
}

sub _wrong ( $said, $backends ) {
    my ( $late, $points, $change, $excused, $reason ) =
      map { $_ // q{} } @{$said}{qw(late_days points change excused reason)};
    return "late_days is '$late', and must be a number of days"
      if length $late && $late !~ /\A$NUMBER\z/;
    return "points is '$points', and must be as 42, +5 or -3"
      if length $points && $points !~ /\A[+-]?$NUMBER\z/;
    return "change is '$change', and must be as 5, +5 or -3"
      if length $change && $change !~ /\A[+-]?$NUMBER\z/;
    return 'points and change are two ways; take one' if length $points && length $change;
    return "backend is $@" =~ s/\n//r
      if !eval { grader::intake::Given::wanted( [ _given( %{$said} ) ], $backends ) };
    return "excused is '$excused', and must be yes or no"
      if length $excused && $excused !~ /\A(?:yes|no)\z/i;
    my $is_by_hand = length $points || length $change || lc $excused eq 'yes';
    return 'a reason is missing; the student will ask for it'
      if $is_by_hand && !length $reason;
    return 'who is excused has no points'
      if length "$points$change" && lc $excused eq 'yes';
    return;
}

# Which files are to be taken.
sub _given (%said) {
    return grep { length } split /\s*;\s*/, ( $said{backend} // q{} ) =~ s/\A\s+|\s+\z//gr;
}

# Whether it changes a score, instead of giving one.
sub _needs_a_score (%said) {
    return length( $said{late_days} // q{} ) || length( $said{change} // q{} ) || ( $said{points} // q{} ) =~ /\A[+-]/;
}

sub _override (%said) {
    tr/,/./ for grep { defined } @said{qw(late_days points change)};
    $said{points} = $said{change} =~ s/\A(?![+-])/+/r if length( $said{change} // q{} );
    return (
        late_days => 0 + ( length( $said{late_days} // q{} ) ? $said{late_days} : 0 ),
        points    => length( $said{points} // q{} )          ? $said{points} : undef,
        excused   => lc( $said{excused}    // q{} ) eq 'yes' ? 1             : 0,
        reason    => $said{reason} // q{},
        given     => [ _given(%said) ],
    );
}

1;
