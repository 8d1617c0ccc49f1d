package grader::contract::Suite;

# The checks that are cases of the Check suite (tests/suite). Each promise is a check of its own. It reports the broken promise,
# the call, the values, and the command that repeats the failure.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Chance;
use grader::contract::Check;
use grader::contract::Words;
use measure::Launch;
use measure::Machine;
use POSIX ();

my $TOO_LARGE =
'a page for each small block, or a large header, is too much: let small blocks share pages, and let sizes be close enough '
  . 'together';

# case: of the suite. promise: what is asked there besides the rubric's terms. name, advice: a function makes them of the
# terms; hw08_advice: instead of that for the homework, which keeps nothing for a thread; hang_advice: on what hangs, and is not
# only slow; unless: a function says of the terms that there is nothing to ask.
my @PROMISED = (
    {
        id     => 'blocks',
        case   => 'overlap',
        name   => 'live blocks share no byte and keep their content',
        advice =>
          'a block must not be handed out twice, nor reach into its neighbour: look at how a block is split, how '
          . 'neighbours are joined, and whether headers and links stay out of the bytes of the user',
    },
    {
        id     => 'sizes',
        case   => 'sizes',
        name   => 'a block of any size can be used to its last byte',
        advice => 'look at the sums that make a block of a request: the header, the rounding up, the border at which '
          . 'blocks get a mapping of their own',
    },
    {
        id     => 'alignment',
        case   => 'alignment',
        unless => sub ($terms) { $terms->{alignment} <= 1 },
        name   => sub ($terms) { "blocks are aligned to $terms->{alignment} bytes" },
        advice => sub ($terms) {
"round sizes up to a multiple of $terms->{alignment}, and keep the size of a header a multiple of $terms->{alignment}";
        },
    },
    {
        id     => 'resize',
        case   => 'resize',
        name   => 'xrealloc keeps the content up to the smaller of the two sizes',
        advice =>
          'xrealloc must copy the smaller of the old and the new number of bytes, without the header, and free the '
          . 'old block only afterwards; where a block changes its size in its place, its header, the lists and what '
          . 'its neighbours know of it must follow',
    },
    {
        id     => 'threads',
        case   => 'threads',
        limits => { threads => 320 },                                             # tables for 256 are common
        name   => 'any thread may take, resize and free any block at any time',
        advice => 'every access to shared lists needs the lock, in xrealloc as well; every way out of a function must '
          . 'unlock; what one thread took another may free',
    },
    {
        id     => 'thread_exit',
        case   => 'thread exit',
        name   => 'the memory of an ended thread is used again',
        advice =>
          'blocks that a thread has freed and kept for itself must go back when it ends (pthread_key_create with a '
          . 'destructor), or be found by later threads; what fails in reuse as well has nothing to do with the end of threads',
        hw08_advice => 'the one list belongs to all threads: nothing in it may depend on which thread took or freed a '
          . 'block, or live on the stack of a thread or in a _Thread_local variable',
    },
    {
        id     => 'reuse',
        case   => 'reuse',
        name   => 'memory that was freed is used again',
        advice => 'xfree, and xrealloc when it moves a block, must put the old block where the next xmalloc finds it, '
          . 'whichever thread frees it',
    },
    {
        id   => 'memory',
        case => 'memory',
        name => sub ($terms) {
            my $times = (qw(no one two three four five))[ $terms->{memory_times} ] // $terms->{memory_times};
            return "at most $times times the memory that is handed out, and 4 MiB";
        },
        advice => $TOO_LARGE,
    },
    {
        id     => 'mappings',
        case   => 'mappings',
        name   => 'a mapping whose blocks are all free serves any later request',
        advice => 'return it with munmap, or keep it where every size and every thread can get it',
    },
    {
        id     => 'large',
        case   => 'large',
        name   => 'blocks, and all blocks together, may be larger than a gigabyte',
        advice => 'sizes need size_t, not int, and there must be no table or pool of a fixed size',
    },
);

