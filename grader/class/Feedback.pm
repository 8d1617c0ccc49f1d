package grader::class::Feedback;

# What a student reads: one paragraph, and below it the points by stage. Everything that the grader found is in another file,
# which the paragraph's file names.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode ();
use grader::class::Grade;
use grader::class::Keys;

# A failure that begins so follows from another one.
my $FOLLOWS =
qr{\A(?:not (?:asked|timed|tried)\b|there is nothing to look into\b|bin/\S+ was not built\b|the reason is given above\b)};

# One that begins so has a cause that another one names, if there is another one.
my $SAYS_LITTLE = qr/\Anothing was counted\b/;

my $MOST_LETTERS = 400;    # of what the grader said of the first failure

# The paragraph: the first failure in its own words, what it cost, what follows from it, what else there is, what could not be
# told, and what a person decided.
sub paragraph ($grade) {
    my @said = ( _score($grade) =~ s/[.:]?\z/./r );
    push @said, _failures($grade) if $grade->{status} ne 'pending';
    my $untold = grader::class::Grade::untold_words($grade);
    push @said, ucfirst "$untold." if defined $untold;
    my @changes = grader::class::Grade::changes_words($grade);
    push @said, 'By the course staff: ' . join( '; ', @changes ) . q{.} if @changes;
    return join q{ }, @said;
}

sub _failures ($grade) {
    my @failed = grader::class::Grade::with_verdict( $grade, 'fail' );
    my @owned  = sort { _says_little($a) <=> _says_little($b) } grep { !$_->{reported} && !_follows($_) } @failed;
    my $first  = $owned[0] // return $grade->{status} eq 'graded' ? 'Nothing is wrong.' : ();
    my @follow = grep { _follows($_) } @failed;
    my @others = @owned[ 1 .. $#owned ];
    my @said   = ( "First failure, " . _lost($first) . ": $first->{name}.", _begun( _words_of($first) ) );
    push @said, _begun( $first->{hint} =~ s/[.]?\z/./r )
      if defined $first->{hint};
    push @said,
      _count( 'test could not be made', 'tests could not be made', @follow ) . ' because of a failure before.'
      if @follow;
    push @said, _count( 'other test fails', 'other tests fail', @others ) . q{.}
      if @others;
    return @said;
}

# A sentence with its first letter, but for one that begins with a name: hw08_alloc.c is no other file in capitals.
sub _begun ($sentence) { return $sentence =~ /\A[[:lower:]]+(?=[\s,;:]|[.]\s)/ ? ucfirst $sentence : $sentence }

sub _says_little ($test) { return ( $test->{diag}[0] // q{} ) =~ $SAYS_LITTLE ? 1 : 0 }

sub _follows ($test) { return ( $test->{diag}[0] // q{} ) =~ $FOLLOWS }

sub _words_of ($test) {
    my $words = ( $test->{diag}[0] // 'it failed' ) =~ s/\s+/ /gr;
    $words = substr( $words, 0, $MOST_LETTERS ) . ' ...'
      if length $words > $MOST_LETTERS;
    return $words =~ s/[.]?\z/./r;
}

sub _count ( $one, $many, @tests ) {
    my $points = 0;
    $points += $_->{max} - $_->{points} for @tests;
    return @tests . ( @tests == 1 ? " $one" : " $many" ) . ' (' . _points($points) . ')';
}

sub _points ($points) {
    return $points == 1 ? '1 point' : sprintf '%g points', $points;
}

sub _lost ($test) {
    return $test->{max}
      ? _points( $test->{max} - $test->{points} ) . ' lost'
      : 'no points depend on it';
}

sub _score ($grade) {
    return "$grade->{score} of " . ( $grade->{max} // '?' ) . ' points'
      if $grade->{status} eq 'graded';
    return 'Excused'        if $grade->{status} eq 'excused';
    return 'Not graded yet' if $grade->{status} eq 'pending';
    return "This could not be graded, so a person must look at it: $grade->{reason}";
}

# The short text, bytes. $more: the name of the file with everything.
sub text ( $grade, $more ) {
    my @lines = ( _title($grade), _wrapped( paragraph($grade) ), q{} );
    push @lines, _stages($grade), q{} if %{ $grade->{stages} };
    push @lines, "Every test, and how to repeat it: $more";
    return _bytes(@lines);
}

# Lines of at most 100 letters, where words allow it.
sub _wrapped ($text) {
    my @lines = (q{});
    for my $word ( split q{ }, $text ) {
        if    ( $lines[-1] eq q{} )                 { $lines[-1] = $word }
        elsif ( length("$lines[-1] $word") <= 100 ) { $lines[-1] .= " $word" }
        else                                        { push @lines, $word }
    }
    return @lines;
}

# Everything, bytes.
sub full_text ($grade) {
    my @lines = (
        _title($grade), _score($grade),
        grader::class::Grade::untold_words($grade),
        ( map { "    $_" } grader::class::Grade::changes_words($grade) ), q{}
    );
    push @lines, _stages($grade), q{} if %{ $grade->{stages} };

    my @failed = grader::class::Grade::with_verdict( $grade, 'fail' );
    my @untold = grader::class::Grade::with_verdict( $grade, 'skip' );
    my @passed = grader::class::Grade::with_verdict( $grade, 'pass' );
    push @lines,
      _part( 'What is wrong', map { _test( $_, _kept($_), _lines($_), _hint($_) ) } grep { $_->{max} } @failed );
    push @lines,
      _part( 'Not told on this machine', map { _test( $_, _kept($_), $_->{reason} // (), _lines($_) ) } @untold );
    push @lines,
      _part( 'What was not run', map { _test( $_, $_->{max} ? "0 of $_->{max} points" : () ) } @{ $grade->{not_run} } );
    push @lines, _part( 'Worth no points', map { _test( $_, _lines($_), _hint($_) ) } grep { !$_->{max} } @failed );
    push @lines, _part( 'What is right',   map { _test( $_, _slow($_),  _lines($_) ) } @passed );
    push @lines, map { _pass( $_, $grade->{passes}{$_} ) }
      grep { $grade->{passes}{$_} } @grader::class::Keys::PASSES;
    return _bytes(@lines);
}

sub _bytes (@lines) { return Encode::encode( 'UTF-8', join "\n", @lines, q{} ) }

sub _title ($grade) {
    return ( $grade->{name}, q{=} x length $grade->{name}, q{} );
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

sub _kept ($test) {
    return $test->{max} ? "$test->{points} of $test->{max} points" : ();
}

sub _slow ($test) { return $test->{points} < $test->{max} ? _kept($test) : () }

sub _lines ($test) {
    return ( @{ $test->{diag} // [] }, @{ $test->{notes} // [] } );
}

sub _hint ($test) {
    return defined $test->{hint} ? "What to do next: $test->{hint}" : ();
}

# How to draw the same TOPs again.
sub _pass ( $pass, $about ) {
    my $seed = $about->{about}{seed};
    return "$pass: " . ( defined $seed ? "seed $seed; " : q{} ) . ( $about->{about}{isolation} // 'no grade' );
}

1;
