package tests::lib::ClassStandIn;

# A class to be graded in no time: submissions that say what shall come of them, and a grader that does what they say and
# keeps a record of when it was at work. How a class is graded can then be tested without grading anything.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Path qw(make_path);
use File::Temp ();
use JSON::PP   ();
use POSIX      ();
use measure::Launch;
use tests::lib::Built;

my $GENEROUS_S = 900;

# It reads the file `does` of the submission, and gives a test a stage, but ten for correctness, of which so many are right as
# `points` says; `adds` changes what it says of a stage. 'meets' waits for a second grader at work; 'holds'
# waits as long as there is a file `hold` beside the grader; of 'lost' the first job is killed.
my $GRADER = <<'END_OF_GRADER';
use v5.32;
use warnings;
use FindBin     qw($Bin);
use JSON::PP    qw(decode_json encode_json);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my %option  = @ARGV;
my $rubric  = decode_json( content($option{'--rubric'}) );
my $pass    = "@{ $rubric->{stages} }" eq 'speed' ? 'timing' : 'correctness';
my ($name)  = $option{'--submission'} =~ m{([^/]*)\z};
my $does    = -f $option{'--submission'} ? 'points 1' : content("$option{'--submission'}/does");
my $began   = 0;
sub content { open my $file, '<', $_[0] or die "$_[0]: $!\n"; local $/; return scalar <$file> }
sub record {
    open my $file, '>>', "$Bin/events" or die $!;
    syswrite $file, encode_json( { what => $_[0], pass => $pass, name => $name, pid => $$, at => clock_gettime(CLOCK_MONOTONIC), array => $ENV{SLURM_ARRAY_JOB_ID}, cpus => $ENV{SLURM_JOB_CPUS_PER_NODE}, given => $option{'--backend'} } ) . "\n";
}
sub others { return grep { /"begin"/ && !/"pid":$$\D/ } split /\n/, content("$Bin/events") }

