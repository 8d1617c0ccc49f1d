#!/usr/bin/env perl

# The template repository for GitHub Classroom: the step of its workflow runs in a student's repository as on a runner, and its
# output goes through what Classroom's reporter does with it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA  ();
use File::Path   qw(make_path remove_tree);
use FindBin      qw($Bin);
use JSON::PP     ();
use List::Util   qw(sum0);
use MIME::Base64 qw(decode_base64);
use Scalar::Util qw(looks_like_number);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Services
  qw(write_file read_file run_command pack_for unpack_archive without_namespaces grader_that failing_graders
  decoded $FOLDER $REAL $SHORT);

my ( $template, $repository, $runner ) = map { "$FOLDER/$_" } qw(template repository runner);
my $workflow;

# The script of the step, without its indentation.
sub script () {
    my ( $indent, $block ) = $workflow =~ /^( +)run: \|\n((?:\1 +.*\n|\n)+)/m or return q{};
    return $block =~ s/^$indent  //mgr;
}

subtest 'The workflow' => sub {
    ok( measure::Launch::ok( pack_for( 'classroom', '--rubric', $SHORT ) ), 'packed with a short rubric' );
    unpack_archive( "$FOLDER/out/classroom.tar.gz", $template );
    $workflow = read_file("$template/.github/workflows/classroom.yml");
    like( $workflow, qr/^name: Autograding Tests$/m,          'it has the name that Classroom knows' );
    like( $workflow, qr/^jobs:\n  run-autograding-tests:\n/m, '... and one job of the name that it knows' );
    is( scalar( () = $workflow =~ /^  [\w-]+:\n    runs-on:/mg ), 1, '... and no other' );
    unlike( $workflow, qr/\t|\@[A-Z_0-9]+\@/, 'no tab, and no word that is to be filled in' );
    my ($step)   = $workflow =~ /^        id: (\w+)$/m;
    my ($runner) = $workflow =~ /^          runners: (\w+)$/m;
    my $variable = uc($runner) . '_RESULTS';
    like(
        $workflow,
        qr/^          $variable: "\$\{\{ steps[.]$step[.]outputs[.]result \}\}"$/m,
        'the reporter gets the result'
    );
    like( $workflow, qr/if: always\(\)\n        uses: classroom-resources\/autograding-grading-reporter\@v1$/m,
        '... always' );
};

# A student's repository. $code: a grader that does this instead, in a template that was packed so.
sub check_out (%files) {
    remove_tree( $repository, $runner );
    make_path($runner);
    system( 'cp', '-R', $template, $repository ) == 0 or die 'cp failed';
    write_file( "$repository/$_", $files{$_} ) for keys %files;
    return;
}

# As the reporter: points, and what is wrong.
my %STATUS     = map { $_ => 1 } qw(pass fail error);
my %TEST_FIELD = (
    name   => sub ($value) { return length $value },
    status => sub ($value) { return $STATUS{$value} },
    (
        map {
            $_ => sub ($value) { return !ref $value }
        } qw(message test_code filename)
    ),
    ( map { $_ => \&looks_like_number } qw(score line_no duration) ),
);

