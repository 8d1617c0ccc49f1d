#!/usr/bin/env perl

# The three programs as a user meets them: answers, command line, out of memory.
#
#   BACKENDS="sys par" prove tests/allocator/programs.t      only these backends (as built in bin/)
#   PROMISES=course                                without what the course never asked: running out of memory; and within
#                                                  the time that the rubric gives; RUN_S=seconds is another time

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use measure::Launch;
use tests::lib::Built;

my $tree     = "$Bin/../..";
my $programs = $ENV{BIN} // "$tree/bin";
my @backends = split ' ', $ENV{BACKENDS} // 'sys hw08 par';
my @programs = qw(ivec list collatz);
my $MIB      = 1024 * 1024;

# Published values: the smallest number below TOP that takes the most steps to 1.
my %answer = (
    2      => 'Max steps is at 1: 0 steps',
    3      => 'Max steps is at 2: 1 steps',
    100    => 'Max steps is at 97: 118 steps',
    1000   => 'Max steps is at 871: 178 steps',
    100000 => 'Max steps is at 77031: 350 steps',
);

# With this status the stubs of the student kit end a program.
my $NOT_WRITTEN = 77;

my $failing_disk = '/dev/full';

my $only_course = ( $ENV{PROMISES} // q{} ) eq 'course';
my $run_s       = $ENV{RUN_S}
  // ( $only_course ? grader::Rubric->read_file("$tree/grader/rubrics/kit.conf")->value('limits')->{run_s} : 300 );

my $launcher = tests::lib::Built::launcher();
tests::lib::Built::insist(
    map {
        my $program = $_;
        map { "bin/$program-$_" } @backends
    } @programs
) if !defined $ENV{BIN};

sub run ( $program, $backend, @arguments ) {
    return measure::Launch::run(
        command  => [ "$programs/$program-$backend", @arguments ],
        launcher => $launcher,
        wall_s   => $run_s,
        asleep_s => 5,
    );
}

# What happened instead of the answer, and what to type next. $before: a TOP at which all was well.
sub say_how ( $program, $backend, $result, $before, @arguments ) {
    my $how = "bin/$program-$backend @arguments " . measure::Launch::sentence($result);
    return diag $how if measure::Launch::ok($result);
    return diag "$how. Does a call take a lock that it already holds, or leave without giving it back? To see it: "
      . "gdb --args bin/$program-$backend @arguments; run; Ctrl-C; thread apply all backtrace"
      if ( $result->{stopped} // q{} ) eq 'asleep';
    return diag "$how; to see it: bin/$program-$backend @arguments" if ( $result->{stopped} // q{} ) ne 'wall';
    return diag "$how. It was right at $before, so it may be too slow: make gprof PROG=$program BACKEND=$backend"
      if defined $before;
    return diag
      "$how. A call hangs: gdb --args bin/$program-$backend @arguments; run; Ctrl-C; thread apply all backtrace";
}

# One line of at most 300 characters that starts with the program's name; a usage line may follow.
sub is_one_clear_line ($text) {
    my ( $line, @more ) = split /\n/, $text;
    return 0 if !defined $line || length $line > 300 || $line !~ /\A[\w-]+: \S/;
    return !@more || ( @more == 1 && $more[0] =~ /\Ausage: / );
}

sub answers ( $program, $backend ) {
    my @tops = $backend eq 'hw08' ? ( 2, 3, 100, 1000 ) : ( 2, 3, 100, 1000, 100000 );
    my $right;
    for my $top (@tops) {
        my $result = run( $program, $backend, $top );
        is( $result->{stdout}, "$answer{$top}\n", "$program-$backend $top gives the published answer" )
          ? ( $right = $top )
          : say_how( $program, $backend, $result, $right, $top );
        is( $result->{stderr}, '', "... and nothing on standard error" ) if $top == 1000;
    }
    for my $threads ( 1, 2, 3, 64, 1024 ) {
        my $top    = $backend eq 'hw08' ? 100 : 1000;
        my $result = run( $program, $backend, '-t', $threads, $top );
        is( $result->{stdout}, "$answer{$top}\n", "$program-$backend gives the same answer with $threads threads" )
          or say_how( $program, $backend, $result, undef, '-t', $threads, $top );
    }
    return;
}

# With --digest a second line depends on every element of every sequence and on the nonce, but not on the backend, on the
# threads or on how their work fell out.
my $NONCE = '0123456789abcdef' x 2;

sub run_with_nonce ( $program, $backend, $nonce, @arguments ) {
    return measure::Launch::run(
        command  => [ "$programs/$program-$backend", '--digest', @arguments ],
        launcher => $launcher,
        stdin    => $nonce,
        wall_s   => 300,
    );
}

sub digests ($program) {
    my %seen;
    for my $backend (@backends) {
        for my $threads ( 1, 4 ) {
            my $result = run_with_nonce( $program, $backend, "$NONCE\n", '-t', $threads, 1000 );
            $seen{ $result->{stdout} } = "$backend with $threads threads";
        }
    }
    my ($said) = sort keys %seen;
    is( keys %seen, 1, "$program --digest prints the same with every backend and any threads" ) or diag explain \%seen;

    # 60,540 = the sum of steps and one more for each of the numbers below 1,000, as any program may count them.
    my ( $right, $elements ) = ( $answer{1000}, 0 );
    for my $number ( 1 .. 999 ) {
        for ( my $value = $number ; $value != 1 ; $value = $value % 2 ? 3 * $value + 1 : $value / 2 ) { $elements++ }
        $elements++;
    }
    like(
        $said,
        qr/\A\Q$right\E\nDigest is [0-9a-f]{16} over 999 sequences of $elements elements\n\z/,
        '... the answer, and a digest over all sequences'
    );
    my $other = run_with_nonce( $program, $backends[0], ( '1' x 32 ) . "\n", 1000 );
    isnt( $other->{stdout}, $said, '... which another nonce changes' );
    isnt( run_with_nonce( $program, $backends[0], "$NONCE\n", 1001 )->{stdout}, $said, '... and one number more' );
    for my $wrong ( '', "12\n", "$NONCE", "$NONCE$NONCE\n", ( 'x' x 32 ) . "\n" ) {
        my $result = run_with_nonce( $program, $backends[0], $wrong, 10 );
        is( $result->{exit}, 2, '... a nonce that is none is refused' );
        like( $result->{stderr}, qr/--digest needs a nonce on standard input/, '... in words' );
    }
    return;
}

sub command_line ( $program, $backend ) {
    my %named = (
        ''                           => 'TOP is missing',
        '10 20'                      => '20',
        'ten'                        => 'ten',
        '-5'                         => '-5',
        '1'                          => '1',
        '99999999999999999999'       => '99999999999999999999',
        '-t 0 10'                    => '0',
        '-t 1025 10'                 => '1025',
        '-t four 10'                 => 'four',
        '-t -1 10'                   => '-1',
        '-t 99999999999999999999 10' => '99999999999999999999',
        '10 -t'                      => '-t',
        '-x 10'                      => '-x',
    );
    for my $line ( sort keys %named ) {
        my $result      = run( $program, $backend, split ' ', $line );
        my ($complaint) = split /\n/, $result->{stderr};
        ok(
            defined $result->{exit}
              && $result->{exit} == 2
              && $result->{stdout} eq ''
              && is_one_clear_line( $result->{stderr} )
              && index( $complaint, $named{$line} ) >= 0,
            "'$program $line' is refused with status 2 and a line that names the value"
        ) or diag measure::Launch::sentence($result), "\n", $result->{stderr};
    }
    my $help = run( $program, $backend, '--help' );
    like( $help->{stdout}, qr/\Ausage: .*\n\z/, "$program --help prints the usage" );
    is( $help->{exit}, 0, '... and that is no error' );
    return;
}

# From less than the program itself needs to nearly enough for the search: wherever memory ends, the program says so, or
# gives the right answer. Below that the C library's loader speaks for it.
sub out_of_memory ( $program, $backend ) {
    my $top = $backend eq 'hw08' ? 1000 : 100000;
    my ( $unclear, $refused, $fits ) = ( 0, 0, 0 );
    for my $mib ( 4 .. 12, 16, 24, 32, 48, 64, 96 ) {
        my $result = measure::Launch::run(
            command      => [ "$programs/$program-$backend", $top ],
            launcher     => $launcher,
            wall_s       => 300,
            memory_bytes => $mib * $MIB,
        );
        my $status = $result->{exit} // -1;
        if ( $status == 0 && $result->{stdout} eq "$answer{$top}\n" ) {
            last if ++$fits == 3;    # it has what it needs
            next;
        }
        my $clear = $status == 1 && $result->{stdout} eq '' && $result->{stderr} =~ /\A[\w-]+: [^\n]+\n\z/;
        if ($clear) { $refused++; next }
        $unclear++;
        diag "with $mib MiB: ", measure::Launch::sentence($result), "\n", $result->{stderr};
    }
    is( $unclear, 0, "$program-$backend that runs out of memory says so in a line, with status 1" );
    if ( $program ne 'collatz' ) {
        my $impossible = run( $program, $backend, '18446744073709551615' );
        is( $impossible->{exit}, 1, "$program-$backend refuses a search that no memory can hold" );
        like( $impossible->{stderr}, qr/\A[\w-]+: out of memory: [^\n]+\n\z/, '... in one line' );
    }
    return $refused;
}

my @written = grep { ( run( 'list', $_, 2 )->{exit} // 0 ) != $NOT_WRITTEN } @backends;
for my $backend (@backends) {
    if ( !grep { $_ eq $backend } @written ) {
      SKIP: { skip "${backend}_alloc.c is not written yet: see ASSIGNMENT.md", 1 }
        next;
    }
    my $refused = 0;
    for my $program (@programs) {
        answers( $program, $backend );
        $refused += out_of_memory( $program, $backend ) if !$only_course;
    }
    next if $only_course;
    ok( $refused > 0, "some of the limits on $backend were too tight, so running out was tried" );
}
@backends = @written;
if ( !@backends ) { done_testing; exit }
command_line( $_, $backends[0] ) for @programs;
digests($_) for @programs;

SKIP: {
    skip "$failing_disk is not there", 2 if !-c $failing_disk;
    my $pid = fork // die "cannot start a process: $!\n";
    if ( $pid == 0 ) {
        open STDOUT, '>', $failing_disk or die;
        open STDERR, '>', '/dev/null'   or die;
        exec "$programs/list-$backends[0]", 100;
    }
    waitpid $pid, 0;
    is( $? >> 8,  1, 'an answer that cannot be written is an error' );
    is( $? & 127, 0, '... and no crash' );
}

done_testing;
