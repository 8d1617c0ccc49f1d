#!/usr/bin/env perl

# The student kit: nothing of a solution can be found in it, it builds as its README says, it is what its own checksums say,
# and the reference dropped into it earns full marks in all that no clock decides.
#
# Speed is timed: for that, unpack build/handout.tar.gz, unpack build/solution.tar.gz over it, and run perl test.pl there.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Find ();
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::kit::Pristine;
use measure::Launch;
use tests::lib::Built;
use tests::lib::Compiled;
use tests::lib::Files qw(read_file write_file);

my $tree     = "$Bin/../..";
my $launcher = tests::lib::Built::launcher();
my $folder   = File::Temp->newdir;
chmod 0755, $folder;    # what is graded runs as a user of its own

# What the make that started us was told is not for those that we start.
my %CLEAN = map { $_ => undef } qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR BUILD BIN PROMISES
  HARNESS_ACTIVE HARNESS_IS_VERBOSE);

sub run_in ( $directory, @command ) {
    return measure::Launch::run(
        command       => \@command,
        directory     => $directory,
        launcher      => $launcher,
        env           => \%CLEAN,
        wall_s        => 900,
        capture_bytes => 1024 * 1024,
    );
}

sub works ( $what, $directory, @command ) {
    my $result = run_in( $directory, @command );
    ok( measure::Launch::ok($result), $what )
      or diag( "@command ", measure::Launch::sentence($result), "\n", @{$result}{qw(stdout stderr)} );
    return $result->{stdout};
}

# All files below a folder, relative to it.
sub files_in ($where) {
    my @found;
    File::Find::find( { no_chdir => 1, wanted => sub { push @found, substr $_, 1 + length $where if -f } }, $where );
    @found = sort @found;
    return @found;
}

# ---- The archives ------------------------------------------------------------------------------------------------------

for my $starter (qw(freelist empty)) {
    mkdir "$folder/$starter" or die $!;
    works( "the kit with the starter $starter is packed",
        $tree, 'handout/pack', 'handout', '--starter', $starter, '--output', "$folder/$starter" );
    works( '... and unpacked', $folder, qw(tar xzf), "$starter/handout.tar.gz", '-C', $starter );
}
works( 'the reference is packed', $tree, 'handout/pack', 'solution', '--output', "$folder" );
my $kit = "$folder/freelist/xmalloc";

# ---- No solution -------------------------------------------------------------------------------------------------------

# So many lines in a row are no chance. Blank lines, brackets and #include say nothing.
my $LINES = 6;

