#!/usr/bin/env perl

# Parts of par alone, where the whole would have to run on another machine: kernels with larger pages, addresses of more
# bits; and what a request costs that no machine can meet.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

tests::lib::Built::insist(qw(build/release/measure/launch lib/libpar.so));
my $tree   = "$Bin/../..";
my $folder = File::Temp->newdir;

sub compiler ( $name, @arguments ) {
    my $result = measure::Launch::run(
        command   => [ 'gcc', qw(-std=c11 -D_GNU_SOURCE -g -O1 -pthread -I.), @arguments ],
        directory => $tree,
        wall_s    => 900,
    );
    measure::Launch::ok($result) or BAIL_OUT("cannot build $name: $result->{stderr}");
    return;
}

# Builds a test from sources of the tree, and objects. Result: its path.
sub built ( $name, @arguments ) {
    compiler( $name, '-o', "$folder/$name", @arguments );
    return "$folder/$name";
}

# Compiles sources of par. Result: the paths of the objects, which many tests are linked with.
sub objects ( $place, $option, @sources ) {
    mkdir "$folder/$place" or die "cannot make $folder/$place: $!\n";
    return map {
        my $object = "$folder/$place/" . s{.*/|[.]c\z}{}gr . '.o';
        compiler( $_, $option, '-c', '-o', $object, $_ );
        $object;
    } @sources;
}
my @sources = ( 'par_alloc.c', map { substr $_, length "$tree/" } glob "$tree/par/*.c" );
my @par     = objects( 'usual', '-g', @sources );

sub passes ( $name, %run ) {
    my $result = measure::Launch::run( wall_s => 300, %run );
    return ok( measure::Launch::ok($result), $name )
      || diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
}

# Pairs: what the program is given, and what it shows.
sub each_case ( $program, @pairs ) {
    while ( my ( $case, $name ) = splice @pairs, 0, 2 ) { passes( $name, command => [ $program, $case ] ) }
    return;
}

my $kernel_pages =
  built( 'kernel_pages', '-Wl,--wrap=madvise,--wrap=sysconf', 'tests/tools/kernel_pages.c', 'par/os.c' );
for my $kib ( 4, 16, 64 ) {
    passes( "on kernel pages of $kib KiB a purge clears its range and changes nothing else",
        command => [ $kernel_pages, $kib ] );
}

passes( 'the page map holds addresses of 48 bits, and refuses longer ones',
    command => [ built( 'addresses', 'tests/tools/addresses.c', 'par/page_map.c', 'par/os.c' ) ] );

passes(
    'whatever changes in the first line of a freed block is seen',
    command => [ built( 'first_line', 'tests/tools/first_line.c', @par ) ]
);

passes( 'no call of the depot goes on while another thread has the locks of its class, and one makes a span at a time',
    command => [ built( 'alone', '-Wl,--wrap=span_make', 'tests/tools/alone.c', @par ) ] );

my @fork_locks = map { "-Wl,--wrap=$_" } qw(span_make os_purge),
  map { ( $_, s/lock/unlock/r ) } qw(cache_lock depot_lock_all region_lock large_lock extent_lock metadata_lock);
passes(
    'who forks has every lock, and waits for who makes a span or gives up pages',
    command => [ built( 'fork_locks', @fork_locks, 'tests/tools/fork_locks.c', @par ) ]
);

passes(
    'a block that the program has split moves by copying, where the kernel would lose its place',
    command => [ built( 'moved', '-Wl,--wrap=mremap', 'tests/tools/moved.c', @par ) ]
);
passes( 'a refused request takes no addresses where nothing may be unmapped',
    command => [ built( 'no_unmap', '-Wl,--wrap=munmap', 'tests/tools/no_unmap.c', @par ) ] );

passes(
    'a large block that grows is believed most of the time, and a batch has as many blocks as were wanted',
    command => [ built( 'believed', '-Wl,--wrap=os_advise_huge', 'tests/tools/believed.c', @par ) ]
);

passes( 'what par concludes about huge pages from what it saw',
    command => [ built( 'density', '-Wl,--wrap=os_resident', 'tests/tools/density.c', 'par/density.c' ) ] );

passes( 'large blocks that grow into what others have filled are not taken for written behind',
    command => [ built( 'grown', 'tests/tools/grown.c', @par ) ] );
passes(
    'which times end by the clock',
    command => [
        built(
            'times', '-Wl,--wrap=os_milliseconds,--wrap=region_decay,--wrap=extent_decay,--wrap=region_owe',
            'tests/tools/times.c', @par
        )
    ]
);
passes(
    'the numbers that steer how much lies idle, and which runs lie apart',
    command => [
        built(
            'steering',               '-Wl,--wrap=os_resident,--wrap=extent_addresses_were_limited',
            'tests/tools/steering.c', @par
        )
    ]
);