# What only our own contract promises (xmalloc.h).
my @OURS = (
    {
        id      => 'align16',
        case    => 'alignment',
        promise => 'alignment=16',
        name    => 'blocks are aligned to 16 bytes',
        advice  => 'types such as long double and max_align_t need 16 bytes',
    },
    {
        id     => 'errno',
        case   => 'errno',
        name   => 'xfree keeps errno',
        advice => 'keep errno in a variable around munmap and madvise',
    },
    {
        id     => 'null_and_zero',
        case   => 'null and zero',
        name   => 'NULL and a size of 0 are handled as xmalloc.h says',
        advice => 'see xmalloc.h: xfree(NULL), xrealloc(NULL, n), xmalloc(0), xrealloc(p, 0)',
    },
    {
        id     => 'out_of_memory',
        case   => 'out of memory',
        name   => 'without memory the calls give NULL with ENOMEM, and nothing is lost',
        advice => 'check the result of mmap before you use it: MAP_FAILED, and not NULL, says that there is no memory',
        hang_advice =>
          'look for a way out that keeps a lock, or gives it back twice, when there is no memory, and for a '
          . 'loop that tries again until there is some',
    },
    {
        id     => 'shrink',
        case   => 'shrink',
        name   => 'a block that shrinks gives up what it no longer needs',
        advice => 'a block that becomes much smaller can move to a place of its size, or its rest become a free block',
    },
    {
        id     => 'process_end',
        case   => 'process end',
        name   => 'live blocks can be used until the process has ended',
        advice =>
'nothing need be given back when a process ends: the system takes all, and destructors of others may still run',
    },
);

# What the suite asks of a submission when nothing else is said.
my %USUAL = map { $_ => 1 } qw(alignment=8 memory_times=3);

# $terms: what the rubric says of the assignment. Result: the checks of what was promised, and those that only we look at.
sub promised ($terms) { return _checks( $terms, 0, @PROMISED ) }
sub ours     ($terms) { return _checks( $terms, 1, @OURS ) }

sub _checks ( $terms, $ours, @checks ) {
    my @made;
    for my $check ( grep { !$_->{unless} || !$_->{unless}->($terms) } @checks ) {
        my %told = map { $_ => ref $check->{$_} ? $check->{$_}->($terms) : $check->{$_} } qw(name advice);
        push @made, { %{$check}, %told, run => \&_run, $ours ? ( ours => 1 ) : () };
    }
    return @made;
}

# As what the suite sees a backend. Slow calls are no fault of the homework, and it need not share memory between sizes.
sub _traits ( $job, $backend, $check ) {
    my $terms    = $job->settings->{terms};
    my @promises = (
        "alignment=$terms->{alignment}",
        "memory_times=$terms->{memory_times}",
        map { "$_=1" } grep { $terms->{$_} } qw(null zero)
    );
    push @promises, $check->{promise} if defined $check->{promise};
    return join q{,}, $backend eq 'hw08' ? 'course-hw08' : 'course', grep { !$USUAL{$_} } @promises;
}

sub _run ( $job, $backend, $check ) {
    return grader::contract::Chance::decide( sub () { _run_once( $job, $backend, $check ) } );
}

