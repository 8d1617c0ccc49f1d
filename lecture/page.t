#!/usr/bin/env perl

# The lecture page in headless Chromium: every picture draws without a complaint, no text overlaps or leaves the slide, the
# keys work, and what is wrong with the results is said. On made-up results, or with SAMPLE=page.html on that page.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use JSON::PP   ();
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;
use Time::HiRes qw(sleep);

use lib "$Bin/..";
use lecture::Browser;
use lecture::HeapPage;
use lecture::Sample;

plan skip_all => 'there is no chromium (apt-get install chromium)' if !lecture::Browser::program();

# All texts that can be seen, with their boxes; a picture that scrolls counts as far as it is shown.
my $BOXES = <<'END_OF_SCRIPT';
(selector) => {
  const seen = [];
  for (const root of document.querySelectorAll(selector)) {
    for (const element of root.querySelectorAll("svg text, h1, h2, p, td, th, button, label, figcaption, #place")) {
      const box = element.getBoundingClientRect();
      const text = element.textContent.trim();
      const scrolls = element.closest(".scrolls");
      if (text === "" || box.width === 0 || (scrolls && box.bottom > scrolls.getBoundingClientRect().bottom)) continue;
      seen.push({ text, left: box.left, right: box.right, top: box.top, bottom: box.bottom, size: parseFloat(getComputedStyle(element).fontSize), element });
    }
  }
  return seen;
}
END_OF_SCRIPT

# Lines of text have some air above and below, which may overlap.
my $OVERLAPS = <<"END_OF_SCRIPT";
(() => {
  const boxes = ($BOXES)(SELECTOR);
  const found = [];
  const shrunk = (box) => ({ ...box, top: box.top + 0.18 * (box.bottom - box.top), bottom: box.bottom - 0.18 * (box.bottom - box.top) });
  for (let i = 0; i < boxes.length; i++) {
    for (let k = i + 1; k < boxes.length; k++) {
      const [a, b] = [shrunk(boxes[i]), shrunk(boxes[k])];
      if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) {
        found.push(`"\${a.text}" and "\${b.text}"`);
      }
    }
  }
  return found;
})()
END_OF_SCRIPT

my $OUTSIDE = <<"END_OF_SCRIPT";
($BOXES)(SELECTOR).filter((box) => box.left < 0 || box.right > innerWidth + 1 || box.top < 0 || box.bottom > innerHeight + 1).map((box) => box.text)
END_OF_SCRIPT

my $SMALLEST = "Math.min(...($BOXES)(SELECTOR).map((box) => box.size))";

# On a screen of so many pixels.
sub is_readable ( $browser, $width, $places, $prefix ) {
    is_deeply( $browser->evaluate( about( $OVERLAPS, $places ) ),    [], "$prefix no text lies on another" );
    is_deeply( $browser->evaluate( about( $OUTSIDE,  '.current' ) ), [], '... none leaves the screen' );
    cmp_ok(
        $browser->evaluate( about( $SMALLEST, '.current' ) ),
        '>=',
        19 * $width / 1280,
        '... all can be read from the back row'
    );
    return;
}

sub about ( $script, $selector ) { return $script =~ s/SELECTOR/"$selector"/r }

# How much is drawn on the slide: marks of a chart, rows of a table, pixels of a canvas, or a message.
my $DRAWN =
  'document.querySelectorAll(".current .picture :is(rect, path, circle, tr, canvas), .current .message").length';

my $folder = File::Temp->newdir( TMPDIR => 1 );

sub build ( $name, @files ) {
    my $page   = "$folder/$name.html";
    my $status = system "$Bin/build", '--output', $page, '--from', @files;
    is( $status, 0, "the page '$name' is built" );
    return 'file://' . abs_path($page);
}

my $browser = lecture::Browser->start;

sub no_complaints ($where) {
    is_deeply( [ $browser->complaints ], [], "no complaint in the console, no request to anywhere: $where" );
    return;
}

# ---- Every slide on both screens and in both themes ------------------------------------------------------------------------

open my $stdout, '>&', \*STDOUT    or die "cannot keep standard output: $!\n";
open STDOUT,     '>',  '/dev/null' or die "cannot silence lecture/build: $!\n";
Test::More->builder->output($stdout);
my $url = $ENV{SAMPLE} ? 'file://' . abs_path( $ENV{SAMPLE} ) : build( 'full', lecture::Sample::write_all($folder) );

