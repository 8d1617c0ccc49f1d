package handout::Assignment;

# Fills the assignment's template with what the rubric says, so that points, thresholds and limits are written once, in the
# rubric. In the template stand
#
#     {{name}}                    a value, see values()
#     {{?name}} ... {{end}}       lines that are there only when the name is among those that hold, such as starter_empty
#
# The table of points is made of the tests themselves: the stages are asked which tests they would run.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(sum0);

use grader::stages::Contract;
use grader::stages::Correctness;
use grader::stages::Deliverables;
use grader::Job;
use grader::stages::Build;
use grader::Settings;
use grader::stages::Speed;
use grader::stages::Work;

my %STAGE = (
    build        => { title => 'It is an allocator',                    tests => \&grader::stages::Build::tests },
    correctness  => { title => 'Right answers',                         tests => \&grader::stages::Correctness::tests },
    work         => { title => 'The work is done',                      tests => \&grader::stages::Work::tests },
    contract     => { title => 'Promises of an allocator', tests => \&grader::stages::Contract::tests },
    speed        => { title => 'Speed',                                 tests => \&grader::stages::Speed::tests },
    deliverables => { title => 'Report',                                tests => \&grader::stages::Deliverables::tests },
);

# $template: its text; $rubric: a grader::Rubric; @holds: names for {{?name}}. Result: the assignment. Dies with one line for
# a name that nobody knows.
sub text ( $template, $rubric, @holds ) {
    my %holds = map { $_ => 1 } @holds;
    $template =~ s/^[{][{][?](\w+)[}][}]\n(.*?)^[{][{]end[}][}]\n/$holds{$1} ? $2 : q{}/gmse;
    my $values = values_of($rubric);
    $template =~ s/[{][{](\w+)[}][}]/$values->{$1} \/\/ die "the assignment: there is no value {{$1}}\n"/ge;
    return $template;
}

# What may stand in double braces.
sub values_of ($rubric) {
    my ( $speed, $limits, $tops, $deliverables ) = map { $rubric->value($_) } qw(speed limits tops deliverables);
    my @tests = graded($rubric);
    return {
        ( map { $_ => sprintf '%g', $speed->{$_} } keys %{$speed} ),
        ( map { ( "percent_$_" => sprintf '%g', 100 * $speed->{$_} ) } qw(challenge bonus) ),
        ( map { $_ => $limits->{$_} } keys %{$limits} ),
        ( map { ( "tops_$_"   => join ', ', @{ $tops->{$_} } ) } keys %{$tops} ),
        ( map { ( "${_}_file" => $deliverables->{$_}{files}[0] ) } keys %{$deliverables} ),
        report_words => $deliverables->{report}{words} // 0,
        cannot_tell  => sprintf( '%g', 100 * $rubric->value('cannot_tell') ),
        programs     => join( ', ', @{ $rubric->value('programs') } ),
        points       => sprintf( '%g', sum0 map { $_->{points} } @tests ),
        points_table => table(@tests),
    };
}

# Result: the tests that a grade would run, each { stage, check, backend, words, points }.
sub graded ($rubric) {
    my $settings = $rubric->apply_to( grader::Settings::defaults() );
    my $job      = grader::Job->new(
        settings => $settings,
        seed     => 0,
        backends => $settings->{backends},
        programs => $settings->{programs},
    );
    my $programs = join '|', @{ $settings->{programs} };
    my $backends = join '|', @{ $settings->{backends} };
    my @graded;
    for my $stage ( @{ $rubric->value('stages') } ) {
        for my $test ( $STAGE{$stage}{tests}->($job) ) {
            my ($backend) = $test->{id}   =~ /\A($backends)[.]/;
            my $check     = $test->{id}   =~ s/\A(?:$backends)[.]//r =~ s/[.](?:$programs)\z//r;
            my $words     = $test->{name} =~ s/\A(?:$backends):? //r =~ s/\A(?:$programs)(?:-(?:$backends))?:? //r;
            my $points    = $rubric->points( $test->{id} );
            push @graded,
              { stage => $stage, check => $check, backend => $backend // q{}, words => $words, points => $points };
        }
    }
    return @graded;
}

# One row for each check, with the points of each backend; what is worth nothing is in a sentence below.
sub table (@tests) {
    my ( @rows, %row_of );
    for my $test (@tests) {
        my $row = $row_of{"$test->{stage} $test->{check}"} //= do {
            push @rows, { %{$test}, points => 0, of => {} };
            $rows[-1];
        };
        $row->{points} += $test->{points};
        $row->{of}{ $test->{backend} } += $test->{points};
    }
    my @lines = ( '| test | hw08 | par | points |', '|---|---|---|---|' );
    my $stage = q{};
    for my $row ( grep { $_->{points} > 0 } @rows ) {
        if ( $row->{stage} ne $stage ) {
            $stage = $row->{stage};
            my @its = grep { $_->{stage} eq $stage } @rows;
            push @lines, sprintf '| **%s** | | | **%g** |', $STAGE{$stage}{title}, sum0 map { $_->{points} } @its;
        }
        my @cells = map { defined $_ ? sprintf '%g', $_ : q{} } @{ $row->{of} }{qw(hw08 par)}, $row->{points};
        push @lines, "| `$row->{check}`: " . sentence( $row->{words} ) . " | $cells[0] | $cells[1] | $cells[2] |";
    }
    return join( "\n", @lines ) . "\n" . unpaid( grep { $_->{points} == 0 } @rows );
}

# A description without the TOPs that a grade draws.
sub sentence ($words) {
    return $words =~ s/ \((?:TOP |base|challenge|bonus|REPORT|graph)[^)]*\)//r =~ s/\bsys\b/the C library/r;
}

sub unpaid (@rows) {
    return q{} if !@rows;
    return "\nLooked at and reported, but worth no points: "
      . join( '; ',
        map { "`$_->{check}` (" . sentence( $_->{words} ) =~ s/ \(not asked by the course\)//r . ')' } @rows )
      . ".\n";
}

1;
