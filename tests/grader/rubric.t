#!/usr/bin/env perl

# The rubric, the points that follow from it, and the files that hold a result.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use grader::results::Autolab;
use grader::results::Results;
use grader::results::Tap;
use grader::Rubric;
use grader::Settings;

my $folder   = File::Temp->newdir;
my $defaults = "$Bin/../../grader/rubrics/kit.conf";

sub rubric_of ($text) {
    my $path = "$folder/rubric";
    open my $file, '>', $path or die $!;
    print {$file} $text;
    close $file or die $!;
    my $rubric = eval { grader::Rubric->read_file( $path, $defaults ) };
    return $rubric // $@ =~ s/\Q$path\E/FILE/r;
}

subtest 'The rubric that is there' => sub {
    my $rubric = grader::Rubric->read_file($defaults);
    is( $rubric->points('hw08.one_lock'),     3, 'the longest pattern that fits counts' );
    is( $rubric->points('par.answers.list'),  2, 'a star stands for anything' );
    is( $rubric->points('par.errno'),         0, 'what the course never promised is worth nothing' );
    is( $rubric->points('nothing.like.this'), 0, 'what no pattern fits is worth nothing' );
    my $settings = $rubric->apply_to( grader::Settings::defaults() );
    is( $settings->{base_ratio},      4,          'thresholds reach the stages' );
    is( $settings->{challenge_ratio}, 1,          '... all of them' );
    is( $settings->{bonus_ratio},     0.9,        '...' );
    is( $settings->{memory_bytes},    2**33,      '... limits in bytes' );
    is( "@{ $settings->{backends} }", 'hw08 par', '... and who is graded' );
};

subtest 'Another rubric' => sub {
    my $rubric = rubric_of( '{ "limits": { "run_s": 3 }, # shorter' . "\n" . ' "points": { "*": 2, }, }' );
    is( $rubric->points('par.errno'),        2,   'a table of points replaces the other as a whole' );
    is( $rubric->value('limits')->{run_s},   3,   'a limit that it gives holds' );
    is( $rubric->value('limits')->{build_s}, 120, '... and those it does not are as before' );

    my %mistake = (
        'not closed'    => [ "{\n \"points\": {\n",        qr/\Arubric FILE, line \d+: / ],
        'no table'      => [ '[1]',                        qr/\Arubric FILE: it is no table/ ],
        'unknown'       => [ '{ "pionts": {} }',           qr/"pionts" is not known; known are backends, / ],
        'unknown limit' => [ '{ "limits": { "ram": 1 } }', qr/"limits"[.]"ram" is not known; known are build_s, / ],
        'negative'      => [ '{ "points": { "a": -1 } }',  qr/"points" must be a number from 0 to 1000 at "a"/ ],
        'text'          => [ '{ "points": { "a": "x" } }', qr/must be a number/ ],
        'odd pattern'   => [ '{ "points": { "a b": 1 } }', qr/names of letters/ ],
        'too much'      => [ '{ "cannot_tell": 2 }',       qr/"cannot_tell" must be a number from 0 to 1/ ],
        'stage'         => [ '{ "stages": ["beauty"] }',   qr/"stages" must be a list of some of build, / ],
        'no name'       => [ '{ "backends": ["a/b"] }',    qr/"backends" must be a list of names/ ],
        'small TOP'     =>
          [ '{ "tops": { "usual": [1] } }', qr/"tops" must be a list of whole numbers from 2 .* at "usual"/ ],
        'no TOP' =>
          [ '{ "tops": { "par": [] }, "drawn_tops": {} }', qr/no TOP is asked of "\w+": "tops" must have a number/ ],
        'range backwards' => [ '{ "drawn_tops": { "usual": [[9, 3]] } }', qr/pairs \[lowest, highest\]/ ],
        'flat limits'     => [ '{ "limits": 3 }',                         qr/"limits" must be a table/ ],
        'odd deliverable' =>
          [ '{ "deliverables": { "x": { "files": ["../a"] } } }', qr/"deliverables" must be .*files/ ],
    );
    %mistake = (
        %mistake,
        'odd alignment' =>
          [ '{ "terms": { "alignment": 3 } }', qr/"terms"[.]"alignment" must be one of 1, 2, 4, 8, 16/ ],
        'half a silence' => [ '{ "terms": { "silent": 1 } }', qr/"terms"[.]"silent" must be true or false/ ],
        'half a truth'   => [ '{ "terms": { "null": 1 } }',   qr/"terms"[.]"null" must be true or false/ ],
        'no C file'      =>
          [ '{ "terms": { "names": { "par": ["a/b.c"] } } }', qr/"names" must be a list of names of C files/ ],
    );
    for my $name ( sort keys %mistake ) {
        my $said = rubric_of( $mistake{$name}[0] );
        like( $said, $mistake{$name}[1], "$name: named" );
        like( $said, qr/\A[^\n]+\n\z/,   '... in one line' );
    }
    like(
        eval { grader::Rubric->read_file("$folder/none") } // $@,
        qr/\Arubric \S+: cannot read it: /,
        'none at all, too'
    );
};

