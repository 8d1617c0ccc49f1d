#!/usr/bin/env perl

# What a changed rubric costs: points are looked up when reports are written, so nothing is run for them; what is run or asked
# for a pass is run again for that pass alone. And what people do to grades: points by hand, lateness, a regrade of one.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd      qw(abs_path);
use FindBin  qw($Bin);
use JSON::PP ();
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use grader::class::Keys;
use grader::results::Points;
use tests::lib::ClassStandIn;

my $real = abs_path("$Bin/../..");
plan skip_all => tests::lib::ClassStandIn::unfit() if tests::lib::ClassStandIn::unfit();

my $KIT_CONF = "$real/grader/rubrics/kit.conf";

my $class = tests::lib::ClassStandIn->new;
my %row;    # of the gradebook, by name

# Result: that of the run; the gradebook is in %row.
sub grade (@options) {
    $class->forget_events;
    my $result    = $class->run( $class->command( "$real/grader/grade-class", @options ) );
    my $gradebook = $class->json('grades/gradebook.json');
    %row = $gradebook ? map { $_->{name} => $_ } @{ $gradebook->{submissions} } : ();
    return $result;
}

sub begun () {
    return join q{ }, sort map { "$_->{pass}-$_->{name}" } $class->begun;
}

sub rubric ($values) {
    my %rubric = (
        stages => [qw(build correctness speed deliverables)],
        points => { 'par.build' => 2, 'par.answers.*' => 1, 'par.base.list' => 6, report => 5 },
        %{$values}
    );
    return $class->write( 'rubric.conf', JSON::PP->new->canonical->encode( \%rubric ) );
}

sub override ($text) { return $class->write( 'grades/overrides.csv', "name,late_days,points,excused,reason\n$text" ) }

subtest 'Other points' => sub {
    $class->submission( "student$_", "points $_" ) for 1 .. 12;
    is( grade( '--jobs', 4 )->{exit}, 0,  'a class of twelve is graded' );
    is( scalar( $class->begun ),      24, '... in two passes each' );
    is( $row{student4}{score},        14, '... 2 of the build, 4 answers, half of 6 for speed, 5 for the report' );

    rubric( { points => { 'par.answers.*' => 10, 'par.base.list' => 100, report => 1 }, cannot_tell => 0.1 } );
    grade();
    is( begun(),                        '',  'with other points nothing is run' );
    is( $row{student4}{score},          51,  '... and the points are the new ones' );
    is( $row{student12}{score},         111, '... of everybody' );
    is( $row{student4}{max},            201, '... and so is the most that can be had' );
    is( $row{student4}{untold}{points}, 90,  '... and what could not be told' );

    rubric( { limits => { run_s => 7 } } );
    grade();
    is( scalar( $class->begun ), 24, 'a limit is of both passes' );
    rubric( { limits => { run_s => 7 }, speed => { base => 5 } } );
    grade();
    is_deeply( [ map { $_->{pass} } $class->begun ], [ ('timing') x 12 ], 'a threshold of speed is timed again' );
    rubric( { limits => { run_s => 7 }, speed => { base => 5 }, terms => { alignment => 1 } } );
    grade();
    is_deeply(
        [ map { $_->{pass} } $class->begun ],
        [ ('correctness') x 12 ],
        'a term asks for right answers anew, and times nothing'
    );
};

subtest 'What the real grader keeps' => sub {
    my ( undef, %base ) = ( 0, grader::class::Keys::rubrics_of( grader::Rubric->read_file($KIT_CONF) ) );
    for my $pass (qw(correctness timing)) {
        my $rubric = JSON::PP->new->decode( $base{$pass} );
        is( join( q{ }, grep { exists $rubric->{$_} } qw(points slow cannot_tell late_day) ), '', "$pass: no points" );
        $class->write( "$pass.conf", $base{$pass} );
        ok( eval { grader::Rubric->read_file( $class->path("$pass.conf"), $KIT_CONF ) }, '... a rubric of its own' )
          or diag $@;
    }
    like( $base{correctness}, qr/"alignment" : 8/,       'the terms reach the grader' );
    like( $base{timing},      qr/"silent" : (?:true|1)/, '... also that by which a timed answer is judged' );

    my $rubric = grader::Rubric->read_file($KIT_CONF);
    my $worth  = sub (%test) { return grader::results::Points::of( $rubric, { verdict => 'pass', %test } )->{points} };
    is( $worth->( id => 'par.answers.list' ),                            2,   'right' );
    is( $worth->( id => 'par.answers.list', slow => 1 ),                 1,   'right, but slow' );
    is( $worth->( id => 'par.base.list', verdict => 'skip' ),            3,   'not told' );
    is( $worth->( id => 'par.tsan', verdict => 'skip' ),                 0.5, 'no ThreadSanitizer' );
    is( $worth->( id => 'par.tsan', verdict => 'skip', blameless => 1 ), 1,   '... through nobody\'s fault' );
    is( $worth->( id => 'par.valgrind', verdict => 'skip' ),             1,   'no valgrind' );
    my $ours = { id => 'par.errno', verdict => 'fail', ours => 1 };
    is( grader::results::Points::of( $rubric, $ours )->{reported}, 1, 'what only this kit promises is reported' );
    my $asked = grader::Rubric->read_file( $class->path('timing.conf'), $KIT_CONF );
    $asked->{values}{points} = { '*' => 1 };
    is( grader::results::Points::of( $asked, $ours )->{reported}, 0, '... unless a rubric asks for it' );
};

