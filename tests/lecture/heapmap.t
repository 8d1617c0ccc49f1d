#!/usr/bin/env perl

# make heapmap: what is read from the run of any backend, right or wrong, and the page that shows it. The page in a browser is
# tested by make test-lecture.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use List::Util qw(max sum);
use Test::More;

use lib "$Bin/../..";
use lecture::HeapPage;
use lecture::Maps;
use measure::Launch;
use tests::lib::Built;

my $tree     = tests::lib::Built::tree();
my $launcher = tests::lib::Built::launcher();
my $folder   = File::Temp->newdir( TMPDIR => 1 );

# ---- Backends ------------------------------------------------------------------------------------------------------------

# Nothing is given back, and the first 8 bytes before a block hold its size. Each backend below is this one with other lines.
my $HEAD = <<'END';
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "xmalloc.h"
static _Alignas(4096) char array[1 << 20];
static size_t used;
static int calls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void* bump(size_t bytes) {
    char* block = array + used + 16;
    used += (bytes + 31) / 16 * 16;
    memcpy(block - 8, &bytes, 8);
    return block;
}
static size_t size_of(void* block) { size_t bytes; memcpy(&bytes, (char*)block - 8, 8); return bytes; }
static void* moved(void* to, void* from, size_t bytes) {
    return memcpy(to, from, size_of(from) < bytes ? size_of(from) : bytes);
}
END

my $TAKE   = 'void* xmalloc(size_t bytes) { return bump(bytes); }';
my $FREE   = 'void xfree(void* block) { (void)block; }';
my $RESIZE = 'void* xrealloc(void* block, size_t bytes) { return moved(xmalloc(bytes), block, bytes); }';

my %SOURCE = (
    onearray => [ $TAKE, $FREE, $RESIZE ],
    mapper   => [
        'static void* space(size_t bytes, int reach) { char* page = mmap(NULL, bytes + 16, PROT_READ | PROT_WRITE,'
          . ' MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memcpy(page + 8, &bytes, 8); return page + reach; }',
        'void* xmalloc(size_t bytes) { return space(bytes, 16); }',
        'void xfree(void* block) { munmap((char*)block - 16, size_of(block) + 16); }',
'void* xrealloc(void* block, size_t bytes) { void* to = moved(xmalloc(bytes), block, bytes); xfree(block); return to; }',
    ],
    breaker => [
'void* xmalloc(size_t bytes) { char* end = sbrk((long)bytes + 32); memcpy(end + 8, &bytes, 8); return end + 16; }',
        $FREE,
        $RESIZE
    ],
    odd     => [ 'void* xmalloc(size_t bytes) { used += 3; return bump(bytes); }', $FREE, $RESIZE ],
    overlap => [
        'void* xmalloc(size_t bytes) { void* block = bump(bytes); if (++calls == 30) used -= 64; return block; }',
        $FREE, $RESIZE
    ],
    crash => [
        'void* xmalloc(size_t bytes) { if (++calls == 50) *(volatile int*)8 = 1; return bump(bytes); }',
        $FREE, $RESIZE
    ],
    quits    => [ 'void* xmalloc(size_t bytes) { if (++calls == 50) exit(0); return bump(bytes); }',   $FREE, $RESIZE ],
    gives    => [ 'void* xmalloc(size_t bytes) { return ++calls == 20 ? NULL : bump(bytes); }',        $FREE, $RESIZE ],
    nowhere  => [ 'void* xmalloc(size_t bytes) { return ++calls == 20 ? (void*)4096 : bump(bytes); }', $FREE, $RESIZE ],
    tooearly =>
      [ $TAKE, 'void xfree(void* block) { mprotect(array, sizeof array, PROT_NONE); (void)block; }', $RESIZE ],
    writes   => [ $TAKE, 'void xfree(void* block) { memset((char*)block + size_of(block), 0, 64); }', $RESIZE ],
    deadlock => [
'void* xmalloc(size_t bytes) { pthread_mutex_lock(&lock); void* block = bump(bytes); pthread_mutex_unlock(&lock); return block; }',
        $FREE,
'void* xrealloc(void* block, size_t bytes) { pthread_mutex_lock(&lock); void* to = moved(xmalloc(bytes), block, bytes);'
          . ' pthread_mutex_unlock(&lock); return to; }',
    ],
);

sub write_file ( $path, @lines ) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} map { "$_\n" } @lines;
    close $file or die "cannot write $path: $!\n";
    return;
}

