package grader::class::Grade;

# The grade of one submission: the results of its two passes together, in the form of test.pl's JSON result
# (grader/results/Json.pm), with the points of each stage. Verdicts are kept; what they are worth is looked up here.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(max sum0);
use grader::class::Keys;
use grader::class::Text;
use grader::results::Points;

our $SCHEMA = 'xmalloc-class 2';
our @STAGES = qw(build correctness work contract speed deliverables);

# $done: { PASS => what its job stored, or undef }, with the passes that the rubric asks for. $rubric: a grader::Rubric.
# $override: what a person decided about it, as of grader::class::Overrides, and wrong when it cannot be told what that was; undef
# when nobody did. Result: a table with
#
#     schema name file path same_as
#     status     'graded', 'broken' (a grader could not do its work), 'pending' (not looked at yet) or 'excused'
#     reason     why it is broken
#     score max  the points; undef when it is not graded: nobody should take them for a grade
#     computed   the score without the override; changes: what the override did, in sentences
#     untold     { points, noise }: the points that could not be told; noise: whether a quiet machine may tell
#     stages     { STAGE => { points, max } } of all tests that are known
#     tests      as in test.pl's result; not_run: likewise
#     passes     { PASS => { host, seconds, cpu_s, about } }
sub of ( $submission, $done, $rubric, $override = undef ) {
    my @passes = grep { exists $done->{$_} } @grader::class::Keys::PASSES;
    my %grade  = (
        schema => $SCHEMA,
        ( map { $_ => $submission->{$_} } qw(name file same_as) ),
        path    => grader::class::Text::printable( $submission->{path} ),
        tests   => [],
        not_run => [],
        passes  => {},
        changes => [],
    );
    for my $pass (@passes) {
        my $stored = $done->{$pass}    // next;
        my $result = $stored->{result} // {};
        push @{ $grade{tests} }, map {
            { %{$_}, %{ grader::results::Points::of( $rubric, $_ ) } }
        } @{ $result->{tests} // [] };
        push @{ $grade{not_run} }, map {
            { %{$_}, max => $rubric->points( $_->{id} ) }
        } @{ $result->{not_run} // [] };
        $grade{passes}{$pass} = { ( map { $_ => $stored->{$_} } qw(host seconds cpu_s) ), about => $result->{about} };
        $grade{reason} //= $stored->{broken};
    }
    $grade{reason} = $override->{wrong} if $override && defined $override->{wrong};
    if ( $override && ( $grade{reason} // q{} ) =~ /\A--backend (.*)/s ) {
        $grade{reason} = "overrides.csv, line $override->{line}: backend is $1";
    }
    _add_stages( \%grade );
    $grade{status} =
        defined $grade{reason}                    ? 'broken'
      : ( grep { !defined $done->{$_} } @passes ) ? 'pending'
      :                                             'graded';
    @grade{qw(score max computed)} = ( undef, undef, undef );
    $grade{untold} = _untold( with_verdict( \%grade, 'skip' ) );
    if ( $grade{status} eq 'graded' ) {
        $grade{computed} = $grade{score} =
          round( sum0( map { $_->{points} } @{ $grade{tests} } ) );
        $grade{max} = round( sum0( map { $_->{max} } @{ $grade{tests} }, @{ $grade{not_run} } ) );
    }
    _override( \%grade, $override, $rubric->value('late_day') )
      if defined $override && !defined $override->{wrong};
    return \%grade;
}

# Late days first, then points by hand: what a person has said holds.
sub _override ( $grade, $override, $late_day ) {
    my $why = length $override->{reason} ? ": $override->{reason}" : q{};
    $grade->{override} = $override;
    if ( $override->{excused} ) {
        @{$grade}{qw(status score)} = ( 'excused', undef );
        push @{ $grade->{changes} }, "excused$why";
        return;
    }
    if ( $override->{late_days} && defined $grade->{score} ) {
        my $cost = round(
            $grade->{score} * (
                $late_day * $override->{late_days} > 1
                ? 1
                : $late_day * $override->{late_days}
            )
        );
        $grade->{score} = round( $grade->{score} - $cost );
        push @{ $grade->{changes} }, sprintf '%g day%s late: %g points less',
          $override->{late_days},
          $override->{late_days} == 1 ? q{} : 's', $cost;
    }
    return if !defined $override->{points};
    my $is_change = $override->{points} =~ /\A[+-]/;
    return if $is_change && !defined $grade->{score};
    push @{ $grade->{changes} }, $is_change
      ? "$override->{points} points by hand$why"
      : "$override->{points} points, set by hand$why";
    $grade->{score} =
      $is_change
      ? max( 0, round( $grade->{score} + $override->{points} ) )
      : 0 + $override->{points};
    $grade->{status} = 'graded';
    return;
}

# What a person decided, and what it was before: the parts of a grade add up to that.
sub changes_words ($grade) {
    my @words = @{ $grade->{changes} };
    push @words, "the grader gave $grade->{computed}" if @words && defined $grade->{computed};
    return @words;
}

sub _untold (@skipped) {
    my $points = round( sum0( map { $_->{max} - $_->{points} } @skipped ) );
    my $noise  = grep { $_->{max} > $_->{points} && grader::results::Points::is_noise($_) } @skipped;
    return { points => $points, noise => $noise ? 1 : 0 };
}

# What stands beside a score that could be higher; undef when all was told.
sub untold_words ($grade) {
    my ( $points, $noise ) = @{ $grade->{untold} }{qw(points noise)};
    return if !$points;
    my $what = $points == 1 ? '1 point' : sprintf '%g points', $points;
    return $noise
      ? "$what could not be told on this busy machine; grade again when it is quiet"
      : "$what could not be told; see the reasons";
}

sub _add_stages ($grade) {
    my %stages;
    for my $test ( @{ $grade->{tests} }, @{ $grade->{not_run} } ) {
        my $stage = $stages{ stage_of( $test->{id} ) } //=
          { points => 0, max => 0 };
        $stage->{points} = round( $stage->{points} + ( $test->{points} // 0 ) );
        $stage->{max}    = round( $stage->{max} + $test->{max} );
    }
    $grade->{stages} = \%stages;
    return;
}

# Sums of parts of points, without the noise of binary fractions.
sub round ($points) { return 0 + sprintf '%.6g', $points }

# The stage of a test, by its id.
sub stage_of ($id) {
    return 'speed'        if grader::results::Points::problem_of($id) eq 'Speed';
    return 'deliverables' if $id !~ /[.]/;
    my ( undef, $check ) = split /[.]/, $id;
    return 'build'       if $check =~ /\A(?:build|objects|own_memory)\z/;
    return 'correctness' if $check eq 'answers';
    return 'work'        if $check eq 'work';
    return 'contract';
}

# The stages of these grades, in order.
sub stages_of (@grades) {
    return grep {
        my $stage = $_;
        grep { $_->{stages}{$stage} } @grades
    } @STAGES;
}

# The tests with this verdict.
sub with_verdict ( $grade, $verdict ) {
    return grep { $_->{verdict} eq $verdict } @{ $grade->{tests} };
}

# How long both passes took.
sub seconds ($grade) {
    return sum0( map { $_->{seconds} } values %{ $grade->{passes} } );
}

1;
