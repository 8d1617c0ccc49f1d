#!/usr/bin/env perl

# The archives for Gradescope and Autolab: what is in them, and what comes of them when each is unpacked as its service does
# it, with a submission that can be graded, and with graders that fail in every way.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar          ();
use Cwd                   qw(abs_path);
use Digest::SHA           ();
use File::Basename        qw(dirname);
use File::Copy            qw(copy);
use File::Path            qw(make_path remove_tree);
use File::Temp            ();
use FindBin               qw($Bin);
use IO::Uncompress::Unzip ();
use JSON::PP              ();
use Scalar::Util          qw(looks_like_number);
use Test::More;

use lib "$Bin/../..";
use grader::results::Gradescope;
use grader::kit::Pristine;
use grader::results::Results;
use grader::Rubric;
use measure::Launch;
use tests::lib::Built;
use tests::lib::KitCopy;

my $GENEROUS_S = 240;
my $real       = abs_path("$Bin/../..");
my $launcher   = tests::lib::Built::launcher();

my $folder = File::Temp->newdir( DIR => '/tmp' );
chmod oct 755, $folder;    # what is graded runs as a user of its own

sub write_file ( $path, $content, $mode = oct 644 ) {
    make_path( dirname($path) );
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $content;
    close $file or die "$path: $!";
    chmod $mode, $path or die "$path: $!";
    return;
}

sub read_file ($path) {
    open my $file, '<:raw', $path or die "$path: $!";
    local $/ = undef;
    return <$file> // q{};
}

sub run_command ( $command, %options ) {
    return measure::Launch::run( command => $command, launcher => $launcher, wall_s => $GENEROUS_S, %options );
}

# ---- A kit of which archives are made: this one as it is now, with its list of checksums, and solutions in every corner ----

my $kit      = tests::lib::KitCopy::make( $real, "$folder/kit" );
my @pristine = grader::kit::Pristine::files($real);
my $SOLUTION = "void* xmalloc(size_t bytes) { return solution(bytes); }\n";
write_file( "$kit/$_", $SOLUTION )
  for qw(par_alloc.c hw08_alloc.c par/span.c tests/corpus/right/plain/par_alloc.c tests/hostile/heap.h
  tests/broken/lost_alloc.c ladder/buddy_alloc.c bench/limit_alloc.c interpose/libpar.c);

write_file( "$folder/short.conf", <<'END');
{
    "stages": ["build", "correctness"], "backends": ["par"], "programs": ["list"],
    "tops": { "usual": [100], "hw08": [] }, "drawn_tops": { "usual": [], "hw08": [] },
}
END

sub pack_for ( $service, @options ) {
    return run_command( [ $^X, "$kit/grader/services/pack", $service, '--output', "$folder/out", @options ] );
}

# ---- Reading archives ------------------------------------------------------------------------------------------------------