passes( 'a request that must fail leaves the heap warm',
    command => [ built( 'hopeless', 'tests/tools/hopeless.c', @par ) ] );

my $libpar = "$tree/lib/libpar.so";
passes(
    '... also that of libpar, whichever call of the family makes it',
    command => [ built( 'hopeless_family', '-fno-builtin', '-DFAMILY', 'tests/tools/hopeless.c' ) ],
    env     => { LD_PRELOAD => $libpar },
);

passes(
    'a child of fork has the whole budget for magazines, however many threads its parent has',
    command => [ built( 'forked_budget', 'tests/tools/forked_budget.c', @par ) ]
);

passes(
    'a child of fork that works a little writes to few of the pages of its parent',
    command => [ built( 'forked_pages', 'tests/tools/forked_pages.c', @par ) ]
);

# An older C library does not say how many threads there are.
for my $library ( [ 'says it has one', '-g' ], [ 'does not say', '-D__libc_single_threaded=nobody_defines_this' ] ) {
    my ( $says, $option ) = @{$library};
    my @objects = $option eq '-g' ? @par : objects( 'untold', $option, @sources );
    passes(
        "a program of one thread may fork in a signal handler, whatever call it is in (its C library $says)",
        command  => [ built( "signal_fork$option", $option, 'tests/tools/signal_fork.c', @objects ) ],
        asleep_s => 10,
    );
}

passes( 'what was idle because it was used lately goes when it is not, and stays while it is, however much it is',
    command => [ built( 'sinking', 'tests/tools/sinking.c' ) ] );

passes(
    'blocks that go up and down stay where they are, and those that come and go cost no system call',
    command => [ built( 'steady', '-Wl,--wrap=getrlimit,--wrap=span_has_block_at', 'tests/tools/steady.c', @par ) ]
);

passes(
    'buffers that are filled and then made shorter leave long runs for the next ones',
    command => [ built( 'shortened', 'tests/tools/shortened.c', @par ) ]
);

each_case(
    built( 'steps', '-Wl,--wrap=slack_seal', 'tests/tools/steps.c', @par ),
    few    => 'blocks of pages that grow in short steps are not sealed anew with each',
    first  => 'a byte too many behind such a block ends the process after the first step',
    longer => 'and after a longer one',
    page   => 'and after one to another page',
);

each_case(
    built( 'come_and_go', '-Wl,--wrap=region_take_run,--wrap=region_give_run', 'tests/tools/come_and_go.c', @par ),
    loops  => 'threads that take again the medium blocks they free hardly ever come to the regions',
    unused => 'a thread keeps no run that it will not take again, nor more than its part of the budget',
    handed => '... and keeps some also when others have freed much of what it took',
    given  => 'what a thread keeps comes back when it ends, when it is asked for and when it takes other blocks',
    scarce => '... and serves when the system has no memory',
    twice  => 'a block whose run a thread keeps is not freed or resized again',
    forked => 'a child of fork has the runs that its thread kept, and nobody has those of the others',
);
each_case(
    built( 'bare', '-Wl,--wrap=mmap,--wrap=mremap,--wrap=mincore,--wrap=os_milliseconds', 'tests/tools/bare.c', @par ),
    calls   => 'large blocks of which little is touched come and go with few system calls',
    filled  => '... and when blocks are filled again memory does not rise for it',
    untold  => '... nor where the kernel does not tell what has memory',
    limited => '... nor do addresses where somebody has limited them',
    time    => '... and when they are free, the addresses go with time',
);

each_case(
    built( 'tails', '-Wl,--wrap=madvise', 'tests/tools/tails.c', @par ),
    turns    => 'large blocks of many sizes that take turns hardly ever lose pages that the next one needs',
    alike    => '... and those of one size cost hardly any system call',
    once     => '... but short ones that stay where long ones were do not keep the memory of these',
    cut      => 'those that are made shorter hardly ever lose pages that the next one needs',
    cut_once => '... but where all of them are, once, they do not keep what they had',
);
passes(
    'threads that only free what another takes keep little of it',
    command => [ built( 'consumers', 'tests/tools/consumers.c', @par ) ]
);

