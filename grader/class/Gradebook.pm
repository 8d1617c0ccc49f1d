package grader::class::Gradebook;

# The gradebook of a class, as JSON and as CSV for a spreadsheet.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode   ();
use JSON::PP ();
use grader::class::Grade;

our $SCHEMA = 'xmalloc-gradebook 1';

# $grades: of all submissions, by name. $about: of the run. Result: bytes.
sub json ( $grades, $about ) {
    my @rows;
    for my $grade ( @{$grades} ) {
        push @rows,
          {
            ( map { $_ => $grade->{$_} } qw(name path status reason same_as score max stages) ),
            feedback => "feedback/$grade->{file}.txt",
            result   => "results/$grade->{file}.json",
            failed   => [ map { $_->{id} } grader::class::Grade::with_verdict( $grade, 'fail' ) ],
            untold   => [ map { $_->{id} } grader::class::Grade::with_verdict( $grade, 'skip' ) ],
            seconds  => 0 + sprintf( '%.1f', grader::class::Grade::seconds($grade) ),
          };
    }
    return JSON::PP->new->utf8->canonical->pretty->encode(
        { schema => $SCHEMA, about => $about, submissions => \@rows } );
}

sub csv ( $grades, @stages ) {
    my @lines = ( [ qw(name score max status reason), @stages, qw(failed untold feedback) ] );
    for my $grade ( @{$grades} ) {
        push @lines,
          [
            @{$grade}{qw(name score max status reason)},
            ( map { $grade->{stages}{$_} ? $grade->{stages}{$_}{points} : undef } @stages ),
            scalar( grader::class::Grade::with_verdict( $grade, 'fail' ) ),
            scalar( grader::class::Grade::with_verdict( $grade, 'skip' ) ),
            "feedback/$grade->{file}.txt",
          ];
    }
    return Encode::encode(
        'UTF-8',
        join q{},
        map {
            join( q{,}, map { _cell($_) } @{$_} ) . "\r\n"
        } @lines
    );
}

# A spreadsheet takes what begins like this for a formula, and would compute what a student wrote.
sub _cell ($value) {
    $value //= q{};
    $value = "'$value" if $value =~ /\A[=+\-@\t\r]/ && $value !~ /\A-?[\d.]+\z/;
    return $value =~ /[",\r\n]/ ? q{"} . $value =~ s/"/""/gr . q{"} : $value;
}

1;