# Result: path => { content, mode }. The mode is in the central directory, which the module does not show.
sub read_zip ($path) {
    my %files;
    my $zip = IO::Uncompress::Unzip->new($path) or die "$path is no zip";
    for ( my $status = 1 ; $status > 0 ; $status = $zip->nextStream ) {
        my $content = do { local $/ = undef; <$zip> };
        $files{ $zip->getHeaderInfo->{Name} } = { content => $content // q{} };
    }
    my $bytes = read_file($path);
    my ( $count, $at ) = ( unpack 'Vv4V2', substr $bytes, rindex $bytes, "PK\5\6" )[ 4, 6 ];
    for ( 1 .. $count ) {
        my ( $name_bytes, $extra, $comment, $attributes ) = unpack 'x28v3x4V', substr $bytes, $at, 46;
        $files{ substr $bytes, $at + 46, $name_bytes }{mode} = ( $attributes >> 16 ) & oct 777;
        $at += 46 + $name_bytes + $extra + $comment;
    }
    return \%files;
}

sub read_tar ($path) {
    return { map { $_->full_path => { content => $_->get_content // q{}, mode => $_->mode } }
          Archive::Tar->new($path)->get_files };
}

sub unpack_to ( $place, $files ) {
    write_file( "$place/$_", $files->{$_}{content}, $files->{$_}{mode} ) for keys %{$files};
    return;
}

subtest 'What is packed' => sub {
    my %archive_of = ( gradescope => 'gradescope.zip', autolab => 'autograde.tar' );
    my %names_of   = (
        gradescope => [qw(add_reason limit_s rubric.conf run_autograder setup.sh)],
        autolab    => [ map { "autograder/$_" } qw(autograde last_line limit_s rubric.conf) ],
    );
    for my $service ( sort keys %archive_of ) {
        my $result = pack_for($service);
        ok( measure::Launch::ok($result), "the archive for $service is made" ) or diag $result->{stderr};
        my $path  = "$folder/out/$archive_of{$service}";
        my $sum   = Digest::SHA->new(256)->addfile($path)->hexdigest;
        my $files = $service eq 'gradescope' ? read_zip($path) : read_tar($path);
        my $at    = $service eq 'gradescope' ? 'kit'           : 'autograder/kit';
        is_deeply(
            [ sort keys %{$files} ],
            [ sort @{ $names_of{$service} }, map { "$at/$_" } @pristine, qw(setup grader/kit/pristine.sha256) ],
            '... of the published files and what the service calls, and nothing else'
        );
        my @solutions = grep { $files->{$_}{content} =~ /^\w[\w *]*\bxmalloc\([^;]*\{/m } keys %{$files};
        is( "@solutions", "$at/sys_alloc.c", '... no file but one defines xmalloc' );
        my @leaks = grep { /par_alloc|hw08_alloc|\bpar\/|corpus|hostile|broken/ } keys %{$files};
        is( "@leaks", q{}, '... and none is named like a solution' );
        is( scalar( grep { $_ eq "$at/tests/contract/locks.syms" } keys %{$files} ), 1, '... but all that make needs' );

        pack_for($service);
        is( Digest::SHA->new(256)->addfile($path)->hexdigest, $sum, '... the same files make the same archive' );
    }
    my $files = read_zip("$folder/out/gradescope.zip");
    is( $files->{$_}{mode}, oct 755, "$_ is executable" ) for qw(setup.sh run_autograder kit/setup kit/test.pl);
};

subtest 'What cannot be packed' => sub {
    my %complaint_of = (
        '--rubric'                  => qr/requires an argument/,
        "--rubric $folder/nowhere"  => qr/\Arubric \S+nowhere: cannot read it/,
        "--rubric $folder/bad.conf" => qr/\Arubric \S+bad.conf: "marks" is not known/,
        '--limit 0'                 => qr/--limit 0: not a number of seconds/,
        'and more'                  => qr/say for which service/,
    );
    write_file( "$folder/bad.conf", '{ "marks": 1 }' );
    for my $options ( sort keys %complaint_of ) {
        my $result = pack_for( 'autolab', split q{ }, $options );
        isnt( $result->{exit}, 0, "pack autolab $options is refused" );
        like( $result->{stderr}, $complaint_of{$options}, '... with the reason' );
    }
    write_file( "$kit/grader/rubrics/kit.conf.kept", read_file("$kit/grader/rubrics/kit.conf") );
    write_file( "$kit/grader/rubrics/kit.conf",      '{ }' );
    my $result = pack_for('gradescope');
    isnt( $result->{exit}, 0, 'a kit with a file that was changed is not packed' );
    like( $result->{stderr}, qr{grader/rubrics/kit[.]conf was changed.*make pristine}, '... and the file is named' );
    rename "$kit/grader/rubrics/kit.conf.kept", "$kit/grader/rubrics/kit.conf" or die $!;
};

# ---- Gradescope ------------------------------------------------------------------------------------------------------------

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

my $gradescope = "$folder/gradescope";

# What Gradescope makes of the archive: it is unpacked into source/, and run_autograder is copied out of it.
sub install_gradescope () {
    my $files = read_zip("$folder/out/gradescope.zip");
    unpack_to( "$gradescope/source", $files );
    write_file( "$gradescope/run_autograder", $files->{run_autograder}{content}, oct 755 );
    make_path("$gradescope/$_") for qw(submission results);
    write_file( "$gradescope/submission_metadata.json", '{"id": 1}' );
    write_file( "$gradescope/submission/par_alloc.c",   read_file("$real/sys_alloc.c") );
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

# A grader that does this instead of grading; $results is where the results go.
sub grader_that ( $place, $code ) {
    write_file( "$place/kit/test.pl",
        "use v5.34;\nmy %option = \@ARGV;\nmy \$results = \$option{'--gradescope'} // \$option{'--json'};\n$code" );
    return;
}

subtest 'Gradescope: a grade' => sub {
    ok( measure::Launch::ok( pack_for( 'gradescope', '--rubric', "$folder/short.conf" ) ),
        'packed with a short rubric' );
    install_gradescope();

    # make and apt-get that only say how they were called: an image is not built here.
    for my $tool (qw(make apt-get)) {
        write_file( "$folder/stand-ins/$tool", qq{#!/bin/sh\necho "$tool \$*" >>"$folder/called"\n}, oct 755 );
    }
    my $setup = run_command( ["$gradescope/source/setup.sh"], env => { PATH => "$folder/stand-ins:$ENV{PATH}" } );
    ok( measure::Launch::ok($setup), 'setup.sh succeeds' ) or diag "$setup->{stdout}$setup->{stderr}";
    my $source = "$gradescope/source";
    like(
        read_file("$folder/called"),
        qr{^make --silent -C \Q$source\E/kit kit KIT=\Q$source\E/built$}m,
        '... and compiles what grades share'
    );

    # As in a container that allows no namespaces.
    write_file( "$folder/no-namespaces/bwrap", "#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n",
        oct 755 );
    my ($json) = grade_at_gradescope( PATH => "$folder/no-namespaces:$ENV{PATH}" );
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

subtest 'Gradescope: the leaderboard' => sub {
    my $results = grader::results::Results->new(
        rubric => grader::Rubric->read_file("$real/grader/rubrics/kit.conf"),
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

# timeout(1) takes this signal for the end of its time, once it waits for its program; so nobody has to wait, and no slow
# machine is too late.
my $TIME_IS_UP = <<'END';
my $timeout = getppid;
while (1) {
    open my $file, '<', "/proc/$timeout/stat" or die;
    last if <$file> =~ /\) S /;
    select undef, undef, undef, 0.02;
}
kill ALRM => $timeout;
sleep 100;
END

# What a grader leaves that has done a part of its work.
my $PARTIAL = <<'END';
open my $file, '>', $results or die;
print {$file} '{"score": 3, "output": "seed 1", "tests": [{"name": "one", "score": 3, "max_score": 4, "status": "passed"}]}';
close $file;
END

subtest 'Gradescope: a grader that fails' => sub {
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
        grader_that( "$gradescope/source", $code );
        write_file( "$gradescope/source/limit_s", $name eq 'that hangs' ? 1 : 60 );
        my ( $json, $result ) = grade_at_gradescope();
        is( $json->{score}, $score, "a grader $name: $score points" );
        like( $json->{output}, $says, '... and the reason' );
        cmp_ok( $result->{wall_s}, '<', 60, '... in time' );
    }

    # A machine with nothing but a shell and these.
    mkdir "$folder/bare" or die $!;
    for my $tool (qw(sh cat chmod cut grep mkdir mktemp mv rm sed tail timeout tr)) {
        my ($path) = grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH};
        symlink $path, "$folder/bare/$tool" or die $!;
    }
    my ($json) = grade_at_gradescope( PATH => "$folder/bare" );
    is( $json->{score}, 0, 'without Perl: 0 points' );
    like( $json->{output}, qr/status 127/, '... and the reason' );
};

# ---- Autolab ---------------------------------------------------------------------------------------------------------------

# Autolab's folder: the Makefile, the archive and what was handed in. Result: the last line as JSON, and all that was printed.
sub grade_at_autolab ( $handin, $content, $grader = undef ) {
    my $place = "$folder/autolab";
    remove_tree($place);
    write_file( "$place/$handin", $content ) if defined $handin;
    make_path($place);
    copy( "$folder/out/autograde.tar",      "$place/autograde.tar" );
    copy( "$folder/out/autograde-Makefile", "$place/Makefile" );
    if ( defined $grader ) {
        my $tar = read_tar("$place/autograde.tar");
        unpack_to( $place, $tar );
        write_file( "$place/autograder/limit_s", $grader =~ /\Asleep/ ? 1 : 60 );
        grader_that( "$place/autograder", $grader );
        run_command( [ 'tar', 'cf', 'autograde.tar', 'autograder' ], directory => $place );
    }
    my $result = run_command( ['make'], directory => $place, env => { MAKEFLAGS => undef, MAKELEVEL => undef } );
    my $last   = ( split /\n/, $result->{stdout} )[-1] // q{};
    my $json   = eval { JSON::PP->new->decode($last) };
    ok( ref $json eq 'HASH' && ref $json->{scores} eq 'HASH', 'the last line is JSON with scores' )
      or diag "$result->{stdout}\n$result->{stderr}";
    return ( $json // {}, $result->{stdout} . $result->{stderr} );
}

subtest 'Autolab: a grade' => sub {
    ok( measure::Launch::ok( pack_for( 'autolab', '--rubric', "$folder/short.conf" ) ), 'packed with a short rubric' );
    my $tar = Archive::Tar->new;
    $tar->add_data( 'hw/par_alloc.c', read_file("$real/sys_alloc.c") );
    $tar->write( "$folder/handin.tgz", Archive::Tar::COMPRESS_GZIP() );
    my ( $json, $said ) = grade_at_autolab( 'a handin.tgz', read_file("$folder/handin.tgz") );
    is_deeply( $json->{scores}, { par_alloc => 4 }, 'an archive is graded' ) or diag $said;
    like( $said, qr/^not ok .*does not take its memory/m, '... and what is wrong is said' );
    is( ref $json->{scoreboard}, 'ARRAY', '... and there is a scoreboard' );
};

subtest 'Autolab: a grader that fails' => sub {
    my $zero = { par_alloc => 0, Speed => 0, Report => 0 };
    my $partial =
        'open my $file, q{>}, $results; print {$file} q({"tests": [{"id": "par.build", "points": 2}], '
      . '"not_run": [{"id": "report", "max": 5}]}); close $file;';
    my %case = (
        'that cannot run'    => [ 'say q{Bail out!  no make}; exit 2;', $zero, qr/no make.*tell your instructor/s ],
        'that hangs'         => [ 'sleep 100',                          $zero, qr/stopped after 1 seconds/ ],
        'that hangs halfway' =>
          [ "$partial $TIME_IS_UP", { par_alloc => 2, Report => 0 }, qr/stopped after 60 seconds/ ],
    );
    for my $name ( sort keys %case ) {
        my ( $code, $scores, $says ) = @{ $case{$name} };
        my ( $json, $said ) = grade_at_autolab( 'par_alloc.c', 'int x;', $code );
        is_deeply( $json->{scores}, $scores, "a grader $name" );
        like( $said, $says, '... says so' );
    }
    my ( $json, $said ) =
      grade_at_autolab( 'par_alloc.c', 'int x;', 'say join q{ }, glob "$option{q{--submission}}/*"; exit 1' );
    like( $said, qr{/submission/par_alloc[.]c$}m, 'a single file is a submission' );
    ( $json, $said ) = grade_at_autolab( undef, undef );
    is_deeply( $json->{scores}, $zero, 'nothing handed in: nothing earned' );
    like( $said, qr/no file that was handed in/, '... and the reason' );
};

done_testing;
