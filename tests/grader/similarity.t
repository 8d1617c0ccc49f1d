#!/usr/bin/env perl

# Which submissions have much in common: a copy that was renamed and put into another order is found, those that were written
# apart are not, and what everybody was given does not count.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar ();
use Cwd          qw(abs_path);
use File::Copy   qw(copy);
use File::Path   qw(make_path);
use File::Temp   ();
use FindBin      qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::class::similar::Pairs;
use grader::class::similar::Tokens;
use grader::class::similar::Winnow;
use measure::Launch;
use tests::lib::Built;

my $real     = abs_path("$Bin/../..");
my $launcher = tests::lib::Built::launcher();
my $folder   = File::Temp->newdir;
my $RIGHT    = "$real/tests/corpus/right";

my $GENEROUS_S = 900;
my $GRAM       = $grader::class::similar::Winnow::GRAM;
my $GUARANTEE  = $grader::class::similar::Winnow::GUARANTEE;

sub content ($path) {
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/ = undef;
    return <$file>;
}

sub submit ( $name, $text ) {
    make_path("$folder/class/$name");
    open my $file, '>:raw', "$folder/class/$name/par_alloc.c" or die $!;
    print {$file} $text;
    close $file or die $!;
    return;
}

sub similar (@options) {
    return measure::Launch::run(
        command  => [ $^X, "$real/grader/similar", @options, "$folder/class" ],
        launcher => $launcher,
        wall_s   => $GENEROUS_S,
    );
}

sub tokens ($text) {
    return join q{ }, map { $_->[0] } grader::class::similar::Tokens::of($text);
}

