#!/usr/bin/env perl

# The archive for PrairieLearn: a course of what it holds, the folders below /grade as the documentation of external grading lays
# them out, and what is in results.json after a grade, after graders that fail, and after a container that is killed.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar ();
use File::Path   qw(make_path remove_tree);
use FindBin      qw($Bin);
use List::Util   qw(sum0);
use Scalar::Util qw(looks_like_number);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Services
  qw(write_file read_file run_command pack_for unpack_archive without_namespaces grader_that failing_graders
  decoded $FOLDER $REAL $SHORT);

my ( $course, $grade ) = ( "$FOLDER/course", "$FOLDER/grade" );
my $info;

subtest 'The course' => sub {
    ok( measure::Launch::ok( pack_for( 'prairielearn', '--rubric', $SHORT ) ), 'packed with a short rubric' );
    my $files = unpack_archive( "$FOLDER/out/prairielearn.tar.gz", $course );
    $info = decoded( read_file("$course/questions/xmalloc/info.json") );
    like( $info->{uuid}, qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/, 'a UUID' );
    is( $info->{type},          'v3',       '... of a question of today' );
    is( $info->{gradingMethod}, 'External', '... that is graded outside' );
    my $external = $info->{externalGradingOptions};
    ok( $external->{enabled}, '... and may be' );
    is_deeply( $external->{serverFilesCourse}, ['xmalloc/'], 'files of the course that go along' );
    my $entry = $external->{entrypoint} =~ s{\A/grade/}{}r;
    is( $files->{$entry}{mode}, oct 755, '... hold the entry point, and it is executable' );
    my $limit_s = read_file("$course/questions/xmalloc/tests/limit_s");
    cmp_ok( $external->{timeout}, '>=', $limit_s + 30, 'the grader ends before the service ends it' );
    cmp_ok( $external->{timeout}, '<=', 600,           '... which allows 10 minutes at most' );
    ok( !$external->{enableNetworking}, 'no network is asked for' );
    my $html = read_file("$course/questions/xmalloc/question.html");
    my @open = $html =~ /<([\w-]+)/g;
    is_deeply( [ sort @open ], [ sort $html =~ m{</([\w-]+)>}g ], 'the page of the question closes what it opens' );
    like( $html, qr/<pl-file-upload .*<pl-external-grader-results>/s, '... and takes files and shows results' );
    my @copied = read_file("$course/container/Containerfile") =~ /^COPY (\S+)/mg;
    is_deeply( [ grep { !-f "$course/container/$_" } @copied ], [], 'the recipe of the image has all that it copies' );
};

# The folders as they are when the container starts. $code: a grader that does this instead.
sub lay_out ( $limit_s, $code, %student ) {
    remove_tree($grade);
    for my $pair ( [ 'serverFilesCourse', 'serverFilesCourse' ], [ 'questions/xmalloc/tests', 'tests' ] ) {
        make_path($grade);
        system( 'cp', '-R', "$course/$pair->[0]", "$grade/$pair->[1]" ) == 0 or die 'cp failed';
    }
    write_file( "$grade/data/data.json", '{"params": {}}' );
    write_file( "$grade/student/$_",     $student{$_} ) for keys %student;
    write_file( "$grade/tests/limit_s",  $limit_s ) if defined $limit_s;
    grader_that( "$grade/serverFilesCourse/xmalloc/kit", $code ) if defined $code;
    return;
}

my %FIELD = (
    gradable      => sub ($value) { return JSON::PP::is_bool($value) },
    score         => sub ($value) { return looks_like_number($value) && $value >= 0 && $value <= 1 },
    message       => sub ($value) { return !ref $value },
    output        => sub ($value) { return !ref $value },
    format_errors => sub ($value) {
        return ref $value eq 'ARRAY' && !grep { ref } @{$value};
    },
    tests => sub ($value) { return ref $value eq 'ARRAY' },
);
my %TEST_FIELD = (
    ( map { $_ => \&looks_like_number } qw(points max_points) ),
    ( map { $_ => $FIELD{message} } qw(name description message output) ),
);