sub _run_once ( $job, $backend, $check ) {
    my $name   = "tests/suite-$backend";
    my $binary = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $traits = _traits( $job, $backend, $check );
    my $seed   = $job->drawn( "contract $backend", 1, 2**31 - 1 );
    my $word   = $job->nonce;
    my $result = grader::contract::Check::launch(
        $job, $binary,
        command => [ $binary, $traits, '-' ],
        %{ $check->{limits} // {} },
        stdin => "$word\n",
        env   => {
            CK_RUN_CASE => $check->{case},
            SEED        => $seed,
            MEMORY_MIB  => scalar measure::Machine::memory_limit_mib(),
            TELL_GROWTH => 1,
            defined $job->settings->{one_test} ? ( RUN_TEST => $job->settings->{one_test} ) : (),
        },
    );

    my ( $ended, $failed, $cut_short ) =
      $result->{stdout} =~ /^closing: (\d+) ended, (\d+) failed, (\d+) cut short; \Q$word\E$/m;
    my $closed = defined $ended;
    return { %{ grader::contract::Check::pass() }, near => _is_near($result) }
      if measure::Launch::ok($result) && $closed && $ended > 0 && $failed == 0 && $cut_short == 0;
    if ( $closed && $ended + $failed + $cut_short == 0 ) {
        my ($why) = $result->{stdout} =~ /^left out: \Q$check->{case}\E: ([^\n]*)/m;
        return grader::contract::Check::skip( $why // 'the suite has no such test' );
    }

    my $run = "build/release/$name $traits";
    my $set = "SEED=$seed CK_RUN_CASE=\"$check->{case}\"";
    my $see = "to see it again: make BACKENDS=$backend build/release/$name && $set $run";
    return _suite_failed( $result, $closed, $backend, $check, $see, "CK_FORK=no $set gdb --args $run" );
}

# Whether the memory of the process grew to near what is accepted, and nothing else was wrong. The suite tells how it grew.
sub _is_near ($result) {
    return 0 if grep { !$_->{is_measured} } failures($result);
    my @growths;
    while ( $result->{stdout} =~ /^grew by (\d+) of (\d+) KiB$/mg ) { push @growths, [ $1, $2 ] }
    return scalar grep { grader::contract::Chance::is_near( @{$_} ) } @growths;
}

# What a crash tells, whatever was asked for. Where xrealloc crashes it is most likely the copy, as the check of that says.
my $OF_NULL = 'look for NULL first in xrealloc and xfree';
my $XFSZ    = grader::contract::Check::file_signal();

sub _crash_advice ( $check, $message ) {
    return $OF_NULL                                                if $message =~ /\((?:NULL)\b/;
    return grader::contract::Check::crash_hint($XFSZ)              if $message eq 'it crashed (SIGXFSZ)';
    return grader::contract::Check::crash_hint( POSIX::SIGABRT() ) if $message =~ /\Acrash \(Aborted\)/;
    return
'a block that is in use was not mapped in full, or not any more: look at what is unmapped, whether it is unmapped '
      . 'twice, and at how many bytes are mapped'
      if $message =~ /\Acrash \([^)]*\) after /;
    return if $check->{id} eq 'resize' && $message !~ /\Acrash \([^)]*\) in x(?:malloc|free)\(/;
    return grader::contract::Check::crash_hint( POSIX::SIGSEGV() ) if $message =~ /\Acrash \([^)]*\) in x/;
    return;
}

# The checks whose own advice fits a crash as well, and those whose advice may: what crashes only among threads lacks a lock.
my %KNOWS_CRASHES = map { $_ => 1 } qw(sizes large null_and_zero out_of_memory);
my %MAY_KNOW      = map { $_ => 1 } qw(threads thread_exit);

# What the words of a failure say of its cause, whatever was asked for.
my @CAUSES = (
    [
        qr/Was a page of it given back to the system/ =>
'give back only whole pages in which no byte of a block that is in use lies: round their first address up, and the end down'
    ],
    [ qr/\Ablocks are too large: / => $TOO_LARGE ],
    [
        qr/\Aafter all had been freed: only / =>
'what was freed must serve again when the system gives no more: look for addresses that are given up for good, for '
          . 'memory that waits for its own size, and for what is lost where mmap fails'
    ],
    [
        qr/\Aat first: only / =>
'much more was asked of the system than was handed out, or a refusal was for good: when a large piece cannot be had, ask for a '
          . 'smaller one'
    ],
    [
        qr/ mappings, and the kernel allows /,
'map larger pieces, and cut blocks from them: each piece with a gap or a guard page beside it, and each part that is '
          . 'unmapped in the middle of one, makes one mapping more'
    ],
    [
        qr/ returned NULL with errno / =>
          'who returns NULL sets errno to ENOMEM, also where no call of the system has done it'
    ],
    [
        qr/\Ax(?:malloc|realloc)\([^)]*\) returned NULL although there is memory\z/ =>
'where no free block fits, new memory must be had, and the block must fit into that: look at the sizes between '
          . 'the largest that is cut from a page and the smallest that is mapped alone, and at tables that are full, as '
          . 'one with a place for each thread'
    ],
    [
        qr/\bx(?:malloc|realloc)\((?:[^)]*, )?\d{15,}\)/,
'a header added to so large a size, or rounding it up, may make it a small number: refuse what is over PTRDIFF_MAX first, '
          . 'and look at the result of mmap'
    ],
);

