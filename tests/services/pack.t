#!/usr/bin/env perl

# The archives for services: what is in them, and what cannot be packed.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use FindBin     qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::kit::Pristine;
use grader::Rubric;
use grader::services::Archive;
use measure::Launch;
use tests::lib::Services qw(write_file read_file pack_for read_archive unpack_archive $FOLDER $KIT $REAL $SHORT);

my @PRISTINE = ( grader::kit::Pristine::files($REAL), qw(setup grader/kit/pristine.sha256) );

# archive => where the kit is in it, and all that is beside the kit.
my %ARCHIVE = (
    'gradescope.zip' => [ 'kit', qw(add_reason grade.sh limit_s rubric.conf run_autograder setup.sh) ],
    'autograde.tar'  =>
      [ 'autograder/kit', map { "autograder/$_" } qw(autograde grade.sh last_line limit_s rubric.conf) ],
    'prairielearn.tar.gz' => [
        'serverFilesCourse/xmalloc/kit',
        ( map { "questions/xmalloc/$_" } qw(info.json question.html tests/rubric.conf tests/limit_s) ),
        qw(serverFilesCourse/xmalloc/grade serverFilesCourse/xmalloc/grade.sh container/Containerfile container/setup),
    ],
    'xmalloc-grader.tar' => [ 'kit', qw(grade.sh limit_s rubric.conf) ],
);
my %SERVICE = (
    gradescope   => 'gradescope.zip',
    autolab      => 'autograde.tar',
    prairielearn => 'prairielearn.tar.gz',
    submitty     => 'submitty.tar.gz',
    classroom    => 'classroom.tar.gz',
);

