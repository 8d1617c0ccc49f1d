#!/usr/bin/env perl

# A grader that is killed outright, at any moment, leaves no process and no mount; what it leaves of files the next run removes, and
# grades as ever. A class that is killed again and again ends with the gradebook of one that was not. TIMES=number of kills, LONG=1
# for 50 and 20; the seed of the moments is printed, SEED=number takes it again.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Copy qw(copy);
use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use POSIX      ();
use Test::More;
use Time::HiRes qw(sleep time);

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;
use tests::lib::ClassStandIn;
use tests::lib::Files qw(read_file write_file);

my $GENEROUS_S  = 900;
my $KILLS       = $ENV{TIMES} // ( $ENV{LONG} ? 50 : 2 );
my $CLASS_KILLS = $ENV{TIMES} // ( $ENV{LONG} ? 20 : 1 );
my $TREE        = abs_path("$Bin/../..");
my $FOLDER      = File::Temp->newdir( DIR => '/tmp' );
my $TEMPORARY   = "$FOLDER/tmp";
my $LAUNCHER    = tests::lib::Built::launcher();
my @GRADER      = (
    $^X, "$TREE/test.pl", '--submission', "$FOLDER/given", '--only', 'correctness',
    '--backends', 'par', '--programs', 'list', '--seed', 7, '--json', "$FOLDER/out/result.json"
);
my %ENV_OF = ( TMPDIR => $TEMPORARY, HARNESS_ACTIVE => undef, HARNESS_IS_VERBOSE => undef );

mkdir "$FOLDER/$_" or die $! for qw(tmp given out);
chmod 0755, $FOLDER, $TEMPORARY;    # what is graded runs as a user of its own

# For many kills it pays to compile what all grades share once.
if ( $ENV{LONG} ) {
    tests::lib::Built::insist( 'kit', "KIT=$FOLDER/kit" );
    push @GRADER, '--kit', "$FOLDER/kit";
}
copy( "$TREE/sys_alloc.c", "$FOLDER/given/par_alloc.c" ) or die $!;

my $seed = $ENV{SEED} // int rand 2**31;
srand $seed;
diag "SEED=$seed" if $ENV{LONG} || $ENV{TIMES};

