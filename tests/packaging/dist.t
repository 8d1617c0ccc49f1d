#!/usr/bin/env perl

# The source archive: the same bytes twice, with git and without, whatever the umask; and it holds what git keeps.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;
use tests::lib::Files qw(read_file write_file);

my $TREE = tests::lib::Built::tree();
my $work = File::Temp->newdir;

# Packs a tree. Result: the bytes of its archive.
sub packed ( $tree, $folder ) {
    my $quoted = quotemeta "$work/$folder";
    my $path   = qx(\Q$tree\E/packaging/dist --output $quoted 2>/dev/null);
    chomp $path;
    return -e $path ? read_file($path) : BAIL_OUT("packaging/dist of $tree has failed: $path");
}

chomp( my $version = qx($TREE/packaging/dist --version) );
like( $version, qr/\A\d+[.]\d+[.]\d+\z/, "the version, $version, has three numbers" );

my $first = packed( $TREE, 'first' );
ok( $first eq packed( $TREE, 'second' ), 'the same tree gives the same bytes twice' );

# Unpacked as by somebody whose umask lets nobody in, used a little, and packed again.
system("cd \Q$work\E && umask 077 && tar --no-same-permissions -xf first/*.tar.gz") == 0
  or BAIL_OUT('the archive cannot be unpacked');
my $unpacked = "$work/xmalloc-$version";
write_file( "$unpacked/$_", 'built' ) for qw(build/release/one.o bin/list-par lib/libpar.so par/cache.o gmon.out.7);
ok( $first eq packed( $unpacked, 'third' ),
    'an unpacked archive without git, in which something was built, gives them again' );
ok( !-e "$unpacked/.git", '... (there is no git in it)' );

my $changelog = read_file("$unpacked/CHANGELOG.md");
write_file( "$unpacked/CHANGELOG.md", $changelog =~ s/^## \S+ \(\S+\)/## 99.1.0 (2031-02-03)/mr );
is( qx(\Q$unpacked\E/packaging/dist --version), "99.1.0\n", 'a new heading in CHANGELOG.md is a new version' );
my $newer = qx(\Q$unpacked\E/packaging/dist --output \Q$work\E/fourth);
like( $newer, qr{/xmalloc-99[.]1[.]0[.]tar[.]gz$}, '... of the archive, too' );
like(
    scalar qx(tar --utc -tvf \Q$work\E/fourth/*.tar.gz | head -n 1),
    qr/2031-02-03 00:00/,
    '... whose files have its day'
);

write_file( "$unpacked/CHANGELOG.md", "# Changes\n" );
like(
    scalar qx(\Q$unpacked\E/packaging/dist --version 2>&1),
    qr/^dist: CHANGELOG.md has no heading/,
    'without a heading it says so'
);

SKIP: {
    skip 'this tree is no git checkout', 4 if !-e "$TREE/.git" || system('git --version >/dev/null 2>&1') != 0;
    my @packed = sort map  { s{^[^/]+/}{}r } split /\n/, qx(tar -tf \Q$work\E/first/*.tar.gz);
    my @kept   = sort grep { -e "$TREE/$_" } split /\n/, qx(git -C $TREE ls-files);
    is_deeply( \@packed, \@kept, 'what git keeps is in it, and nothing else' );

    # A file that git does not know is left out, with a word.
    system("cp -a \Q$work\E/first \Q$work\E/checkout && cd \Q$work\E/checkout && tar xf *.tar.gz") == 0 or die;
    my $checkout = "$work/checkout/xmalloc-$version";
    my $git      = "git -C \Q$checkout\E -c user.name=t -c user.email=t\@t";
    system("$git init -q && $git add -A && $git commit -q -m one") == 0 or BAIL_OUT('git commit has failed');
    my $clean = qx(\Q$checkout\E/packaging/dist --output \Q$work\E/fifth 2>&1 >/dev/null);
    is( $clean, q{}, 'a tree as it was committed is packed without a word' );
    write_file( "$checkout/scratch.c", q{} );
    my $words = qx(\Q$checkout\E/packaging/dist --output \Q$work\E/fifth 2>&1);
    like( $words, qr/^dist: the tree differs from its last commit \(1:/, 'a file that git does not know is told' );
    ok( $first eq read_file("$work/fifth/xmalloc-$version.tar.gz"), '... and left out' );
}

done_testing;