$SIG{TERM} = sub { record('told'); exit 2 };
open my $left, '>', "$ENV{TMPDIR}/left" or die "TMPDIR: $!\n";
record('begin');
if ( $does =~ /meets/ && $pass eq 'correctness' ) { for ( 1 .. 1200 ) { last if others(); sleep 0.05 } }
if ( $does =~ /holds/ ) { sleep 0.02 while -e "$Bin/hold" }
sleep( $does =~ /lingers/ ? 0.5 : 0.05 );
record('end');
if ( $does =~ /lost/ && !-e "$Bin/found" ) { open my $found, '>', "$Bin/found"; kill KILL => getppid; exit }
if ( $does =~ /breaks (.*)/ ) { say "Bail out!  $1"; exit 2 }
die "no idea\n" if $does =~ /dies/;
my ($points) = $does =~ /points (\d+)/;
my ($adds)   = $does =~ /adds (\{.*\})/;
my %id    = ( build => 'par.build', speed => 'par.base.list', deliverables => 'report' );
my %extra = $adds ? %{ decode_json($adds) } : ();    # a stage's test as it shall be
sub test { my ( $stage, $id, $verdict ) = @_;
    return { id => $id, name => "the $stage <is> right", verdict => $verdict, diag => [ $verdict eq 'fail' ? '3 & 4 were wrong' : () ], notes => [],
      ( $verdict eq 'skip' ? ( reason => 'cannot tell: too noisy; grade again on a quieter machine' ) : () ), ( $verdict eq 'fail' ? ( hint => 'think again' ) : () ), %{ $extra{$stage} // {} } } }
my @tests = map {
    my $stage = $_;
    $stage eq 'correctness' ? ( map { test( $stage, "par.answers.p$_", $_ > $points ? 'fail' : 'pass' ) } 1 .. 10 )
      : test( $stage, $id{$stage}, $stage eq 'speed' ? 'skip' : 'pass' )
} @{ $rubric->{stages} };
my %result = ( complete => $does =~ /half/ ? JSON::PP::false : JSON::PP::true, tests => \@tests, not_run => [], about => { seed => $option{'--seed'}, isolation => 'in no sandbox' } );
open my $json, '>', $option{'--json'} or die $!;
print {$json} encode_json( \%result );
close $json;
exit 1;
END_OF_GRADER

# The rubric that goes with it.
my $RUBRIC = '{ "stages": ["build", "correctness", "speed", "deliverables"],
    "points": { "par.build": 2, "par.answers.*": 1, "par.base.list": 6, "report": 5 } }';

# Result: an object with a temporary folder, in which there are a grader, a rubric and a class.
sub new ($class) {
    my $self = bless { folder => File::Temp->newdir( DIR => '/tmp' ) }, $class;
    $self->write( 'grader.pl',   $GRADER );
    $self->write( 'rubric.conf', $RUBRIC );
    make_path( $self->path('class'), $self->path('tmp') );
    return $self;
}

sub path ( $self, @names ) { return join q{/}, "$self->{folder}", @names }

sub write ( $self, $name, $content ) {
    my $path = $self->path($name);
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $content;
    close $file or die "cannot write $path: $!\n";
    return;
}

sub read ( $self, $name ) {
    open my $file, '<:raw', $self->path($name) or return;
    local $/ = undef;
    return <$file> // q{};
}

sub json ( $self, $name ) { return JSON::PP->new->utf8->decode( $self->read($name) // 'null' ) }

# Adds a submission to the class, or changes one.
sub submission ( $self, $name, $does ) {
    make_path( $self->path( 'class', $name ) );
    $self->write( "class/$name/does", $does );
    return;
}

# What the grader did, in order: { what => begin, end or told, pass, name, pid, at, given => --backend, and of Slurm array, cpus }.
sub events ($self) {
    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $self->read('events') // q{};
}

sub begun ($self) {
    return grep { $_->{what} eq 'begin' } $self->events;
}

sub forget_events ($self) { return unlink $self->path('events') }

# The command that grades the class; $program: grade-class.
sub command ( $self, $program, @options ) {
    return (
        $^X,        $program,                   '--grader', $self->path('grader.pl'),
        '--rubric', $self->path('rubric.conf'), '--output', $self->path('grades'),
        @options,   '--',                       $self->path('class')
    );
}

# Result: "PASS NAME beside PASS NAME" of all gradings that were at work at the same time as one that timed.
sub disturbed ($self) {
    my ( %begin, @spans );
    for my $event ( $self->events ) {
        if ( $event->{what} eq 'begin' ) { $begin{ $event->{pid} } = $event }
        else { push @spans, { %{$event}, from => $begin{ $event->{pid} }{at}, to => $event->{at} } }
    }
    my @found;
    for my $timing ( grep { $_->{pass} eq 'timing' } @spans ) {
        push @found, map { "timing $timing->{name} beside $_->{pass} $_->{name}" }
          grep { $_->{pid} != $timing->{pid} && $_->{from} < $timing->{to} && $timing->{from} < $_->{to} } @spans;
    }
    return @found;
}

# Processes that the grader was, and still is.
sub alive ($self) {
    return grep { kill 0, $_ } map { $_->{pid} } $self->begun;
}

# Variables for a run: its temporary files lie here, and it waits for no other class on this machine.
sub env ($self) { return ( TMPDIR => $self->path('tmp'), GRADE_CLASS_LOCK => $self->{lock} // $self->path ) }

# Runs a command as the user of this class would, and waits for it for very long. Result: of measure::Launch::run.
sub run ( $self, @command ) {
    return measure::Launch::run(
        command  => \@command,
        launcher => tests::lib::Built::launcher(),
        wall_s   => $GENEROUS_S,
        env      => { $self->env },
    );
}

# Why a class cannot be graded here; undef when it can.
sub unfit () {
    return if `parallel --version 2>/dev/null` =~ /\AGNU parallel/;
    return 'there is no GNU parallel here; ./setup --class installs it';
}

# Shares the machine with another class.
sub share_machine ( $self, $other ) { return $self->{lock} = $other->path }

# Starts a command without waiting; result: its process. What it prints goes to `said`.
sub start ( $self, @command ) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    setpgrp;
    %ENV = ( %ENV, $self->env );
    open STDIN,  '<',  '/dev/null'         or POSIX::_exit(126);
    open STDOUT, '>',  $self->path('said') or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT            or POSIX::_exit(126);
    exec { $command[0] } @command or POSIX::_exit(127);
}

1;