# Kills the command after a while, waits until nothing is left that it started (all of which the launcher around this adopts), and
# says how many there are in the end.
my $KILLER = <<'END_OF_KILLER';
use v5.32;
use Time::HiRes qw(sleep time);
my ( $after_s, $most_s, @command ) = @ARGV;
my $pid = fork // die "fork: $!\n";
if ( !$pid ) { open STDOUT, '>', '/dev/null'; exec @command }
sleep $after_s;
kill KILL => $pid;
waitpid $pid, 0;
my ( $parent, $until ) = ( getppid, time + $most_s );
sub others { open my $list, '<', "/proc/$parent/task/$parent/children" or die; return grep { $_ != $$ } split ' ', <$list> // '' }
sleep 0.05 while others() && time < $until;
print scalar( () = others() );
END_OF_KILLER

sub launch (@command) {
    return measure::Launch::run(
        command       => \@command,
        launcher      => $LAUNCHER,
        wall_s        => $GENEROUS_S,
        capture_bytes => 1024 * 1024,
        env           => \%ENV_OF,
    );
}

sub names_in ($folder) {
    return join q{ }, sort map { s{.*/}{}r } glob "$folder/*";
}

# What a run says of its tests.
sub verdicts ($result) {
    return join "\n", "exit $result->{exit}", grep { /\A(?:not )?ok / } split /\n/, $result->{stdout};
}

my $started  = time;
my $whole    = launch(@GRADER);
my $lasts_s  = time - $started;
my $verdicts = verdicts($whole);
like( $verdicts, qr/^ok /m, 'a grade that is not killed' ) or BAIL_OUT( $whole->{stdout} . $whole->{stderr} );
is( names_in($TEMPORARY), q{}, '... leaves nothing' );

# The moments are spread over a whole run. The short form lets the last run alone come to its end: that must remove all.
for my $kill ( 1 .. $KILLS ) {
    my $after_s = sprintf '%.3f', $lasts_s * ( $kill - 1 + rand ) / $KILLS;
    my @how     = $> == 0 && $kill % 2 ? ( '--isolation', 'user' ) : ();
    subtest "A grade that is killed after $after_s s: @how" => sub {
        is( launch( $^X, '-e', $KILLER, $after_s, $GENEROUS_S / 3, @GRADER, @how )->{stdout}, 0, 'no process is left' );
        unlike( read_file('/proc/self/mounts'), qr/\Q$FOLDER\E/, 'no mount' );
        my $json = -e "$FOLDER/out/result.json" ? read_file("$FOLDER/out/result.json") : '{}';
        ok( eval { JSON::PP->new->decode($json) }, 'no half of a result' );
        return if !$ENV{LONG} && $kill < $KILLS;
        my $next = launch( @GRADER, @how );
        is( verdicts($next),         $verdicts,     'the next run grades' ) or diag $next->{stdout} . $next->{stderr};
        is( names_in($TEMPORARY),    q{},           '... and removes what was left' );
        is( names_in("$FOLDER/out"), 'result.json', '... also beside the result' );
    };
}

subtest 'The user of a grader that was killed' => sub {
    plan skip_all => 'only root has such users' if $> != 0;
    my $number = 60_600 + 2 * int rand 290;
    my ( $abandoned, $held ) = map { "$TEMPORARY/allocator-grade-$_" } qw(abandon1 heldheld);
    mkdir $_ or die $! for $abandoned, $held;
    chown 0, $number, $abandoned;
    my $file = "/tmp/left-by-$number-$$";
    write_file( $file, 'x' );
    chown $number, $number, $file;
    my $pid = fork // die "fork: $!";

    if ( !$pid ) {
        ( $(, $) ) = ( $number, "$number $number" );
        POSIX::setuid($number);
        exec 'sleep', $GENEROUS_S;
    }
    open my $lock, '<', '/dev/null' or die $!;
    sysopen $lock, $held, 0 or die $!;
    flock $lock, 2 or die $!;
    sleep 0.02 until ( stat "/proc/$pid" )[4] == $number;
    is( verdicts( launch(@GRADER) ),       $verdicts, 'the next run grades' );
    is( waitpid( $pid, POSIX::WNOHANG() ), $pid,      '... ends the processes' );
    kill KILL => $pid;
    ok( !-e $file, '... removes the files' );
    unlink $file;
    is( names_in($TEMPORARY), 'allocator-grade-heldheld', '... and leaves a workspace alone in which somebody works' );
    rmdir $held;
};

subtest 'A class that is killed again and again' => sub {
    my ( $calm, $killed ) = map { tests::lib::ClassStandIn->new } 1 .. 2;
    for my $class ( $calm, $killed ) {
        $class->submission( "s$_", "points $_" ) for 1 .. 6;
    }
    my @options = ( '--seed', 7, '--jobs', 2 );
    my $began   = time;
    is( $calm->run( $calm->command( "$TREE/grader/grade-class", @options ) )->{exit}, 0, 'one that is not' );
    my $class_s = time - $began;
    for my $kill ( 1 .. $CLASS_KILLS ) {
        my $pid = $killed->start( $killed->command( "$TREE/grader/grade-class", @options ) );
        sleep rand $class_s / 2;
        kill KILL => $pid;
        waitpid $pid, 0;
    }
    is( $killed->run( $killed->command( "$TREE/grader/grade-class", @options ) )->{exit},
        0, 'the other one comes to its end' );
    is( $killed->read('grades/gradebook.csv'), $calm->read('grades/gradebook.csv'), '... with the same gradebook' );
    my @half = map { s{.*/}{}r } map { glob $killed->path($_) } 'grades/*.new-*', 'grades/*/*.new-*',
      'grades/state/*/*.new-*';
    is( "@half",                       q{}, '... no half of a file' );
    is( scalar( () = $killed->alive ), 0,   '... and no process' );
};

done_testing;
