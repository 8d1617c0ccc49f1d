#!/usr/bin/env perl

# How a class is graded: every submission once and only once, whatever it is called and whatever it does; speed never beside
# anything; and a run that is stopped, in any way, leaves nothing at work and can be taken up again.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar ();
use Cwd          qw(abs_path);
use Encode       ();
use File::Copy   qw(copy);
use File::Path   qw(make_path);
use FindBin      qw($Bin);
use JSON::PP     ();
use Test::More;

use lib "$Bin/../..";
use tests::lib::ClassStandIn;
use tests::lib::Waiting qw(wait_until);
use tests::lib::KitCopy;

my $real = abs_path("$Bin/../..");
plan skip_all => tests::lib::ClassStandIn::unfit() if tests::lib::ClassStandIn::unfit();

my $GENEROUS_S = 900;
my $PROGRAM    = "$real/grader/grade-class";

my $class = tests::lib::ClassStandIn->new;

sub grade (@options) { return $class->run( $class->command( $PROGRAM, @options ) ) }

sub nothing_is_left ($when) {
    is( join( q{ }, $class->alive ), q{}, "no grader is at work $when" );
    opendir my $tmp, $class->path('tmp') or die $!;
    is( join( q{ }, grep { !/\A[.]/ } readdir $tmp ), q{}, "no temporary file is left $when" );
    return;
}

my %row;    # of the gradebook, by name

sub read_gradebook () {
    %row = map { $_->{name} => $_ } @{ $class->json('grades/gradebook.json')->{submissions} };
    return;
}