sub windows ($path) {
    my @lines = grep { /\w/ && !/\A#include/ } map { s/\s+/ /gr =~ s/\A | \z//gr } split /\n/, read_file($path);
    return map { join "\n", @lines[ $_ .. $_ + $LINES - 1 ] } 0 .. @lines - $LINES;
}

my @secret = map { glob "$tree/$_" } qw(hw08_alloc.c par_alloc.c par/*.[ch] ladder/*.[ch] interpose/*.[ch]
  bench/limit_alloc.c tests/broken/*.[ch] tests/corpus/right/*/*.[ch] tests/corpus/right/*/*/*.[ch]);
cmp_ok( scalar @secret, '>', 40, 'there are solutions to look for' );
my %from;
for my $path (@secret) { $from{$_} //= $path for windows($path) }
my %given = map { $_ => 1 } windows("$tree/handout/freelist/hw08_alloc.c"), windows("$tree/xmalloc.h");
cmp_ok( scalar( grep { $given{$_} } windows("$tree/hw08_alloc.c") ),
    '<', 5, 'the starter itself gives next to nothing of the finished homework' );
delete @from{ keys %given };

for my $starter (qw(freelist empty)) {
    my $where = "$folder/$starter/xmalloc";
    my @files = files_in($where);
    my @odd   = grep {
m{\A(?:(?:par|ladder|interpose|handout|docs)/|trace/(?!formats/|replay/|record/(?:gather|follower|futex|raw)[.][ch]\z|\w+[.][ch]\z)|lecture/(?!heapmap/|page/|vendor/|(?:Heap\w+|Maps|OneFile)[.]pm\z|ivec[.]txt\z))|\Atests/(?:corpus|hostile|broken)/|limit_alloc|grader/(?:recorded|class|gradescope|autolab)}
    } @files;
    is( "@odd", q{}, "no file of a solution, a hidden test or an instructor is in the kit ($starter)" );
    my @found = grep { defined } map {
        my $path = $_;
        my ($hit) = grep { $from{$_} } windows("$where/$path");
        $hit ? "$path has lines of $from{$hit}:\n$hit" : undef
    } @files;
    is( "@found", q{}, "... and no $LINES lines in a row of one" );
}

# ---- As its README says ------------------------------------------------------------------------------------------------

is( join( "\n", grader::kit::Pristine::changes($kit) ), q{}, 'the kit is as its own checksums say' );
works( '... which sha256sum reads, too', $kit, qw(sha256sum --quiet --check grader/kit/pristine.sha256) );

my $readme = read_file("$kit/README.md");
my @copied = read_file("$kit/Containerfile") =~ /^COPY (\S+)/mg;
is( join( q{ }, grep { -e "$kit/$_" } @copied ), 'setup', 'what the recipe of a container copies is in the kit' );
works( 'make builds it in a clean folder', $kit, qw(make -j2) );
is(
    works( 'bin/list-sys runs', $kit, qw(bin/list-sys 100000) ),
    "Max steps is at 77031: 350 steps\n",
    '... and answers'
);
is(
    works( 'the starter runs with one thread', $kit, qw(bin/list-hw08 -t 1 1000) ),
    "Max steps is at 871: 178 steps\n",
    '... and answers'
);
my $stub = run_in( $kit, qw(bin/list-par 1000) );
is( $stub->{exit}, 77, 'the stub does not answer' );
is(
    $stub->{stderr},
    "par_alloc.c: xmalloc is not written yet: it is task 2 of ASSIGNMENT.md; then: make test BACKEND=par\n",
    '... but says what to do'
);

like(
    works( 'make heapmap shows the heap of the starter', $kit, qw(make heapmap BACKEND=hw08) ),
    qr{^The page is build/heapmap-hw08[.]html: }m,
    '... on a page'
);
my $nothing = run_in( $kit, qw(make heapmap BACKEND=par) );
like(
    $nothing->{stderr},
    qr/\Aheapmap: there is nothing to show of par: par_alloc[.]c: xmalloc is not written yet/,
    '... and that of the stub is nothing yet'
);

works( 'the kit without a starter builds', "$folder/empty/xmalloc", qw(make BACKENDS=hw08 PROGRAMS=list) );
my $empty = run_in( "$folder/empty/xmalloc", qw(bin/list-hw08 1000) );
like(
    $empty->{stderr},
    qr/\Ahw08_alloc[.]c: xmalloc is not written yet: it is task 1 of .*: make test BACKEND=hw08\n\z/,
    '... into programs that say what to do'
);

# ---- More files --------------------------------------------------------------------------------------------------------

# As the grader does: of par/ what is needed, in whatever language and folder, with names that are nobody else's.
my $many = "$folder/empty/xmalloc";
mkdir "$many/$_" or die $! for qw(par par/os par/tests);
my %helper = (
    'par_alloc.c' => <<'END',
#include <stdint.h>
#include "heap.h"
#include "par/sizes.c"
void fail(void) { __builtin_trap(); }
void* xmalloc(size_t bytes) { size_t* block = take(rounded(bytes) + 16); *block = bytes; return block + 2; }
void xfree(void* block) { if (block == NULL) fail(); }
void* xrealloc(void* block, size_t bytes) {
    char* moved = xmalloc(bytes);
    size_t old = ((size_t*)block)[-2];
    for (size_t i = 0; i < bytes && i < old; i++) moved[i] = ((char*)block)[i];
    return moved;
}
END
    'par/heap.h'  => "#include <stddef.h>\nvoid* take(size_t bytes);\n",
    'par/sizes.c' => "static size_t rounded(size_t bytes) { return (bytes + 15) & ~(size_t)15; }\n",
    'par/heap.cc' => <<'END',
#include <atomic>
#include <cstddef>
extern "C" void queue_put(char** place);
extern "C" char one;
static std::atomic<size_t> used;
extern "C" void* take(size_t bytes) {
    static char* heap;
    if (heap == nullptr) queue_put(&heap);
    return heap + used.fetch_add(bytes) * one;
}
END
    'par/os/map.c' => <<'END',
#include <sys/mman.h>
void queue_put(char** place) {
    *place = mmap(0, 1L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}
END
    'par/one.S'             => ".data\n.globl one\none: .byte 1\n.section .note.GNU-stack\n",
    'par/tests/test_heap.c' => "int main(void) { return 1; }\n",
    'par/par_alloc_old.c'   => "void* xmalloc(unsigned long bytes) { return bytes ? 0 : 0; }\n",
);
write_file( "$many/$_", $helper{$_} ) for keys %helper;
is( works( 'a backend of many files builds', $many, qw(make BACKENDS=par PROGRAMS=list) ), '', '... without a word' );
is( works( '... and runs', $many, qw(bin/list-par 100) ), "Max steps is at 97: 118 steps\n",   '... as it should' );

# The files that a command would run are there.
for my $command ( $readme =~ /^    (make .*?)(?:  |$)/mg,
    $readme =~ /^    make valgrind.*also: (make asan), (make tsan)/m )
{
    my $would = works( "README: $command", $kit, ( split / /, $command ), '-n' );
    my ($script) = $would =~ m{^(?:\t|\s*)((?:bench|tests|grader)/\w+) }m;
    ok( -x "$kit/$script", "... $script is there" ) if defined $script;
}
for my $script (
    qw(bench/compare bench/graph bench/try bench/profile lecture/heapmap/build tests/tools/under tests/allocator/programs.t test.pl)
  )
{
    works( "$script has all its modules", $kit, $^X, '-c', $script );
}
my $help   = works( 'make help', $kit, qw(make help) );
my @listed = $help =~ /^  make (\S+)/mg;
cmp_ok( scalar @listed, '>', 10, '... lists targets' );
my @instructors =
  grep { /\A(?:gradescope|autolab|class|corpus|handout|solution|experiments|scale|bench|libpar|pristine)\z/ } @listed;
is( "@instructors", q{}, '... but none that needs what is not there' );

# ---- The assignment ----------------------------------------------------------------------------------------------------

my $assignment = read_file("$kit/ASSIGNMENT.md");
unlike( $assignment, qr/[{][{]|[}][}]/, 'the assignment has all its values' );
like( $assignment, qr/\[\[DUE DATE/,                                            '... and a place for the date' );
like( $assignment, qr/holds a free list that works for one thread/,             '... tells of the starter' );
like( read_file("$folder/empty/xmalloc/ASSIGNMENT.md"), qr/The file is a stub/, '... or of the stub' );
my ($points) = $assignment =~ /^([\d.]+) in all/m;
my $other = read_file("$tree/grader/rubrics/kit.conf") =~ s/("base": +)4,/${1}7,/r =~ s/("report": +)5,/${1}15,/r;
write_file( "$folder/other.conf", $other );
mkdir "$folder/other" or die $!;
works( 'a rubric of one\'s own',
    $tree, 'handout/pack', 'handout', '--rubric', "$folder/other.conf", '--output', "$folder/other" );
works( '... is packed', $folder, qw(tar xzf other/handout.tar.gz -C other) );
is( read_file("$folder/other/xmalloc/grader/rubrics/kit.conf"), $other, '... as it is' );
my $differs = read_file("$folder/other/xmalloc/ASSIGNMENT.md");
like( $differs, qr/must be at least 7 times faster/, '... its thresholds are told' );
my $more = $points + 10;
like( $differs, qr/^$more in all/m, '... and its points are counted' );
is( join( "\n", grader::kit::Pristine::changes("$folder/other/xmalloc") ), q{}, '... and in the checksums' );

# ---- Full marks --------------------------------------------------------------------------------------------------------

# All but speed, and but what is worth no points; without LONG=1 also without what takes longest, for which make test has run
# the suites of the same two backends. Those are worth a point each.
my @suites   = $ENV{LONG} ? () : qw(sizes resize threads reuse memory mappings large thread_exit);
my $left_out = join '|', qw(align16 errno null_and_zero out_of_memory), @suites;
my $NO_CLOCK = "(?!par[.](?:base|challenge|bonus)[.]|.*[.](?:$left_out)\\z).*";
works( 'the reference is unpacked over the kit', $kit, qw(tar xzf), "$folder/solution.tar.gz" );
works(
    '... and can be handed in as it is',
    $kit,                      $^X,       qw(test.pl --submission),
    "$folder/solution.tar.gz", '--tests', '.*[.]build|report|graph'
);
is( join( "\n", grader::kit::Pristine::changes($kit) ), q{}, '... and replaces nothing of it' );
tests::lib::Built::insist('build/release/tests/suite-sys');
cmp_ok( tests::lib::Compiled::lend($kit), '>', 40, 'its sources are those that were compiled here' );
works( 'what a grade links with is compiled',
    $kit, qw(make -j2 build/release/measure/launch build/release/tests/suite-sys) );
my $marks = works( 'it earns full marks in all that needs no clock',
    $kit, $^X, 'test.pl', '--kit', 'build', '--tests', $NO_CLOCK );
my ( $has, $of ) = $marks =~ /^# ([\d.]+) of ([\d.]+) points$/m;
is( $has, $of, '... point by point' );
my ($speed) = $assignment =~ /^\| \*\*Speed\*\* \|.*\*\*([\d.]+)\*\* \|$/m;
is( ( $of // 0 ) + 2 * @suites + ( $speed // 0 ),
    $points, '... and with those for speed they are as many as the assignment says' );

done_testing;