for my $screen ( [ 1280, 720, 'light' ], [ 1920, 1080, 'dark' ] ) {
    my ( $width, $height, $theme ) = @{$screen};
    $browser->screen( $width, $height, $theme );
    $browser->load($url);
    is( $browser->evaluate('document.documentElement.dataset.theme'),
        $theme, "$width x $height: the system's theme is followed" );
    no_complaints("the page at $width x $height");
    is( $browser->evaluate('document.documentElement.scrollWidth'), $width, '... which does not scroll sideways' );
    is_deeply( $browser->evaluate( about( $OVERLAPS, 'body' ) ), [], '... and no text lies on another' );

    $browser->press('p');
    my $slides = $browser->evaluate('presenter.views.length');
    cmp_ok( $slides, '>', 5, "presenting: $slides slides" );
    for my $at ( 0 .. $slides - 1 ) {
        my $id = $browser->evaluate('document.querySelector(".current").id');
        cmp_ok( $browser->evaluate($DRAWN), '>', 0, "slide $id is drawn" );
        is_readable( $browser, $width, '.current, #place', '...' );
        is( $browser->evaluate('document.querySelector(".current").id'), $id, '... it is still there' );
        if ( $id eq 'heapmap' ) { heap_map_steps() }
        $browser->screenshot("$ENV{SHOTS}/$id-$width-$theme.png") if $ENV{SHOTS};
        $browser->press('ArrowRight');
    }
    no_complaints("the slides at $width x $height");
}

sub heap_map_steps () {
    my $state = 'document.querySelector("#heapmap .picture").innerHTML + '
      . '[...document.querySelectorAll("#heapmap canvas")].map((canvas) => canvas.toDataURL()).join()';
    my $before = $browser->evaluate($state);
    $browser->press('ArrowDown');
    isnt( $browser->evaluate($state), $before, '... the heap map steps forward' );
    $browser->press('ArrowUp');
    return;
}

# ---- The keys ----------------------------------------------------------------------------------------------------------------

sub current () { return $browser->evaluate('presenter.at') }

my $last = $browser->evaluate('presenter.views.length') - 1;
is( current(), $last, 'after the last slide nothing comes' );
$browser->press('Home');
is( current(), 0, 'Home: the first slide' );
$browser->press('ArrowLeft');
is( current(), 0, 'before the first there is none' );
$browser->press('PageDown');
is( current(), 1, 'PageDown, as presenter remotes send it: the next one' );
$browser->press('t');
is( $browser->evaluate('document.documentElement.dataset.theme'), 'light', 't: the other theme' );
my $address = $browser->evaluate('location.href');
$browser->load($address);
is( $browser->evaluate('presenting() && presenter.at'), 1, 'a reload stays on the slide' );
$browser->press('Escape');
ok( !$browser->evaluate('presenting()'), 'Escape: the page' );

SKIP: {
    skip 'the bars of another page are not known', 2 if $ENV{SAMPLE};
    my $bar = $browser->evaluate(
        '(() => { const bar = document.querySelector("#race-large .bar.par"); bar.scrollIntoView({ block: "center" });'
          . ' const box = bar.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; })()'
    );
    $browser->point_at( @{$bar} );
    my $shown = $browser->evaluate('tooltip.style.display + tooltip.textContent');
    like( $shown, qr/\Ablock.*7 rounds/s,            'a bar under the pointer tells its rounds' );
    like( $shown, qr/\d s \x{b1} \d.*\(.* to .*\)/s, '... and their spread' );
}

# ---- Maps that are loaded by hand --------------------------------------------------------------------------------------------

SKIP: {
    skip 'the maps of another page are not known', 4 if $ENV{SAMPLE};
    my $own = lecture::Sample::heap_map('cache');
    $own->{trace} = 'mine.trace';
    for my $file (
        [ 'mine.json',    JSON::PP->new->encode($own) ],
        [ 'noise.json',   '{"format": ' ],
        [ 'foreign.json', '{"a": 1}' ]
      )
    {
        open my $handle, '>', "$folder/$file->[0]" or die "cannot write $file->[0]: $!\n";
        print {$handle} $file->[1];
        close $handle or die "cannot write $file->[0]: $!\n";
    }
    $browser->pick_files( '#heapmap input[type=file]', map { "$folder/$_" } qw(mine.json noise.json foreign.json) );
    my $said = '';
    for ( 1 .. 100 ) {
        $said = $browser->evaluate('document.querySelector("#heapmap .picture").innerText');
        last if $said =~ /foreign/;
        sleep 0.05;
    }
    like( $said, qr/mine/,                                        'a map that is picked can be chosen' );
    like( $said, qr/noise\.json cannot be shown: it is not JSON/, '... one that was cut off is named' );
    like(
        $said,
        qr/foreign\.json cannot be shown: it is no heap map: bin\/replay/,
        '... and what is none, with what makes one'
    );
    is( $browser->evaluate('document.querySelectorAll("#heapmap .blocks").length'),
        1, '... each trace shows its own backends' );
}