subtest 'What a person decided' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( $_,                                'points 7' ) for qw(late both set excused);
    $class->submission( 'broken',                          'breaks it is a bomb' );
    $class->submission( 'Jo Doe_47_assignsubmission_file', 'points 7' );
    grade();
    is(
        $class->read('grades/overrides.csv'),
        "name,late_days,points,change,excused,reason,backend\n",
        'there is a file for it'
    );
    override( "late,2,,,\nboth,1,+5,,asked in class\nset,,12.5,no,read by hand\n"
          . "excused,,,yes,\"ill, see the letter\"\nbroken,,3,,typed in by hand\n" );
    my $result = grade();
    is( $result->{exit},       0, 'nobody is left without a grade' ) or diag $result->{stdout} . $result->{stderr};
    is( begun(),               'correctness-broken', 'only what has no grade is tried again' );
    is( $row{late}{score},     13.6,                 'two days late cost a fifth of 17' );
    is( $row{late}{computed},  17,                   '... the score of the grader is kept beside it' );
    is( $row{both}{score},     20.3,                 'points by hand come after that' );
    is( $row{set}{score},      12.5,                 'a score can be set' );
    is( $row{broken}{score},   3,                    '... also where the grader has none' );
    is( $row{excused}{score},  undef,                'who is excused has no score' );
    is( $row{excused}{status}, 'excused',            '... and is called so' );

    for my $file ( $row{both}{feedback}, $row{both}{details}, 'gradebook.csv', 'summary.html' ) {
        like( $class->read("grades/$file") =~ s/\s+/ /gr, qr/[+]5 points by hand: asked in class/, "$file says so" );
    }
    for my $file ( $row{late}{feedback}, $row{late}{details}, 'summary.html' ) {
        like( $class->read("grades/$file") =~ s/\s+/ /gr, qr/less;? the grader gave 17/, "$file says what it was" );
    }

    override(qq{late,"0,5",,,\nset,,"12,25",,read by hand\nboth,,"+2,5",,asked in class\n});
    grade();
    is_deeply(
        [ map { $row{$_}{score} } qw(late set both) ],
        [ 16.15, 12.25, 19.5 ],
        'numbers as half of Europe writes them'
    );

    my %mistake = (
        "nobody,1,,,\n"  => qr/overrides[.]csv, line 2: there is no submission 'nobody'\n/,
        "latte,1,,,\n"   => qr/line 2: there is no submission 'latte'; did you mean late\?/,
        "Jo Doe,1,,,\n"  => qr/line 2: there is no submission 'Jo Doe'; did you mean Jo Doe_47_assignsubmission_file\?/,
        "late,,3,,\n"    => qr/line 2: a reason is missing/,
        "late,,,yes,\n"  => qr/line 2: a reason is missing/,
        "late,soon,,,\n" => qr/line 2: late_days is 'soon'/,
        "set,1,,,\nlate,,a,,x\n" => qr/line 3: points is 'a', and must be as 42, [+]5 or -3/,
        "late,,\"1,000\",,x\n"   => qr/line 2: points is '1,000', and must be/,
        "late,1,,,\nlate,2,,,\n" => qr/line 3: late has a line already, line 2: keep one/,
    );
    for my $text ( sort keys %mistake ) {
        override($text);
        $result = grade();
        is( $result->{exit}, 1, 'a mistake is told: ' . $text =~ s/\n/ /gr );
        like( $result->{stderr}, $mistake{$text}, '... in a line that says where' );
    }
    $class->write( 'grades/overrides.csv', "name,days\n" );
    like( grade()->{stderr}, qr/line 1: 'days' is no column; there are name, late_days/, 'a wrong column, too' );
};

subtest 'Reports alone' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( 'fine',   'points 7' );
    $class->submission( 'broken', 'breaks it is a bomb' );
    grade();
    rubric( { points => { '*' => 1 } } );
    $class->submission( 'new', 'points 1' );
    grade('--reports');
    is( begun(),                                                    '', 'run nothing, not even what has no grade' );
    is( "$row{fine}{score} $row{new}{status} $row{broken}{status}", '9.5 pending broken', '... and are new' );
};

subtest 'A regrade of one' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( "of-$_", "points $_" ) for 1 .. 3;
    grade();
    my @kept = glob $class->path('grades/state/done/*');
    grade( '--again', 'of-2' );
    is( begun(), 'correctness-of-2 timing-of-2', 'grades that one, and nobody else' );
    my @aside =
      sort { $b =~ /[.]correctness[.]/ <=> $a =~ /[.]correctness[.]/ } glob $class->path('grades/state/aside/*');
    is( scalar @aside,                                                       2, '... and the results before are kept' );
    is( $class->json( substr $aside[0], length $class->path . '/' )->{pass}, 'correctness', '... as they were' );
    is( scalar( () = glob $class->path('grades/state/done/*') ),             scalar @kept,  '... nobody loses any' );
    my $result = grade( '--again', 'off-2' );
    is(
        $result->{stderr},
        "grade-class: --again off-2: there is no such submission; did you mean of-2?\n",
        'a name that is not there'
    );
};

subtest 'A full disk' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( 'one', 'points 1' );
    my @small = ( qw(bwrap --dev-bind / / --size 40000 --tmpfs), $class->path('grades') );
    mkdir $class->path('grades');
    plan skip_all => 'bubblewrap makes no small file system here' if system( @small, 'true' ) != 0;
    my $result = $class->run( @small, $class->command("$real/grader/grade-class") );
    is( $result->{exit}, 2, 'ends the run' ) or diag $result->{stdout};
    like(
        $result->{stderr},
        qr/\Agrade-class: cannot write \S+: No space left on device\n[^\n]*make room[^\n]*what is graded is kept\n\z/,
        '... with the file, the cause, and what to do'
    );
};

done_testing;
