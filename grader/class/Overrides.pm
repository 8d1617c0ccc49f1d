package grader::class::Overrides;

# What a person decided about grades: overrides.csv in the output folder. Its columns may stand in any order:
#
#     name       of the submission, or how the roster knows the student
#     late_days  how many days it came late; the rubric's late_day says what each costs
#     points     42 sets the score; +5 and -3 change it, after what lateness costs
#     excused    yes: there is no score, and none is missed
#     reason     for points and excused it must be given; the student reads it

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::class::Table;
use grader::class::Text;
use grader::Nearest;

my @COLUMNS = qw(name late_days points excused reason);
my $NUMBER  = qr/\d+(?:[.]\d+)?/;

our $HEAD = join( q{,}, @COLUMNS ) . "\n";

# $is_known: { lower case name => name of the submission }. Result: { NAME => { late_days, points, excused, reason } }.
# Dies with one line for the first mistake.
sub read_file ( $path, $known ) {
    return {} if !-e $path;
    my ( $head, @rows ) = grader::class::Table::read_file($path);
    return {} if !defined $head;
    my @head = map { lc =~ s/ /_/gr } @{ $head->[1] };
    for my $column ( grep { length } @head ) {
        die "$path, line 1: '${\grader::class::Text::plain($column)}' is no column; there are "
          . join( ', ', @COLUMNS ) . "\n"
          if !grep { $_ eq $column } @COLUMNS;
    }
    die "$path, line 1: there is no column 'name'\n"
      if !grep { $_ eq 'name' } @head;

    my %of;
    for my $row (@rows) {
        my ( $line, $cells ) = @{$row};
        my %said;
        @said{@head} = @{$cells}[ 0 .. $#head ];
        my $name  = $said{name}      // q{};
        my $wrong = _wrong( \%said ) // _unknown( $name, $known );
        die "$path, line $line: ${\grader::class::Text::plain($wrong)}\n" if defined $wrong;
        $name = $known->{ lc $name };
        die "$path, line $line: $name has a line already\n" if $of{$name};
        $of{$name} = _override(%said);
    }
    return \%of;
}

sub _unknown ( $name, $known ) {
    return 'the name is missing' if !length $name;
    return                       if defined $known->{ lc $name };
    my $meant = grader::Nearest::nearest( $name, sort values %{$known} );
    return "there is no submission '$name'" . ( defined $meant ? "; did you mean $meant?" : q{} );
}

sub _wrong ($said) {
    my ( $late, $points, $excused, $reason ) =
      map { $_ // q{} } @{$said}{qw(late_days points excused reason)};
    return "late_days is '$late', and must be a number of days"
      if length $late && $late !~ /\A$NUMBER\z/;
    return "points is '$points', and must be as 42, +5 or -3"
      if length $points && $points !~ /\A[+-]?$NUMBER\z/;
    return "excused is '$excused', and must be yes or no"
      if length $excused && $excused !~ /\A(?:yes|no)\z/i;
    my $is_by_hand = length $points || lc $excused eq 'yes';
    return 'a reason is missing; the student will ask for it'
      if $is_by_hand && !length $reason;
    return 'who is excused has no points'
      if length $points && lc $excused eq 'yes';
    return;
}

sub _override (%said) {
    return {
        late_days => 0 + ( length( $said{late_days} // q{} ) ? $said{late_days} : 0 ),
        points    => length( $said{points} // q{} )          ? $said{points} : undef,
        excused   => lc( $said{excused}    // q{} ) eq 'yes' ? 1             : 0,
        reason    => $said{reason} // q{},
    };
}

1;
