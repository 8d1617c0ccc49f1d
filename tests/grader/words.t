#!/usr/bin/env perl

# The grader's words fit what happened: a name that was mistyped, points that noise hid, a hint for this backend and this
# failure.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Job;
use grader::Nearest;
use grader::Rubric;
use grader::class::Feedback;
use grader::class::Page;
use grader::contract::Check;
use grader::contract::OneLock;
use grader::contract::Suite;
use grader::contract::Words;
use grader::results::Results;
use grader::stages::Build;

my @NAMES = qw(par.build par.resize par.reuse par.threads hw08.resize hw08.one_lock report);
is( ( grader::Nearest::names( 'par.resise',     @NAMES ) )[0], 'par.resize',    'a letter that is wrong' );
is( ( grader::Nearest::names( 'hw08[.]onelock', @NAMES ) )[0], 'hw08.one_lock', 'a pattern with a letter too few' );
is( scalar( grader::Nearest::names( 'zzz', @NAMES ) ), 3, 'never more than three' );

# Three tests of 10, 5 and 4 points; the second could not be told and gives 2, the last failed.
sub results_of (@tests) {
    my $rubric  = grader::Rubric->read_file("$Bin/../../grader/rubrics/kit.conf");
    my $results = grader::results::Results->new( rubric => $rubric, files => {}, about => {} );
    $results->{tests} = \@tests;
    return $results;
}
my @tests = (
    { id => 'par.build',        verdict => 'pass', points => 10, max => 10 },
    { id => 'par.base.list',    verdict => 'skip', points => 2,  max => 5, reason => 'again on a quieter machine' },
    { id => 'par.answers.list', verdict => 'fail', points => 0,  max => 4 },
    { id => 'par.errno',        verdict => 'fail', points => 0,  max => 0, name => 'xfree keeps errno' },
);
is(
    results_of(@tests)->score_words,
    '12 of 19 points; 3 points could not be told on this busy machine; grade again when it is quiet',
    'beside a score stands what noise hid, and not what failed'
);
is(
    results_of( { verdict => 'skip', points => 0.5, max => 1, reason => 'it has locks made in assembly' } )
      ->score_words,
    '0.5 of 1 points; 0.5 points could not be told; see the reasons',
    '... which is not blamed for what no machine can tell'
);
is( results_of( @tests[ 0, 2 ] )->score_words, '10 of 14 points', '... and nothing where all was told' );

my %grade = (
    name    => 'ada',
    file    => 'ada',
    status  => 'graded',
    score   => 12,
    max     => 19,
    stages  => {},
    passes  => {},
    changes => [],
    untold  => { points => 3, noise => 1 },
    not_run => [],
    tests   => [ map { { name => $_->{id}, %{$_} } } @tests ]
);
my $feedback = grader::class::Feedback::full_text( \%grade );
like( $feedback, qr/^12 of 19 points\n3 points could not be told on this busy machine/m, 'also in the feedback' );
like( $feedback, qr/^Worth no points\n-+\n\n\* xfree keeps errno/m, '... where what is worth nothing stands apart' );
my $page = grader::class::Page::html( [ \%grade ], { map { $_ => 'x' } qw(folder when rubric kit) } );
like( $page, qr/<td class="note">3 points could not be told/, '... and on the page of the class' );
unlike( $page, qr/par[.]errno/, '... whose chart does not count what is worth nothing' );

my %own   = ( id => 'par.own_memory', verdict => 'fail', points => 0, max => 2, diag => ['nothing was counted, so x'] );
my $first = sub (@failed) {
    my %other = ( %grade, tests => [ map { { name => $_->{id}, %{$_} } } @failed ] );
    return grader::class::Feedback::paragraph( \%other ) =~ /First failure, (\S+ points? lost: [\w.]+)[.]/
      ? $1
      : 'none';
};
is(
    $first->( \%own, $tests[2] ),
    '4 points lost: par.answers.list',
    'what ends a program is told before what could not be counted'
);
is( $first->( \%own ), '2 points lost: par.own_memory', '... which is told where nothing else is' );

# ---- Hints

my ($exit) =
  grep { $_->{id} eq 'thread_exit' } grader::contract::Suite::promised( { alignment => 8, memory_times => 3 } );
like( grader::contract::Suite::advice( $exit, 'par' ), qr/pthread_key_create/, 'par hears of destructors' );
unlike( grader::contract::Suite::advice( $exit, 'hw08' ), qr/pthread_key_create/, 'the homework does not' );
like(
    grader::contract::Suite::advice(
        $exit, 'par', { crashed => 1, message => 'crash (Segmentation fault) in xrealloc(NULL, 16): NULL is no block' }
    ),
    qr/\Alook for NULL first/,
    'a crash with NULL is told as that'
);