# What to look at. @failures: of the check, as failures() gives them. What fits the failure, and else what fits the check: a crash with NULL says more than any topic does.
sub advice ( $check, $backend, @failures ) {
    for my $cause (@CAUSES) {
        my ( $says, $look ) = @{$cause};
        return $look if grep { $_->{message} =~ $says } @failures;
    }
    my $own = ( $backend eq 'hw08' ? $check->{hw08_advice} : undef ) // $check->{advice};
    my ($crash) = map { _crash_advice( $check, $_->{message} ) // () } grep { $_->{crashed} } @failures;
    return $own   if !defined $crash;
    return $crash if $crash eq $OF_NULL || $crash eq grader::contract::Check::crash_hint($XFSZ);
    return $own   if $KNOWS_CRASHES{ $check->{id} };
    return "$crash; if it crashes with threads only: $own" if $MAY_KNOW{ $check->{id} };
    return $crash;
}

# $see, $debug: what to type to see it again, and to see it in a debugger.
sub _suite_failed ( $result, $closed, $backend, $check, $see, $debug ) {
    my @failures = failures($result);
    my @diag     = map { ( "$_->{message}", "    that was seen when testing that $_->{test}" ) } @failures;
    my $stopped  = grader::contract::Check::was_stopped($result);
    if ($closed) {
        push @diag, "the process was ended before the test was over: " . grader::contract::Words::plain($1)
          if $result->{stdout} =~ /^left early: ([^\n]*)/m;
        push @diag, $1 if $result->{stdout} =~ /^\w+: (the tests were tampered with: [^\n]*)/m;
    }
    else {
        my $how =
          measure::Launch::ok($result) ? 'ended' : ( $result->{took_all} // measure::Launch::sentence($result) );
        push @diag, "the suite $how, before all of its tests were over";
    }
    push @diag, 'the tests passed, but the suite ' . ( $result->{took_all} // measure::Launch::sentence($result) )
      if !@diag;
    push @diag, grader::contract::Words::printed($result);

    my ($hung) = map { $_->{hung} // () } @failures;
    $hung //= q{} if $stopped;
    my %hung    = defined $hung ? _hung( $result, $hung ) : ();
    my $is_slow = %hung && ( $hung eq 'slow' || $hung eq q{} && $hung{was_slow} );
    return { %{ grader::contract::Check::skip('it did not end in time') }, %hung } if $is_slow && $check->{ours};
    my $advice =
        %hung && !$is_slow && defined $check->{hang_advice} ? $check->{hang_advice}
      : %hung                                 ? grader::contract::Check::hang_hint( $result, $hung || undef )
      : $result->{stdout} =~ /^left early: /m ? grader::contract::Check::no_exit_hint()
      :                                         advice( $check, $backend, @failures );
    my $hint = "$advice; $see";
    $hint .= "; in a debugger: $debug" if %hung || grep { $_->{crashed} } @failures;
    return {
        %{ grader::contract::Check::fail( $hint, @diag ) },
        %hung ? %hung : ( near => $closed && _is_near($result) )
    };
}

# The suite itself knows of a test whether it was slow or asleep; what was stopped may be either.
sub _hung ( $result, $how ) {
    my %known = ( asleep => 0, slow => 1 );
    return ( grader::contract::Check::hung($result), exists $known{$how} ? ( was_slow => $known{$how} ) : () );
}

# ---- What Check printed ----------------------------------------------------------------------------------------------

my %SIGNAL_NAME = (
    4     => 'SIGILL',
    6     => 'SIGABRT',
    7     => 'SIGBUS',
    8     => 'SIGFPE',
    9     => 'SIGKILL',
    11    => 'SIGSEGV',
    $XFSZ => 'SIGXFSZ'
);

# $result: of a suite's run. Result: { test => sentence of what must hold, message => what happened, is_measured, crashed, hung } for
# each failure that Check reported. is_measured: more was measured than is accepted. hung: 'asleep', 'spinning', 'computing' or 'slow'; empty when nobody knows which.
sub failures ($result) {
    my @failures;
    for my $line ( split /\n/, $result->{stdout} ) {
        my ( $test, $message ) = $line =~ /\A[^\s:]+\.[ch]:\d+:[EFSP]:[^:]*:(\w+):\d+: (.*)\z/ or next;
        my %failure = ( test => $test =~ tr/_/ /r, message => grader::contract::Words::plain($message) );
        $failure{is_measured} = $message =~ /\baccepted\b/;    # also where that is cut off
        if    ( $message =~ /\Ait hangs: all threads have been asleep/ ) { $failure{hung} = 'asleep' }
        elsif ( $message =~ /\Ait hangs: .*; do two spin locks / )       { $failure{hung} = 'spinning' }
        elsif ( $message =~ /\Ait hangs: / )                             { $failure{hung} = 'computing' }
        elsif ( $message =~ /\Athe test has computed for \d+ s/ )        { $failure{hung} = 'slow' }
        elsif ( $message =~ /Test timeout expired/ ) {
            $failure{hung}    = q{};
            $failure{message} = 'it did not finish in time: a call hangs, or is far too slow';
        }
        elsif ( $message =~ /Received signal (\d+)(?: \(([^)]*)\))?/ ) {
            my $name = $SIGNAL_NAME{$1} // "signal $1";
            my ($where) = $result->{stderr} =~ /, \Q$test\E: (crash \([^)]*\) (?:in|after) [^\n]*)/;
            $failure{crashed} = 1;
            $failure{message} = defined $where ? grader::contract::Words::plain($where) : "it crashed ($name)";
        }
        elsif ( $message =~ /Early exit with return value (\d+)/ ) {
            $failure{message} = "something in it ended the process with exit status $1";
        }
        push @failures, \%failure;
    }
    return @failures;
}

1;
