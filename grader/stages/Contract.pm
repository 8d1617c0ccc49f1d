package grader::stages::Contract;

# The stage that asks a submission for what the course promised its students, beyond right answers. Each promise is a test
# of its own, and says what was broken, by which call, with which values, and what to type to see it again.
#
# The promises that only our own contract makes (xmalloc.h) are looked at as well; the rubric gives no points for them.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use List::Util     qw(min);
use measure::Contention;
use grader::contract::Reports;
use measure::Launch;

# Seconds that a check may take in all. Each test of the suite may take 30; those of a right allocator take a second or two.
my $WALL_S = 60;

# Where others use the machine too, and where there is one processor, the first check that does not end gets so many times
# longer once more.
my $PATIENCE         = 3;
my $LEAST_BUSY_SHARE = 0.1;

# A tool makes everything slow; where it does not end in time, nothing is told.
my $TOOL_WALL_S = 60;

# After so many checks of one backend that did not end in time, the others are not waited for.
my $MOST_HUNG = 2;

# How much a suite may print, and how many processes it needs: Check's, the test's, one more for what a test starts.
my %LIMITS = ( output_bytes => 4 * 1024 * 1024, capture_bytes => 1024 * 1024, processes => 8 );

# What the stubs of the student kit say (handout/par_alloc.c).
my $NOT_WRITTEN = qr/\b\w+[.]c: xmalloc is not written yet/;

my $NO_EXIT = 'none of the three calls may end the process: look for exit()';

# What a user's own environment must not change.
my %ENVIRONMENT = map { $_ => undef }
  qw(CK_FORK CK_RUN_CASE CK_RUN_SUITE CK_INCLUDE_TAGS CK_EXCLUDE_TAGS CK_DEFAULT_TIMEOUT
  CK_TIMEOUT_MULTIPLIER CK_VERBOSITY CK_LOG_FILE_NAME CK_XML_LOG_FILE_NAME CK_TAP_LOG_FILE_NAME CK_MAX_MSG_SIZE SEED MEMORY_MIB
  TSAN_OPTIONS VALGRIND_OPTS);