my @names = sort keys %SOURCE;
for my $name (@names) {
    write_file( "$folder/$name.c", $HEAD, @{ $SOURCE{$name} } );
    system(
        'gcc',      '-D_GNU_SOURCE', "-I$tree", '-O1',             '-Wno-unused',
        '-pthread', '-c',            '-o',      "$folder/$name.o", "$folder/$name.c"
      ) == 0
      or BAIL_OUT("the backend $name cannot be compiled");
}
tests::lib::Built::insist(
    "BIN=$folder",
    'BACKENDS=' . join( ' ', qw(sys hw08 par), @names ),
    ( map { "SUBMITTED_$_=$folder/$_.o" } @names ),
    map { "$folder/replay-$_" } qw(sys hw08 par), @names
);

my %map;
for my $map (
    lecture::Maps::replay(
        folder   => "$folder",
        bin      => "$folder",
        launcher => $launcher,
        backends => [ qw(sys hw08 par), @names ]
    )
  )
{
    $map{ $map->{backend} }{ $map->{trace} } = $map;
}

# ---- Right ones ------------------------------------------------------------------------------------------------------------

sub resident_at_the_end ($map) { return $map->{memory}[-1][1] }

for my $name (qw(sys hw08 par onearray mapper breaker odd)) {
    for my $trace (qw(story ivec)) {
        my $map = $map{$name}{$trace};
        is( $map->{problem},           undef,          "$name: nothing is wrong with $trace" );
        is( scalar @{ $map->{steps} }, $map->{events}, '... all steps are there' );
        my @outside = grep {
            my $step = $_;
            !grep { $step->[4] >= $_->[0] && $step->[4] + $step->[3] <= $_->[1] } @{ $map->{memory}[-1][3] }
        } $name eq 'mapper' ? () : grep { $_->[0] ne 'free' } @{ $map->{steps} };
        is( scalar @outside, 0, '... all blocks lie in its mappings' ) if $name =~ /\A(?:onearray|odd)\z/;
    }
}

# Most blocks that live at a time.
sub most_blocks ($map) {
    my ( %living, @counts );
    for my $step ( @{ $map->{steps} } ) {
        if   ( $step->[0] eq 'free' ) { delete $living{ $step->[2] } }
        else                          { $living{ $step->[2] } = 1 }
        push @counts, scalar keys %living;
    }
    return max(@counts);
}

my ( undef, $resident, $mapped ) = @{ $map{onearray}{story}{memory}[-1] };
my $given = sum( map { $_->[3] + 16 } grep { $_->[0] ne 'free' } @{ $map{onearray}{story}{steps} } );
cmp_ok( abs( $resident - $given ), '<=', 2 * 4096, 'one array: its pages that were written are resident' );
cmp_ok( $mapped,                   '>=', 1 << 20,  '... and all of it is mapped' );
is( resident_at_the_end( $map{mapper}{story} ), 0, 'a mapping for each block: nothing is left at the end' );
is(
    max( map { $_->[1] } @{ $map{mapper}{story}{memory} } ),
    4096 * most_blocks( $map{mapper}{story} ),
    '... and a page each was there before'
);
cmp_ok( resident_at_the_end( $map{breaker}{story} ), '>=', 10000, 'brk: the pages are seen' );

# ---- Wrong ones ------------------------------------------------------------------------------------------------------------