subtest 'What is packed' => sub {
    for my $service ( sort keys %SERVICE ) {
        my $result = pack_for($service);
        ok( measure::Launch::ok($result), "the archive for $service is made" ) or diag $result->{stderr};
        my $path = "$FOLDER/out/$SERVICE{$service}";
        my $sum  = Digest::SHA->new(256)->addfile($path)->hexdigest;
        pack_for($service);
        is( Digest::SHA->new(256)->addfile($path)->hexdigest, $sum, '... the same files make the same archive' );
    }
    my $submitty = unpack_archive( "$FOLDER/out/submitty.tar.gz", "$FOLDER/submitty" );
    is_deeply(
        [ sort keys %{$submitty} ],
        [
            qw(config/config.json config/test_input/xmalloc-grade config/test_input/xmalloc-grader.tar),
            qw(container/Containerfile container/setup)
        ],
        'Submitty gets a configuration with the grader in one file, and the recipe of the image'
    );
    write_file( "$FOLDER/out/xmalloc-grader.tar", $submitty->{'config/test_input/xmalloc-grader.tar'}{content} );
    for my $archive ( sort keys %ARCHIVE ) {
        my ( $kit, @beside ) = @{ $ARCHIVE{$archive} };
        my $files = read_archive("$FOLDER/out/$archive");
        is_deeply(
            [ sort keys %{$files} ],
            [ sort @beside, map { "$kit/$_" } @PRISTINE ],
            "$archive holds the published files and what the service calls, and nothing else"
        );
        my @solutions = grep { $files->{$_}{content} =~ /^\w[\w *]*\bxmalloc\([^;]*\{/m } keys %{$files};
        is( "@solutions", "$kit/sys_alloc.c", '... no file but one defines xmalloc' );
        my @leaks = grep { /par_alloc|hw08_alloc|\bpar\/|corpus|hostile|broken/ } keys %{$files};
        is( "@leaks", q{}, '... and none is named like a solution' );
        is( scalar( grep { $_ eq "$kit/tests/contract/locks.syms" } keys %{$files} ), 1,
            '... but all that make needs' );
    }
    my $files = read_archive("$FOLDER/out/gradescope.zip");
    is( $files->{$_}{mode}, oct 755, "$_ is executable" ) for qw(setup.sh run_autograder kit/setup kit/test.pl);
};

subtest 'The repository for GitHub Classroom' => sub {
    my $files   = read_archive("$FOLDER/out/classroom.tar.gz");
    my $handout = grader::services::Archive::read_tar_gz( handout() );
    my @missing = grep { !$files->{s{\Axmalloc/}{}r} } keys %{$handout};
    is( "@missing", q{}, 'it holds the whole student kit' );
    my @beside = sort grep { !exists $handout->{"xmalloc/$_"} } keys %{$files};
    is_deeply(
        \@beside,
        [
            ( map { ".github/classroom/$_" } qw(grade grade.sh limit_s published.sha256) ),
            '.github/workflows/classroom.yml'
        ],
        '... and what GitHub calls'
    );
    my @solutions = grep { $files->{$_}{content} =~ /return solution/ } keys %{$files};
    is( "@solutions", q{}, '... no solution' );
    my %listed = map { s/\A[0-9a-f]{64}  //r => 1 } split /\n/, $files->{'.github/classroom/published.sha256'}{content};
    is( join( q{ }, grep { !$listed{$_} } @PRISTINE ), q{},
        'all that a grade needs is on the list of published files' );
};

sub handout () {
    system( $^X, "$KIT/handout/pack", 'handout', '--output', "$FOLDER/handout" ) == 0 or die 'handout/pack failed';
    return "$FOLDER/handout/handout.tar.gz";
}

subtest 'What cannot be packed' => sub {
    my %complaint_of = (
        'autolab --rubric'                  => qr/requires an argument/,
        "autolab --rubric $FOLDER/nowhere"  => qr/\Arubric \S+nowhere: cannot read it/,
        "autolab --rubric $FOLDER/bad.conf" => qr/\Arubric \S+bad.conf: "marks" is not known/,
        'autolab --limit 0'                 => qr/--limit 0: not a number of seconds/,
        'autolab and more'                  => qr/say for which service: one of autolab classroom gradescope/,
        'moodle'                            => qr/say for which service/,
        'prairielearn --limit 571'          => qr/--limit 571: prairielearn allows no more than 570 seconds/,
        'submitty --image My"image'         => qr/--image 'My"image': not the name of an image/,
        'classroom --starter none'          => qr/--starter none.*the student kit could not be packed/s,
    );
    write_file( "$FOLDER/bad.conf", '{ "marks": 1 }' );
    for my $options ( sort keys %complaint_of ) {
        my $result = pack_for( split q{ }, $options );
        isnt( $result->{exit}, 0, "pack $options is refused" );
        like( $result->{stderr}, $complaint_of{$options}, '... with the reason' );
    }
    write_file( "$KIT/grader/rubrics/kit.conf.kept", read_file("$KIT/grader/rubrics/kit.conf") );
    write_file( "$KIT/grader/rubrics/kit.conf",      '{ }' );
    my $result = pack_for('gradescope');
    isnt( $result->{exit}, 0, 'a kit with a file that was changed is not packed' );
    like( $result->{stderr}, qr{grader/rubrics/kit[.]conf was changed.*make pristine}, '... and the file is named' );
    rename "$KIT/grader/rubrics/kit.conf.kept", "$KIT/grader/rubrics/kit.conf" or die $!;
};

subtest "A rubric of one's own" => sub {
    pack_for( 'prairielearn', '--rubric', $SHORT, '--image', 'registry.example.edu/x:1', '--limit', '100.5' );
    my $files = read_archive("$FOLDER/out/prairielearn.tar.gz");
    is( $files->{'questions/xmalloc/tests/rubric.conf'}{content}, read_file($SHORT), 'it is what is packed' );
    my ($uuid) = $files->{'questions/xmalloc/info.json'}{content} =~ /"uuid": "([0-9a-f-]+)"/;
    pack_for('prairielearn');
    $files = read_archive("$FOLDER/out/prairielearn.tar.gz");
    unlike( $files->{'questions/xmalloc/info.json'}{content}, qr/\Q$uuid\E/, '... as a question of another UUID' );

    pack_for( 'classroom', '--rubric', $SHORT );
    $files = read_archive("$FOLDER/out/classroom.tar.gz");
    write_file( "$FOLDER/whole.conf", $files->{'grader/rubrics/kit.conf'}{content} );
    my $packed = grader::Rubric->read_file("$FOLDER/whole.conf");
    my $wanted = grader::Rubric->read_file( $SHORT, "$KIT/grader/rubrics/kit.conf" );
    is( $packed->text, $wanted->text,
        'GitHub gets it as the rubric of the student kit, with the values that it leaves out' );
};

done_testing;
