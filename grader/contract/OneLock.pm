package grader::contract::OneLock;

# The check that hw08 is one list under one lock: a program counts every call of the backend that takes a lock
# (tests/contract/one_lock.c, locks.c). Those are the C library's; a lock made by hand shows in its instructions only, and whether it
# is one a person has to say.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use grader::contract::Check;
use grader::contract::Words;
use measure::Launch;

# How many functions are named.
my $MOST_NAMES = 5;

my $ATOMIC = qr/\A\s+[0-9a-f]+:\s+(?:
    lock\b
  | xchg[bwlq]?\s++(?!%\w+,%\w+\s*\z)
  | (?: stl?x[rp] | (?:cas|swp|ld(?:add|clr|eor|set|[su]max|[su]min)) a?l? | st(?:add|clr|eor|set)l? ) [bhp]? \s
  | R_AARCH64_CALL26\s+__aarch64_(?:cas|swp|ld)
  | (?:amo\w+|sc)[.][wd]
)/x;
my $FENCE = qr/\block\s+or[bwlq]?\s+\$0x0,[^(]*\(%[re]sp\)/;

my $ONE_LIST = 'hw08 is one free list under one lock: all three calls must take that one';

# For calls that take a moment: who spins in the first one shall not spin for minutes.
my $WALL_S = 20;

sub check () {
    return {
        id   => 'one_lock',
        run  => \&_run,
        only => 'hw08',
        name => 'four threads take exactly one lock of the C library'
    };
}

sub _run ( $job, $backend, $check ) {
    my $name   = "tests/contract/one_lock-$backend";
    my $binary = grader::contract::Check::binary( $job, $backend, 'release', $name );
    return $binary if ref $binary;

    my $word   = $job->nonce;
    my $see    = "to see it again: make BACKENDS=$backend build/release/$name && build/release/$name x";
    my $result = grader::contract::Check::launch(
        $job, $binary,
        command  => [ $binary, '-' ],
        stdin    => "$word\n",
        wall_s   => $WALL_S,
        asleep_s => $job->settings->{asleep_s}
    );
    my ($closing) = $result->{stdout} =~ /^one_lock: (\d+ threads made \d+ calls); \Q$word\E$/m;
    my @locks     = map { [ split / / ] } $result->{stdout} =~ /^lock (\w+ \d+ (?:binary|memory) [0-9a-f]+)$/mg;
    my @words     = @locks ? _words_of( $job, $binary, @locks ) : ();

    if ( !measure::Launch::ok($result) || !defined $closing ) {
        my $how = grader::contract::Check::how_it_ended($result);
        my $hint =
            grader::contract::Check::was_stopped($result) ? grader::contract::Check::hang_hint($result)
          : defined $result->{signal}                     ? grader::contract::Check::crash_hint( $result->{signal} )
          :                                                 'its locks could not be counted';
        $hint = "$ONE_LIST. Else $hint" if @locks > 1;
        my $outcome = grader::contract::Check::fail(
            "$hint; $see", "$name $how",
            @locks ? ( 'until then it had taken ' . @locks . ( @locks == 1 ? ' lock:' : ' locks:' ), @words ) : (),
            grader::contract::Words::printed($result)
        );
        return { %{$outcome},
            grader::contract::Check::was_stopped($result) ? grader::contract::Check::hung($result) : () };
    }

    return grader::contract::Check::pass( "$closing: " . $words[0] =~ s/\A\s+//r, _by_hand( $job, $backend ) )
      if @locks == 1;
    return grader::contract::Check::fail( "$ONE_LIST; $see", "$closing and took " . @locks . ' locks:', @words )
      if @locks;
    return grader::contract::Check::fail(
        'protect the free list with one pthread_mutex_t that every call takes; a lock that you made by hand, of atomic '
          . "operations, cannot be seen here, and is not what hw08 asks for; $see",
        "$closing and took no lock (mutex, spin lock, read-write lock or semaphore)"
    );
}

# A question to a person; nothing when there is none.
sub _by_hand ( $job, $backend ) {
    my $object = $job->object_of($backend) // return;
    my $code =
      grader::contract::Check::launch( $job, $object, command => [ qw(objdump -dr --no-show-raw-insn), $object ] );
    my @names = atomic_functions( $code->{stdout} ) or return;
    splice @names, $MOST_NAMES, @names - $MOST_NAMES, '...' if @names > $MOST_NAMES;
    return grader::contract::Words::plain(
        "$backend has atomic instructions in " . join( ', ', @names ) . ': is one of them a second lock?' );
}

# The functions of an object that read and write memory in one step, in what objdump -dr --no-show-raw-insn prints (x86, arm64,
# riscv64; gcc for arm64 calls functions of its own for it). A locked `or` of nothing to the stack is only a fence.
sub atomic_functions ($listing) {
    my ( $function, %seen ) = (q{});
    for my $line ( split /\n/, $listing ) {
        if    ( $line =~ /\A[0-9a-f]+ <([^>.]+)[^>]*>:\z/ ) { $function = $1 }
        elsif ( $line =~ /$ATOMIC/ && $line !~ /$FENCE/ )   { $seen{$function}++ }
    }
    my @names = sort keys %seen;
    return @names;
}

# Indented lines, one for each lock.
sub _words_of ( $job, $binary, @locks ) {
    my $where = _variables( $job, $binary );
    return map { q{ } x 4 . _lock_words( $where, @{$_} ) } @locks;
}

sub _lock_words ( $where, $call, $times, $kind, $place ) {
    my $name = $kind eq 'binary' ? $where->( hex $place ) : undef;
    return "$call on " . ( defined $name ? "'$name'" : "a lock at 0x$place" ) . ", $times times";
}

# Result: a function from a place in the program, counted from its start, to the name of the variable that is there.
sub _variables ( $job, $binary ) {
    my $result = grader::contract::Check::launch( $job, $binary, command => [ 'nm', '-S', '--defined-only', $binary ] );
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

1;
