package grader::class::Job;

# One job of a class, on any machine, started by any starter of jobs. It grades one submission in one of two passes,
# correctness (all stages but speed) or timing (the stage speed), and stores the result. A timing pass is alone on its machine,
# even when two classes are graded there.
#
# A job stops when its run has gone, for any reason: neither a lost connection nor a scheduler leaves a job at work.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Fcntl         qw(LOCK_EX LOCK_NB LOCK_SH O_RDONLY);
use File::Spec    ();
use JSON::PP      ();
use POSIX         qw(WNOHANG);
use Sys::Hostname ();
use Time::HiRes   qw(sleep time);
use grader::Workspace;
use grader::class::Stored;
use grader::class::Text;

my $PAUSE_S      = 0.05;
my $LOOK_EVERY_S = 0.5;    # whether the run is still there
my $GRACE_S      = 20;     # for the grader to tidy up
my $STOPPED      = 3;

# Result: the exit status: 0 when something was stored, 3 when the job was stopped before.
sub run ( $store, $pass, $key, $run_id ) {
    my $told = 0;
    local @SIG{qw(INT TERM HUP)} = ( sub { $told = 1 } ) x 3;
    my $looked = 0;
    my $is_on  = sub () {
        return 0 if $told;
        return 1 if time - $looked < $LOOK_EVERY_S;
        $looked = time;
        return defined $store->run_of_job($run_id);
    };
    return $STOPPED if !$is_on->();
    my $settings = $store->run_of_job($run_id)          // return $STOPPED;
    my $job      = $store->read_json("state/jobs/$key") // return $STOPPED;

    my $machine = _take_machine( $settings->{machine}, $pass, $is_on ) // return $STOPPED;
    my $started = time;
    my ( $status, $late ) = _grade( $store, $settings, $job, $pass, $key, $is_on );
    return $STOPPED if !defined $status;

    my ( undef, undef, $user_s, $system_s ) = times;    # of the grader and all that it started
    my %done = (
        pass    => $pass,
        host    => Sys::Hostname::hostname(),
        seconds => 0 + sprintf( '%.3f', time - $started ),
        cpu_s   => 0 + sprintf( '%.2f', $user_s + $system_s ),
    );
    my $result = $store->read_json("state/partial/$key.$pass");
    $result = undef if !grader::class::Stored::is_result($result);
    unlink $store->path("state/partial/$key.$pass");
    my $broken = _broken( $store, $settings, $status, $late, $result, "state/logs/$key.$pass" );
    $done{broken} = $broken if defined $broken;
    $done{result} = $result if defined $result;
    $store->write_json( "state/done/$key.$pass", \%done );
    return 0;
}

# Waits until no job runs here that this one would disturb, or be disturbed by. Result: what keeps it so; undef when the
# run ended meanwhile.
sub _take_machine ( $folder, $pass, $is_on ) {
    sysopen my $machine, $folder, O_RDONLY or die "cannot open $folder: $!\n";
    my $how = $pass eq 'timing' ? LOCK_EX : LOCK_SH;
    while ( !flock $machine, $how | LOCK_NB ) {
        return if !$is_on->();
        sleep $PAUSE_S;
    }
    return $machine;
}

# Result: the grader's status as of waitpid, and whether it was stopped because it took too long; nothing when the run ended.
sub _grade ( $store, $settings, $job, $pass, $key, $is_on ) {

    # What a grader that must be killed leaves is removed here. Others may pass, because what is graded is another user.
    my ( $temporary, $lock ) = grader::Workspace::held_folder( File::Spec->tmpdir );
    chmod oct 711, $temporary;
    my @command = _bytes(
        $^X, $settings->{grader},
        '--submission' => $job->{path},
        '--rubric'     => $store->path("state/$pass.rubric.conf"),
        '--json'       => $store->path("state/partial/$key.$pass"),
        ( map { ( '--backend' => $_ ) } @{ $job->{given} // [] } ),
        @{ $settings->{options} }
    );
    my $pid = fork // die "cannot start the grader: $!\n";
    if ( !$pid ) {
        setpgrp;
        $ENV{TMPDIR} = "$temporary";
        delete @ENV{qw(HARNESS_ACTIVE HARNESS_IS_VERBOSE)};
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', $store->path("state/logs/$key.$pass")
          or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
        exec {$^X} @command or POSIX::_exit(127);
    }

    my $ends_at = time + $settings->{limit_s};
    my ( $late, $stopped ) = ( 0, 0 );
    while ( waitpid( $pid, WNOHANG ) == 0 ) {
        $late    = time > $ends_at;
        $stopped = !$late && !$is_on->();
        if ( $late || $stopped ) {
            _end($pid);
            last;
        }
        sleep $PAUSE_S;
    }
    my $status = $?;
    kill 'KILL', -$pid;
    return if $stopped;
    return ( $status, $late );
}

# Names of files are bytes, each a character of its own in JSON. Perl keeps what it read from JSON as UTF-8, and exec would pass on
# that.
sub _bytes (@words) {
    utf8::downgrade($_) for @words;
    return @words;
}

# The grader removes its files when it is told to end.
sub _end ($pid) {
    kill 'TERM', $pid;
    my $until = time + $GRACE_S;
    while ( time < $until ) {
        return if waitpid( $pid, WNOHANG ) != 0;
        sleep $PAUSE_S;
    }
    kill 'KILL', -$pid;
    waitpid $pid, 0;
    return;
}

# Why there is no grade; undef when there is one.
sub _broken ( $store, $settings, $status, $late, $result, $log ) {
    return "the grader did not finish within $settings->{limit_s} s" if $late;
    my $is_graded = !( $status & 127 ) && ( $status >> 8 ) <= 1;
    return if $is_graded && ref $result eq 'HASH' && $result->{complete};

    my @lines  = _lines_of( $store->path($log) );
    my ($bail) = map { /\ABail out!\s*(.*)/ } @lines;
    my $why    = $bail // $lines[-1] // q{};
    $why = substr grader::class::Text::printable( $why =~ s/\s+/ /gr ), 0, 500;
    return $why if defined $bail;
    my $end =
      $status & 127
      ? 'was ended by signal ' . ( $status & 127 )
      : 'ended with status ' . ( $status >> 8 );
    return "the grader $end" . ( length $why ? ": $why" : ' and said nothing' );
}

sub _lines_of ($path) {
    open my $file, '<:raw', $path or return;
    return grep { /\S/ } map { chomp; $_ } <$file>;
}

1;