# Who crashes at the 50th call does so in the longer run only.
my $PROCESS = qr/the process crashed with signal 11 \(segmentation fault\)/;
my %PROBLEM = (
    overlap => [
        story =>
qr/step \d+, xmalloc\(112\) by thread 1 gave block \d+ at 0x[0-9a-f]+, which overlaps block \d+ \(112 bytes at 0x[0-9a-f]+, still in use\)/
    ],
    crash   => [ ivec  => qr/step 50, xmalloc\(\d+\) by thread \d: $PROCESS/ ],
    quits   => [ ivec  => qr/step 50, xmalloc\(\d+\) by thread \d: it ended the process/ ],
    gives   => [ story => qr/step 28, xmalloc\(240\) by thread 0 gave no block: it returned NULL/ ],
    nowhere => [
        story =>
          qr/step 28, xmalloc\(240\) by thread 0: the block that it gave, at 0x1000, cannot be written: $PROCESS/
    ],
    tooearly => [
        story =>
qr/step 17, xfree of block 0 \(112 bytes\) by thread 0 took a block that is in use, which cannot be read any more: $PROCESS/
    ],
    writes => [
        story =>
qr/step 17, xfree of block 0 \(112 bytes\) by thread 0 changed a block that is in use: a block of 112 bytes at 0x\w+ is not as it was: byte \d+ is 0x00, not 0x\w+/
    ],
    deadlock => [
        story =>
qr/step 56, xrealloc of block \d+ to 600 bytes by thread 0: it did not return: all threads sleep\. Does it take a lock that it already holds\?/
    ],
);
for my $name ( sort keys %PROBLEM ) {
    my ( $trace, $line ) = @{ $PROBLEM{$name} };
    my $map     = $map{$name}{$trace};
    my $problem = $map->{problem} // '';
    like( $problem, qr/\A$line\z/, "$name: one line names the call" );
    my ($at) = $problem =~ /step (\d+)/;
    my $done = $problem =~ /overlaps|in use/ ? $at : ( $at // 0 ) - 1;
    is( scalar @{ $map->{steps} }, $done, '... and the steps up to it are there' );
}

# ---- The titles ------------------------------------------------------------------------------------------------------------

sub made_up ( $backend, $kept, @more ) {
    my @steps =
      ( [ 'malloc', 0, 0, 3000 ], [ 'realloc', 0, 0, 4000 ], [ 'malloc', 0, 1, 1000 ], [ 'free', 0, 1, 1000 ] );
    return { backend => $backend, steps => \@steps, memory => [ [ 1, $kept ], [ 4, 1000 ] ], @more };
}
my @beside = ( made_up( 'sys', 100_000 ), made_up( 'hw08', 7500 ), made_up( 'stub', 0, problem => 'x' ) );
is(
    lecture::HeapPage::title( 'mine', made_up( 'mine', 15_500 ), @beside ),
    'mine keeps 3.1 times what the program uses; sys 20 times, hw08 1.5 times',
    'the title: what is kept of what is used, both at their peaks'
);
is( lecture::HeapPage::title( 'mine', made_up( 'mine', 15_500, problem => 'x' ), @beside ),
    undef, '... nothing when the run was cut' );
is( lecture::HeapPage::title( 'mine', { %{ made_up( 'mine', 0 ) }, memory => [] }, @beside ),
    undef, '... nor when the memory is not known' );
is( lecture::HeapPage::fullest_step( made_up( 'mine', 1 ) ), 3, 'the step at which most is in use' );

# ---- The page --------------------------------------------------------------------------------------------------------------

sub build ( $backend, @options ) {
    my @command = ( "$tree/lecture/heapmap/build", '--backend', $backend, '--bin', "$folder", '--launcher', $launcher );
    return measure::Launch::run(
        command => [ @command, '--output', "$folder/new/page.html", @options ],
        wall_s  => 600
    );
}

sub data_of_page () {
    open my $file, '<', "$folder/new/page.html" or return {};
    local $/ = undef;
    my ($json) = <$file> =~ m{<script id="data"[^>]*>(.*?)</script>}s;
    return JSON::PP->new->utf8->decode($json);
}

my $crash = build('crash');
like(
    $crash->{stdout},
    qr/\Acrash: step 50, xmalloc[^\n]* \(ivec\)\nThe page is [^\n]*\n\z/,
    'a backend that crashes gets its page, and one line says where'
) or diag $crash->{stderr};
ok( measure::Launch::ok($crash), '... which is no failure of the page' );
my $data = data_of_page();
is( join( ' ', @{ $data->{order} } ),      'crash sys hw08', '... beside sys and hw08' );
is( scalar @{ $data->{heapmaps} },         6,                '... on two runs' );
is( "@{ $data->{start} }{qw(trace step)}", 'ivec 49',        '... begins at its last step' );
is_deeply( $data->{problems}{story}, [], '... and says nothing of the run that went well' );
like(
    build( 'onearray', '--step', 1000 )->{stderr},
    qr/\Aheapmap: STEP=1000 is past the last one, which is \d+\n\z/,
    'a step that is not there'
);
like(
    build( 'onearray', '--trace', 'list' )->{stderr},
    qr/\Aheapmap: TRACE=list is not one of the runs: take story or ivec\n\z/,
    '... nor a run'
);
is( data_of_page()->{order}[0], 'crash', '... leave the page as it was' );

done_testing();