each_case(
    built( 'sparse', '-Wl,--wrap=os_drop', 'tests/tools/sparse.c', @par ),
    others =>
      'a large block that comes again and again, and of which a few other pages are touched each time, does not fill',
    same    => '... and one of which the same pages are touched keeps them',
    few     => '... and no call takes the memory of more than one slot',
    stacks  => 'medium blocks of two lengths, of which little is touched, do not fill the regions they take turns in',
    buffers => '... and such that are filled take no more memory for it',
);

each_case(
    built( 'zeros', 'tests/tools/zeros.c', 'par/os.c' ),
    part   => 'zeros of which a quarter or more is touched keep their pages when they are made again',
    sparse => '... and those of which less is touched do not fill',
);

each_case(
    built( 'tables', 'tests/tools/tables.c', 'par/zeros.c', 'par/os.c' ),
    sparse => 'sparse tables of zeros get back no memory that was written before them',
    filled => '... and those that are written whole keep theirs',
);

each_case(
    built( 'breathing', 'tests/tools/breathing.c', @par ),
    map { $_->[0] => "a heap that loses $_->[1] and grows again, often, keeps its pages, and then gives them back" }
      [ all => 'all of its blocks' ],
    [ half  => 'half of its blocks' ],
    [ large => 'all of its large blocks' ]
);

passes(
    'what a program kept in memory because it breathed goes after a pause, whatever comes next',
    command => [ built( 'pause', '-Wl,--wrap=os_milliseconds', 'tests/tools/pause.c', @par ) ]
);

each_case(
    built( 'tear_down', '-Wl,--wrap=depot_give_loose,--wrap=span_list_give_cold', 'tests/tools/tear_down.c', @par ),
    calls => 'a large heap is freed in random order, and few of the frees come to the depot',
    cold  => '... whose magazines go to the spans two at a time',
    stays => '... and of threads that do so one after the other, and stop, little stays',
);

each_case(
    built( 'again', '-Wl,--wrap=span_list_give,--wrap=span_list_give_cold', 'tests/tools/again.c', @par ),
    (
        map { $_ => "one size of $_ bytes that is taken, freed whole and taken again stays with its depot" } 100,
        1000, 9000
    ),
    once   => '... but not what is freed whole for the first time',
    little => '... and not what is much',
    goes   => '... and not for ever, when the program goes on with another size',
);

each_case(
    built(
        'waits',
        ( map { "-Wl,--wrap=$_" } qw(mmap munmap madvise mincore span_list_take span_list_give span_list_give_cold) ),
        'tests/tools/waits.c', @par
    ),
    held  => 'no thread waits for the system while it holds the lock of a class',
    few   => '... and a free that empties many spans makes few calls of the system',
    owed  => '... but little stays of what many spans left together',
    moved => 'no free moves more than three magazines, also when a class begins to shrink',
);

my $few_addresses = built( 'few_addresses', 'tests/tools/few_addresses.c', @par );
passes( "of $_->[1] MiB of addresses (limited: $_->[0]) nearly all become blocks, of whatever size",
    command => [ $few_addresses, reverse @{$_} ] )
  for [ all => 64 ], [ all => 256 ], [ data => 64 ], [ data => 256 ];

passes(
    'live blocks of one size fill the memory they lie in, whatever the size',
    command => [ built( 'packing', 'tests/tools/packing.c', @par ) ]
);

passes( 'the first two pieces of a heap get ordinary pages, also the second time',
    command => [ built( 'first_pieces', 'tests/tools/first_pieces.c', 'par/density.c', 'par/os.c' ) ] );
my $first_blocks = built( 'first_blocks', '-Wl,--wrap=mmap,--wrap=munmap', 'tests/tools/first_blocks.c', @par );
passes( "the first blocks cost few calls of the system where the first mapping is $_",
    command => [ $first_blocks, $_ ] )
  for qw(aligned elsewhere);
SKIP: {
    skip 'this kernel has no huge pages to ask for', 1 if !-e '/sys/kernel/mm/transparent_hugepage';
    passes(
        'a small heap has no huge pages, and a large one has some',
        command => [ built( 'young', 'tests/tools/young.c', @par ) ]
    );
}

passes( 'a pointer into a block ends the process, whatever its size and wherever it leads',
    command => [ built( 'inside', 'tests/tools/inside.c', @par ) ] );

my $lines = built( 'lines', 'tests/tools/lines.c', @par );
passes( "small blocks that threads were given, and freed, come to no two of them in one cache line ($_)",
    command => [ $lines, $_ ] )
  for qw(first later);

my $losses = built( 'losses', 'tests/tools/losses.c', @par );
passes( "nothing is lost, however often ($_)", command => [ $losses, $_ ] ) for qw(threads records shrinking refusals);

done_testing;
