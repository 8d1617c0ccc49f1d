package grader::class::Feedback;

# The feedback for a student: the score, the failures and how to repeat them, and the tests without a verdict.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use grader::class::Grade;

# Result: bytes.
sub text ($grade) {
    my @lines = ( $grade->{name}, q{=} x length $grade->{name}, q{}, _score($grade), q{} );
    push @lines, _stages($grade), q{} if %{ $grade->{stages} };

    my @failed = grader::class::Grade::with_verdict( $grade, 'fail' );
    my @untold = grader::class::Grade::with_verdict( $grade, 'skip' );
    my @passed = grader::class::Grade::with_verdict( $grade, 'pass' );
    push @lines,
      _part( 'What is wrong', map { _test( $_, _lost($_), _lines($_), _hint($_) ) } grep { $_->{max} } @failed );
    push @lines,
      _part( 'Not told on this machine', map { _test( $_, _kept($_), $_->{reason} // (), _lines($_) ) } @untold );
    push @lines,
      _part( 'What was not run', map { _test( $_, $_->{max} ? "0 of $_->{max} points" : () ) } @{ $grade->{not_run} } );
    push @lines, _part( 'Worth no points', map { _test( $_, _lines($_), _hint($_) ) } grep { !$_->{max} } @failed );
    push @lines, _part( 'What is right',   map { _test( $_, _lines($_) ) } @passed );
    push @lines, map { _pass( $_, $grade->{passes}{$_} ) } grep { $grade->{passes}{$_} } @grader::class::Grade::PASSES;
    return Encode::encode( 'UTF-8', join "\n", @lines, q{} );
}

sub _score ($grade) {
    return "$grade->{score} of $grade->{max} points", grader::class::Grade::untold_words($grade)
      if $grade->{status} eq 'graded';
    return 'Not graded yet.' if $grade->{status} eq 'pending';
    return ( 'This could not be graded, so a person must look at it:', "    $grade->{reason}" );
}

sub _stages ($grade) {
    return map { sprintf '    %-13s %5g of %g', $_, @{ $grade->{stages}{$_} }{qw(points max)} }
      grep { $grade->{stages}{$_} } @grader::class::Grade::STAGES;
}

sub _part ( $title, @lines ) {
    return @lines ? ( $title, q{-} x length $title, q{}, @lines ) : ();
}

# A test, with what is to be said of it indented below.
sub _test ( $test, @lines ) {
    return ( "* $test->{name} [$test->{id}]", ( map { "    $_" } map { split /\n/ } @lines ), q{} );
}

sub _lost ($test) { return "$test->{points} of $test->{max} points" }

sub _kept ($test) { return $test->{max} ? "$test->{points} of $test->{max} points" : () }

sub _lines ($test) { return ( @{ $test->{diag} // [] }, @{ $test->{notes} // [] } ) }

sub _hint ($test) { return defined $test->{hint} ? "What to do next: $test->{hint}" : () }

# How to draw the same TOPs again.
sub _pass ( $pass, $about ) {
    my $seed = $about->{about}{seed};
    return "$pass: " . ( defined $seed ? "seed $seed; " : q{} ) . ( $about->{about}{isolation} // 'no grade' );
}

1;
