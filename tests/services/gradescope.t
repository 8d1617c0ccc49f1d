#!/usr/bin/env perl

# The archive for Gradescope: what comes of it when it is unpacked as the service does it, with a submission that can be graded,
# and with graders that fail in every way.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path   qw(make_path);
use FindBin      qw($Bin);
use JSON::PP     ();
use Scalar::Util qw(looks_like_number);
use Test::More;

use lib "$Bin/../..";
use grader::results::Gradescope;
use grader::results::Results;
use grader::Rubric;
use measure::Launch;
use tests::lib::Services
  qw(write_file read_file run_command pack_for unpack_archive without_namespaces grader_that $FOLDER $REAL
  $SHORT $TIME_IS_UP);

my $visible = qr/\A(?:hidden|after_due_date|after_published|visible)\z/;
my $is_text = sub ($value) { return !ref $value };
my %FIELD   = (
    score             => \&looks_like_number,
    execution_time    => \&looks_like_number,
    output            => $is_text,
    visibility        => sub ($value) { return $value =~ $visible },
    stdout_visibility => sub ($value) { return $value =~ $visible },
    extra_data        => sub ($value) { return ref $value eq 'HASH' },
    tests             => sub ($value) { return ref $value eq 'ARRAY' },
    leaderboard       => sub ($value) { return ref $value eq 'ARRAY' },
);
my %TEST_FIELD = (
    score         => \&looks_like_number,
    max_score     => \&looks_like_number,
    status        => sub ($value) { return $value =~ /\A(?:passed|failed)\z/ },
    name          => $is_text,
    number        => $is_text,
    output        => $is_text,
    output_format => sub ($value) { return $value eq 'text' },
    tags          => sub ($value) {
        return ref $value eq 'ARRAY' && !grep { ref } @{$value};
    },
    visibility => $FIELD{visibility},
    extra_data => $FIELD{extra_data},
);
my %ROW_FIELD = (
    name  => $is_text,
    value => \&looks_like_number,
    order => sub ($value) { return $value =~ /\A(?:asc|desc)\z/ },
);

# Result: what of a table is not as Gradescope wants it.
sub wrong_fields ( $where, $table, $fields ) {
    return map { exists $fields->{$_} && $fields->{$_}->( $table->{$_} ) ? () : "$where.$_" } sort keys %{$table};
}

