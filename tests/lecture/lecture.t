#!/usr/bin/env perl

# The lecture: what its page is made of, what it says when results are missing or wrong, what is measured for it; and
# bench/graph. Made-up results, no browser: the page itself is tested by make test-lecture, its titles by titles.t.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use lecture::Ideas;
use lecture::Maps;
use lecture::Memory;
use lecture::Page;
use lecture::Profiles;
use lecture::Results;
use lecture::Sample;
use measure::Launch;
use tests::lib::Built;
use tests::lib::StandIn;
use tests::lib::Files qw(write_file);

tests::lib::Built::launcher();
my $tree   = "$Bin/../..";
my $folder = File::Temp->newdir( TMPDIR => 1 );

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file>;
}

sub run (@command) { return measure::Launch::run( command => \@command, wall_s => 600 ) }

# ---- The page --------------------------------------------------------------------------------------------------------------

my @files  = lecture::Sample::write_all($folder);
my $result = run( "$tree/lecture/build", '--output', "$folder/out/index.html", '--from', @files );
ok( measure::Launch::ok($result), 'the page is written, into a folder that was not there' ) or diag $result->{stderr};
like( $result->{stdout}, qr{\AThe lecture is \S+/index\.html: .*\n\z}, '... and one line says where' );
my $page = content("$folder/out/index.html");
unlike( $page, qr{<(?:script|img|iframe)[^>]*\ssrc=|<link|\@import}i, q{... which fetches nothing} );
like( $page, qr{// https://d3js\.org v7}, '... because the library is in it' );
cmp_ok( length $page, '<', 1 << 20, '... and is less than a MiB' );
my ($json) = $page =~ m{<script id="data"[^>]*>(.*?)</script>}s;
my $data = JSON::PP->new->utf8->decode($json);
is_deeply( $data->{problems}, {}, 'all kinds of results are known' );
is( scalar @{ $data->{heapmaps} },                            4,             '... heap maps' );
is( join( ' ', map { $_->{pattern} } @{ $data->{scaling} } ), 'pairs crowd', '... two patterns of bench/scale' );

my $spoilt = lecture::Page::html( { text => '</script><!-- a "name" \ ' } );
my ($inline) = $spoilt =~ m{<script id="data"[^>]*>(.*?)</script>}s;
is(
    JSON::PP->new->utf8->decode($inline)->{text},
    '</script><!-- a "name" \ ',
    'no text can end the script that holds the data'
);

# ---- What is drawn ---------------------------------------------------------------------------------------------------------

my $waiting = write_file(
    "$folder/waiting.json",
    JSON::PP->new->encode(
        {
            cpu_ns_per_operation => { sys => { 1 => [1], 4 => [1] } },
            threads              => [ 1, 4 ],
            operations           => 1e9,
            machine => { cores            => 2 },
            runs    => { 'sys, 1 threads' => [ { wall_s => 3 } ], 'sys, 4 threads' => [ { wall_s => 5 } ] },
        }
    )
);
is_deeply(
    [ map { $_->{median} } @{ lecture::Results::read_all($waiting)->{scaling}[0]{series}[0]{points} } ],
    [ 3, 10 ],
    'a call costs the time of all cores that the threads can use, also when they wait'
);
is_deeply(
    [ lecture::Ideas::in_order(qw(mine par limit tcmalloc sys buddy libpar sys)) ],
    [qw(sys buddy mine par tcmalloc)],
    'a backend that nobody knows comes before par; yardsticks are left out'
);

# ---- Results that are missing or wrong ---------------------------------------------------------------------------------------

my %wrong = (
    'compare.json' => [ '{"sections": [', 'race', qr/it is not JSON, or was cut off/ ],
    'scale.json'   => [ '{"cpu_ns_per_operation": {"sys": {}}, "threads": [1]}', 'scaling', qr/its '1' is missing/ ],
    'memory.json'  =>
      [ '{"peak_mib": 1, "runs": {"sys": [{"phase": "grow"}]}}', 'memory', qr/a round has no 'resident_kib'/ ],
    'map.json' => [ '{"steps": [1], "version": 2}', 'heapmaps', qr/it is no heap map of version 1/ ],
    'a.trace'  => [
        "xtrace text 1\nmalloc 0 0 8\n",
        '', qr/it is a trace of requests: bin\/replay-par \S+ --threads --map FILE\.json makes/
    ],
    'whatever.json' => [ '{"x": 1}', '', qr/it has none of .*, so it is no file of results/ ],
);
for my $name ( sort keys %wrong ) {
    my ( $text, $kind, $message ) = @{ $wrong{$name} };
    my $path     = write_file( "$folder/$name", $text );
    my $problems = lecture::Results::read_all($path)->{problems};
    like(
        "@{ $problems->{$kind} // [] }",
        qr/\A\Q$path\E cannot be used: [^\n]*$message[^\n]*\.\z/,
        "$name: one sentence, where its picture would be"
    );
}
my $none = lecture::Results::read_all("$folder/nowhere.json");
like(
    $none->{problems}{''}[0],
    qr/nowhere\.json cannot be used: it cannot be read \(No such file/,
    'a file that is not there'
);
like( $none->{problems}{claims}[0], qr/To make them: make claims/, 'what is missing is said, with what to type' );
ok( lecture::Page::html( lecture::Page::data($none) ), '... on a page all the same' );

# ---- Measuring -----------------------------------------------------------------------------------------------------------------

my $built = run(
    'sh',
    '-c',
'cd "$1" && ${CC:-gcc} -D_GNU_SOURCE -I. -std=c11 -O1 -pthread -o "$2" lecture/memory.c programs/failure.c sys_alloc.c',
    'sh',
    $tree,
    "$folder/memory-sys"
);
ok( measure::Launch::ok($built), 'the memory probe compiles' ) or diag $built->{stderr};
my $memory  = lecture::Memory::measure( backends => [qw(sys none)], folder => "$folder" );
my @samples = @{ $memory->{runs}{sys} };
cmp_ok( scalar @samples, '>', 150, '... and takes samples' );
is( $samples[-1]{asked_kib}, 0, '... until all is freed' );
my ($at_peak) = sort { $b->{asked_kib} <=> $a->{asked_kib} } @samples;
cmp_ok( $at_peak->{asked_kib},    '>=', 32 * 1024,             '... from a peak of 32 MiB' );
cmp_ok( $at_peak->{resident_kib}, '>=', $at_peak->{asked_kib}, '... which is resident' );
my %at_rest = map { $_->{asked_kib} => 1 } grep { $_->{phase} eq 'rest' } @samples;
is( scalar keys %at_rest, 1, '... and rests with the same in use' );
ok( $memory->{problems}{none}, 'a backend without a probe is no reason to stop' );

my $stacks = lecture::Profiles::folded( <<'END_OF_SCRIPT' );
list-sys 
	    980e9 _int_malloc (/usr/lib/libc.so.6)
	    989c8 __GI___libc_malloc (inlined)
	     1a65 list_append+0x10 (/bin/list-sys)
	   1098eb clone3 (/usr/lib/libc.so.6)

list-sys 
	     1a65 list_append (/bin/list-sys)
	    891f4 start_thread (/usr/lib/libc.so.6)
END_OF_SCRIPT
is_deeply(
    $stacks->{stacks},
    [ { stack => ['list_append'], samples => 1 }, { stack => [qw(list_append malloc _int_malloc)], samples => 1 } ],
    "perf's stacks are counted, the outermost function first, without what starts threads"
);
is( $stacks->{functions}[0]{percent}, 50, '... each function with its own share' );

# The story of the heap maps.
my ( $story, $captions ) = lecture::Maps::story();
my ( $head, undef, @events ) = split /\n/, $story;
is( $head, 'xtrace text 1', 'the story is a trace' );
my %living;
for my $event (@events) {
    my ( $kind, undef, $block ) = split / /, $event;
    my $is_right =
      $kind eq 'free' ? delete $living{$block} : $kind eq 'realloc' ? $living{$block} : !$living{$block}++;
    fail("the story makes no sense at '$event'") if !$is_right;
}
is_deeply( \%living, {}, '... which frees all that it takes' );
is(
    scalar( grep { $_->[0] < @events } @{$captions} ),
    scalar @{$captions},
    '... and says something of steps that there are'
);

# bench/compare in a given time: hw08 is stopped at the large input and takes part in the small one.
my $ANSWER = "Max steps is at 7: 17 steps\n";

sub figures ($wall_s) {
    return { stdout => $ANSWER, map { ( $_ => [$wall_s] ) } qw(wall_s user_s sys_s), 'peak_kib' };
}
my $race = tests::lib::StandIn::folder(
    'list-sys'             => figures(1.5),
    'list-tcmalloc'        => figures(1),
    'list-hw08'            => figures(2),
    'list-hw08 -t 4 10000' => { %{ figures(9) }, stopped => ['wall'] },
);
my $compared = tests::lib::StandIn::run( $race, "$tree/bench/compare", '--backends', 'sys hw08 tcmalloc',
    '--programs', 'list', '--budget', 60 );
ok( measure::Launch::ok($compared), 'compare --budget' ) or diag $compared->{stderr};
my $sections = tests::lib::StandIn::json_of($race)->{sections};
is_deeply( $sections->[0]{races}[0]{left_out}, { hw08 => 9 }, '... leaves out who takes six times as long as sys' );
like( $compared->{stdout}, qr/^ +hw08 +over 9\.0 .*none$/m, '... and says so' );
is(
    join( ' ', sort keys %{ $sections->[1]{races}[0]{backends} } ),
    'hw08 sys tcmalloc',
    '... but not from the small inputs, where peers race too'
);
cmp_ok( scalar @{ $sections->[0]{races}[0]{backends}{sys} }, '>=', 2, '... with two rounds at least' );

# All of lecture/build --measure, with programs that are never run.
my $stand_in = tests::lib::StandIn::folder(
    ( map { ( "list-$_"     => figures(1.5) ) } qw(sys par) ),
    ( map { ( "patterns-$_" => { %{ figures(1) }, stdout => "1000 operations\n" } ) } qw(sys par limit) ),
    ( map { ( "memory-$_" => { %{ figures(1) }, stdout => "start\t0\t0\ngrow\t10\t12\nrest\t2\t6\n" } ) } qw(sys par) ),
);
make_path("$folder/build/release/measure");
copy( "$stand_in/$_", "$folder/build/release/measure/$_" ) or die "cannot copy $_: $!\n" for qw(launch figures.json);
chmod 0755, "$folder/build/release/measure/launch" or die "cannot make the launcher executable: $!\n";
my $measured =
  run( "$tree/lecture/build", '--measure', '--minutes', 0.01, '--backends', 'sys par', '--programs', 'list',
    '--bin', "$stand_in", '--build', "$folder/build", '--output', "$folder/measured.html" );
ok( measure::Launch::ok($measured), 'lecture/build measures' );
my $own = JSON::PP->new->utf8->decode(
    content("$folder/measured.html") =~ m{<script id="data"[^>]*>(.*?)</script>}s ? $1 : '{}' );
is( $own->{race}{sections}[0]{programs}[0]{rows}[1]{backend}, 'par', '... the race' );
is( scalar @{ $own->{scaling} },                              2,     '... two patterns' );
is( $own->{memory}{series}[0]{rest}{median},                  6,     '... memory over time' );
like( $own->{quiet}{state},              qr/\A(?:quiet|busy)\z/, '... and how quiet the machine was' );
like( "@{ $own->{problems}{profiles} }", qr/profiles/,           '... and what fails costs its own picture only' );

# All that a lecture and make scale build has a rule; a bare list in the place of a backend has none of its own.
for my $target ( 'lecture-programs', "$folder/nothing-built/bin/patterns-limit" ) {
    my $asked = run(
        'make', '-C', $tree, '-n', "BUILD=$folder/nothing-built",
        "BIN=$folder/nothing-built/bin",
        'BACKENDS=hw08 par', $target
    );
    unlike( $asked->{stderr}, qr/No rule/, "make $target can be built, where nothing is yet" =~ s{\S+/}{}r );
}

# ---- The graph -----------------------------------------------------------------------------------------------------------------

my @graph = ( "$tree/bench/graph", '--output', "$folder/graph", '--from' );
like(
    run( @graph, "$folder/none.json" )->{stderr},
    qr/\Agraph: there are no results at .*: make compare writes them\n\z/,
    'a graph of nothing'
);
like(
    run( @graph, "$folder/compare.json" )->{stderr},
    qr/\Agraph: .*compare\.json is not what make compare writes/,
    '... of what was cut off'
);
my $whole = write_file( "$folder/whole.json", JSON::PP->new->utf8->encode( lecture::Sample::race() ) );
my $bare  = measure::Launch::run( command => [ $^X, @graph, $whole ], wall_s => 600, env => { PATH => "$folder" } );
like(
    $bare->{stderr},
    qr/\Agraph: gnuplot, which draws the graph, is not installed: \.\/setup installs it/,
    'a graph without gnuplot'
);
SKIP: {
    skip 'there is no gnuplot', 5 if !grep { -x "$_/gnuplot" } split /:/, $ENV{PATH};
    my $drawn = run( @graph, $whole );
    ok( measure::Launch::ok($drawn), 'a graph is drawn' ) or diag $drawn->{stderr};
    like( content("$folder/graph.png"), qr/\A\x89PNG/, '... as PNG' );
    like(
        content("$folder/graph.svg"),
        qr/A processor with quite a long name/,
        '... and as SVG, with the machine in its title'
    );
    my $race = lecture::Sample::race();
    delete $_->{left_out} for @{ $race->{sections}[0]{races} };
    run( @graph, write_file( "$folder/apart.json", JSON::PP->new->utf8->encode($race) ) );
    like(
        content("$folder/graph.svg"),
        qr/hw08: too slow for this input, not raced/,
        '... which says why hw08 has no bar'
    );
    run( @graph, $whole );
    like( content("$folder/graph.svg"), qr/hw08: stopped after 9\.6 s/, '... or after how long it was stopped' );
}

done_testing();
