#!/usr/bin/env perl

# Whose a submission is, and for whom a person decides: names as a Mac writes them, names of two, teams, students with two
# submissions or none.

use v5.32;
use warnings;
use utf8;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd     qw(abs_path);
use Encode  ();
use FindBin qw($Bin);
use Test::More;
use Unicode::Normalize qw(NFD);

use lib "$Bin/../..";
use grader::class::Table;
use tests::lib::ClassStandIn;

eval { grader::class::Table::insist() } // plan skip_all => 'there is no Text::CSV here; ./setup --class installs it';
plan skip_all => tests::lib::ClassStandIn::unfit() if tests::lib::ClassStandIn::unfit();

my $PROGRAM = abs_path("$Bin/../..") . '/grader/grade-class';
my $class   = tests::lib::ClassStandIn->new;

sub bytes ($text) { return Encode::encode( 'UTF-8', $text ) }

sub grade (@options) {
    my $result = $class->run( $class->command( $PROGRAM, map { bytes($_) } @options ) );
    $_ = Encode::decode( 'UTF-8', $_ ) for @{$result}{qw(stdout stderr)};
    return $result;
}

sub content ($name) { return Encode::decode( 'UTF-8', $class->read("grades/$name") // 'nothing' ) }

sub put ( $name, $text ) { return $class->write( "grades/$name", bytes($text) ) }

sub overrides (@lines) {
    return put( 'overrides.csv', join "\n", 'name,late_days,points,change,excused,reason,backend', @lines, q{} );
}

# What the gradebook for Canvas says of one.
sub canvas ($login) { return join ' and ', content('canvas.csv') =~ /,\Q$login\E,[^,]*,(.*)\r$/mg }

$class->submission( bytes($_),               'points 4' ) for NFD('Müller, Jürgen'), 'team7', 'kim_815_1_work';
$class->submission( 'kim_LATE_815_2_work-1', 'points 7' );
$class->submission( 'lee',                   'points 5' );
$class->write( 'rubric.conf', '{ "stages": ["correctness"], "points": { "par.answers.*": 1 } }' );
$class->submission( '__MACOSX', 'points 1' );
$class->write( "class/$_", q{} ) for qw(Thumbs.db desktop.ini);
like( grade()->{stdout}, qr/\Agrade-class: 5 graded\n/, 'what file managers leave is neither a submission nor told' );
put( 'roster.csv', <<'END' );
Student,ID,SIS User ID,SIS Login ID,Section
"Müller, Jürgen",811,S1,jm,A
"Lee, Ann",812,S2,lee,A
"Lee, Anna",813,S3,lee3,A
"Kim, Bo",815,S5,kim,A
"Roe, Al",816,S6,roe,A
"Poe, Al",817,S7,poe,A
"Gone, Al",818,S8,gone,A
"Twin, Jo",819,S9,twin1,A
"Twin, Jo",820,S10,twin2,A
END

subtest 'Names' => sub {
    my $result = grade('--reports');
    is( canvas('jm'),  4, 'umlauts that a Mac took apart are those of the roster' ) or diag content('canvas.csv');
    is( canvas('kim'), 7, 'who handed in twice has one row, with the better score' );
    my $said =
      'Kim, Bo has more than one submission, and the best one counts: kim_815_1_work (4), kim_LATE_815_2_work-1 (7)';
    like( $result->{stdout},                              qr/^    \Q$said\E$/m, '... which is said' );
    like( content('summary.html'),                        qr/\Q$said\E/,        '... on the page, too' );
    like( grade( '--again', 'Müller, Jürgen' )->{stdout}, qr/5 graded/, 'one with umlauts is graded again by name' );
    like(
        grade( '--again', 'Mülller, Jürgen' )->{stderr},
        qr/--again Mülller, Jürgen: there is no such submission/,
        '... and a name with umlauts that is wrong is shown as it was written'
    );
    grade( '--reports', '--assignment', 'Übung 8' );
    like( content('canvas.csv'), qr/Übung 8/, 'an assignment with an umlaut is called so' );
};

subtest 'Sections' => sub {
    my $one = content('roster.csv');
    put( 'roster.csv', $one . $one =~ s/,A$/,B/mgr );
    grade('--reports');
    is( canvas('jm'), 4, 'a student of two sections is one student' );
    unlike(
        content('summary.html'),
        qr/without a submission: [^.]*Student/,
        '... and the head of the second is nobody'
    );
    put( 'roster.csv', $one );
};

subtest 'Names of Moodle' => sub {
    my $canvas = content('roster.csv');
    put( 'roster.csv', <<'END' );
Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade)
Participant 1,Ann Mary Lee,lee@example.org,,,10,
Participant 2,Bo Kim,bo.kim@example.org,,,10,
Participant 3,Al Roe,al@example.org,,,10,
END
    overrides( '"Lee, Ann Mary",,6,,,oral exam', '"KIM, Bo",,5,,,oral exam', 'al@example.org,,4,,,oral exam' );
    grade('--reports');
    my %grade = content('moodle.csv') =~ /^Participant (\d),.*?,(\d+),10,/mg;
    is_deeply( \%grade, { 1 => 6, 2 => 5, 3 => 4 }, 'a family name may stand first, and an address for a name' )
      or diag content('moodle.csv');
    unlink $class->path('grades/moodle.csv');
    overrides();
    put( 'roster.csv', $canvas );
};

subtest 'Decisions' => sub {
    my @wrong = (
        [ 'Ann,1,,,,',         qr/no submission 'Ann'/,                               'part of a name is nobody' ],
        [ '"Twin, Jo",,1,,,x', qr/'Twin, Jo' may be Twin, Jo or Twin, Jo; say which/, 'a name of two is nobody' ],
        [
            'kim,1,,,,',
            qr/'kim' may be kim_815_1_work or kim_LATE_815_2_work-1; say which/,
            '... nor one with two submissions'
        ],
        [
            'gone,1,,,,',
            qr/line 2: Gone, Al handed in nothing: take points as 42, or excused/,
            'nothing cannot be late'
        ],
        [ 'Mü,1,,,,',    qr/no submission 'Mü'/,                       'umlauts are shown as they are' ],
        [ 'lee,,5,5,,x', qr/points and change are two ways; take one/, 'there is one change' ],
    );
    for my $case (@wrong) {
        my ( $line, $words, $what ) = @{$case};
        overrides($line);
        like( grade('--reports')->{stderr}, $words, $what );
    }
    overrides( 'gone,,,,yes,ill', 'roe,,3,,,oral exam', 'lee,,,2,,a spreadsheet drops the sign' );
    grade('--reports');
    is( canvas('gone'), 'EX', 'who handed in nothing can be excused' );
    is( canvas('roe'),  3,    '... or have points' );
    is( canvas('lee'),  7,    'a change without a sign is a change' );
    overrides( 'Al Gone,,,,yes,ill', 'ann lee,,,2,,the other order' );
    grade('--reports');
    is( canvas('gone'), 'EX', 'the first name may stand first' );
    is( canvas('lee'),  7,    '... in any letters' );
    overrides( 'gone,,,,yes,ill', 'roe,,3,,,oral exam', 'lee,,,2,,a spreadsheet drops the sign' );
    grade('--reports');
    like(
        content('summary.html'),
        qr/decided by hand: Roe, Al \(3 points by hand: oral exam\); Gone, Al \(excused: ill\)[.]/,
        '... which the page says'
    );
    unlike( content('summary.html'), qr/without a submission: [^.]*Roe, Al[^(]/, '... and it misses nothing of them' );
};

subtest 'Which file' => sub {
    my %cases = (
        'lee,,,,,,fast.c' => qr{line 2: backend is fast[.]c: say NAME=FILE, as par=src/fast[.]c$},
        'lee,,,,,,foo=x'  =>
          qr/line 2: backend is foo=x: there is no backend 'foo' to be graded; there are hw08 and par$/,
        'lee,,,,,,par=x;par=y'  => qr/line 2: backend is par=y: par=x is there, too/,
        'lee,,,,,,par=../x'     => qr/line 2: backend is par=[.][.].x: it leads out of the submission/,
        'lee,,,,,,par=x,hw08=y' => qr/line 2: 'hw08=y' stands in cell 8, which has no column: put quotes around a cell/,
        'gone,,,,,,par=x'       => qr/Gone, Al handed in nothing/
    );
    for my $line ( sort keys %cases ) {
        overrides($line);
        like( grade('--reports')->{stderr}, $cases{$line}, "told: $line" );
    }
    $class->forget_events;
    overrides('lee,,,,,,par=Größe/a b.c');
    like( grade()->{stdout}, qr/5 graded/, 'a person says which file is to be taken' );
    is_deeply(
        [ map { [ @{$_}{qw(name given)} ] } $class->begun ],
        [ [ 'lee', bytes('par=Größe/a b.c') ] ],
        '... and that submission alone is graded anew, with it'
    );
    unlike( content('gradebook.csv'), qr/Größe/, '... which is no change of a score' );
    overrides();
    grade();
    is( scalar $class->begun, 1, 'without it the grade of before is there' );
};

subtest 'One wrong line' => sub {
    my $of = sub ($name) { return content('gradebook.csv') =~ /^(\Q$name\E,.*)$/m ? $1 : undef };
    overrides( 'lee,,,5,,,', 'nobody,1,,,,,', 'gone,,+3,,,x,', 'team7,,9,,,read it,' );
    my $result = grade('--reports');
    my @told   = (
        'overrides.csv, line 2: a reason is missing; the student will ask for it',
        "overrides.csv, line 3: there is no submission 'nobody'",
        'overrides.csv, line 4: Gone, Al handed in nothing: take points as 42, or excused',
    );
    for my $told (@told) {
        like( $result->{stderr},       qr/^grade-class: \Q$told\E$/m,                   "told at once: $told" );
        like( $result->{stdout},       qr/^    \Q$told\E$/m,                            '... and at the end' );
        like( content('summary.html'), qr/\Q@{[ $told =~ s{'}{&#39;}gr ]}\E|\Q$told\E/, '... and on the page' );
    }
    is( $result->{exit}, 1, '... and by the status' );
    like( $of->('team7'), qr/^team7,[^,]*,?.*,9,/,  'everybody else has the grade that was decided' );
    like( $of->('lee'),   qr/broken.*\Q$told[0]\E/, 'who is in the line has none, and is to be looked at' );
    is( canvas('lee'),  q{}, '... and no row where it would be taken for one' );
    is( canvas('gone'), q{}, '... nor has who handed in nothing' );
    overrides( 'lee,1,,,,,', 'lee,2,,,,,' );
    like(
        grade('--reports')->{stderr},
        qr/line 3: lee has a line already, line 2: keep one of them$/,
        'two lines are told'
    );
    is( canvas('lee'), q{}, '... and none of them counts' );

    my $head = 'name,points,reason';
    my %odd  = (
        "$head,points\nlee,1,x,2\n"                    => qr/line 1: there are two columns 'points': keep one of them/,
        "$head,\nlee,1,x,2\n"                          => qr/line 2: '2' stands in cell 4, which has no column/,
        "$head\nlee,1,late, but ok\n"                  => qr/line 2: 'but ok' stands in cell 4/,
        "name;points;backend\nlee;;par=a.c;hw08=b.c\n" => qr/line 2: 'hw08=b.c' stands in cell 4/,
    );
    for my $text ( sort keys %odd ) {
        put( 'overrides.csv', $text );
        like( grade('--reports')->{stderr}, $odd{$text}, 'told: ' . $text =~ s/\n/ | /gr );
    }
    for my $text ( "\x{feff}NAME;Points;Reason;\n\nlee ; 3 ;\"x; y\";;\n", "name\tpoints\treason\nlee\t3\tx\n" ) {
        put( 'overrides.csv', $text );
        is( grade('--reports')->{stderr}, q{}, 'nothing is wrong with a mark, blanks, empty cells or another sign' );
        is( canvas('lee'),                3,   '... and it counts' );
    }
    overrides();
};

subtest 'A file that is not there' => sub {
    my $lost = '--backend par=none.c: there is no such file in the submission; there are: a.c';
    $class->submission( 'lee', "breaks $lost" );
    overrides( 'team7,,9,,,read it,', 'lee,,,,,,par=none.c' );
    my $said = 'overrides.csv, line 3: backend is ' . $lost =~ s/--backend //r;
    like( grade()->{stdout}, qr/^    lee: \Q$said\E$/m, 'is told with the line where it stands' );
    $class->submission( 'lee', 'points 5' );
    overrides();
    grade();
};

subtest 'Too many points' => sub {
    overrides( 'lee,,70,,,typed twice', 'roe,,33,,,likewise' );
    my $said = grade('--reports')->{stdout};
    for my $words ( 'lee has 70 of 10 points by hand.', 'Roe, Al has 33 of 10 points by hand.' ) {
        like( $said,                   qr/^    \Q$words\E$/m, "it is said: $words" );
        like( content('summary.html'), qr/\Q$words\E/,        '... on the page, too' );
    }
    overrides('lee,,10,,,all of them');
    unlike( grade('--reports')->{stdout}, qr/by hand/, 'all points are not too many' );
};

subtest 'Teams' => sub {
    overrides();
    put( 'teams.csv', "submission,student\nteam7,roe\nteam7,\"Poe, Al\"\n" );
    grade('--reports');
    is( canvas('roe'), 4, 'a team has a row for each' );
    is( canvas('poe'), 4, '... however the roster calls them' );
    like( content('gradebook.csv'), qr/team7,"Roe, Al; Poe, Al"/, '... and the gradebook says who they are' );
    unlike( content('summary.html'), qr/Of nobody/, '... so that it is nobody\'s no more' );
    overrides('poe,1,,,,');
    like(
        grade('--reports')->{stderr},
        qr/'poe' is one of team7: write team7, and it is for all of them/,
        'one of a team is all of it'
    );
    overrides('team7,1,,,,');
    grade('--reports');
    is( canvas('poe'), 3.6, '... when the team is named' );

    for my $case (
        [ 'team8,roe',        qr/no submission 'team8'; did you mean team7[?]/ ],
        [ 'team7,ro',         qr/no student 'ro'; did you mean roe[?]/ ],
        [ 'team7,Poe, Al',    qr/' ?Al' stands in cell 3, which has no column: put quotes around/ ],
        [ 'team7,"Twin, Jo"', qr/'Twin, Jo' is the name of 2 students; give the login/ ]
      )
    {
        put( 'teams.csv', "submission,student\n$case->[0]\n" );
        like(
            grade('--reports')->{stderr},
            qr/teams[.]csv, line 2: .*$case->[1]/,
            "a mistake in teams.csv is named: $case->[0]"
        );
    }
    put( 'teams.csv', "submission,student\nteam8,roe\nteam7,poe\n" );
    my $result = grade('--reports');
    is( $result->{exit}, 1, '... and by the status' );
    like( content('summary.html'), qr/teams[.]csv, line 2: there is no submission/, '... and on the page' );
    is( canvas('poe') . canvas('roe'), '3.6', '... and the other lines count' );
    put( 'teams.csv', "submission,student,student\nteam7,roe,poe\n" );
    like(
        grade('--reports')->{stderr},
        qr/line 1: there are two columns 'student': keep one of them/,
        'a column too many'
    );
    unlink $class->path('grades/teams.csv');
};

subtest 'What is not read' => sub {
    overrides();
    put( 'overrides.xlsx', 'PK' );
    put( 'Grades-CS.csv',  'Student' );
    my $said = grade('--reports')->{stdout};
    like( $said, qr/^grade-class: \S+\/\Q$_\E is not read; of tables there are overrides.csv, roster.csv, teams.csv$/m,
        "$_ is told" )
      for qw(overrides.xlsx Grades-CS.csv);
    is( scalar( () = $said =~ /is not read/g ), 2, '... and nothing of ours' );
    unlink map { $class->path("grades/$_") } qw(overrides.xlsx Grades-CS.csv);
    my $roster = content('roster.csv');
    put( 'roster.csv', "PK\x03\x04 and more" );
    like(
        grade('--reports')->{stderr},
        qr/roster[.]csv: this is a workbook of a spreadsheet: save it as CSV$/,
        'a workbook is called one'
    );
    put( 'roster.csv', "Nachname;Vorname;Benutzername\nDoe;Jane;jdoe\n" );
    like( grade('--reports')->{stderr}, qr/change yours to English there$/, 'a roster in German has a remedy' );
    put( 'roster.csv', $roster );
};

subtest 'Another roster' => sub {
    overrides();
    put( 'roster.csv', "Identifier,Full name,Grade,Last modified (grade)\nParticipant 1,lee,,-\n" );
    grade('--reports');
    like( content('moodle.csv'), qr/Participant 1,lee,5/,              'of another platform' );
    like( content('moodle.csv'), qr/the correctness &lt;is&gt; right/, '... where a comment is HTML' );
    ok( !-e $class->path('grades/canvas.csv'), '... leaves no gradebook of the old one' );
};

done_testing;
