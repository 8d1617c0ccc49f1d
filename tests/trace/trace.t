#!/usr/bin/env perl

# bin/xtrace records exactly what a program asks of malloc, the formats lose nothing, a damaged file gives one clear line, and
# a replay does what was recorded, by every backend, and sees when a backend spoils a block.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use List::Util qw(max sum0);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree   = abs_path("$Bin/../..");
my $folder = File::Temp->newdir;
my $known  = "$folder/known";
delete local @ENV{qw(MAKEFLAGS MAKEOVERRIDES BACKENDS BIN BUILD)};

sub make (@arguments) {
    return tests::lib::Built::insist(@arguments);
}
make( 'BACKENDS=sys par', qw(xtrace replay bin/list-sys build/release/measure/launch) );
my @GCC = ( qw(gcc -std=c11 -D_GNU_SOURCE -O0 -fno-builtin -pthread), "-I$tree", '-o' );
system( @GCC, $known, "$tree/tests/tools/known.c" ) == 0 or BAIL_OUT('the program to record cannot be built');

sub run (@command) {
    return measure::Launch::run(
        command       => \@command,
        wall_s        => 600,
        capture_bytes => 64 * 1024 * 1024,
        output_bytes  => 64 * 1024 * 1024
    );
}
sub convert (@arguments) { return run( "$tree/bin/trace-convert", @arguments ) }
sub text_of ($trace)     { return convert( $trace, q{-} )->{stdout} }

sub record ( $way, @options ) {
    my $trace = "$folder/$way.trace";
    return ( $trace, run( "$tree/bin/xtrace", '-o', $trace, @options, $known, $way ) );
}

sub spurt ( $path, $content ) {
    open my $file, '>:raw', $path or die "cannot write $path: $!\n";
    print {$file} $content;
    close $file or die "cannot write $path: $!\n";
    return $path;
}

sub slurp ($path) {
    open my $file, '<:raw', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return scalar <$file>;
}

# What the text of a trace says, worked out once more. Result: the most bytes at a time, the event that first reached it
# (from 1), the number of events, and what is wrong with it.
sub follow ($text) {
    my ( $payload, $most, $peak_event, $events, %size, @wrong ) = ( 0, 0, 0, 0 );
    for my $line ( split /\n/, $text ) {
        my ( $kind, $thread, $block, $bytes ) = split q{ }, $line;
        next if $kind !~ /\A(?:malloc|calloc|aligned|realloc|free)\z/;
        $events++;
        my $is_old = $kind eq 'realloc' || $kind eq 'free';
        push @wrong, "event $events: $line" if $is_old xor exists $size{$block};
        $payload -= delete $size{$block} // 0;
        next if $kind eq 'free';
        $payload += $size{$block} = $bytes;
        ( $most, $peak_event ) = ( $payload, $events ) if $payload > $most;
    }
    return { payload => $most, event => $peak_event, events => $events, wrong => \@wrong, left => {%size} };
}

# ---- Recording -------------------------------------------------------------------------------------------------------

my $KINDS = <<'END';
malloc 0 0 40
calloc 0 1 21
malloc 0 2 10
realloc 0 2 1000
free 0 0
aligned 0 0 128 64
aligned 0 3 77 32
aligned 0 4 5 256
aligned 0 5 1 4096
aligned 0 6 8192 4096
malloc 0 7 0
realloc 0 1 150
free 0 0
free 0 2
free 0 3
free 0 4
free 0 5
free 0 6
free 0 7
END

my ( $kinds, $result ) = record('kinds');
my $kinds_text = "xtrace text 1\nprogram $known kinds\n$KINDS";
is( text_of($kinds), $kinds_text, 'every call of the malloc family is recorded, and no call without effect is' );
is(
    $result->{stderr},
    "xtrace: $kinds ("
      . ( -s $kinds )
      . " bytes) has 19 events of 1 thread, at most 8 blocks and 9553 bytes at a time\n",
    'what was recorded is said in one line'
);

is( $result->{exit}, 0, 'and the calls gave the program what they should' );