# case: of the Check suite. traits: as what the suite sees the backend, if not the course's.
my @CHECKS = (
    {
        id     => 'blocks',
        case   => 'overlap',
        name   => 'live blocks share no byte, and nobody changes their content',
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
        name   => 'blocks are aligned to 8 bytes',
        advice => 'round sizes up to a multiple of 8, and keep the size of a header a multiple of 8',
    },
    {
        id     => 'resize',
        case   => 'resize',
        name   => 'xrealloc keeps the content up to the smaller of the two sizes',
        advice =>
          'xrealloc must copy the smaller of the old and the new number of bytes, without the header, and free the '
          . 'old block only afterwards',
    },
    {
        id     => 'threads',
        case   => 'threads',
        name   => 'any thread may take, resize and free any block at any time',
        advice => 'every access to shared lists needs the lock, in xrealloc as well; every way out of a function must '
          . 'unlock; what one thread took another may free',
    },
    {
        id     => 'thread_exit',
        case   => 'thread exit',
        name   => 'what a thread leaves when it ends is used again',
        advice =>
          'blocks that a thread has freed and kept for itself must go back when it ends (pthread_key_create with a '
          . 'destructor), or be found by later threads',
    },
    {
        id     => 'reuse',
        case   => 'reuse',
        name   => 'memory that was freed is used again',
        advice => 'xfree, and xrealloc when it moves a block, must put the old block where the next xmalloc finds it, '
          . 'whichever thread frees it',
    },
    {
        id     => 'memory',
        case   => 'memory',
        name   => 'at most three times the memory that is handed out, and 4 MiB',
        advice =>
          'a page for each small block, or a large header, is too much: let small blocks share pages, and let sizes '
          . 'be close enough together',
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
    { id => 'small_space', run => \&_small_space, name => 'it works in an address space of 16 MiB' },
    { id => 'one_lock',    run => \&_one_lock,    only => 'hw08', name => 'four threads take exactly one lock' },
    { id => 'valgrind',    run => \&_valgrind,    name => 'valgrind sees no access outside of blocks' },
    { id => 'tsan',        run => \&_tsan,        name => 'thread sanitizer sees no data race' },
    {
        id     => 'align16',
        case   => 'alignment',
        traits => 'course16',
        ours   => 1,
        name   => 'blocks are aligned to 16 bytes',
        advice => 'types such as long double and max_align_t need 16 bytes',
    },
    {
        id     => 'errno',
        case   => 'errno',
        ours   => 1,
        name   => 'xfree keeps errno',
        advice => 'keep errno in a variable around munmap and madvise',
    },
    {
        id     => 'null_and_zero',
        case   => 'null and zero',
        ours   => 1,
        name   => 'NULL and a size of 0 are handled as xmalloc.h says',
        advice => 'see xmalloc.h: xfree(NULL), xrealloc(NULL, n), xmalloc(0), xrealloc(p, 0)',
    },
    {
        id     => 'out_of_memory',
        case   => 'out of memory',
        ours   => 1,
        name   => 'without memory the calls give NULL with ENOMEM, and nothing is lost',
        advice => 'look at what mmap returns before it is used: MAP_FAILED, and not NULL, says that there is no memory',
    },
);

# Result: the tests for the backends of the job that are handed in, as test.pl wants them.
sub tests ($job) {
    my @tests;
    for my $backend ( grep { $_ eq 'hw08' || $_ eq 'par' } $job->backends ) {
        my %state = ( hung => 0 );
        for my $check ( grep { !defined $_->{only} || $_->{only} eq $backend } @CHECKS ) {
            push @tests,
              {
                id   => "$backend.$check->{id}",
                name => "$backend: $check->{name}" . ( $check->{ours} ? ' (not asked by the course)' : q{} ),
                ours => $check->{ours},
                run  => sub { _run( $job, $backend, $check, \%state ) },
              };
        }
    }
    return @tests;
}

sub _run ( $job, $backend, $check, $state ) {
    if ( $state->{hung} >= $MOST_HUNG ) {
        my $why = "$state->{hung} checks of $backend before this one did not end in time";
        return $check->{ours}
          ? { verdict => 'skip', reason => $why }
          : { verdict => 'fail', diag => ["not tried, because $why"], hint => 'make those pass first' };
    }
    if ( defined $state->{not_written} ) {
        return { verdict => 'fail', diag => ["not tried: $state->{not_written}"], hint => 'write it first' };
    }
    my $outcome = _run_patiently( $job, $backend, $check, $state );
    $state->{hung}++ if delete $outcome->{hung};
    ( $state->{not_written} ) = map { /($NOT_WRITTEN)/ } @{ $outcome->{diag} // [] };
    return $outcome;
}

# By how much all limits of time are multiplied.
our $times_longer = 1;

sub _run_patiently ( $job, $backend, $check, $state ) {
    my $watch   = measure::Contention->new( threads => 2 );
    my $run     = $check->{run} // \&_suite;
    my $outcome = $run->( $job, $backend, $check );
    return $outcome if !$outcome->{was_slow} || $state->{was_patient};
    return $outcome if !$watch->reasons && $watch->usable_cpus >= 2;
    $state->{was_patient} = 1;
    local $times_longer = $PATIENCE;
    return $run->( $job, $backend, $check );
}

# ---- Outcomes --------------------------------------------------------------------------------------------------------

sub _pass (@notes) { return { verdict => 'pass', notes => \@notes } }

sub _skip ($reason) { return { verdict => 'skip', reason => $reason } }

sub _fail ( $hint, @diag ) { return { verdict => 'fail', diag => \@diag, hint => $hint } }

# What did not end in time was slow, and might end in more, when it computed all the while; a deadlock does not.
sub _hung ($result) {
    my $cpu_s = ( $result->{user_s} // 0 ) + ( $result->{sys_s} // 0 );
    return ( hung => 1, was_slow => $cpu_s > $LEAST_BUSY_SHARE * $result->{wall_s} );
}

# The path of a binary, or an outcome that says why there is none.
sub _binary ( $job, $backend, $flavour, $name ) {
    my $path = eval { $job->binary( $backend, $flavour, $name ) };
    return $path if defined $path;
    my $why = $@;
    die $why if !ref $why;
    my $hint = $why->{is_cheat} ? 'an allocator is the same under every tool' : "make $backend compile and link first";
    return { %{ _fail( $hint, $why->{complaint}, @{ $why->{errors} // [] } ) }, is_cheat => $why->{is_cheat} };
}

sub _launch ( $job, $binary, %options ) {
    return $job->launch(
        see => [ dirname($binary) ],
        %LIMITS,
        %options,
        wall_s => $times_longer * ( $options{wall_s} // $WALL_S ),
        env    => { %ENVIRONMENT, CK_TIMEOUT_MULTIPLIER => $times_longer, %{ $options{env} // {} } },
    );
}

# ---- The suite -------------------------------------------------------------------------------------------------------

# Slow calls are no fault of the homework, and it need not share memory between sizes.
sub _traits ( $backend, $check ) { return $check->{traits} // ( $backend eq 'hw08' ? 'course-hw08' : 'course' ) }

sub _suite ( $job, $backend, $check ) {
    my $name   = "tests/suite-$backend";
    my $binary = _binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $traits = _traits( $backend, $check );
    my $seed   = $job->drawn( "contract $backend", 1, 2**31 - 1 );
    my $word   = $job->nonce;
    my $result = _launch(
        $job, $binary,
        command => [ $binary, $traits, '-' ],
        stdin   => "$word\n",
        env     => { CK_RUN_CASE => $check->{case}, SEED => $seed, MEMORY_MIB => scalar _memory_mib() },
    );

    my ( $ended, $failed, $cut_short ) =
      $result->{stdout} =~ /^closing: (\d+) ended, (\d+) failed, (\d+) cut short; \Q$word\E$/m;
    my $closed = defined $ended;
    return _pass() if measure::Launch::ok($result) && $closed && $ended > 0 && $failed == 0 && $cut_short == 0;
    if ( $closed && $ended + $failed + $cut_short == 0 ) {
        my ($why) = $result->{stdout} =~ /^left out: \Q$check->{case}\E: ([^\n]*)/m;
        return _skip( $why // 'the suite has no such test' );
    }

    my $run = "build/release/$name $traits";
    my $set = "SEED=$seed CK_RUN_CASE=\"$check->{case}\"";
    my $see = "to see it again: make BACKENDS=$backend build/release/$name && $set $run";
    return _suite_failed( $result, $closed, $check, $see, "CK_FORK=no $set gdb --args $run" );
}

# How much memory a container or control group may use, in MiB, which does not stand in /proc/meminfo; undef when there is no
# such limit.
sub _memory_mib () {
    my @groups = ( q{}, _own_groups() );
    my @limits;
    for my $path ( map { ( "$_/memory.max", "memory$_/memory.limit_in_bytes" ) } @groups ) {
        open my $file, '<', "/sys/fs/cgroup/$path" or next;
        my $limit = <$file> // q{};
        close $file or next;
        push @limits, int( $1 / 2**20 ) if $limit =~ /\A(\d+)$/ && $1 < 2**50;
    }
    return @limits ? min(@limits) : undef;
}

# The control groups of this process that count memory, as /proc/self/cgroup names them: "0::/a/b", "7:memory:/a/b".
sub _own_groups () {
    open my $file, '<', '/proc/self/cgroup' or return;
    my @groups = map { m{\A\d+:(?:memory)?:(/[^\n]+)} ? $1 : () } <$file>;
    close $file or return;
    return @groups;
}

# $see, $debug: what to type to see it again, and to see it in a debugger.
sub _suite_failed ( $result, $closed, $check, $see, $debug ) {
    my @failures = grader::contract::Reports::failures($result);
    my @diag     = map { ( "$_->{message}", "    that was seen when testing that $_->{test}" ) } @failures;
    my $stopped  = ( $result->{stopped} // q{} ) eq 'wall';
    if ($closed) {
        push @diag, "the process was ended before the test was over: " . grader::contract::Reports::plain($1)
          if $result->{stdout} =~ /^left early: ([^\n]*)/m;
    }
    else {
        my $how = measure::Launch::ok($result) ? 'ended' : measure::Launch::sentence($result);
        push @diag, "the suite $how, before all of its tests were over";
    }
    push @diag, 'the tests passed, but the suite ' . measure::Launch::sentence($result) if !@diag;
    push @diag, grader::contract::Reports::printed($result);

    my $hung = $stopped || grep { $_->{hung} } @failures;
    return { %{ _skip('it did not end in time') }, _hung($result) } if $hung && $check->{ours};
    my $advice = $result->{stdout} =~ /^left early: /m ? $NO_EXIT : $check->{advice};
    my $hint   = "$advice; $see";
    $hint .= "; in a debugger: $debug" if $hung || grep { $_->{crashed} } @failures;
    return { %{ _fail( $hint, @diag ) }, $hung ? _hung($result) : () };
}

# ---- A small address space -------------------------------------------------------------------------------------------

# Of how many sizes the small blocks are.
my $KINDS = 299;

sub _small_space ( $job, $backend, $check ) {
    my $name   = "tests/small_space-$backend";
    my $binary = _binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $word   = $job->nonce;
    my $result = _launch( $job, $binary, command => [ $binary, $KINDS, '-' ], stdin => "$word\n" );
    return _pass() if measure::Launch::ok($result) && $result->{stdout} =~ /^small_space: 2 rounds; \Q$word\E$/m;

    my $how     = measure::Launch::ok($result) ? 'ended before it was over' : measure::Launch::sentence($result);
    my $outcome = _fail(
        'the program takes 512 blocks of 9 MiB in all, frees them, takes one of 9 MiB, and does it all again: do not '
          . 'reserve much more than is asked for, and give free mappings back with munmap; to see it again: make '
          . "BACKENDS=$backend build/release/$name && build/release/$name $KINDS",
        "in an address space of 16 MiB, $name $KINDS $how",
        grader::contract::Reports::printed($result)
    );
    return { %{$outcome}, ( $result->{stopped} // q{} ) eq 'wall' ? _hung($result) : () };
}

# ---- One lock --------------------------------------------------------------------------------------------------------

sub _one_lock ( $job, $backend, $check ) {
    my $name   = "tests/contract/one_lock-$backend";
    my $binary = _binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $word      = $job->nonce;
    my $see       = "to see it again: make BACKENDS=$backend build/release/$name && build/release/$name x";
    my $result    = _launch( $job, $binary, command => [ $binary, '-' ], stdin => "$word\n" );
    my ($closing) = $result->{stdout} =~ /^one_lock: (\d+ threads made \d+ calls); \Q$word\E$/m;
    if ( !measure::Launch::ok($result) || !defined $closing ) {
        my $how     = measure::Launch::ok($result) ? 'ended before it was over' : measure::Launch::sentence($result);
        my $outcome = _fail( "its locks could not be counted; $see", "$name $how", grader::contract::Reports::printed($result) );
        return { %{$outcome}, ( $result->{stopped} // q{} ) eq 'wall' ? _hung($result) : () };
    }

    my @locks = map { [ split / / ] } $result->{stdout} =~ /^lock (\w+ \d+ (?:binary|memory) [0-9a-f]+)$/mg;
    my $where = _variables( $job, $binary );
    my @words = map { _lock_words( $where, @{$_} ) } @locks;
    return _pass("$closing: $words[0]") if @locks == 1;
    return _fail(
        "hw08 is one free list under one lock: all three calls must take that one; $see",
        "$closing and took " . @locks . ' locks:',
        map { "    $_" } @words
    ) if @locks;
    return _fail(
        'protect the free list with one pthread_mutex_t that every call takes; a lock that you made by hand, of atomic '
          . "operations, cannot be seen here, and is not what hw08 asks for; $see",
        "$closing and took no lock (mutex, spin lock, read-write lock or semaphore)"
    );
}

sub _lock_words ( $where, $call, $times, $kind, $place ) {
    my $name = $kind eq 'binary' ? $where->( hex $place ) : undef;
    return "$call on " . ( defined $name ? "'$name'" : "a lock at 0x$place" ) . ", $times times";
}

# Result: a function from a place in the program, counted from its start, to the name of the variable that is there.
sub _variables ( $job, $binary ) {
    my $result    = _launch( $job, $binary, command => [ 'nm', '-S', '--defined-only', $binary ] );
    my ($start)   = $result->{stdout} =~ /^([0-9a-f]+) \S+ __executable_start$/m;
    my @variables = _symbols( $result->{stdout} );
    return sub ($offset) {
        my $address = $offset + hex( $start // '0' );
        for my $variable (@variables) {
            my ( $from, $bytes, $name ) = @{$variable};
            return $name if $address >= $from && $address < $from + $bytes;
        }
        return;
    };
}

sub _symbols ($table) {
    my @symbols;
    while ( $table =~ /^([0-9a-f]+) ([0-9a-f]+) [bBdD] (\S+)$/mg ) { push @symbols, [ hex $1, hex $2, $3 ] }
    return @symbols;
}

# ---- Tools -----------------------------------------------------------------------------------------------------------

# tests/contract/watched.c ends so.
my ( $WRONG_BLOCK,    $NO_MEMORY )  = ( 41, 3 );
my ( $VALGRIND_ERROR, $TSAN_ERROR ) = ( 99, 66 );

# Threads, and rounds of each.
my %WORK = ( valgrind => [ 2, 3000 ], tsan => [ 4, 8000 ] );

my @VALGRIND = (
    'valgrind', '--quiet', '--vgdb=no', "--error-exitcode=$VALGRIND_ERROR", '--leak-check=no', '--fair-sched=try',
    '--num-callers=12',

    # What an allocator reads in a freed block is its own affair, even if nobody has written there.
    '--undef-value-errors=no',
);

sub _is_installed ($tool) {
    return scalar grep { -x "$_/$tool" } split /:/, $ENV{PATH} // '/usr/bin:/bin';
}

sub _valgrind ( $job, $backend, $check ) {
    return { %{ _skip('valgrind is not installed here') }, blameless => 1 } if !_is_installed('valgrind');
    return _watch(
        $job, $backend,
        flavour => 'valgrind',
        before  => \@VALGRIND,
        find    => \&grader::contract::Reports::memcheck_error,
        advice  => 'look at what is read and written around the ends of blocks, in xrealloc above all',
    );
}

sub _tsan ( $job, $backend, $check ) {
    my @exact_addresses = _without_high_addresses();
    return _watch(
        $job, $backend,
        flavour => 'tsan',
        before  => \@exact_addresses,
        env     => { TSAN_OPTIONS => "halt_on_error=1:exitcode=$TSAN_ERROR:detect_deadlocks=0:report_thread_leaks=0" },
        find    => \&grader::contract::Reports::race,
        blind   => \&_why_blind,
        advice  =>
          'two threads use the same memory, one of them writes, and no lock is held by both: take the lock around '
          . 'both places, or make the variable atomic',
    );
}

# ThreadSanitizer of GCC 12 knows where memory is when the kernel randomizes at most 28 bits of addresses; newer kernels
# may be set to more.
sub _without_high_addresses () {
    open my $file, '<', '/proc/sys/vm/mmap_rnd_bits' or return;
    my $bits = <$file> // 0;
    close $file or return;
    return $bits > 28 ? qw(setarch --addr-no-randomize) : ();
}

# What of a binary for ThreadSanitizer it cannot follow: fences, and locks that are made in assembly; undef when nothing.
sub _why_blind ( $job, $binary ) {
    my %all     = ( output_bytes => 64 * 1024 * 1024, capture_bytes => 16 * 1024 * 1024 );
    my $symbols = _launch( $job, $binary, command => [ 'nm', $binary ], %all );
    return 'thread sanitizer does not know atomic_thread_fence, which it uses'
      if $symbols->{stdout} =~ /__tsan_atomic_(?:thread|signal)_fence/;
    my $code = _launch( $job, $binary, command => [ qw(objdump -d --no-show-raw-insn), $binary ], %all );
    return 'thread sanitizer cannot see locks made in assembly, which it has'
      if $code->{stdout} =~ /^\s*[0-9a-f]+:\s+(?:lock\b|xchg\s+\S*\()/m
      || $code->{stdout} =~ /^\s*[0-9a-f]+:\s+xchg\s+%\w+,\S*\(/m;
    return;
}

# Runs tests/contract/watched.c under a tool. Only what the tool, or the program, says to be wrong is a failure: a tool that
# a right allocator does not get along with proves nothing.
sub _watch ( $job, $backend, %how ) {
    my $flavour = $how{flavour};
    my $name    = "tests/contract/watched-$backend";
    my $plain   = _binary( $job, $backend, 'release', $name );
    return $plain if ref $plain;
    my $binary = _binary( $job, $backend, $flavour, $name );
    return $binary if ref $binary && $binary->{is_cheat};
    return _untold(
        $job,
        "it could not be built for $flavour: "
          . join( '; ', @{ $binary->{diag} }[ 0 .. ( @{ $binary->{diag} } > 1 ) ] ),
        %how
    ) if ref $binary;
    my $blind = $how{blind} ? $how{blind}->( $job, $binary ) : undef;
    return _skip($blind) if defined $blind;

    my $word   = $job->nonce;
    my @work   = @{ $WORK{$flavour} };
    my $result = _under_tool( $job, $binary, $word, %how );
    my @found  = $how{find}->( $result->{stderr} );
    my $ended  = $result->{stdout} =~ /^watched: \d+ threads, [^\n]*; \Q$word\E$/m;
    return _pass() if measure::Launch::ok($result) && $ended && !@found;

    my @before = $flavour eq 'valgrind' ? qw(valgrind --undef-value-errors=no) : @{ $how{before} };
    my $hint =
      "$how{advice}; to see it again: make FLAVOUR=$flavour BACKENDS=$backend build/$flavour/$name && " . join q{ },
      @before, "build/$flavour/$name", @work, 'x';
    return _fail( $hint, @found ) if @found;
    my $exit = $result->{exit} // -1;
    return _fail( $hint, grader::contract::Reports::printed($result) ) if $exit == $WRONG_BLOCK;
    return _fail( $hint =~ s/\A\Q$how{advice}\E/$NO_EXIT/r, "$name ended before it was over" )
      if measure::Launch::ok($result);
    my $why = $exit == $NO_MEMORY ? 'got no memory' : measure::Launch::sentence($result);
    return _untold( $job, "under $flavour it " . grader::contract::Reports::plain($why), %how );
}

sub _under_tool ( $job, $binary, $word, %how ) {
    return _launch(
        $job, $binary,
        command => [ @{ $how{before} }, $binary, @{ $WORK{ $how{flavour} } }, '-' ],
        stdin   => "$word\n",
        env     => $how{env} // {},
        wall_s  => $TOOL_WALL_S,
    );
}

# Where the tool does not get along with the C library's allocator either, the machine is to blame, and not the homework.
sub _untold ( $job, $why, %how ) {
    my $flavour = $how{flavour};
    my $works   = $job->{tool_works}{$flavour} //= do {
        my $binary = _binary( $job, 'sys', $flavour, 'tests/contract/watched-sys' );
        ref $binary ? 'no' : measure::Launch::ok( _under_tool( $job, $binary, 'x', %how ) ) ? 'yes' : 'no';
    };
    return _skip($why) if $works eq 'yes';
    return { %{ _skip("$flavour does not work on this machine: $why") }, blameless => 1 };
}

1;

__END__

=head1 NAME

grader::stages::Contract - does a submission keep what the course promised?

=head1 FUNCTIONS

=head2 tests($job)

The tests of this stage for those of C<hw08> and C<par> that are among C<< $job->backends >>. Nothing is run before the
C<run> of a test is called, and the tests of a backend are to be run in their order: after two that did not end in time the
others fail without being run.

What is needed of the job:

=over

=item backends, drawn($purpose, $low, $high), nonce

As in grader::Job.

=item binary($backend, $flavour, $name)

The path of C<tests/suite-par> and the like, in the flavour C<release>, C<valgrind> or C<tsan>; dies with C<< { complaint =>
sentence, errors => [lines] } >> when it cannot be had.

=item launch(command => [...], see => [folders], wall_s, env, output_bytes, capture_bytes, processes)

Runs a command in the sandbox; the result is that of measure::Launch::run. The programs need C</proc/self>, a C</tmp>
that they may write to, and an address space without limit.

=back

=cut