my %check = map { $_->{id} => $_ } grader::contract::Suite::promised( { alignment => 8, memory_times => 3 } );
my %hints = (
    'after xrealloc(0x10 of 283 bytes, 194) returned 0x10' => qr/\Aa block that is in use .* unmapped twice/,
    'in xfree(0x10 of 9 bytes)'                            => qr/\Awhat a call found of its own, .* unmapped twice/,
    'in xrealloc(0x10 of 283 bytes, 194)'                  => qr/\Axrealloc must copy/,
);
for my $where ( sort keys %hints ) {
    my %failure = ( crashed => 1, message => "crash (Segmentation fault) $where" );
    like( grader::contract::Suite::advice( $check{resize}, 'par', \%failure ), $hints{$where}, "a crash $where" );
    my $of_threads = grader::contract::Suite::advice( $check{threads}, 'par', \%failure );
    like( $of_threads, qr/\A(?:a block that is in use|what a call found)/,  '... of threads, too' );
    like( $of_threads, qr/; if it crashes with threads only: every access/, '... and beside it that a lock may lack' );
}
my %purged =
  ( message =>
q{the live block 0x10 of 9999 bytes was changed: byte 1 was 0x2 and is 0, like the next 99. Was a page of it given back to the system (munmap}
  );
like(
    grader::contract::Suite::advice( $check{resize}, "par", \%purged ),
    qr{\Agive back only whole pages},
    "a page that is gone has its own hint"
);
my %aborted = ( crashed => 1, message => 'crash (Aborted) in xfree(0x10 of 9 bytes)' );
like( grader::contract::Suite::advice( $check{$_}, 'par', \%aborted ),
    qr/\Aabort\(\)/, "an abort in $_ is told as that" )
  for qw(threads resize);

# A heap in a memfd meets the sandbox's limit on files.
my ($too_long) = grader::contract::Suite::failures(
    {
        stdout => "x.c:1:S:large:many:0: (after this point) Received signal 25 (File size limit exceeded)\n",
        stderr => q{}
    }
);
my $of_files = qr/\Ano file may become longer than 64 MiB here, and what memfd_create/;
like( grader::contract::Suite::advice( $check{$_}, 'par', $too_long ),
    $of_files, "a file that is too long in $_ is told as that" )
  for qw(large threads reuse);
like( grader::contract::Check::crash_hint(25), $of_files, '... also in other programs' );
my %in_large = ( crashed => 1, message => 'it crashed (SIGSEGV)' );
like(
    grader::contract::Suite::advice( $check{large}, 'par', \%in_large ),
    qr/\Asizes need size_t/,
    '... and no other crash'
);
my %run =
  ( exit => undef, signal => 25, stderr => q{}, limits => { file_bytes => 64 * 2**20, memory_bytes => 8 * 2**30 } );
is(
    grader::Job->new( settings => {} )->complaint( 'list', 'par', 100, \%run ),
'bin/list-par 100 crashed with signal 25 (a file became longer than 64 MiB; what memfd_create makes is a file, too); '
      . 'to see it: make BACKENDS=par && ulimit -f 65536 && bin/list-par 100',
    '... and with a wrong answer stands how to see it'
);

# ---- What was printed, and by whom

sub printed ($stderr) { return join '|', grader::contract::Words::printed( { stderr => $stderr } ) }
is( printed("suite-course-hw08, live_blocks_share_no_byte: crash (Aborted) in xfree(0x10 of 9 bytes)\n"),
    q{}, 'what the suite says of the homework is not what it printed' );
is( printed("suite-mine: hello\n"), 'it printed: suite-mine: hello', '... but what looks a little like that is' );
is( printed("the program has static variables of 64 MiB, for an address space of 16 MiB\n"),
    q{}, '... nor what is said of static variables' );
my $refused = "xmalloc(9437184) returned NULL in an address space of 16 MiB, in round 1, after all mixed blocks\n";
is( printed("careful\n$refused"), 'it printed: careful', 'nor is what the program says that looks for it' );
is(
    grader::contract::Check::how_it_ended( { stderr => "careful\n$refused", exit => 1 } ),
    "ended with exit status 1: $refused" =~ s/\n//r,
    '... which is told once, whatever was printed before'
);

# ---- What nobody ran

package FakeJob {
    sub new          ( $class, %fields ) { return bless {%fields}, $class }
    sub backends     ($self)             { return 'par' }
    sub is_handed_in ( $self, $backend ) { return 1 }
    sub made    ( $self, $backend ) { return { judged => { refused => [], odd => [], memory => [], missing => [] } } }
    sub refused ( $self, $backend ) { return 'its objects are refused: it signals other processes: kill' }
}
my ($of_memory) = grep { $_->{id} eq 'par.own_memory' } grader::stages::Build::tests( FakeJob->new );
my $not_run = $of_memory->{run}->();
is( $not_run->{verdict}, 'fail', 'what is refused has not shown where its memory comes from' );
is(
    $not_run->{diag}[0],
    'not asked: its objects are refused: it signals other processes: kill',
    '... which is told as a consequence'
);

# ---- Atomic instructions

my %is_atomic = (
    'lock cmpxchg %edx,(%rdi)'                     => 1,
    'xchg   %al,0x0(%rip)        # 12 <grow+0x12>' => 1,
    'xchg   %ax,%ax'                               => 0,
    'lock orq $0x0,(%rsp)'                         => 0,
    'lock orq $0x1,(%rsp)'                         => 1,
    'stxr   w3, w2, [x0]'                          => 1,
    'casal  w0, w1, [x2]'                          => 1,
    'ldadd  w0, w1, [x2]'                          => 1,
    'stp    x29, x30, [sp, #-16]!'                 => 0,
    'ldr    w0, [x1]'                              => 0,
    "R_AARCH64_CALL26\t__aarch64_swp1_acq"         => 1,
    'amoswap.w.aq    a5,a5,(a4)'                   => 1,
    'mov    %eax,(%rdx)'                           => 0,
);
for my $instruction ( sort keys %is_atomic ) {
    my @found =
      grader::contract::OneLock::atomic_functions("0000000000000010 <grow.part.0>:\n      10:\t$instruction\n");
    is( "@found", $is_atomic{$instruction} ? 'grow' : q{}, "$instruction" );
}

done_testing;