# Result: what is not as PrairieLearn wants it.
sub wrong_in ($json) {
    my @wrong = map { $FIELD{$_} && $FIELD{$_}->( $json->{$_} ) ? () : $_ } keys %{$json};
    for my $test ( @{ $json->{tests} // [] } ) {
        push @wrong, map { $TEST_FIELD{$_} && $TEST_FIELD{$_}->( $test->{$_} ) ? () : "test.$_" } keys %{$test};
        push @wrong, 'test.points' if $test->{points} > $test->{max_points};
    }
    push @wrong, 'no score' if $json->{gradable} && !defined $json->{score};
    return @wrong;
}

# Starts the container's entry point; result: results.json, and what was said.
sub run_entry_point (%env) {
    my $entry   = $info->{externalGradingOptions}{entrypoint} =~ s{\A/grade}{$grade}r;
    my @offline = $> == 0 ? qw(unshare --net) : ();
    my $result  = run_command( [ @offline, $entry ], env => { GRADE => $grade, %env } );
    my $text    = -e "$grade/results/results.json" ? read_file("$grade/results/results.json") : 'there is none';
    my $json    = decoded($text);
    ok( defined $json, 'there is a results.json' ) or diag "$text\n$result->{stdout}\n$result->{stderr}";
    is( join( ', ', wrong_in( $json // {} ) ), q{}, '... as PrairieLearn wants it' );
    cmp_ok( length $text, '<', 1_000_000, '... and of less than 1 MB' );
    return ( $json // {}, $result );
}

subtest 'A grade, without a network and without namespaces' => sub {
    lay_out(
        undef, undef,
        'par_alloc.c'          => read_file("$REAL/sys_alloc.c"),
        'results/results.json' => '{"score": 1}',
        'results.json'         => '{"score": 1}',
        'JSON/PP.pm'           => 'die q{not mine}',
    );
    my ($json) = run_entry_point( PATH => without_namespaces(qw(apt-get)) );
    my $level = $> == 0 ? qr/by an unprivileged user of its own/ : qr/by the grader's own user/;
    like( $json->{output}, $level, 'the level of the sandbox is told' );
    my %test = map { $_->{description} => $_ } @{ $json->{tests} // [] };
    is( $test{'par.answers.list'}{message}, 'passed', 'a submission is graded' ) or diag explain $json;
    is( $test{'par.own_memory'}{points},    0,        '... what is wrong costs points' );
    like( $test{'par.own_memory'}{output}, qr/malloc/, '... and is explained' );
    my ( $points, $most ) = map {
        my $field = $_;
        sum0 map { $_->{$field} } values %test
    } qw(points max_points);
    cmp_ok( abs( $json->{score} - $points / $most ), '<', 1e-9, 'the score is the part of the points' );
    cmp_ok( $json->{score},                          '<', 1,    '... and forged ones count for nothing' );
    ok( $json->{gradable}, 'the attempt counts' );
    like( $json->{message}, qr/\A$points of $most points\z/, '... and the points are told' );
    ok( !-e "$FOLDER/called", 'no package was installed' );
    is( ( stat $_ )[2] & oct 77, 0, "$_ is closed to others" ) for "$grade/tests", "$grade/results", "$grade/student";
};

subtest 'What is handed in' => sub {
    my $tar = Archive::Tar->new;
    $tar->add_data( 'hw/src/par_alloc.c', read_file("$REAL/sys_alloc.c") );
    $tar->write( "$FOLDER/handin.tgz", Archive::Tar::COMPRESS_GZIP() );
    my $archive = read_file("$FOLDER/handin.tgz");
    my $show    = 'say "given $option{q{--submission}}"; exit 1';
    my %given   = (
        "given $grade/student/my work.tgz\n" => { 'my work.tgz' => $archive, 'REPORT.md' => 'x' },
        "given $grade/student\n"             => { 'par_alloc.c' => 'int x;', 'old.tgz'   => $archive },
    );
    for my $said ( sort keys %given ) {
        lay_out( 60, $show, %{ $given{$said} } );
        my ( undef, $result ) = run_entry_point();
        is( $result->{stdout}, $said,
            join( ' and ', sort keys %{ $given{$said} } ) . ': ' . $said =~ s{given $grade/}{}r );
    }
    lay_out( undef, undef, 'my work.tgz' => $archive );
    my ($json) = run_entry_point();
    my ($test) = grep { $_->{description} eq 'par.answers.list' } @{ $json->{tests} };
    is( $test->{message}, 'passed', 'an archive with folders is graded' ) or diag explain $json;

    lay_out( undef, undef );
    ($json) = run_entry_point();
    is( $json->{score}, 0, 'nothing handed in: no points' );
};

subtest 'A grader that fails' => sub {
    my %case = failing_graders();
    for my $name ( sort keys %case ) {
        my ( $code, $limit_s, $points, $says ) = @{ $case{$name} };
        lay_out( $limit_s, $code, 'par_alloc.c' => 'int x;' );
        my ($json) = run_entry_point();
        like( $json->{message}, $says, "a grader $name: the reason" );
        is( $json->{gradable} ? 1 : 0, $points ? 1 : 0, '... an attempt counts only when something is known' );
        is( $json->{score} // 0, $points ? 0.5 : 0, '... and what is known counts' );
        like( join( q{ }, @{ $json->{format_errors} // [] } ), $says, '... and PrairieLearn shows it' ) if !$points;
    }
};

done_testing;