subtest "The course's own terms" => sub {
    my $path     = "$Bin/../../grader/rubrics/original.conf";
    my $settings = grader::Rubric->read_file( $path, $defaults )->apply_to( grader::Settings::defaults() );
    is( $settings->{terms}{alignment}, 1, 'promise no alignment' );
    ok( !$settings->{terms}{silent},                            '... and no silence' );
    ok( !$settings->{terms}{null} && !$settings->{terms}{zero}, '... and nothing of NULL and 0' );
    my $names = grader::Settings::names($settings);
    is( "$names->[0][0] $names->[1][0]", 'hw08 par', 'the homework has its names first' );
    is( $settings->{run_timeout_s},      20,         'what they do not say is as in the rubric of this kit' );
    my $some = rubric_of('{ "terms": { "alignment": 1 } }')->apply_to( grader::Settings::defaults() )->{terms};
    is( "$some->{alignment} $some->{memory_times}", '1 3', 'one term can be changed alone' );
    ok( $some->{silent}, '... and this kit asks for silence' );
};

# What a grading of four tests leaves; the outcomes are made up.
my @tests = (
    { id => 'par.resize',         name => 'keeps <content> & more' },
    { id => 'par.challenge.list', name => 'list: par is faster' },
    { id => 'par.valgrind',       name => 'valgrind' },
    { id => 'hw08.one_lock',      name => 'one lock' },
);
my @outcomes = (
    { verdict => 'fail', diag   => ["xrealloc(0x1, 2) lost \x{1}byte"], hint => 'copy the smaller size' },
    { verdict => 'skip', reason => 'cannot tell: noise', value => 0.987654, interval => [ 0.9, 1.1 ] },
    { verdict => 'skip', reason => 'there is no valgrind' },
    { verdict => 'pass', notes  => ['as it should be'] },
);

sub read_file ($path) {
    open my $file, '<:encoding(UTF-8)', $path or die "$path: $!";
    local $/ = undef;
    return <$file>;
}

subtest 'Results' => sub {
    my %files   = map { $_ => "$folder/$_" } qw(json gradescope junit);
    my $results = grader::results::Results->new(
        rubric => grader::Rubric->read_file($defaults),
        files  => \%files,
        about  => { submission => 'some"body', seed => 3, isolation => 'none', machine => 'm', rubric => 'r' },
    );
    $results->plan(@tests);
    my $json = JSON::PP->new->decode( read_file( $files{json} ) );
    is( scalar @{ $json->{not_run} }, 4, 'before the first test there is a file that says what is to come' );
    is( $json->{max},                 8, '... and for how many points' );
    ok( !$json->{complete}, '... and that it is not complete' );

    $results->add( $tests[$_], $outcomes[$_], 0.5 ) for 0 .. 1;
    my $partial = JSON::PP->new->decode( read_file( $files{gradescope} ) );
    is( $partial->{score}, 1.5, 'after two tests the points are those so far' );
    is(
        join( q{ }, map { $_->{status} } @{ $partial->{tests} } ),
        'failed passed failed failed',
        '... the others count as not passed yet'
    );
    is( $partial->{tests}[3]{output}, 'not run', '... and say so' );

    $results->add( $tests[$_], $outcomes[$_], 0.5 ) for 2 .. 3;
    $results->finish;
    $json = JSON::PP->new->decode( read_file( $files{json} ) );
    ok( $json->{complete}, 'at the end it is complete' );
    is(
        $json->{score},
        0 + 1.5 + 1 + 3,
        'failed: nothing; could not be told: what the rubric says; no tool: all; passed: all'
    );
    is_deeply( $json->{not_run}, [], 'nothing is left to run' );
    is( $json->{tests}[1]{value}, 0.987654, 'a ratio is kept' );

    my $gradescope = JSON::PP->new->decode( read_file( $files{gradescope} ) );
    is_deeply(
        $gradescope->{leaderboard},
        [ { name => 'list: time / that of the C library', value => 0.988, order => 'asc' } ],
        'Gradescope gets a leaderboard'
    );
    is(
        $gradescope->{tests}[0]{output},
        "xrealloc(0x1, 2) lost \\x01byte\ncopy the smaller size",
        '... and what a student must read'
    );
    my %known = map { $_ => 1 } qw(score max_score status name number output output_format tags visibility extra_data);
    is( join( q{ }, grep { !$known{$_} } map { keys %{$_} } @{ $gradescope->{tests} } ),
        q{}, '... and no field that it does not know' );

    my $xml = read_file( $files{junit} );
    like( $xml, qr/tests="4" failures="1" errors="0" skipped="2"/, 'JUnit gets the counts' );
    like( $xml, qr/keeps &lt;content&gt; &amp; more/,              '... without markup in names' );
    unlike( $xml, qr/\x{1}/, '... and without control characters' );

    my $line = JSON::PP->new->decode( grader::results::Autolab::line($results) );
    is_deeply(
        $line->{scores},
        { par_alloc => 1, hw08_alloc => 3, Speed => 1.5 },
        'Autolab gets the points by problem'
    );
    ok( !$results->is_full, 'these are not full marks' );
    is( join( q{ }, map { s{.*/}{}r } glob "$folder/*new*" ), q{}, 'no half-written file is left' );
};