subtest 'A class' => sub {
    $class->submission( $_, 'points 10 meets' ) for 'alice', '-rf', q{it's "bob" $(touch here)}, "new\nline", '=1+1';
    $class->submission( "\xff\xfe",        'points 4' );
    $class->submission( 'Müller 陳',        'points 4' );
    $class->submission( 'breaks',          'breaks the archive <b>is</b> a bomb' );
    $class->submission( 'dies',            'dies' );
    $class->submission( 'half',            'half points 5' );
    $class->submission( 'fallen & <b>bad', 'points 3' );
    my $tar = Archive::Tar->new;
    $tar->add_data( 'par_alloc.c', 'int x;' );
    $tar->write( $class->path('class/carol.tar.gz'), Archive::Tar::COMPRESS_GZIP() );
    $class->write( 'class/README', 'not handed in' );
    $class->submission( '.hidden', 'points 1' );

    my $result = grade( '--jobs', 2 );
    is( $result->{exit},   1,   'exit status 1, because some could not be graded' ) or diag $result->{stdout};
    is( $result->{stderr}, q{}, 'nothing on standard error' );
    like( $result->{stdout}, qr/'README' is neither a folder nor an archive/,     'what is no submission is named' );
    like( $result->{stdout}, qr/^grade-class: 9 graded, 3 could not be graded$/m, 'how it went is said' );
    like( $result->{stdout}, qr/^    breaks: the archive <b>is<\/b> a bomb$/m,    '... and what broke the grader' );
    unlike( $result->{stdout}, qr/[^\x0a\x20-\x7e]/, '... without control characters' );
    nothing_is_left('after a run');

    read_gradebook();
    is( scalar keys %row, 12, 'everybody is in the gradebook' ) or diag explain [ keys %row ];
    is_deeply(
        [ @{ $row{alice} }{qw(status score max)} ],
        [ 'graded', 20, 23 ],
        'the points of both passes are added up'
    );
    is_deeply(
        $row{alice}{stages},
        {
            build        => { points => 2,  max => 2 },
            correctness  => { points => 10, max => 10 },
            speed        => { points => 3,  max => 6 },
            deliverables => { points => 5,  max => 5 },
        },
        '... and stand there by stage'
    );
    is( $row{breaks}{score}, undef,                                       'who could not be graded has no score' );
    is( $row{dies}{reason},  'the grader ended with status 255: no idea', '... but a reason' );
    like( $row{half}{reason}, qr/\Athe grader ended with status 1/, '... also when only the result is not complete' );
    is( $row{'-rf'}{same_as},   undef, 'of those with the same files the first is as any other' );
    is( $row{'alice'}{same_as}, '-rf', '... and the others say so' );
    is( scalar( grep { $_->{name} eq 'alice' } $class->begun ), 0, '... and are not graded again' );
    ok( exists $row{'\xFF\xFE'}        && exists $row{'new\x{a}line'}, 'odd names are text on one line' );
    ok( !-e $class->path('class/here') && !-e 'here',                  '... and no command' );

    my %at;
    $at{ $_->{pass} }++ for $class->begun;
    is( $at{correctness},                7,   'as many gradings as there are different submissions' );
    is( $at{timing},                     4,   '... and those are timed of which the first pass is known' );
    is( join( '; ', $class->disturbed ), q{}, 'nothing runs beside one that times' );
};

subtest 'What people read' => sub {
    my $feedback = $class->read("grades/$row{'fallen & <b>bad'}{details}");
    like( $feedback, qr/^13 of 23 points$/m, 'everything that was found: the score' );
    like(
        $feedback,
qr/What is wrong.*the correctness <is> right \[par[.]answers[.]p4\]\n    0 of 1 points\n    3 & 4 were wrong\n    What to do next: think again/s,
        '... what is wrong'
    );
    like(
        $feedback,
        qr/Not told on this machine.*\n    3 of 6 points\n    cannot tell: too noisy/s,
        '... what could not be told'
    );
    like(
        $class->read("grades/$row{breaks}{feedback}"),
        qr/a person must look at it: the archive\s+<b>is/,
        '... or why there is no grade'
    );
    my $result = $class->json("grades/$row{alice}{result}");
    is( scalar @{ $result->{tests} }, 13, 'the result of one: the tests of both passes' );
    is_deeply( [ sort keys %{ $result->{passes} } ], [qw(correctness timing)], '... and how they were made' );
    is(
        $result->{passes}{timing}{about}{seed},
        $class->json('grades/gradebook.json')->{about}{seed},
        '... with one seed for all'
    );

    my @lines = split /\r\n/, Encode::decode( 'UTF-8', $class->read('grades/gradebook.csv') );
    is(
        $lines[0],
        "\x{feff}"
          . 'name,student,score,max,status,attention,override,computed,build,correctness,speed,deliverables,'
          . 'failed,untold,untold_points,feedback,words',
        'CSV: a head, with the mark by which Excel knows UTF-8'
    );
    is( scalar @lines, 13, '... a line each' );
    like(
        join( "\n", @lines ),
        qr/^'-rf,,20,23,graded,,,20,2,10,3,5,0,1,3,feedback\/_rf-\w+[.]txt,/m,
        '... no name is a formula'
    );
    like( join( "\n", @lines ), qr/^'=1\+1,/m,                          '... really none' );
    like( join( "\n", @lines ), qr/^"it's ""bob"" \$\(touch here\)",/m, '... quotes are doubled' );

    my $page = $class->read('grades/summary.html');
    like( $page, qr/\A<!DOCTYPE html>.*<\/html>\s*\z/s, 'summary: a page' );
    unlike( $page, qr/<script|<link|<img|\bsrc=|https?:|url\(|\@import/i, '... that needs nothing from elsewhere' );
    like( $page, qr/fallen &amp; &lt;b&gt;bad/, '... names are text' );
    like( $page, qr/the archive &lt;b&gt;is/,   '... reasons, too' );
    my @open;
    for my $tag ( $page =~ /<(\/?[a-z]\w*)(?=[\s>])/g ) {
        next if $tag =~ /\A(?:meta|line|rect)\z/;
        if ( $tag =~ s/\A\/// ) {
            my $last = pop @open // q{};
            is( $last, $tag, 'what is opened is closed' ) if $last ne $tag;
        }
        else { push @open, $tag }
    }
    is( "@open", q{}, '... all of it' );
    my %links = map { $_ => 1 } $page =~ /href="([^"]+)"/g;
    is( scalar( grep { !-e $class->path( 'grades', $_ ) } keys %links ), 0, '... and links what is there' );
};

subtest 'Again' => sub {
    $class->forget_events;
    $class->submission( 'breaks', 'points 7' );
    grade();
    read_gradebook();
    is_deeply(
        [ sort map { "$_->{pass} $_->{name}" } $class->begun ],
        [ 'correctness breaks', 'correctness dies', 'correctness half', 'timing breaks' ],
        'only what changed or has no grade is graded again'
    );
    is( $row{breaks}{score}, 17, '... with success' );

    $class->submission( 'dies', 'points 6' );
    $class->submission( 'half', 'points 8' );
    unlink $class->path('class/README');
    grade();
    $class->forget_events;
    my $result = grade();
    is( scalar( $class->begun ), 0, 'a class that is graded is left alone' );
    is( $result->{exit},         0, '... exit status 0' );
    my @gone = grep { !m{/(?:alice|half)\z} } glob $class->path('class/*');
    is( system( 'rm', '-r', '--', @gone ), 0, 'when many have gone' );
    grade();
    read_gradebook();
    ok( !exists $row{carol} && !-e $class->path('grades/feedback/carol.txt'), '... they are gone' );
    is( scalar( $class->begun ), 0, '... and nobody else is touched' );

    $class->write( 'rubric.conf', '{ "stages": ["build", "speed"], "points": { "*": 1 } }' );
    grade();
    is(
        join( q{ }, map { $_->{pass} } $class->begun ),
        'correctness correctness',
        'other stages: what they need is run'
    );
    $class->forget_events;
    $class->write( 'grader.pl',   $class->read('grader.pl') . "# changed\n" );
    $class->write( 'rubric.conf', '{ "stages": ["build"], "points": { "*": 1 } }' );
    grade();
    is(
        join( q{ }, map { $_->{pass} } $class->begun ),
        join( q{ }, ('correctness') x 2 ),
        'without the stage speed nothing is timed'
    );
};

# A class of some that are quick and one that holds.
sub class_that_holds () {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( "quick$_", "points $_" ) for 1 .. 2;
    $class->submission( 'slow',    'holds points 9' );
    $class->write( 'hold', q{} );
    return;
}

sub graded () {
    return scalar grep { $_->{what} eq 'end' && $_->{name} =~ /quick/ } $class->events;
}

sub is_held () {
    return graded() == 2 && grep { $_->{name} eq 'slow' } $class->begun;
}

subtest 'Ctrl-C' => sub {
    class_that_holds();
    my $pid = $class->start( $class->command( $PROGRAM, '--jobs', 2 ) );
    ok( wait_until( \&is_held, $GENEROUS_S ), 'a run is at work' );

    my $second = grade();
    is( $second->{exit}, 2, 'a second run in the same folder is refused' );
    like(
        $second->{stderr},
        qr/\Agrade-class: \S+grades: another run is at work there \(process $pid on \S+\); [^\n]+\n\z/,
        '... in a line'
    );

    kill 'INT', -$pid;    # as a terminal does it
    waitpid $pid, 0;
    is( $? >> 8, 130, 'exit status 130' );
    like(
        $class->read('said'),
qr/stopped by SIGINT: 0 of 3 are done, 2 have all but their speed, 1 have nothing\n.*to go on: \S*grade-class --grader/,
        '... and what is done, and how to go on'
    );
    is( scalar( grep { $_->{what} eq 'told' } $class->events ), 1, 'the grader at work was told' );
    nothing_is_left('after Ctrl-C');
    is( $class->json('grades/gradebook.json')->{submissions}[-1]{status},
        'pending', 'the gradebook says who is missing' );

    unlink $class->path('hold');
    $class->forget_events;
    is( grade()->{exit}, 0, 'the same command goes on' );
    is( join( q{ }, map { $_->{name} } grep { $_->{pass} eq 'correctness' } $class->begun ),
        'slow', '... where it was' );
};

subtest 'A run that is killed' => sub {
    class_that_holds();
    my $pid = $class->start( $class->command( $PROGRAM, '--jobs', 2 ) );
    ok( wait_until( \&is_held, $GENEROUS_S ), 'a run is at work' );
    kill 'KILL', $pid;
    waitpid $pid, 0;
    ok( wait_until( sub { !$class->alive }, $GENEROUS_S ), 'its jobs end by themselves' );
    unlink $class->path('hold');
    $class->forget_events;
    my $result = grade();
    is( $result->{exit}, 0, 'it can be taken up again' ) or diag $result->{stdout} . $result->{stderr};
    is( join( q{ }, map { $_->{name} } grep { $_->{pass} eq 'correctness' } $class->begun ),
        'slow', '... where it was' );
    nothing_is_left('after that');
};

subtest 'Two classes on one machine' => sub {
    my @both = map { tests::lib::ClassStandIn->new } 1 .. 2;
    for my $one (@both) {
        $one->write( 'grader.pl', $both[0]->read('grader.pl') =~ s/\$Bin\/events/$both[0]->path('events')/egr );
        $one->share_machine( $both[0] );
        $one->submission( "of-$_", "lingers points $_" ) for 1 .. 2;
    }
    my @pids = map { $_->start( $_->command($PROGRAM) ) } @both;
    waitpid $_, 0 for @pids;
    $class = $both[0];
    is( scalar( grep { $_->{pass} eq 'timing' } $class->begun ), 4,   'both are graded' );
    is( join( '; ', $class->disturbed ),                         q{}, '... and do not disturb each other' );
};

subtest 'A grader that does not end' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( 'slow', 'holds points 9' );
    $class->write( 'hold', q{} );
    is( grade( '--limit', 0.5 )->{exit}, 1, 'is stopped' );
    read_gradebook();
    is( $row{slow}{reason}, 'the grader did not finish within 0.5 s', '... and listed with the reason' );
    nothing_is_left('after it');
    unlink $class->path('hold');
    is( grade()->{exit}, 0, 'it is tried again by the next run' );
};