# ---- Results that are missing or wrong -------------------------------------------------------------------------------------

my %broken = (
    'compare.json' => '{"sections": [{"title": "Large", "races": [',
    'memory.json'  => '{"peak_mib": 32, "runs": {}}',
    'other.json'   => '{"something": "else"}',
);
for my $name ( sort keys %broken ) {
    open my $file, '>', "$folder/$name" or die "cannot write $name: $!\n";
    print {$file} $broken{$name};
    close $file or die "cannot write $name: $!\n";
}
$browser->screen( 1280, 720, 'light' );
$browser->load( build( 'broken', map { "$folder/$_" } sort keys %broken ) );
my $text = $browser->evaluate('document.body.innerText');
like( $text, qr/compare\.json cannot be used: it is not JSON, or was cut off/, 'a file that was cut off is named' );
like( $text, qr/other\.json cannot be used: it has none of/, '... so is one that holds something else' );
like( $text, qr/memory\.json cannot be used/,                '... and one with a part missing' );
like(
    $text,
    qr/no results for this picture yet. To make them: make claims/,
    'what is missing is said, with what to type'
);
$browser->press('p');
cmp_ok( $browser->evaluate('presenter.views.length'), '>', 3, 'even so there are slides' );
$browser->press('End');
no_complaints('a page of broken results');

# ---- The page of one student's heap ------------------------------------------------------------------------------------------

# mine goes wrong at the third step of a second run, and gives a block that overlaps.
sub own_heap () {
    my @maps = map { lecture::Sample::heap_map($_) } qw(mine sys hw08);
    my @cut  = map {
        { %{ lecture::Sample::heap_map($_) }, trace => 'story', captions => [ [ 0, 'What is seen?' ] ] }
    } qw(mine sys hw08);
    $cut[0]{steps} = [ @{ $cut[0]{steps} }[ 0, 1 ] ];
    $cut[0]{steps}[1][4] -= 48;
    $cut[0]{problem} = 'step 2, xmalloc(400) by thread 1 gave block 1, which overlaps block 0';
    return {
        title    => 'Where mine puts its blocks',
        order    => [qw(mine sys hw08)],
        backends => { mine => { kind => 'par' } },
        heapmaps => [ @cut, @maps ],
        findings => { 'sample.trace' => 'mine keeps 2.4 times what the program uses; sys 2.4 times, hw08 2.4 times' },
        problems => { story          => ["mine: $cut[0]{problem}"] },
        start    => { trace          => 'sample.trace', step => 3 },
    };
}

open my $own_page, '>', "$folder/own.html" or die "cannot write $folder/own.html: $!\n";
print {$own_page} lecture::HeapPage::html( own_heap() );
close $own_page or die "cannot write $folder/own.html: $!\n";
my $NUMBER = 'heapmapState.step';
for my $screen ( [ 1280, 720, 'light' ], [ 1920, 1080, 'dark' ] ) {
    my ( $width, $height, $theme ) = @{$screen};
    $browser->screen( $width, $height, $theme );
    $browser->load("file://$folder/own.html");
    is( $browser->evaluate($NUMBER), 3, "one's own heap, $width x $height: it begins where it was told to" );
    like( $browser->evaluate('document.querySelector("h2").textContent'), qr/\Amine keeps/, '... with its title' );
    $browser->press('End');
    is( $browser->evaluate($NUMBER), 5, '... End: the last step' );
    $browser->press('ArrowLeft');
    is( $browser->evaluate($NUMBER), 4, '... left: one back' );
    $browser->press('Home');
    $browser->press(' ');

    for ( 1 .. 100 ) {
        last if $browser->evaluate($NUMBER) == 5;
        sleep 0.1;
    }
    is( $browser->evaluate($NUMBER), 5, '... space: it plays to the end' );
    $browser->press('1');
    like(
        $browser->evaluate('document.body.innerText'),
        qr/Where mine puts its blocks.*step 2, xmalloc/s,
        '... another run, which went wrong'
    );
    like(
        $browser->evaluate('document.querySelector(".panels").innerText'),
        qr/stopped at step 2/,
        '... and is beside those that went on'
    );
    for my $key ( '1', '2' ) {
        $browser->press($key);
        is_readable( $browser, $width, '.current', "... run $key:" );
        $browser->screenshot("$ENV{SHOTS}/own-$key-$width-$theme.png") if $ENV{SHOTS};
    }
    no_complaints("one's own heap at $width x $height");
}

done_testing();
