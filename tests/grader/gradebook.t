#!/usr/bin/env perl

# What people read of a class: the box with what they should look at, the paragraph for a student, the gradebooks for learning
# platforms, and the export without names.

use v5.32;
use warnings;
use utf8;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use Encode     ();
use File::Find ();
use File::Path qw(make_path);
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use grader::class::Reports;
use grader::class::Store;
use grader::class::Table;
use tests::lib::ClassStandIn;

eval { grader::class::Table::insist() } // plan skip_all => 'there is no Text::CSV here; ./setup --class installs it';

my $KIT_CONF = abs_path("$Bin/../..") . '/grader/rubrics/kit.conf';
my $rubric   = grader::Rubric->read_file($KIT_CONF);

# A class whose results are made up: nothing is graded here.
my $class = tests::lib::ClassStandIn->new;
my $store = grader::class::Store->new( $class->path('grades') );
$store->make_folders('state');

sub test_of ( $id, $verdict, %more ) {
    return { id => $id, name => "$id is as it should be", verdict => $verdict, diag => [], notes => [], %more };
}

my $MISSING = 'there is no par_alloc.c in the submission';
my @RIGHT   = map { test_of( $_, 'pass' ) } qw(hw08.build par.build par.answers.list par.work.list report);
my %SAID    = (
    jdoe  => \@RIGHT,
    noisy =>
      [ @RIGHT, test_of( 'par.base.list', 'skip', reason => 'cannot tell: 3.9; grade again on a quieter machine' ), ],
    '4711_misnamed' => [
        test_of( 'hw08.build', 'pass', notes => ['hw8_alloc.c is taken for hw08_alloc.c'] ),
        test_of(
            'par.build',
            'fail',
            diag => [
"$MISSING; found instead: parr_alloc.c (did you mean par_alloc.c?); rename the one that is meant, or say --backend par=FILE"
            ]
        ),
        test_of( 'par.objects',      'fail', diag => ["there is nothing to look into: $MISSING"] ),
        test_of( 'par.answers.list', 'fail', diag => [ 'bin/list-par was not built', $MISSING ] ),
        test_of( 'report',           'fail', diag => ['there is no report'] ),
    ],
    empty => [
        test_of( 'hw08.build', 'fail', diag => ['there is no hw08_alloc.c in the submission'] ),
        test_of( 'par.build',  'fail', diag => [$MISSING] ),
    ],
    hollow => [
        test_of( 'hw08.build', 'fail', diag => ['hw08_alloc.c is empty'] ),
        test_of( 'par.build',  'fail', diag => ['par_alloc.c is empty'] ),
    ],
    nested => [
        map {
            test_of( "$_.build", 'fail',
                diag => ["there is no ${_}_alloc.c in the submission; 'a.zip' is packed once more"] )
        } qw(hw08 par)
    ],
    forger => [
        @RIGHT[ 0 .. 2 ],
        test_of( 'par.objects', 'fail', diag => [ 'it calls execve', 'the grader ran none of it' ] )
    ],
    bomb   => 'the archive unpacks to more than 64 MiB',
    course => [
        test_of( 'hw08.build', 'pass', notes => ['hwx_malloc.c is taken for hw08_alloc.c'] ),
        test_of( 'par.build',  'fail', diag  => [$MISSING] ),
    ],
);

# Result: the grades; the reports are in the output folder.
sub report (%facts) {
    my @submissions = map { { name => $_, file => $_, path => "/class/of/fall/$_.zip" } } sort keys %SAID;
    $submissions[-1]{same_as} = 'jdoe';
    my %done;
    for my $name ( keys %SAID ) {
        my $said = $SAID{$name};
        my %pass = ( pass => 'correctness', host => 'here', seconds => 1, cpu_s => 1 );
        $done{$name} =
          { correctness => ref $said ? { %pass, result => { tests => $said } } : { %pass, broken => $said } };
    }
    my $wishes = grader::class::Reports::read_wishes( $store, \@submissions, [qw(hw08 par)] );
    my @grades = grader::class::Reports::grades( \@submissions, \%done, $rubric, $wishes );
    my @said   = grader::class::Reports::write_all(
        $store, \@grades,
        about      => { folder => '/class/of/fall', rubric => 'kit.conf', when => 'now', kit => 'a', seed => 1 },
        left_out   => ['loose.rar'],
        wishes     => $wishes,
        assignment => 'Allocator',
        %facts
    );
    return ( \@said, map { $_->{name} => $_ } @grades );
}

