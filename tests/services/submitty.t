#!/usr/bin/env perl

# The archive for Submitty: the folder of a test case below TMP_WORK as Submitty fills it, its command as a user without rights,
# under the resource limits of the configuration and under a filter of system calls, and then the command that validates.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use FindBin    qw($Bin);
use List::Util qw(sum0);
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use handout::Assignment;
use measure::Launch;
use tests::lib::Services
  qw(write_file read_file run_command pack_for unpack_archive without_namespaces grader_that failing_graders
  decoded $FOLDER $KIT $REAL $SHORT);

my ( $archive, $work ) = ( "$FOLDER/submitty", "$FOLDER/TMP_WORK" );
my $config;

# What Submitty puts into the folder of a test case beside the submission and test_input.
my @ITS_OWN = qw(my_runner.out queue_file.json user_assignment_settings.json);

sub read_config () {
    my $text = read_file("$archive/config/config.json") =~ s{^\s*//.*\n}{}mgr;    # comments are allowed there
    return decoded($text);
}

subtest 'The configuration' => sub {
    pack_for('submitty');
    unpack_archive( "$FOLDER/out/submitty.tar.gz", $archive );
    $config = read_config();
    ok( defined $config, 'it is JSON with comments' );
    my @tests  = handout::Assignment::graded( grader::Rubric->read_file("$REAL/grader/rubrics/kit.conf") );
    my $points = sum0 map { $_->{points} } @tests;
    is( $config->{testcases}[0]{points},            $points, "the test case is worth the points of the rubric" );
    is( $config->{grading_parameters}{AUTO_POINTS}, $points, '... which are all' );

    write_file( "$FOLDER/half.conf", read_file($SHORT) =~ s/\A\{/{ "points": { "par.build": 1.5, "*": 0 },/r );
    for my $case ( [ $SHORT, 6 ], [ "$FOLDER/half.conf", 2 ] ) {
        my ( $rubric, $whole ) = @{$case};
        ok( measure::Launch::ok( pack_for( 'submitty', '--rubric', $rubric, '--image', 'x/y:z' ) ), 'packed' );
        unpack_archive( "$FOLDER/out/submitty.tar.gz", $archive );
        $config = read_config();
        is( $config->{testcases}[0]{points}, $whole, "$rubric: a whole number of points, $whole" );
    }
    is( $config->{autograding_method},                 'docker', 'it grades in a container' );
    is( $config->{container_options}{container_image}, 'x/y:z',  '... of this image' );
    my $limits = $config->{resource_limits};
    cmp_ok( $limits->{RLIMIT_CPU},   '>=', 570 + 30, 'the grader ends before Submitty ends it' );
    cmp_ok( $limits->{RLIMIT_DATA},  '>',  2**45,    'thread sanitizer has the address space that it takes' );
    cmp_ok( $limits->{RLIMIT_RSS},   '<',  2**31,    'Submitty can read the limit of memory as an int' );
    cmp_ok( $limits->{RLIMIT_STACK}, '<',  16 << 20, 'a stack fits into the small address space of a test' );
};

# Fills the folder of the test case. $code: a grader that does this instead.
sub lay_out ( $limit_s, $code, %submission ) {
    remove_tree($work);
    my $here = "$work/test01";
    make_path($here);
    write_file( "$here/$_", $submission{$_} ) for keys %submission;
    write_file( "$here/$_", '{}' )            for @ITS_OWN;

    my $grader = "$FOLDER/grader";
    remove_tree($grader);
    unpack_archive( "$archive/config/test_input/xmalloc-grader.tar", $grader );
    write_file( "$grader/limit_s", $limit_s ) if defined $limit_s;
    grader_that( "$grader/kit", $code )       if defined $code;
    system( 'tar', '-cf', "$here/xmalloc-grader.tar", '-C', $grader, '.' ) == 0 or die 'tar failed';
    copy( "$archive/config/test_input/xmalloc-grade", $here );
    system( 'chmod', '-R', 'a+rwX', $work );
    return;
}

# A filter of system calls as Submitty's: whatever is younger than its list is forbidden with SIGSYS, that is, from 424 on (the
# numbers are the same on all machines) but for clone3 and faccessat2. A program that runs under it comes as arguments.
write_file( "$FOLDER/filter", <<'END' );
use v5.32;
use Config;
my ( $KILL, $ALLOW, $LOAD, $EQUAL, $AT_LEAST, $RETURN ) = ( 0x8000_0000, 0x7fff_0000, 0x20, 0x15, 0x35, 0x06 );
my @filter = (
    [ $LOAD, 0, 0, 0 ], [ $EQUAL, 3, 0, 435 ], [ $EQUAL, 2, 0, 439 ], [ $AT_LEAST, 0, 1, 424 ],
    [ $RETURN, 0, 0, $KILL ], [ $RETURN, 0, 0, $ALLOW ],
);
my $code = join q{}, map { pack 'S C C L', @{$_} } @filter;
my $program = pack 'S x![P] P', scalar @filter, $code;
my $prctl   = $Config{archname} =~ /\Ax86_64/ ? 157 : 167;
syscall( $prctl, 38, 1, 0, 0, 0 ) == 0        or die "no_new_privs: $!";
syscall( $prctl, 22, 2, $program, 0, 0 ) == 0 or die "seccomp: $!";
exec @ARGV or die;
END

my %OPTION = (
    CPU        => 'cpu',
    FSIZE      => 'fsize',
    DATA       => 'data',
    AS         => 'as',
    STACK      => 'stack',
    NPROC      => 'nproc',
    NOFILE     => 'nofile',
    SIGPENDING => 'sigpending'
);

# Runs the test case, and validates as Submitty does; result: validation_results.json, and what was said.
sub run_test_case (%env) {
    my $limits    = $config->{resource_limits};
    my @limited   = ( 'prlimit', '--core=0', map { "--$OPTION{$_}=$limits->{\"RLIMIT_$_\"}" } sort keys %OPTION );
    my @untrusted = $> == 0 ? qw(setpriv --reuid=65534 --regid=65534 --clear-groups) : ();
    my @command   = split q{ }, $config->{testcases}[0]{command};
    my $result    = run_command(
        [ @untrusted, @limited, $^X, "$FOLDER/filter", @command ],
        directory => "$work/test01",
        env       => { HOME => '/tmp', %env }
    );
    my $validation = $config->{testcases}[0]{validation}[0];
    my $said       = run_command( [ split q{ }, $validation->{command} ], directory => $work );
    my $text       = -e "$work/validation_results.json" ? read_file("$work/validation_results.json") : 'there is none';
    my $json       = decoded($text);
    ok( defined $json, 'there is a validation_results.json' )
      or diag "$text\n$said->{stderr}\n$result->{stdout}\n$result->{stderr}";
    is( join( ', ', wrong_in( $json // {} ) ), q{}, '... as Submitty wants it' );
    return ( $json->{data} // {}, $result );
}

my $STATUS = qr/\A(?:information|failure|warning|success)\z/;

# Result: what is not as Submitty wants it.
sub wrong_in ($json) {
    my $data  = $json->{data} // {};
    my @boxes = ref $data->{message} ? @{ $data->{message} } : ($data);
    return (
        ( ( $json->{status} // q{} ) eq 'success'               ? () : 'status' ),
        ( ( $data->{score}  // -1 ) >= 0 && $data->{score} <= 1 ? () : 'score' ),
        ( map { ( $_->{status} // q{} ) =~ $STATUS          ? () : 'status of a message' } @boxes ),
        ( map { defined $_->{message} && !ref $_->{message} ? () : 'message' } @boxes ),
        ( @boxes ? () : 'no message' ),
    );
}

sub texts ($data) {
    return ref $data->{message} ? map { $_->{message} } @{ $data->{message} } : $data->{message};
}

subtest 'A grade, as a user without rights' => sub {
    my $archive_path = "$FOLDER/out/submitty.tar.gz";
    pack_for( 'submitty', '--rubric', $SHORT );
    unpack_archive( $archive_path, $archive );

    # A submission that would like to be the grader, or its result.
    lay_out(
        undef, undef,
        'src/par_alloc.c'     => read_file("$REAL/sys_alloc.c"),
        'results.json/x'      => 'a folder where the result goes',
        'grade.sh'            => 'echo forged',
        'kit/test.pl'         => 'exit 0',
        'JSON/PP.pm'          => 'die q{not mine}',
        'List/Util.pm'        => 'die q{not mine}',
        'STDOUT.txt'          => 'x',
        'execute_logfile.txt' => 'x',
    );
    my ( $data, $result ) = run_test_case();
    my ($head) = texts($data);
    my %messages = map { $_->{message} =~ s/ passes.*//sr => $_ } @{ $data->{message} };
    like(
        $head,
        qr/\A4 of 6 points; seed \d+; isolation: every run is/,
        'points and the level of the sandbox come first'
    ) or diag $result->{stdout};
    cmp_ok( abs( $data->{score} - 4 / 6 ), '<', 1e-9, 'partial points are a part of the points' );
    my ($answers) = grep { $_->{message} =~ /\Alist-par gives the right answers/ } @{ $data->{message} };
    is( $answers->{status}, 'success', 'a test that passed is one' );
    like( $answers->{message}, qr/passed \(2 of 2 points\)/, '... with its points' );
    my ($memory) = grep { $_->{message} =~ /\Apar does not take its memory/ } @{ $data->{message} };
    is( $memory->{status}, 'failure', 'a test that failed is one' );
    like( $memory->{message}, qr/failed \(0 of 2 points\)\n.*malloc/s, '... with the explanation' );
};

subtest 'A grade, where Submitty forbids namespaces too' => sub {
    lay_out( undef, undef, 'par_alloc.c' => read_file("$REAL/sys_alloc.c") );
    my ( $data, $result ) = run_test_case( PATH => without_namespaces() );
    my ($head) = texts($data);
    like(
        $head,
        qr/\A4 of 6 points.*isolation: every run is by the grader's own user/,
        'it grades, and tells the level'
    ) or diag $result->{stdout};
};

subtest 'What of the folder is the submission' => sub {
    lay_out(
        60,
        'chdir $option{q{--submission}}; say join q{ }, sort split /\n/, qx(find . -type f); exit 1',
        'hw/par_alloc.c'  => 'int x;',
        'queue_file.c'    => 'int y;',
        'hw/results.json' => '{}',
    );
    my ( undef, $result ) = run_test_case();
    is( $result->{stdout}, "./hw/par_alloc.c ./hw/results.json ./queue_file.c\n", 'not what Submitty has put there' );
};

subtest 'A grader that fails' => sub {
    my %case = failing_graders();
    for my $name ( sort keys %case ) {
        my ( $code, $limit_s, $points, $says ) = @{ $case{$name} };
        lay_out( $limit_s, $code, 'par_alloc.c' => 'int x;' );
        my ($data) = run_test_case();
        like( join( "\n", texts($data) ), $says, "a grader $name: the reason" );
        is( $data->{score}, $points ? 0.5 : 0, '... and what is known counts' );
    }
};

done_testing;