subtest 'Tokens' => sub {
    is(
        tokens("int x = 0x1fUL; // no\n/* nor\nthis */ y->z += 1.5e-3;"),
        'int v = n ; v -> v += n ;',
        'names and numbers'
    );
    is( tokens(qq{#include <a.h>\n#define A "x\\"//" 'c'\n}), '# v v s n', 'texts, signs, and no included headers' );
    my @lines = map { $_->[1] } grader::class::similar::Tokens::of("a\n/*\n\n*/ b\r\n\"\\\n\" c");
    is( "@lines",              '1 4 5 6', 'each knows its line' );
    is( tokens("\"open\nint"), 's int',   'a text that is not closed ends with its line' );
};

# So many tokens of which no two are alike.
sub stream ( $from, $count ) {
    return map { [ "t$_", 1 ] } $from .. $from + $count - 1;
}

sub hashes (@tokens) {
    my @grams = grader::class::similar::Winnow::grams( \@tokens );
    return { map { $_->[0] => 1 } grader::class::similar::Winnow::fingerprints(@grams) };
}

sub in_common ( $length, $before ) {
    my @run   = stream( 1000, $length );
    my $one   = hashes( stream( 0,    $before ), @run, stream( 2000, 70 ) );
    my $other = hashes( stream( 5000, 31 ),      @run, stream( 6000, 90 - $before ) );
    return scalar grep { $other->{$_} } keys %{$one};
}

subtest 'The guarantee' => sub {
    my @lost = grep { !in_common( $GUARANTEE, $_ ) } 0 .. 80;
    is( "@lost", q{}, "a run of $GUARANTEE tokens is found wherever it stands" );
    my @found = grep { in_common( $GRAM - 1, $_ ) } 0 .. 80;
    is( "@found", q{}, '... and no run of ' . ( $GRAM - 1 ) );
    my @all = grader::class::similar::Winnow::grams( [ stream( 0, 1000 ) ] );
    cmp_ok( scalar grader::class::similar::Winnow::fingerprints(@all), '<', @all / 5, 'few hashes are kept' );
    is( scalar grader::class::similar::Winnow::fingerprints( @all[ 0 .. 2 ] ), 1, '... but one of a short text, too' );
};

# A copy as somebody makes it in a hurry: other names, other comments, the functions the other way round.
sub disguised ($text) {
    my ( $head, @parts ) = split /(?<=\n\}\n)/, $text;
    my $copy = join q{}, $head, reverse @parts;
    $copy =~ s{//[^\n]*}{// as I see it}g;
    my %other = ( span => 'piece', cache => 'bag', lock => 'guard', next => 'follow', chunk => 'slab', head => 'tag' );
    $copy =~ s/\b$_\b/$other{$_}/g for keys %other;
    return $copy =~ s/    /\t/gr;
}

subtest 'A class' => sub {
    for my $name (qw(caches plain regions)) {
        make_path("$folder/class/$name");
        copy( "$RIGHT/$name/par_alloc.c", "$folder/class/$name/par_alloc.c" ) or die $!;
    }
    submit( 'copy', disguised( content("$RIGHT/caches/par_alloc.c") ) );
    my $starter = content("$real/handout/freelist/hw08_alloc.c");
    submit( "starter$_", "$starter\nint mine_$_(void) { return $_; }\n" ) for 1 .. 2;
    my $tar = Archive::Tar->new;
    $tar->add_data( 'a/par_alloc.c', content("$RIGHT/arenas/par_alloc.c") );
    $tar->write( "$folder/class/packed.tar.gz", Archive::Tar::COMPRESS_GZIP() );
    submit( 'wrapper', qq{#include "heap.inc"\n} );
    open my $inc, '>:raw', "$folder/class/wrapper/heap.inc" or die $!;
    print {$inc} content("$RIGHT/plain/par_alloc.c");
    close $inc or die $!;
    make_path("$folder/class/bare");

    for my $name (qw(doe_1_a.c doe_1_b.c doe_1_c.c doe_1_d.c roe.7z)) {
        open my $loose, '>', "$folder/class/$name" or die $!;
        close $loose or die $!;
    }
    open my $bad, '>', "$folder/class/bad.zip" or die $!;
    close $bad or die $!;

    my $result = similar();
    is( $result->{exit}, 0, 'is compared' ) or diag $result->{stderr};
    my @pairs = $result->{stdout} =~ /^ *\d+%  (.*)$/mg;
    is_deeply(
        \@pairs,
        [ 'plain, wrapper', 'caches, copy' ],
        'a copy that was renamed and reordered is found, one in a file that a source includes, and nothing else'
    );
    like( $result->{stdout}, qr/^ *([7-9]\d|100)%  caches, copy$/m,                   '... as most of it' );
    like( $result->{stdout}, qr/^similar: bad could not be read: [^\n]*it is empty/m, 'what cannot be read is said' );

    like(
        $result->{stdout},
        qr/^similar: without a C source, so not compared: bad, bare$/m,
        '... and what has no source'
    );
    like(
        $result->{stdout},
        qr/^similar: 'roe[.]7z' is neither [^\n]*: pack it again/m,
        '... and what is no submission, with the remedy'
    );
    like(
        $result->{stdout},
qr/^similar: 'doe_1_a[.]c', 'doe_1_b[.]c', 'doe_1_c[.]c' and 1 more are neither [^\n]* folder that is named after/m,
        '... in a line, however many there are'
    );

    my $page = content("$folder/class-grades/similar.html");
    like( $page, qr/This is a pointer to read, not a verdict/, 'the page says what it is' );
    unlike( $page, qr/<script|<link|<img|\bsrc=|https?:|url\(|\@import/i, '... and needs nothing from elsewhere' );
    my %is_there = map { $_ => 1 } $page =~ /\bid="([^"]+)"/g;
    my @links    = $page                 =~ /href="#([^"]+)"/g;
    my @nowhere  = grep { !$is_there{$_} } @links;
    is( "@nowhere", q{}, 'every region leads to its twin' );
    cmp_ok( scalar @links, '>', 10, '... and there are some' );
    my ($marked) = $page =~ /<span class="c\d"[^>]*><i>(?:<a[^>]*>\d+<\/a>)*\d+<\/i>([^<]*xrealloc[^<]*)/;
    ok( defined $marked, 'the lines in common are marked' );
};

subtest 'A student with two submissions' => sub {
    my $one = File::Temp->newdir;
    for my $case ( [ 'roster.csv', "Student,ID,SIS User ID,SIS Login ID,Section\n\"Doe, Jo\",1,S1,caches,A\n" ],
        [ 'teams.csv', "submission,student\ncopy,caches\n" ] )
    {
        my ( $name, $text ) = @{$case};
        open my $file, '>', "$one/$name" or die $!;
        print {$file} $text;
        close $file or die $!;
    }
    my $result = similar( '--output', "$one/similar.html" );
    is_deeply( [ $result->{stdout} =~ /^ *\d+%  (.*)$/mg ], ['plain, wrapper'], 'is no pair' )
      or diag $result->{stderr};
    like(
        $result->{stdout},
        qr/^similar: of one student, so not compared with each other: caches, copy$/m,
        '... which is said'
    );
};

subtest 'What was given' => sub {
    my $lecture = content("$RIGHT/buddy/par_alloc.c");
    submit( "lecture$_", $lecture ) for 1 .. 2;
    like( similar()->{stdout}, qr/^100%  lecture1, lecture2$/m, 'two who took the same file are found' );
    my $result = similar( '--starter', "$RIGHT/buddy" );
    unlike( $result->{stdout}, qr/lecture/, '... but not when everybody was given it' );
    is( similar( '--starter', "$folder/none" )->{exit}, 2, 'a starter that is not there is a mistake' );

    submit( "many$_", content("$RIGHT/caches/par_alloc.c") ) for 1 .. 12;
    $result = similar();
    unlike( $result->{stdout}, qr/^ *\d+%  many1,/m, 'what more than ten have is not compared' );
    for my $said ( $result->{stdout}, content("$folder/class-grades/similar.html") ) {
        like(
            $said,
qr/of these, much is in more than 10 submissions, and was not compared: caches \(100%\), copy \(\d+%\), many1 \(100%\)/i,
            '... which is said, with who has it'
        );
    }

    local $grader::class::similar::Pairs::MOST_OWNERS = 3;
    my %of =
      map { $_ => grader::class::similar::Pairs::examined( [ { name => 'a.c', text => $lecture } ], {} ) } 1 .. 4;
    is( scalar( () = grader::class::similar::Pairs::ranked( \%of ) ), 0, 'what many have is of the course' );
    delete $of{4};
    is( scalar( () = grader::class::similar::Pairs::ranked( \%of ) ), 3, '... what few have is not' );
};

done_testing;
