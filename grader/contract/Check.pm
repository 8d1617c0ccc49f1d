package grader::contract::Check;

# The common parts of all kinds of check: the form of an outcome, the source of a binary, and the limits of its run.
#
# A check is { id, name => sentence, run => sub ( $job, $backend, $check ) { outcome }, ours => true if only our own contract
# asks for it, only => the one backend that is checked }. An outcome is as grader::results::Tap::result takes it, and may hold:
# hung, was_slow => it did not end in time, but might with more time; tool_died => it broke the tool that watched it; blameless => the machine is to blame.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use POSIX          ();
use grader::contract::Words;
use measure::Launch;

# Seconds that a check may take where nobody else computes; the suite itself knows earlier what hangs, and goes by CPU time.
my $WALL_S = 120;

# A check is asked for the CPU time that so many CPUs give in these seconds. Where others take the CPUs the clock shows more: it only ends
# what neither computes nor sleeps, after so many times as long.
my ( $CPUS, $MOST_STRETCH ) = ( 2, 5 );

# How much a suite may print, and how many processes it needs: Check's, the test's, one more for what a test starts.
my %LIMITS = ( output_bytes => 4 * 1024 * 1024, capture_bytes => 1024 * 1024, processes => 8 );

# What a user's own environment must not change.
my %ENVIRONMENT = map { $_ => undef }
  qw(CK_FORK CK_RUN_CASE RUN_TEST CK_RUN_SUITE CK_INCLUDE_TAGS CK_EXCLUDE_TAGS CK_DEFAULT_TIMEOUT
  CK_TIMEOUT_MULTIPLIER CK_VERBOSITY CK_LOG_FILE_NAME CK_XML_LOG_FILE_NAME CK_TAP_LOG_FILE_NAME CK_MAX_MSG_SIZE SEED MEMORY_MIB
  TSAN_OPTIONS VALGRIND_OPTS);

# What did not end in time was busy when it computed for this part of it.
my $LEAST_BUSY_SHARE = 0.1;

# By how much all limits of time are multiplied.
our $times_longer = 1;

# A file became too long: SIGXFSZ, for which Perl's POSIX has no name. The sandbox limits each file, so that all files of a run stay
# within bounds; what is kept in memory without a name is limited by nothing else.
my $SIGXFSZ = 25;
my $OF_FILES =
'no file may become longer than 64 MiB here, and what memfd_create or shm_open makes is a file: take anonymous pages with '
  . 'mmap(2); it is seen only under such a limit (ulimit -f 65536)';

# What to look at when a call crashed. $signal: its number.
sub crash_hint ($signal) {
    return
'abort(), or an assert that does not hold, ended the process, unless the C library did: what was printed says more'
      if $signal == POSIX::SIGABRT();
    return $OF_FILES if $signal == $SIGXFSZ;
    return
'what a call found of its own, a header or a free block, was written over, or is not mapped any more: look at what '
      . 'is unmapped, whether it is unmapped twice, and at what is put into a list; where threads are at work, also at '
      . 'what they change without the lock that it needs';
}

sub file_signal () { return $SIGXFSZ }

# For whoever ends the process inside of a call.
sub no_exit_hint () { return 'none of the three calls may end the process: look for exit()' }

# ---- Outcomes --------------------------------------------------------------------------------------------------------

sub pass (@notes) { return { verdict => 'pass', notes => \@notes } }

sub skip ($reason) { return { verdict => 'skip', reason => $reason } }

sub fail ( $hint, @diag ) { return { verdict => 'fail', diag => \@diag, hint => $hint } }

# What did not end in time was slow, and might end in more, when it computed all the while; a deadlock does not.
sub hung ($result) {
    my $cpu_s = ( $result->{user_s} // 0 ) + ( $result->{sys_s} // 0 );
    return ( hung => 1, was_slow => $cpu_s > $LEAST_BUSY_SHARE * $result->{wall_s} );
}

# How a run of a program of tests/contract ended that did not say its closing word. What that program said counts before what
# the submission may have printed first.
sub how_it_ended ($result) {
    return $result->{took_all} if defined $result->{took_all};
    my $said = grader::contract::Words::said_by_program($result);
    return "ended with exit status $result->{exit}: $said"
      if defined $said && !defined $result->{stopped} && $result->{exit};
    return measure::Launch::ok($result) ? 'ended before it was over' : measure::Launch::sentence($result);
}

# What to look at when something hangs, whatever was being checked. $how: 'asleep', 'spinning', 'computing' or 'slow'; without it, how the
# run itself was stopped.
sub hang_hint ( $result, $how = undef ) {
    my %hung = hung($result);
    $how //= ( $result->{stopped} // q{} ) eq 'asleep' || !$hung{was_slow} ? 'asleep' : 'computing';
    return {
        asleep =>
          'look at the locks: each way out of a call must give its lock back, no call may take a lock twice (xrealloc '
          . 'calls xmalloc and xfree), nor may a key destructor; a lock made by hand must miss no wake-up',
        spinning =>
'look at the spin locks: two calls that take two of them must take them in the same order, and each way out of a '
          . 'call must give back what it took; then look for a list that has become a ring',
        computing =>
          'look for a walk that does not end: a list that has become a ring, as after a block was put into it twice, '
          . 'a loop that waits for a lock, or one that tries the same again and again',
        slow => 'the calls are far too slow: look for walks through long lists, and for system calls in each call',
    }->{$how};
}

sub was_stopped ($result) { return ( $result->{stopped} // q{} ) =~ /\A(?:wall|cpu|asleep)\z/ }

# ---- Running ---------------------------------------------------------------------------------------------------------

# The path of a binary, or an outcome that says why there is none.
sub binary ( $job, $backend, $flavour, $name ) {
    my $path = eval { $job->binary( $backend, $flavour, $name ) };
    return $path if defined $path;
    my $why = $@;
    die $why if !ref $why;
    my $hint = $why->{is_cheat} ? 'an allocator is the same under every tool' : "make $backend compile and link first";
    return skip( $why->{complaint} ) if $why->{is_other_code};
    return { %{ fail( $hint, $why->{complaint}, @{ $why->{errors} // [] } ) }, is_cheat => $why->{is_cheat} };
}

# Runs a binary of a check in the sandbox. %options: those of $job->launch. Result: of measure::Launch::run. Dies where the machine
# is to blame for how the run ended; unless_untold makes an outcome of that.
sub launch ( $job, $binary, %options ) {
    my $most_s = $times_longer * ( delete $options{wall_s} // $WALL_S );
    my $result = $job->launch(
        see => [ dirname($binary) ],
        %LIMITS,
        %options,
        cpu_s    => $CPUS * $most_s,
        wall_s   => $MOST_STRETCH * $most_s,
        asleep_s => $times_longer * ( $options{asleep_s} // 2 * $job->settings->{asleep_s} ),
        env      => { %ENVIRONMENT, CK_TIMEOUT_MULTIPLIER => $times_longer, %{ $options{env} // {} } },
    );
    die { untold => $result->{untold} } if defined $result->{untold};
    return $result;
}

# The outcome that $check makes.
sub unless_untold ($check) {
    my $outcome = eval { $check->() };
    return $outcome if defined $outcome;
    die $@          if ref $@ ne 'HASH' || !defined $@->{untold};
    return { %{ skip("cannot tell: it $@->{untold}") }, blameless => 1 };
}

1;