my ( $threads, $threads_result ) = record('threads');
my $seen = text_of($threads);
my %thread_of;
push @{ $thread_of{$2} }, $1 while $seen =~ /^malloc (\d+) \d+ (100[0-3])$/gm;
is(
    join( q{ }, map { scalar @{ $thread_of{$_} // [] } } 1000 .. 1003 ),
    '500 500 500 500',
    'all blocks of four threads are recorded'
);
ok(
    (
        !grep {
            my %own = map { $_ => 1 } @{ $thread_of{$_} };
            keys %own != 1
        } keys %thread_of
    ),
    'each thread has a number of its own'
);
my $freed_by_main = () = $seen =~ /^free 0 /gm;
is( $freed_by_main,          2000, 'a free is of the thread that does it' );
is( $threads_result->{exit}, 0,    'threads end as they should' );
is_deeply( follow($seen)->{wrong}, [], 'blocks go from thread to thread in an order that can be' );

my ( $reuse, $reuse_result ) = record('reuse');
unlike(
    $reuse_result->{stderr},
    qr/left out|could not be seen|missing/,
    'threads that race for memory: no free is recorded too late, no malloc too early'
);
my $reuse_text = text_of($reuse);
my $followed   = follow($reuse_text);
my $reuses     = () = $reuse_text =~ /^\w+ [1-4] \d+/gm;
is( $reuses, 4 * 16_669, 'and none of their 66,676 events is lost' );
ok( !@{ $followed->{wrong} } && !grep( { $_ > 1000 } values %{ $followed->{left} } ),
    'and every block that they took was given back' );

# A block that another thread is given before free or realloc has returned.
my $handover = "$folder/handover.so";
system( @GCC, $handover, qw(-fPIC -shared), "$tree/tests/tools/handover.c" ) == 0
  or BAIL_OUT('handover.c cannot be built');
{
    local $ENV{LD_PRELOAD} = $handover;
    my ( $handed, $handed_result ) = record('handover');
    is( $handed_result->{exit}, 0, 'blocks are handed over at the worst moment' ) or diag $handed_result->{stderr};
    unlike( $handed_result->{stderr}, qr/could not be seen/, 'and no free is missed' );
    my @events = grep { !/calloc/ } split /\n/, text_of($handed) =~ s/\A.*\n.*\n//r;
    my %name;    # which number a block has is told by its size, up to the event that gives it up
    for my $event (@events) {
        $event =~ s/\A(malloc \d+) (\d+) (\d+)\z/$1 $3/ and $name{$2} = $3;
        $event =~ s/\A(free|realloc) (\d+) (\d+)/$1 $2 $name{$3}/;
    }
    is(
        join( ', ', @events[ 0 .. 3 ] ),
        'malloc 0 3000, free 0 3000, malloc 1 3001, malloc 1 3002',
        'a free comes before the next owner'
    );
    is(
        join( ', ', grep { !/^free 2/ } @events[ 4 .. $#events ] ),
        'malloc 0 3000, malloc 2 3001, malloc 2 3002, realloc 0 3000 5000',
        'a realloc keeps its block apart from the next owner'
    );
}

my ( $forking, $forking_result ) = record('fork');
is( $forking_result->{exit}, 0, 'a program that forks finds its children' );
is(
    text_of($forking) =~ s/\A.*\n.*\n//r,
    "malloc 0 0 50\nfree 0 0\nmalloc 0 0 60\n",
    'children, by fork or clone, record nothing'
);

my ( $exec, $exec_result ) = record('exec');
is( text_of($exec), $kinds_text =~ s/ kinds$/ exec/mr, 'after exec the trace is of the new program' );
like( $exec_result->{stderr}, qr/became another one by exec/, 'and that is said' );
unlike( $exec_result->{stderr}, qr/missing/, 'and nothing of the old one is left' );

my ( $far, $far_result ) = record('far');
is( follow( text_of($far) )->{events}, 100_000, 'nothing is lost when a program closes all files and is killed' );
is( $far_result->{exit},               137,     'the exit status is 128 and the signal' );

my ( $exits, $exits_result ) = record('_exit');
is( $exits_result->{exit}, 3, 'the exit status is that of the program' );
like( text_of($exits), qr/^malloc 0 0 17$/m, '_exit loses nothing' );

my ($cut) = record( 'far', '-n', 40_001 );
like( text_of($cut), qr/^cut$/m, 'a recording that was told to stop says that the program went on' );
is( follow( text_of($cut) )->{events}, 40_001, 'and has as many events as it should' );

{
    my $little = measure::Launch::run(
        command    => [ "$tree/bin/xtrace", '-o', "$folder/little.trace", $known, 'far' ],
        file_bytes => 2**21,
        wall_s     => 600
    );
    like(
        $little->{stderr},
        qr/the trace ends early: the recording could not grow: File too large/,
        'a file that may not grow ends the recording'
    );
    is( $little->{exit},                                     137,    'and not the program' );
    is( follow( text_of("$folder/little.trace") )->{events}, 32_768, 'what was recorded before is there' );
}

is( ( run( "$tree/bin/xtrace", '-q', '-o', "$folder/p.trace", 'perl', '-e', 'print 6 * 7' ) )->{stdout},
    '42', 'a real program says what it always says' );
my $mine = run( "$tree/bin/xtrace", '-q', '-o', "$folder/list.trace", "$tree/bin/list-sys", 100 );
is( $mine->{stdout}, "Max steps is at 97: 118 steps\n", 'our own programs can be recorded with sys' );
cmp_ok( scalar( () = text_of("$folder/list.trace") =~ /^malloc \d+ \d+ 16$/gm ),
    '>', 3000, 'and their cells are in the trace' );

my @refused = (
    [
        [ "$tree/bin/xtrace", "$folder/nothing" ],
        qr/\Axtrace: \S*nothing cannot be run: No such file or directory\n\z/, 125
    ],
    [ ["$tree/bin/xtrace"], qr/\Axtrace: PROGRAM is missing\n/, 2 ],
    [
        [ "$tree/bin/xtrace", '-n', 'x', 'true' ],
        qr/\Axtrace: -n must be followed by a number of events, but is by 'x'\n\z/, 2
    ],
    [
        [ "$tree/bin/xtrace", '-o', "$folder/no/x.trace", 'true' ],
        qr/\Axtrace: \S+ cannot be written: No such file or directory\n\z/,
        125
    ],
);
if ( system("@GCC $folder/alone -static $tree/tests/tools/known.c 2>$folder/log") == 0 ) {
    push @refused,
      [
        [ "$tree/bin/xtrace", '-o', "$folder/x.trace", "$folder/alone", 'kinds' ],
        qr/\Axtrace: \S+ was run, but the recorder could not get in: .*\n\z/,
        125
      ];
}
for my $case (@refused) {
    my ( $command, $line, $status ) = @{$case};
    my $refusal = run( @{$command} );
    like( $refusal->{stderr}, $line, 'xtrace says in a line what is wrong' );
    is( $refusal->{exit}, $status, "with status $status" );
}
is( join( q{ }, grep { /recording/ } glob "$folder/*" ), q{}, 'no recording is left behind' );

# ---- Formats ---------------------------------------------------------------------------------------------------------

for my $trace ( $kinds, $threads, $cut ) {
    my $text = spurt( "$folder/same.txt", text_of($trace) );
    convert( $text, "$folder/same.trace" );
    ok( slurp("$folder/same.trace") eq slurp($trace), 'a trace is the same byte by byte after it was text' );
}

my $REP = "20000\n3\n7\n1\na 0 512\na 1 128\nr 0 640\nf 1\na 2 0\nf 0\nf 2\n";
my $rep = spurt( "$folder/small.rep", $REP );
convert( $rep, "$folder/small.trace" );
is(
    text_of("$folder/small.trace"),
    "xtrace text 1\nmalloc 0 0 512\nmalloc 0 1 128\nrealloc 0 0 640\nfree 0 1\nmalloc 0 1 0\nfree 0 0\nfree 0 1\n",
    'a .rep file is read'
);
convert( "$folder/small.trace", "$folder/again.rep" );
is(
    slurp("$folder/again.rep"),
    $REP =~ s/\A20000/768/r,
    'and written as it was, but for the heap size that it suggests'
);
convert( spurt( "$folder/line.rep", "20000 3 7 1\r\n" . ( $REP =~ s/\A(?:\d+\n){4}//r ) ), "$folder/line.trace" );
ok( slurp("$folder/line.trace") eq slurp("$folder/small.trace"), 'its header may stand in one line' );
convert( $reuse,                 "$folder/reuse.rep" );
convert( "$folder/reuse.rep",    "$folder/reuse2.trace" );
convert( "$folder/reuse2.trace", "$folder/reuse2.rep" );
ok( slurp("$folder/reuse.rep") eq slurp("$folder/reuse2.rep"),
    'a long trace goes to .rep, back, and to the same .rep' );
is( follow( text_of("$folder/reuse2.trace") )->{payload}, $followed->{payload}, 'with the same payload' );
is(
    ( split /\n/, slurp("$folder/reuse.rep") )[1],
    scalar( () = $reuse_text =~ /^[mc]alloc/gm ),
    'every block has an id of its own there'
);

is(
    convert( '--first', 3, $kinds, q{-} )->{stdout},
    "xtrace text 1\nprogram $known kinds\ncut\nmalloc 0 0 40\ncalloc 0 1 21\nmalloc 0 2 10\n",
    'the first events alone are a trace that says that it was cut'
);

# ---- Damage ----------------------------------------------------------------------------------------------------------

# Result: whether a file is refused in one line.
sub is_refused ( $path, $line ) {
    my $refusal = convert( $path, "$folder/refused.txt" );
    return
      defined $refusal->{exit} && $refusal->{exit} == 1 && $refusal->{stderr} =~ /\Atrace-convert: \Q$path\E $line\n\z/;
}

my $whole = slurp($kinds);
my @taken =
  grep { !is_refused( spurt( "$folder/short.trace", substr $whole, 0, $_ ), qr/.+/ ) } 0 .. length($whole) - 1;
is( "@taken", q{}, 'a file that was cut anywhere is refused in one line' );
ok( is_refused( "$folder/short.trace", qr/is damaged: 7 bytes follow .*/ ), 'by what is left of its checksum' );
spurt( "$folder/short.trace", substr $whole, 0, -20 );
ok( is_refused( "$folder/short.trace", qr/is damaged at event 1\d of 19: the file ends there/ ),
    'or by its last event' );
@taken = ();

for my $at ( 0 .. length($whole) - 1 ) {
    my $changed = $whole;
    substr( $changed, $at, 1 ) ^.= chr( 1 << $at % 8 );
    push @taken, $at if !is_refused( spurt( "$folder/changed.trace", $changed ), qr/.+/ );
}
is( "@taken", q{}, 'a file with any byte changed is refused in one line' );

# FNV-1a. Numbers wrap at 64 bits here.
sub checksum ($bytes) {
    use integer;
    no warnings 'portable';
    my $sum = 0xcbf29ce484222325;
    $sum = ( $sum ^ $_ ) * 0x100000001b3 for unpack 'C*', $bytes;
    return pack 'q<', $sum;
}
my $HEAD = "xtrace\r\n\x01\x00";
ok( !is_refused( spurt( "$folder/made.trace", "$HEAD\x01\x00\x01\x28" . checksum("$HEAD\x01\x00\x01\x28") ), qr/.*/ ),
    'a file made by hand is taken' );
my @damage = (
    [ q{},                  qr/is empty, so it is no trace/ ],
    [ "GIF89a",             qr/is no trace: it begins like none of the formats of .*/ ],
    [ "xtrace\r\n\x02\x00", qr/has version 2 of the format, but this program knows version 1 only/ ],
    [ "xtrace\r\n\x01\x04", qr/is damaged in its header: it has a flag that nobody knows/ ],
    [ "$HEAD\x01\xff\x7f",  qr/is damaged in its header: the name of the program is too long/ ],
    [ "$HEAD\x01\x09x",     qr/is damaged in its header: the file ends there/ ],
    [
        "$HEAD\x01\x00" . "\x01" . "\xff" x 9 . "\x01",
        qr/is damaged at event 1 of 1: a block is larger than any can be/
    ],
    [ "$HEAD\x01\x00" . "\x01" . "\xff" x 9 . "\x03", qr/is damaged at event 1 of 1: a number has more than 64 bits/ ],
    [ "$HEAD\x02\x00\x01\x28\x05\x01",             qr/is damaged at event 2 of 2: it is of a block that is not alive/ ],
    [ "$HEAD\x03\x00\x01\x28\x05\x00\x04\x00\x08", qr/is damaged at event 3 of 3: it is of a block that is not alive/ ],
    [ "$HEAD\x01\x00\x07\x28",                     qr/is damaged at event 1 of 1: there is no such kind of event/ ],
    [ "$HEAD\x01\x00\x11\x28",                     qr/is damaged at event 1 of 1: there is no such kind of event/ ],
    [ "$HEAD\x01\x00\x09\x01\x28",                 qr/is damaged at event 1 of 1: its thread has too high a number/ ],
    [ "$HEAD\x01\x00\x03\x28\x1f",                 qr/is damaged at event 1 of 1: it asks for too much alignment/ ],
    [ "$HEAD\x01\x00\x01\x28" . 'x' x 9,           qr/is damaged: 9 bytes follow its last event, but should be 8/ ],
    [ "$HEAD\x01\x00\x01\x28" . 'x' x 8,           qr/is damaged: its checksum is wrong/ ],
    [ "xtrace text 1\nmalloc 0 0",                 qr/is damaged in line 2: a size is missing/ ],
    [ "xtrace text 1\nmalloc 0 0 x40\n",           qr/is damaged in line 2: a size is 'x40'/ ],
    [ "xtrace text 1\nmalloc 0 0 9223372036854775808", qr/is damaged in line 2: a size is over 9223372036854775807/ ],
    [ "xtrace text 1\nmalloc 0 0 40 1\n",              qr/is damaged in line 2: '1' is too much/ ],
    [ "xtrace text 1\nmalloc 2 0 40\n",                qr/is damaged in line 2: the number of a thread is over 0/ ],
    [
        "xtrace text 1\n\nmalloc 0 0 4\nmalloc 0 0 4\n",
        qr/is damaged in line 4: block 0 is taken a second time before it is freed/
    ],
    [ "xtrace text 1\naligned 0 0 4 24\n", qr/is damaged in line 2: an alignment is no power of two/ ],
    [ "xtrace text 1\nfree 0 3\n",         qr/is damaged in line 2: block 3 is not alive/ ],
    [ "xtrace text 1\nfrees 0 3\n",        qr/is damaged in line 2: 'frees' is no event/ ],
    [ "1\n1\n",                            qr/is damaged in line 2: the number of operations is missing/ ],
    [ "1\n1\n1\n1\na 0 1\nf 0\n", qr/is damaged in line 6: its header promises 1 operations, but there are more/ ],
    [ "1\n1\n2\n1\na 0 1\n",      qr/is damaged in line 5: the file ends after 1 of 2 operations/ ],
    [ "1\n1\n1\n1\nm 0 1\n",      qr/is damaged in line 5: 'm' is no operation: there are a, r and f/ ],
    [ "1\n1\n1\n1\nr 0 1\n",      qr/is damaged in line 5: block 0 is not alive/ ],
);
for my $number ( 0 .. $#damage ) {
    my ( $content, $line ) = @{ $damage[$number] };
    my $refusal = convert( spurt( "$folder/damaged$number", $content ), "$folder/refused.txt" );
    like(
        $refusal->{stderr},
        qr/\Atrace-convert: \S*damaged\d+ $line\n\z/,
        'a damaged file is refused and the place is named'
    );
}
like(
    convert( "$folder/none", q{-} )->{stderr},
    qr/\Atrace-convert: \S*none cannot be opened: No such file or directory\n\z/,
    'a file that is not there'
);

# What reads files from elsewhere touches nothing that is not its own.
SKIP: {
    skip 'there is no valgrind', 1 if system("valgrind --version >$folder/log 2>&1") != 0;
    my $looked = run( qw(valgrind -q --error-exitcode=99), "$tree/bin/trace-convert", "$folder/damaged9", q{-} );
    is( $looked->{exit}, 1, 'valgrind finds nothing in the reading of a damaged file' ) or diag $looked->{stderr};
}

# ---- Replay ----------------------------------------------------------------------------------------------------------

sub report_of ( $backend, @arguments ) {
    my $replayed = run( "$tree/bin/replay-$backend", '--json', @arguments );
    my $report   = eval { JSON::PP->new->decode( $replayed->{stdout} ) };
    ok( $report, "$backend replays a trace" ) or diag measure::Launch::sentence($replayed), "\n$replayed->{stderr}";
    return $report // {};
}

# Of a report: what does not depend on the machine must be right, the rest must be possible.
sub check_report ( $report, $expected, $name ) {
    is(
        "@$report{qw(events payload_peak_bytes payload_peak_event)}",
        "@$expected{qw(events payload event)}",
        "$name: events and payload are as Perl counts them"
    );
    my $worst = $report->{worst};
    ok( $report->{memory_peak_bytes} >= $report->{payload_peak_bytes}, "$name: memory is no less than its blocks" );
    ok(
        $worst->{resident_bytes} <= $report->{memory_peak_bytes}
          && $worst->{event} >= 1
          && $worst->{event} <= $report->{events},
        "$name: the worst moment is one of the replay"
    );
    cmp_ok( abs( $report->{utilization} - $report->{payload_peak_bytes} / $report->{memory_peak_bytes} ),
        '<', 0.001, "$name: utilization is payload over memory" );
    my @rounds = @{ $report->{rounds} };
    is(
        $report->{operations_per_s},
        ( sort { $a <=> $b } @rounds )[ $#rounds / 2 ],
        "$name: throughput is the median of its rounds"
    );
    return;
}

# All bytes of these blocks are there at the same time; Linux counts them page by page.
my $large = spurt(
    "$folder/large.txt",
    "xtrace text 1\n" . join q{},
    ( map { "malloc 0 $_ 100000\n" } 0 .. 79 ),
    ( map { "free 0 $_\n" } 0 .. 79 )
);
for my $backend (qw(sys par)) {
    check_report( report_of( $backend, '--rounds', 1, $large ),   follow( slurp($large) ), "large blocks on $backend" );
    check_report( report_of( $backend, '--rounds', 3, $threads ), follow($seen), "threads in order on $backend" );
    check_report( report_of( $backend, '--rounds', 3, '--threads', '--fill', $threads ),
        follow($seen), "threads on $backend" );
    check_report(
        report_of( $backend, '--rounds', 1, '--threads', '--first', 20_000, $reuse ),
        follow( convert( '--first', 20_000, $reuse, q{-} )->{stdout} ),
        "a race on $backend"
    );
}
like(
    run( "$tree/bin/replay-par", '--rounds', 1, $kinds )->{stdout},
    qr/\Akinds\.trace on par: 19 events.*\n  throughput .*\n  utilization .*\n  worst moment .*\n\z/,
    'the report is four lines'
);

my @wrong_usage = (
    [ [],                        qr/TRACE is missing/ ],
    [ [ '--rounds', 0, $kinds ], qr/--rounds must be followed by a number from 1 to 1000, but is by '0'/ ],
    [ [ '--fast', $kinds ],      qr/unknown option '--fast'/ ],
    [ [ $kinds, $kinds ],        qr/one TRACE is enough/ ]
);
for my $case (@wrong_usage) {
    my $refusal = run( "$tree/bin/replay-sys", @{ $case->[0] } );
    ok( $refusal->{exit} == 2 && $refusal->{stderr} =~ /\Areplay-sys: $case->[1]/,
        'replay says what is wrong with its arguments' )
      or diag $refusal->{stderr};
}
like(
    run( "$tree/bin/replay-sys", spurt( "$folder/huge.rep", "1\n1\n1\n1\na 0 4611686018427387904\n" ) )->{stderr},
    qr/\Areplay-sys: out of memory: no block of 4611686018427387904 bytes was given at event 1\n\z/,
    'no memory: one line'
);

# Backends that are broken in one way each, built aside.
my $resized = spurt( "$folder/resized.txt",
    "xtrace text 1\nmalloc 0 0 100\nmalloc 0 1 100\nrealloc 0 0 5000\nrealloc 0 1 5000\nfree 0 0\nfree 0 1\n" );
my $perl   = "$tree/trace/traces/perl.trace";
my $left   = spurt( "$folder/left.txt", "xtrace text 1\nmalloc 0 0 40\nmalloc 0 1 40\n" );    # checked at the end
my %broken = (
    overlap => [ $left, qr/at event 3 a block of 40 bytes at 0x\w+ is not as it was: byte \d+ is 0x\w\w, not 0x\w\w/ ],
    lostcontent =>
      [ $resized, qr/at event 3 a block of 100 bytes at 0x\w+ is not as it was: byte \d+ is 0x\w\w, not 0x\w\w/ ],
    misaligned => [ $perl, qr/at event \d+ the block of \d+ bytes was given at 0x\w+, which is not aligned to 16/ ],
);
make( 'BACKENDS=' . join( q{ }, sort keys %broken ), "BIN=$folder", map { "$folder/replay-$_" } sort keys %broken );
for my $backend ( sort keys %broken ) {
    my ( $trace, $line ) = @{ $broken{$backend} };
    my $failed = run( "$folder/replay-$backend", '--rounds', 1, $trace );
    like( $failed->{stderr}, qr/\Areplay-$backend: $line\n\z/, "a replay sees what is wrong with $backend" );
    is( $failed->{exit}, 1, 'and ends with status 1' );
}

# ---- The heap map ----------------------------------------------------------------------------------------------------

# Follows a map forwards. Result: what is wrong with it.
sub wrong_in_map ( $map, $expected ) {
    my ( $payload, $most, @wrong, %block ) = ( 0, 0 );
    for my $step ( @{ $map->{steps} } ) {
        my %step;
        @step{ @{ $map->{fields} } } = @{$step};
        my $is_old = $step{kind} eq 'realloc' || $step{kind} eq 'free';
        push @wrong, "@{$step}" if $is_old xor exists $block{ $step{block} };
        if ($is_old) {
            my ( $address, $bytes ) = @{ delete $block{ $step{block} } // [ 0, 0 ] };
            my @was = $step{kind} eq 'free' ? @step{qw(address bytes)} : @step{qw(old_address old_bytes)};
            push @wrong, "@{$step}: was at $address" if "@was" ne "$address $bytes";
            $payload -= $bytes;
        }
        next if $step{kind} eq 'free';
        push @wrong, "@{$step} overlaps"
          if grep { $step{address} < $_->[0] + $_->[1] && $_->[0] < $step{address} + $step{bytes} } values %block;
        $block{ $step{block} } = [ @step{qw(address bytes)} ];
        $payload += $step{bytes};
        $most = max( $most, $payload );
    }
    push @wrong, "the payload is $most"                       if $most != $expected->{payload};
    push @wrong, 'there are ' . @{ $map->{steps} } . ' steps' if @{ $map->{steps} } != $expected->{events};
    return @wrong;
}

for my $backend (qw(sys par)) {
    for my $case ( [$kinds], [ '--first', 600, $threads ], [ '--threads', '--first', 600, $threads ] ) {
        my $run = run( "$tree/bin/replay-$backend", '--map', "$folder/map.json", @{$case} );
        my $map = JSON::PP->new->decode( slurp("$folder/map.json") );
        my $text =
          convert( ( map { /trace\z/ ? () : $_ } grep { $_ ne '--threads' } @{$case} ), $case->[-1], q{-} )->{stdout};
        is( join( "\n", wrong_in_map( $map, follow($text) ) ), q{}, "$backend: the map of @{$case} can be drawn" );
        is( "$map->{format} $map->{version} $map->{backend}",  "xmalloc heap map 1 $backend", 'and says whose it is' );
    }
}

# ---- The traces of real programs that the kit has -------------------------------------------------------------------

my $about = slurp("$tree/trace/traces/README.md");
for my $trace ( glob "$tree/trace/traces/*.trace" ) {
    my ($name)   = $trace =~ m{([^/]+)[.]trace\z};
    my $expected = follow( text_of($trace) );
    my $events   = $expected->{events} =~ s/(?<=\d)(?=\d{3}\z)/,/r;
    like( $about, qr/^\Q| `$name` | $events |\E/m, "$name: how it was made is said" );
    is_deeply( $expected->{wrong}, [], "$name: it could have been" );
    cmp_ok( -s $trace, '<', 150 * 1024, "$name: it is small" );
    for my $backend (qw(sys par)) {
        check_report( report_of( $backend, '--rounds', 1, $trace ), $expected, "$name on $backend" );
    }
}

done_testing;