sub content ($name) { return Encode::decode( 'UTF-8', $class->read("grades/$name") // 'nothing' ) }

sub roster ($text) { return $class->write( 'grades/roster.csv', Encode::encode( 'UTF-8', $text ) ) }

# The rows of a CSV as tables by the head.
sub rows ($name) {
    my ( $head, @rows ) = map { $_->[1] } grader::class::Table::read_file( $class->path("grades/$name") );
    return map {
        my %cell;
        @cell{ @{$head} } = @{$_};
        \%cell
    } @rows;
}

sub row ( $file, $column, $value ) {
    my ($row) = grep { ( $_->{$column} // q{} ) eq $value } rows($file);
    return $row // {};
}

subtest 'The box' => sub {
    my ( undef, %grade ) = report();
    my ($box) = content('summary.html') =~ /<section class="box">(.*?)<\/section>/s;
    my @lines = map { s/<[^>]*>/ /gr =~ s/\s+/ /gr } $box =~ /<tr>(.*?)<\/tr>/gs;
    is_deeply(
        [ map { s/&#39;/'/gr =~ s/\A | \z//gr } @lines ],
        [
            'not graded bomb all the archive unpacks to more than 64 MiB',
            'empty empty all there is no C file in it',
            'empty hollow all hw08_alloc.c is empty',
            'empty hollow all par_alloc.c is empty',
            "empty nested all there is no C file in it; 'a.zip' is packed once more",
"wrong name 4711_misnamed all $MISSING; found instead: parr_alloc.c (did you mean par_alloc.c?); rename the one that is meant, or write par=FILE under backend in overrides.csv",
            'wrong name 4711_misnamed all hw8_alloc.c is taken for hw08_alloc.c',
            "missing course all $MISSING",
            'suspicious forger all par.objects: it calls execve',
            'same files noisy all the same files as jdoe',
            'not a submission loose.rar pack it again as .tar.gz or as an ordinary .zip',
        ],
        'holds what a person should look at, with the reason and what was found'
    );
    ok( index( content('summary.html'), $box ) < index( content('summary.html'), 'How the scores lie' ),
        '... at the top' );
    like(
        row( 'gradebook.csv', name => '4711_misnamed' )->{attention},
        qr/\Awrong name: .*did you mean par_alloc/,
        'the gradebook has it'
    );
    unlike( row( 'gradebook.csv', name => 'course' )->{attention},
        qr{wrong name}, 'a name that the rubric accepts is right' );
};

subtest 'A paragraph' => sub {
    my ( undef, %grade ) = report();
    my $text = grader::class::Feedback::paragraph( $grade{'4711_misnamed'} );
    is(
        $text,
        '2 of 11 points. First failure, 2 points lost: par.build is as it should be. '
          . 'There is no par_alloc.c in the submission; found instead: parr_alloc.c (did you mean par_alloc.c?); rename the one that is meant, or say --backend par=FILE. '
          . '2 tests could not be made (2 points) because of a failure before. 1 other test fails (5 points).',
        'says what failed first, what it cost, what follows from it, and what else there is'
    );
    like(
        grader::class::Feedback::paragraph( $grade{hollow} ),
        qr/[.] hw08_alloc[.]c is empty[.]/,
        'the name of a file keeps its letters'
    );
    like(
        grader::class::Feedback::paragraph( $grade{noisy} ),
qr/\A15 of 18 points[.] Nothing is wrong[.] 3 points could not be told on this busy machine; grade again when it is quiet[.]\z/,
        'noise is told beside the score that it lowered'
    );
    like( content('summary.html'), qr/3 points could not be told on this busy machine/, '... on the page' );
    is( row( 'gradebook.csv', name => 'noisy' )->{untold_points}, 3, '... and in the gradebook' );
    my @lines = split /\n/, content('feedback/4711_misnamed.txt');
    cmp_ok( scalar @lines, '<', 20, 'a student reads a screen at most' );
    like( $lines[-1], qr{details/4711_misnamed[.]txt\z}, '... that says where the rest is' );
};

subtest 'Canvas' => sub {
    roster( <<'END' );
Student,ID,SIS User ID,SIS Login ID,Section,Warm-up (11),Allocator (4242)
    Points Possible,,,,,10,100
"Doe, Jane",815,S815,jdoe,"Systems, 1",9,
"Möller, Ida",4711,S1,imoeller,Systems,8,
"Gone, Al",99,S99,algone,Systems,7,
"Noise, No",7,S7,noisy,Systems,,
"Big, Bo",8,S8,bomb,Systems,,
END
    $class->write( 'grades/overrides.csv', "name,excused,reason\nnoisy,yes,ill\n" );
    $class->submission( 'x', q{} );
    $SAID{'moellerida_LATE_4711_12_my_work'} = delete $SAID{'4711_misnamed'};
    my ($said) = report();
    is( "@{$said}", $class->path('grades/canvas.csv'), 'a roster of Canvas gives a gradebook for Canvas' );
    my @lines = split /\r\n/, content('canvas.csv');
    is(
        $lines[0],
        'Student,ID,SIS User ID,SIS Login ID,Section,Allocator (4242)',
        '... with the columns that it needs, and that of the assignment with its number'
    );
    like( $lines[1], qr/\A"?    Points Possible"?,,,,,18\z/, '... what there is to be had' );
    is( $lines[2], '"Doe, Jane",815,S815,jdoe,"Systems, 1",12', '... a score, found by the login' );
    is(
        $lines[3],
        '"Möller, Ida",4711,S1,imoeller,Systems,2',
        '... or by the ID in the name that Canvas gave the file'
    );
    is( $lines[4],     '"Noise, No",7,S7,noisy,Systems,EX', '... who is excused' );
    is( scalar @lines, 5, '... and no row for who has no score: an empty cell would wipe one out' );
    like( content('summary.html'), qr/In the roster, but without a submission: Gone, Al[.]/,
        '... whom the page names' );
    like(
        content('summary.html'),
        qr/Of nobody in the roster, so not in its gradebook: course; empty;/,
        '... as it does the others'
    );
    is( row( 'gradebook.csv', name => 'jdoe' )->{student}, 'Doe, Jane', 'the gradebook has their names' );
    report( assignment => 'Other' );
    like( content('canvas.csv'), qr/\A[^\r]*,Section,Other\r/, 'an assignment that is not there is a new column' );
    $class->write( 'grades/overrides.csv', "name,points,reason\nimoeller,42,by hand\n" );
    report();
    like( content('canvas.csv'), qr/imoeller,Systems,42\r/, 'an override may go by the login' );
    unlink $class->path('grades/overrides.csv');
};

subtest 'Moodle' => sub {
    my $worksheet = <<'END';
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments
Participant 12,Jane Doe,jdoe@example.edu,Submitted,,10,Yes,"Monday, 1 January",-,
Participant 13,Al Gone,al@example.edu,No submission,,10,Yes,-,-,
END
    roster($worksheet);
    my ($said) = report();
    is_deeply(
        $said,
        [
            $class->path('grades/moodle.csv'),
            'Moodle takes no grade over 10, and this rubric has 12 points: set the maximum of the assignment'
        ],
        'a worksheet of Moodle comes back, and a maximum that is too low is said'
    );
    my @rows = rows('moodle.csv');
    is( scalar @rows, 1, '... with those who have a score' );
    is_deeply(
        [ @{ $rows[0] }{ 'Identifier', 'Grade', 'Maximum Grade', 'Last modified (grade)' } ],
        [ 'Participant 12', 12, 10, '-' ],
        '... in the columns that Moodle goes by; the others are as they were'
    );
    like(
        $rows[0]{'Feedback comments'},
        qr/\A12 of 12 points[.] Nothing is wrong/,
        '... with the paragraph as a comment'
    );
    roster( <<'END' );
Identifier;Full name;Email address;Status;Grade;Maximum grade;Last modified (grade)
Participant 12;Jane Doe;jdoe@example.edu;Submitted;;100,00;-
Participant 14;;;No submission;;100,00;-
Total;;;;;100,00;
END
    is(
        ( report() )[0][1],
        'Moodle has 100 as the maximum grade, and this rubric 12 points: set the maximum of the assignment',
        '... and one that is too high, as a spreadsheet of Germany has it'
    );
    like(
        content('summary.html'),
        qr/without a submission: Participant 14[.]/,
        '... where a line for totals is nobody'
    );
    roster($worksheet);
    $SAID{'Al Gone_13_assignsubmission_file'} = \@RIGHT;
    report();
    is( row( 'moodle.csv', Identifier => 'Participant 13' )->{Grade},
        12, '... also by the number that Moodle gives a folder' );
    delete $SAID{'Al Gone_13_assignsubmission_file'};
};

subtest 'Blackboard' => sub {
    my $text = join "\t", map { qq{"$_"} } 'Last Name', 'First Name', 'Username', 'Student ID', 'Last Access',
      'Availability',
      'Allocator [Total Pts: 100 Score] |77';
    $text .= "\n" . join "\t", map { qq{"$_"} } qw(Doe Jane jdoe S815 today Yes),     q{};
    $text .= "\n" . join "\t", map { qq{"$_"} } qw(Möller Ida imoeller S1 today Yes), q{};
    $class->write( 'grades/roster.csv', "\xff\xfe" . Encode::encode( 'UTF-16LE', $text ) );
    $SAID{'Allocator_imoeller_attempt_2026-11-28-10-44-00_my_work'} = delete $SAID{'moellerida_LATE_4711_12_my_work'};
    my ($said) = report();
    is( "@{$said}", $class->path('grades/blackboard.csv'), 'its roster is of tabs and UTF-16' );
    is_deeply(
        [ split /\r\n/, content('blackboard.csv') ],
        [
            '"Last Name","First Name","Username","Student ID","Allocator [Total Pts: 100 Score] |77"',
            '"Möller","Ida","imoeller","S1","2"',
            '"Doe","Jane","jdoe","S815","12"',
        ],
        '... and what goes back is quoted, with the number of the column'
    );
    $class->write( 'grades/roster.csv', "name,points\na,1\n" );
    like(
        eval { report() } // $@,
        qr/roster[.]csv: these are not the columns of a roster; wanted are those of Canvas \(Student, ID, Section\)/,
        'another table is refused in a line'
    );
    $class->write( 'grades/roster.csv', "Student,ID,SIS User ID,SIS Login ID,Section\nQuux, Zaphod,815,S815,jdoe,1\n" );
    like(
        eval { report() } // $@,
        qr/roster[.]csv, line 2: '1' stands in cell 6, which has no column: put quotes around/,
        '... and one in which a comma has moved the cells of a student'
    );
};

subtest 'Without names' => sub {
    $class->write( 'grades/roster.csv',
        "Student,ID,SIS User ID,SIS Login ID,Section\n\"Quux, Zaphod\",815,S815,jdoe,1\n" );
    $SAID{jdoe} = [ @RIGHT,
        test_of( 'par.resize', 'fail', diag => ['/tmp/x/jdoe/par_alloc.c of Zaphod Quux (S815) lost a byte'] ) ];
    my ( undef, %grade ) = report( anonymous => 1 );
    my ( %found, $all, $names );
    my $look = sub {
        return if !-f;
        open my $file, '<:raw', $_ or die $!;
        local $/ = undef;
        $all .= $_ . <$file>;
    };
    File::Find::find( { no_chdir => 1, wanted => $look }, $class->path('grades/anonymous') );
    $all =~ s/\Q${\$class->path('grades')}\E//g;
    for my $name ( qw(jdoe Zaphod Quux S815 4711 imoeller forger /class/of), keys %SAID ) {
        next if $name =~ /\A(?:empty|course)\z/;    # words of ours, too
        unlike( $all, qr/(?<![[:alnum:]])\Q$name\E(?![[:alnum:]])/i, "no file holds or is called $name" );
    }
    like( $all, qr/s-[0-9a-f]{10} of s-[0-9a-f]{10} .* lost a byte|lost a byte/, '... and what was said is there' );
    my @first = map { $_->{name} } rows('anonymous/gradebook.csv');
    report( anonymous => 1 );
    is_deeply( [ map { $_->{name} } rows('anonymous/gradebook.csv') ], \@first, 'the pseudonyms stay the same' );
    is( scalar( grep { /\As-[0-9a-f]{10}\z/ } @first ),           scalar keys %SAID, '... one each' );
    is( ( stat $class->path('grades/state/secret') )[2] & oct 77, 0, 'nobody else may read the secret' );
    my ($score) = map { $_->{score} } grep { $_->{name} eq $first[0] } rows('anonymous/gradebook.csv');
    unlink $class->path('grades/state/secret');
    report( anonymous => 1 );
    isnt( join( q{ }, map { $_->{name} } rows('anonymous/gradebook.csv') ),
        "@first", 'another secret, other pseudonyms' );
};

done_testing;