subtest 'A job that is lost' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( 'one', 'lost points 9' );
    is( grade()->{exit},                                0,                                'is started again' );
    is( join( q{ }, map { $_->{pass} } $class->begun ), 'correctness correctness timing', '... once' );
};

subtest 'Other machines' => sub {
    $class = tests::lib::ClassStandIn->new;
    $class->submission( "far$_", "points $_" ) for 1 .. 2;
    my $ssh = $class->path('ssh');
    $class->write( 'ssh', "#!/bin/sh\necho \"\$1\" >>'" . $class->path('hosts') . "'\nshift 2\nexec sh -c \"\$*\"\n" );
    chmod oct 755, $ssh;
    is( grade( '--jobs', 1, '--sshlogin', "$ssh there", '--sshlogin', "$ssh yonder" )->{exit},
        0, 'are given jobs by --sshlogin' );
    like( $class->read('hosts'), qr/^$_$/m, "... $_" ) for qw(there yonder);
};

subtest 'The real grader' => sub {
    $class = tests::lib::ClassStandIn->new;
    my $kit = tests::lib::KitCopy::make( $real, $class->path('kit') );
    make_path( $class->path('built/release/measure'), $class->path('bin') );
    for my $file ( glob "$real/build/release/measure/*" ) {    # with the time of now, so that make finds nothing to do
        copy( $file, $class->path('built/release/measure') ) or die $!;
    }
    chmod oct 755, $class->path('built/release/measure/launch');
    $class->write( 'rubric.conf', '{ "stages": ["deliverables"] }' );
    make_path( $class->path('class/one') );
    $class->write( 'class/one/report.txt', join q{ }, 'aa' .. 'ch' );
    $class->write( 'class/two.zip', 'no zip' );

    my @options =
      ( '--rubric', $class->path('rubric.conf'), '--kit', $class->path('built'), '--output', $class->path('grades') );
    my $result = $class->run( $^X, "$kit/grader/grade-class", @options, $class->path('class') );
    is( $result->{exit}, 1, 'one of two can be graded' ) or diag $result->{stdout} . $result->{stderr};
    read_gradebook();
    is_deeply( $row{one}{stages}, { deliverables => { points => 5, max => 7 } }, '... with its points' )
      or diag explain $row{one};
    like( $row{two}{reason}, qr/neither a tar nor a zip file/, '... and the other has its reason' );
    my $feedback = $class->read("grades/$row{one}{details}");
    like(
        $feedback,
        qr/\[graph\]\n    0 of 2 points\n    there is none of graph[.]png/,
        '... and what is missing is told'
    );

    # A make that has compiled everything, and writes down where it was told to put that.
    my ( $asked, $built ) = map { $class->path($_) } qw(asked built);
    $class->write( 'bin/make', <<"END" );
#!/bin/sh
for word; do :; done
case \$word in KIT=*) ;; *) PATH=\${PATH#*:} exec make "\$@" ;; esac
echo "\$word" >'$asked'
cp -R '$built/.' "\${word#KIT=}/"
END
    chmod oct 755, $class->path('bin/make');
    $result = $class->run(
        'env', 'PATH=' . $class->path('bin') . ":$ENV{PATH}",
        $^X,   "$kit/grader/grade-class", @options[ 0, 1 ],
        '--output',
        $class->path('grades of fall'),
        $class->path('class')
    );
    is( $result->{exit}, 1, 'an output folder with blanks in its name is as good' )
      or diag $result->{stdout} . $result->{stderr};
    like( $class->read('asked'), qr{\AKIT=/\S+\n\z}, '... because make is shown another' );
    nothing_is_left('after that');

    $class->write( 'kit/grader/results/Tap.pm', 'changed' );
    $result = $class->run( $^X, "$kit/grader/grade-class", @options, $class->path('class') );
    is( $result->{exit}, 2, 'a kit that was changed grades nobody' );
    like( $result->{stderr}, qr/Tap[.]pm was changed/, '... and says what was changed' );
};

subtest 'What cannot be done' => sub {
    $class = tests::lib::ClassStandIn->new;
    my $empty = $class->path('class');
    my %case  = (
        "$empty"                         => qr/there is no submission in \S+class: a submission is/,
        $class->path('nowhere')          => qr/nowhere: there is no such folder/,
        q{}                              => qr/name one folder/,
        "--jobs 0 $empty"                => qr/--jobs 0: not a number over 0/,
        "--output $empty/x $empty"       => qr/lies among the submissions/,
        "--output $real/grader $empty"   => qr/there are other files in this folder/,
        "--slurm --sshlogin x $empty"    => qr/two ways to the same end/,
        "--rubric $real/Makefile $empty" => qr/rubric \S+Makefile/,
    );
    for my $options ( sort keys %case ) {
        my $result = $class->run( $PROGRAM, '--grader', $class->path('grader.pl'), split q{ }, $options );
        is( $result->{exit}, 2, "'$options' is refused" );
        like( $result->{stderr}, $case{$options}, '... in a line that says why' );
    }
    like( $class->run( $PROGRAM, '--help' )->{stdout}, qr/^NAME/m, '--help explains' );
};

done_testing;