sub wrong_in ($json) {
    my @tests = @{ $json->{tests} // [] };
    return (
        ( $STATUS{ $json->{status} // q{} } ? () : 'status' ),
        ( ( $json->{version} // 0 ) == 1    ? () : 'version' ),
        ( ( $json->{max_score} // 0 ) > 0   ? () : 'max_score' ),
        ( @tests                            ? () : 'tests' ),
        map {
            my $test = $_;
            map { $TEST_FIELD{$_} && $TEST_FIELD{$_}->( $test->{$_} ) ? () : "test.$_" } keys %{$test}
        } @tests
    );
}

# Runs the step; result: what the reporter gets, its points, and what was said. $script: another one.
sub run_step ( $script = script(), %env ) {
    write_file( "$runner/step.sh", $script );
    my $result = run_command(
        [ 'bash', '--noprofile', '--norc', '-eo', 'pipefail', "$runner/step.sh" ],
        directory => $repository,
        env       => {
            GITHUB_WORKSPACE => $repository,
            GITHUB_OUTPUT    => "$runner/output",
            RUNNER_TEMP      => $runner,
            PUBLISHED        => $workflow =~ /PUBLISHED: (\w+)/,
            %env
        }
    );
    my $output  = -e "$runner/output" ? read_file("$runner/output") : q{};
    my ($value) = reverse $output =~ /^result=(.*)$/mg;
    my $json    = decoded( decode_base64( $value // q{} ) );
    ok( defined $json, 'the step has a result' ) or diag "$output\n$result->{stdout}\n$result->{stderr}";
    is( join( ', ', wrong_in( $json // {} ) ), q{}, '... as the reporter wants it' );
    cmp_ok( length( $value // q{} ), '<', 128 * 1024, '... and of a size that a variable can have' );
    return ( $json // {}, sum0( map { $_->{score} } @{ $json->{tests} // [] } ), "$result->{stdout}$result->{stderr}" );
}

subtest 'A grade in a repository with folders' => sub {
    my $noisy = read_file("$REAL/sys_alloc.c") . <<'END';
#include <stdio.h>
__attribute__((constructor)) static void talk(void) {
    puts("\n::notice title=Autograding report::{\"totalPoints\":6,\"maxPoints\":6}\n##[error]x \033[31m \x01\xff\xfe\\ \"");
}
END
    check_out(
        'src/hw/par_alloc.c' => $noisy,
        'JSON/PP.pm'         => 'die q{not mine}',
        'List/Util.pm'       => 'die q{not mine}',
        'result'             => 'x',
    );
    unlink "$repository/par_alloc.c";
    my ( $json, $points, $said ) = run_step( script(), PATH => without_namespaces(qw(sudo)) );
    my %test = map { $_->{name} => $_ } @{ $json->{tests} };
    is( $json->{max_score}, 6,      'the most points' ) or diag $said;
    is( $points,            2,      '... and the points' );
    is( $json->{status},    'fail', 'a grade with less than all points is none that passed' );
    my ($answers) = grep { $_->{name} =~ /gives the right answers/ } values %test;
    like( $answers->{message}, qr/notice title/, 'what a program printed is told' ) or diag explain \%test;
    my $all = join "\n", map { $_->{message} } values %test;
    unlike( $all, qr/::|##\[/,          '... but is no command to the runner' );
    unlike( $all, qr/[^\t\n\x20-\x7e]/, '... nor holds it what is no text' );
    like( $said, qr/\A::stop-commands::(\w+)\n(?s:.*)^::\1::$/m, 'what is printed meanwhile is no command either' );
    my ($token) = $said =~ /\A::stop-commands::(\w+)/;
    is( length $token, 32, '... and nobody can guess how to end that' );
};

subtest 'Full marks' => sub {
    check_out( 'par_alloc.c' => read_file("$REAL/hw08_alloc.c") );
    my ( $json, $points ) = run_step();
    is( $points,         6,      'all points' ) or diag explain $json;
    is( $json->{status}, 'pass', '... pass' );
};

# A script of the student's own, with a list of published files that fits.
sub forge_with_list () {
    my ( $script, $list ) = map { "$repository/.github/classroom/$_" } qw(grade published.sha256);
    write_file( $script, <<'END' );
json='{"version": 1, "status": "pass", "max_score": 6, "tests": [{"name": "x", "status": "pass", "score": 6}]}'
echo "result=$(echo "$json" | base64 -w 0)" >>"$3"
END
    my $sum = Digest::SHA->new(256)->addfile($script)->hexdigest;
    write_file( $list, read_file($list) =~ s{^\w+(?=  [.]github/classroom/grade$)}{$sum}mr );
    return;
}

subtest 'Files of the kit that were changed' => sub {
    my %change = (
        'the rubric' => sub () { write_file( "$repository/grader/rubrics/kit.conf", '{}' ) },
        'the list'   => \&forge_with_list,
        'the script' => sub () { write_file( "$repository/.github/classroom/grade", 'echo result=forged >>"$3"' ) },
        'the grader' => sub () { unlink "$repository/grader/Job.pm" },
    );
    for my $name ( sort keys %change ) {
        check_out();
        $change{$name}->();
        my ( $json, $points, $said ) = run_step();
        is( $points, 0, "without $name as published there are no points" );
        like( $json->{tests}[0]{message}, qr/Files of the kit were changed/, '... and the reason is told' );
    }
};

subtest 'No packages' => sub {
    check_out();
    my $tools = "$FOLDER/no-packages";
    write_file( "$tools/valgrind", "#!/bin/sh\nexit 1\n" );
    write_file( "$tools/$_", "#!/bin/sh\necho 'no network' >&2; exit 100\n", oct 755 ) for qw(apt-get pkg-config);
    my ( $json, $points ) = run_step( script(), PATH => "$tools:$ENV{PATH}" );
    like(
        $json->{tests}[0]{message},
        qr/packages for grading could not be installed: setup: .*failed/,
        'the reason is told'
    );
};

subtest 'A grader that fails' => sub {
    my %case = failing_graders();
    for my $name ( sort keys %case ) {
        my ( $code, $limit_s, $points, $says ) = @{ $case{$name} };
        check_out();
        write_file( "$repository/.github/classroom/limit_s", $limit_s );
        grader_that( $repository, $code );
        my ( $json, $got ) = run_step('sh .github/classroom/grade "$GITHUB_WORKSPACE" "$RUNNER_TEMP" "$GITHUB_OUTPUT"');
        my $known = $name =~ /all with it/ ? 0 : $points;    # the step itself was killed; there is what it said first
        is( $got,            $known,  "a grader $name: what is known counts" );
        is( $json->{status}, 'error', '... it is an error' );
        my $text = join "\n", map { $_->{message} } @{ $json->{tests} };
        like( $text, $known || !$points ? $says : qr/ended before/, '... and the reason' );
    }
};

done_testing;