subtest 'What costs no points' => sub {
    my $results = grader::results::Results->new(
        rubric => grader::Rubric->read_file($defaults),
        files  => { junit      => "$folder/n-junit" },
        about  => { submission => 's', seed => 3, isolation => 'none', machine => 'm', rubric => 'r' },
    );
    my @all = map { { id => "par.$_", name => "par: $_", ours => $_ eq 'align16' } } qw(align16 objects resize);
    is(
        join( q{ }, map { $results->points( $_->{id} ) > 0 ? 'some' : 'none' } @all ),
        'none none some',
        'two are worth nothing'
    );
    $results->plan(@all);
    my $said = q{};
    {
        open my $screen, '>', \$said or die $!;
        my $before = select $screen;              # where the grader's lines go
        my $tap    = grader::results::Tap->new;
        $tap->{diag_to} = $screen;
        for my $test (@all) {
            my $outcome = { verdict => 'fail', diag => ['8 <is> no 16'] };
            $tap->result( $test->{name}, $outcome, $results->is_reported($test) );
            $results->add( $test, $outcome, 0.5 );
        }
        select $before;
        my %count = $tap->counts;
        is( "$count{fail} $count{reported}", '2 1', 'what the course did not ask for counts as no failure' );
    }
    like( $said, qr/^not ok 1 - par: align16 # TODO worth no points$/m,       '... carries the directive' );
    like( $said, qr/^not ok 2 - par: objects\n.*^not ok 3 - par: resize\n/ms, '... which nothing else is' );
    my $xml = read_file("$folder/n-junit");
    like( $xml, qr/failures="2" errors="0" skipped="1"/,                    '... no failure for JUnit' );
    like( $xml, qr/<skipped message="worth no points: 8 &lt;is&gt; no 16"/, '... but told' );
};

subtest 'A grader that stops' => sub {
    my $results = grader::results::Results->new(
        rubric => grader::Rubric->read_file($defaults),
        files  => { map { $_ => "$folder/s-$_" } qw(json gradescope junit) },
        about  => { submission => 's', seed => 3, isolation => 'none', machine => 'm', rubric => 'r' },
    );
    $results->plan(@tests);
    $results->add( $tests[3], $outcomes[3], 0.5 );
    $results->abandon("stopped by SIGTERM\n");
    is( JSON::PP->new->decode( read_file("$folder/s-json") )->{stopped}, 'stopped by SIGTERM', 'says why, as JSON' );
    like(
        JSON::PP->new->decode( read_file("$folder/s-gradescope") )->{output},
        qr/had to stop: stopped by SIGTERM/,
        '... for Gradescope'
    );
    like( read_file("$folder/s-junit"), qr/errors="1".*<error message="stopped by SIGTERM"/s, '... and as JUnit' );
};

done_testing;
