package grader::results::Points;

# What the outcome of a test is worth under a rubric. Whoever keeps outcomes can ask again with another rubric: nothing that is
# run depends on points.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

# $rubric: a grader::Rubric. $test: { id, verdict, slow, blameless, ours }, as the JSON result keeps them.
# Result: { points, max, reported }; reported: a failure is told but costs nothing, because the course did not ask for it.
sub of ( $rubric, $test ) {
    my $max  = $rubric->points( $test->{id} );
    my $part = {
        pass => $test->{slow} ? $rubric->value('slow') : 1,
        fail => 0,
        skip => _part_of_skip( $rubric, $test )
    };
    return {
        points   => $max * $part->{ $test->{verdict} },
        max      => $max,
        reported => $test->{ours} && !$max ? 1 : 0,
    };
}

# Noise is nobody's fault, nor to anybody's gain. Any other test that cannot be run here costs nothing.
sub _part_of_skip ( $rubric, $test ) {
    my $is_of_noise = problem_of( $test->{id} ) eq 'Speed'
      || ( $test->{id} =~ /[.]tsan\z/ && !$test->{blameless} );
    return $is_of_noise ? $rubric->value('cannot_tell') : 1;
}

# The problem that a test belongs to: its backend's right answers and promises, its speed, or a deliverable.
sub problem_of ($id) {
    return 'Speed'    if $id =~ /\Apar[.](?:base|challenge|bonus)/;
    return 'Report'   if $id !~ /[.]/;
    return "$1_alloc" if $id =~ /\A(\w+)[.]/;
    return 'Other';
}

# Whether a quieter machine could tell what could not be told: the reason says so.
sub is_noise ($test) { return ( $test->{reason} // q{} ) =~ /\bquieter\b|does nothing else/ }

1;
