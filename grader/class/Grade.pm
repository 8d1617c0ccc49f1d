package grader::class::Grade;

# The grade of one submission: the results of its two passes together, in the form of test.pl's JSON result
# (grader/results/Json.pm), with the points of each stage.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(sum0);
use grader::results::Results;

our $SCHEMA = 'xmalloc-class 1';
our @STAGES = qw(build correctness work contract speed deliverables);
our @PASSES = qw(correctness timing);

# $done: { PASS => what its job stored, or undef }, with the passes that the rubric asks for. Result: a table with
#
#     schema name file path
#     status     'graded', 'broken' (a grader could not do its work) or 'pending' (not looked at yet)
#     reason     why it is broken
#     score max  the points; undef when it is not graded: nobody should take them for a grade
#     stages     { STAGE => { points, max } } of all tests that are known
#     tests      as in test.pl's result; not_run: likewise
#     passes     { PASS => { host, seconds, cpu_s, about } }
sub of ( $submission, $done ) {
    my @passes = grep { exists $done->{$_} } @PASSES;
    my %grade  = ( schema => $SCHEMA, ( map { $_ => $submission->{$_} } qw(name file path same_as) ) );
    for my $pass (@passes) {
        my $stored = $done->{$pass}    // next;
        my $result = $stored->{result} // {};
        push @{ $grade{tests} },   @{ $result->{tests}   // [] };
        push @{ $grade{not_run} }, @{ $result->{not_run} // [] };
        $grade{passes}{$pass} = { ( map { $_ => $stored->{$_} } qw(host seconds cpu_s) ), about => $result->{about} };
        $grade{reason} //= $stored->{broken};
    }
    $grade{tests}   //= [];
    $grade{not_run} //= [];
    $grade{passes}  //= {};
    _add_stages( \%grade );
    $grade{status} =
      defined $grade{reason} ? 'broken' : ( grep { !defined $done->{$_} } @passes ) ? 'pending' : 'graded';
    @grade{qw(score max)} = ( undef, undef );
    if ( $grade{status} eq 'graded' ) {
        $grade{score} = _round( sum0( map { $_->{points} } @{ $grade{tests} } ) );
        $grade{max}   = _round( sum0( map { $_->{max} } @{ $grade{tests} }, @{ $grade{not_run} } ) );
    }
    return \%grade;
}

sub _add_stages ($grade) {
    my %stages;
    for my $test ( @{ $grade->{tests} }, @{ $grade->{not_run} } ) {
        my $stage = $stages{ stage_of( $test->{id} ) } //= { points => 0, max => 0 };
        $stage->{points} = _round( $stage->{points} + ( $test->{points} // 0 ) );
        $stage->{max}    = _round( $stage->{max} + $test->{max} );
    }
    $grade->{stages} = \%stages;
    return;
}

# Sums of parts of points, without the noise of binary fractions.
sub _round ($points) { return 0 + sprintf '%.6g', $points }

# The stage of a test, by its id.
sub stage_of ($id) {
    return 'speed'        if grader::results::Results::problem_of($id) eq 'Speed';
    return 'deliverables' if $id !~ /[.]/;
    my ( undef, $check ) = split /[.]/, $id;
    return 'build'       if $check =~ /\A(?:build|objects|own_memory)\z/;
    return 'correctness' if $check eq 'answers';
    return 'work'        if $check eq 'work';
    return 'contract';
}

# The tests with this verdict.
sub with_verdict ( $grade, $verdict ) {
    return grep { $_->{verdict} eq $verdict } @{ $grade->{tests} };
}

# What noise hid, and nothing was found wrong: how many points, in words; nothing when there are none.
sub untold_words ($grade) {
    return grader::results::Results::untold_words( @{ $grade->{tests} } );
}

# What one must know to draw the same conclusions: seconds of both passes, hosts.
sub seconds ($grade) {
    return sum0( map { $_->{seconds} } values %{ $grade->{passes} } );
}

1;