sub wrong_in ($results) {
    return (
        wrong_fields( 'results', $results, \%FIELD ),
        ( map { wrong_fields( 'tests',       $_, \%TEST_FIELD ) } @{ $results->{tests}      // [] } ),
        ( map { wrong_fields( 'leaderboard', $_, \%ROW_FIELD ) } @{ $results->{leaderboard} // [] } ),
        ( exists $results->{score} ? () : 'results without a score' ),
    );
}

my $gradescope = "$FOLDER/gradescope";

# What Gradescope makes of the archive: it is unpacked into source/, and run_autograder is copied out of it.
sub install_gradescope () {
    my $files = unpack_archive( "$FOLDER/out/gradescope.zip", "$gradescope/source" );
    write_file( "$gradescope/run_autograder", $files->{run_autograder}{content}, oct 755 );
    make_path("$gradescope/$_") for qw(submission results);
    write_file( "$gradescope/submission_metadata.json", '{"id": 1}' );
    write_file( "$gradescope/submission/par_alloc.c",   read_file("$REAL/sys_alloc.c") );
    return;
}

# Runs it; result: what measure::Launch::run gives, and results.json.
sub grade_at_gradescope (%env) {
    unlink "$gradescope/results/results.json";
    my $result = run_command( ["$gradescope/run_autograder"], env => { AUTOGRADER => $gradescope, %env } );
    my $text = -e "$gradescope/results/results.json" ? read_file("$gradescope/results/results.json") : 'there is none';
    my $json = eval { JSON::PP->new->utf8->decode($text) };
    ok( defined $json, 'there is a results.json' ) or diag "$text\n$result->{stdout}\n$result->{stderr}";
    is( join( ', ', wrong_in( $json // {} ) ), q{}, '... as Gradescope wants it' );
    return ( $json // {}, $result );
}

subtest 'A grade' => sub {
    ok( measure::Launch::ok( pack_for( 'gradescope', '--rubric', $SHORT ) ), 'packed with a short rubric' );
    install_gradescope();

    # make and apt-get that only say how they were called: an image is not built here.
    for my $tool (qw(make apt-get)) {
        write_file( "$FOLDER/stand-ins/$tool", qq{#!/bin/sh\necho "$tool \$*" >>"$FOLDER/called"\n}, oct 755 );
    }
    my $setup = run_command( ["$gradescope/source/setup.sh"], env => { PATH => "$FOLDER/stand-ins:$ENV{PATH}" } );
    ok( measure::Launch::ok($setup), 'setup.sh succeeds' ) or diag "$setup->{stdout}$setup->{stderr}";
    my $source = "$gradescope/source";
    like(
        read_file("$FOLDER/called"),
        qr{^make --silent -C \Q$source\E/kit kit KIT=\Q$source\E/built$}m,
        '... and compiles what grades share'
    );

    my ($json) = grade_at_gradescope( PATH => without_namespaces() );
    my $level = $> == 0 ? qr/by an unprivileged user of its own/ : qr/by the grader's own user/;
    like( $json->{extra_data}{isolation}, $level, 'without namespaces there still is a sandbox' );
    my %test = map { $_->{tags}[0] => $_ } @{ $json->{tests} // [] };
    is( $test{'par.build'}{status},        'passed', 'a submission is graded' ) or diag explain $json;
    is( $test{'par.answers.list'}{status}, 'passed', '... its answers are looked at' );
    is( $test{'par.own_memory'}{status},   'failed', '... and what is wrong is found' );
    like( $test{'par.own_memory'}{output}, qr/malloc/, '... and explained' );
    my $sum = 0;
    $sum += $_->{score} for values %test;
    is( $json->{score}, $sum, '... the score is the sum of the points' );
    ok( exists $json->{leaderboard}, '... and there is a leaderboard' );
    is( ( stat $_ )[2] & oct 77, 0, "$_ is closed to others" )
      for "$gradescope/source", "$gradescope/source/kit/grader", "$gradescope/results";
};

subtest 'The leaderboard' => sub {
    my $results = grader::results::Results->new(
        rubric => grader::Rubric->read_file("$REAL/grader/rubrics/kit.conf"),
        files  => {},
        about  => { seed => 1, isolation => 'none', submission => 'x' },
    );
    my @tests = map { { id => $_, name => $_ } } qw(par.base.list par.challenge.list par.bonus.list report);
    $results->plan(@tests);
    $results->add( $tests[0], { verdict => 'pass', value => 5.25 }, 1 );
    $results->add( $tests[1], { verdict => 'skip', value => 0.987, reason => 'cannot tell' }, 1 );
    my $json = JSON::PP->new->decode( grader::results::Gradescope::text($results) );
    is( join( ', ', wrong_in($json) ), q{}, 'as Gradescope wants it' );
    is_deeply(
        [ map { [ @{$_}{qw(value order)} ] } @{ $json->{leaderboard} } ],
        [ [ 5.25, 'desc' ], [ 0.987, 'asc' ] ],
        'a ratio for each comparison, and which end of it is the better one'
    );
    is( scalar @{ $json->{tests} }, 4, 'what has not been run is among the tests' );
};

# What a grader leaves that has done a part of its work.
my $PARTIAL = <<'END';
open my $file, '>', $results or die;
print {$file} '{"score": 3, "output": "seed 1", "tests": [{"name": "one", "score": 3, "max_score": 4, "status": "passed"}]}';
close $file;
END

subtest 'A grader that fails' => sub {
    my %case = (
        'that cannot run' => [ 'say q{Bail out!  there is no "make" here}; exit 2;', 0, qr/there is no .make. here/ ],
        'that dies'       => [ 'die qq{Can\'t locate "Some/Module.pm"\n};', 0, qr/status 255: Can t locate .Some/ ],
        'that is killed'  => [ 'kill KILL => $$;',                          0, qr/status 137|stopped/ ],
        'that hangs'      => [ 'sleep 100;',                                0, qr/stopped after 1 seconds/ ],
        'that hangs halfway'         => [ "$PARTIAL $TIME_IS_UP",        3, qr/stopped after 60 seconds.*\nseed 1/ ],
        'killed halfway'             => [ "$PARTIAL kill KILL => \$\$;", 3, qr/\nseed 1/ ],
        'that leaves half of a file' =>
          [ 'open my $file, q{>}, $results; print {$file} q({"score": ); close $file; exit 2', 0, qr/status 2/ ],
        'that is no Perl' => [ 'this is nothing', 0, qr/status/ ],
    );
    for my $name ( sort keys %case ) {
        my ( $code, $score, $says ) = @{ $case{$name} };
        grader_that( "$gradescope/source/kit", $code );
        write_file( "$gradescope/source/limit_s", $name eq 'that hangs' ? 1 : 60 );
        my ( $json, $result ) = grade_at_gradescope();
        is( $json->{score}, $score, "a grader $name: $score points" );
        like( $json->{output}, $says, '... and the reason' );
        cmp_ok( $result->{wall_s}, '<', 60, '... in time' );
    }

    # A machine with nothing but a shell and these.
    mkdir "$FOLDER/bare" or die $!;
    for my $tool (qw(sh cat chmod cut grep mkdir mktemp mv rm sed tail timeout tr)) {
        my ($path) = grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH};
        symlink $path, "$FOLDER/bare/$tool" or die $!;
    }
    my ($json) = grade_at_gradescope( PATH => "$FOLDER/bare" );
    is( $json->{score}, 0, 'without Perl: 0 points' );
    like( $json->{output}, qr/status 127/, '... and the reason' );
};

done_testing;
