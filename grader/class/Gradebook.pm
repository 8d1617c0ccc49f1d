package grader::class::Gradebook;

# The gradebook of a class, as JSON and as CSV for a spreadsheet.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use grader::class::Attention;
use grader::class::Feedback;
use grader::class::Grade;
use grader::class::Table;

our $SCHEMA = 'xmalloc-gradebook 2';

# Facts of a grade that the JSON takes over as they are.
my @FACTS = qw(name student path status reason same_as score max computed changes untold attention stages);

# $grades: of all submissions, by name. $about: of the run. Result: bytes.
sub json ( $grades, $about ) {
    my @rows;
    for my $grade ( @{$grades} ) {
        push @rows,
          {
            ( map { $_ => $grade->{$_} } @FACTS ),
            words        => grader::class::Feedback::paragraph($grade),
            feedback     => "feedback/$grade->{file}.txt",
            details      => "details/$grade->{file}.txt",
            result       => "results/$grade->{file}.json",
            failed       => [ map { $_->{id} } grader::class::Grade::with_verdict( $grade, 'fail' ) ],
            untold_tests => [ map { $_->{id} } grader::class::Grade::with_verdict( $grade, 'skip' ) ],
            seconds      => 0 + sprintf( '%.1f', grader::class::Grade::seconds($grade) ),
          };
    }
    return JSON::PP->new->utf8->canonical->pretty->encode(
        { schema => $SCHEMA, about => $about, submissions => \@rows } );
}

sub csv ($grades) {
    my @stages = grader::class::Grade::stages_of( @{$grades} );
    my @head   = ( qw(name student score max status attention override computed), @stages );
    my @rows   = ( [ @head, qw(failed untold untold_points feedback words) ] );
    for my $grade ( @{$grades} ) {
        my @cells = (
            @{$grade}{qw(name student score max status)},
            grader::class::Attention::words($grade),
            join( '; ', @{ $grade->{changes} } ),
            $grade->{computed},
            ( map { $grade->{stages}{$_} ? $grade->{stages}{$_}{points} : undef } @stages ),
            scalar( grader::class::Grade::with_verdict( $grade, 'fail' ) ),
            scalar( grader::class::Grade::with_verdict( $grade, 'skip' ) ),
            $grade->{untold}{points},
            "feedback/$grade->{file}.txt",
            grader::class::Feedback::paragraph($grade),
        );
        push @rows, [ map { grader::class::Table::harmless($_) } @cells ];
    }
    return grader::class::Table::text( \@rows, mark => 1 );
}

1;
