#!/usr/bin/env perl

# make install into a folder of its own, use of what is there as a stranger would, and make uninstall.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Find ();
use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;
use tests::lib::Files qw(write_file);

my $TREE = tests::lib::Built::tree();

# A space in DESTDIR, because there are such; the modules where a distribution has them.
my $work  = File::Temp->newdir;
my $stage = "$work/a stage";
my @WORDS = ( "DESTDIR=$stage", qw(PREFIX=/opt/x LIBDIR=/opt/x/lib/here MODULEDIR=/opt/x/lib/xmalloc) );
tests::lib::Built::insist( 'install', @WORDS );

# The loader takes a space in a path for its end, and so do flags of a compiler that are not quoted.
my $link = "$work/stage";
symlink $stage, $link;

# What is below a folder, but for folders.
sub files ($folder) {
    my @found;
    File::Find::find( { no_chdir => 1, wanted => sub { push @found, substr $_, 1 + length $folder if -l || !-d } },
        $folder );
    @found = sort @found;
    return @found;
}

# Result: what a command says, standard error included, and its exit status.
sub said (@command) {
    my $quoted = join q{ }, map { quotemeta } @command;
    my $said   = qx($quoted 2>&1);
    return ( $said, $? >> 8 );
}

my %there = map { $_ => 1 } files($stage);
ok( $there{"opt/x/$_"}, "$_ is installed" )
  for qw(bin/xtrace bin/trace-convert bin/replay-sys bin/replay-par include/xmalloc.h lib/here/libxmalloc.a),
  qw(lib/here/pkgconfig/xmalloc.pc lib/xmalloc/libpar.so lib/xmalloc/libxtrace.so),
  map { "share/man/$_" } qw(man3/xmalloc.3 man3/xfree.3 man7/libpar.7 man1/xtrace.1 man1/replay-par.1 man1/test.pl.1);
my @dangling = grep { -l "$stage/$_" && !-e "$stage/$_" } sort keys %there;
is( "@dangling", q{}, 'no second name of a page leads nowhere' );

# ---- A program of somebody else --------------------------------------------------------------------------------------

# It has names of its own that par uses inside, and 64 blocks of which none may lie in the C library's heap.
my $source = write_file( "$work/guest.c", <<'END');
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xmalloc.h>

int cache_refill_and_take, depot_flush;

int main(void) {
    char* blocks[64];
    char* heap = sbrk(0);
    for (int at = 0; at < 64; at++) {
        blocks[at] = xmalloc(1000);
        if (blocks[at] == NULL || (uintptr_t)blocks[at] % 16 != 0) return 1;
        memset(blocks[at], at, 1000);
    }
    if (sbrk(0) != heap) return 2;
    for (int at = 0; at < 64; at++) {
        blocks[at] = xrealloc(blocks[at], 5000);
        if (blocks[at] == NULL || blocks[at][999] != at) return 3;
        xfree(blocks[at]);
    }
    if (xmalloc(SIZE_MAX) != NULL || errno != ENOMEM) return 4;
    puts("served");
    return 0;
}
END

SKIP: {
    skip 'there is no pkg-config; ./setup installs it', 4 if ( said( 'pkg-config', '--version' ) )[1] != 0;
    local $ENV{PKG_CONFIG_PATH}        = "$link/opt/x/lib/here/pkgconfig";
    local $ENV{PKG_CONFIG_SYSROOT_DIR} = $link;
    my ($version) = said(qw(pkg-config --modversion xmalloc));
    is( $version, qx($TREE/packaging/dist --version), 'pkg-config tells the version of CHANGELOG.md' );

    my $cc = 'gcc -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror';
    is( system("cd \Q$work\E && $cc -o guest guest.c \$(pkg-config --cflags --libs xmalloc)"),
        0, 'a program is built with it' );
    is_deeply( [ said("$work/guest") ], [ "served\n", 0 ], '... and served by it' );

    my ($libpar) = said(qw(pkg-config --variable=libpar xmalloc));
    like( $libpar, qr{/opt/x/lib/xmalloc/libpar[.]so$}, 'pkg-config tells what to preload' );
}

# ---- What is preloaded, recorded and replayed ------------------------------------------------------------------------

{
    local $ENV{LD_PRELOAD} = "$link/opt/x/lib/xmalloc/libpar.so";
    my ( $said, $status ) =
      said( 'perl', '-e', 'print grep { m{/libpar[.]so$} } do { open my $f, "<", "/proc/self/maps"; <$f> }' );
    like( $said, qr{/libpar[.]so$}m, 'libpar.so is in a program that it was preloaded into' );
    is( $status, 0, '... which ends well' );
}
my ( $names, undef ) = said( qw(nm -D --defined-only), "$link/opt/x/lib/xmalloc/libpar.so" );
unlike( $names, qr/ x(?:malloc|free|realloc)$/m, 'no xmalloc of it can take the place of somebody else\'s' );

my $plain = "$work/plain";
system 'cp', '-a', "$stage/opt/x", $plain;
my ( $recorded, $status ) = said( "$plain/bin/xtrace", '-o', "$work/true.trace", 'perl', '-e', '1' );
is( $status, 0, 'xtrace finds its recorder where it was installed' ) or diag $recorded;
my ( $replayed, $replay_status ) = said( "$plain/bin/replay-par", '--rounds', 1, "$work/true.trace" );
is( $replay_status, 0, '... and replay-par its trace' ) or diag $replayed;

# ---- The manual ------------------------------------------------------------------------------------------------------

SKIP: {
    my @pages = grep { m{/man/} && !-l "$stage/$_" } sort keys %there;
    skip 'there is no man with groff here (apt-get install man-db groff)', scalar @pages
      if system('man --version >/dev/null 2>&1 && groff --version >/dev/null 2>&1') != 0;
    for my $page (@pages) {
        my ( $warnings, $failed ) =
          said( 'sh', '-c', 'MANWIDTH=100 man --warnings --local-file "$1" >/dev/null', 'sh', "$stage/$page" );
        is( "$warnings$failed", '0', 'man shows ' . $page =~ s{.*/}{}r . ' without a warning' );
    }
}

# ---- Away with it ----------------------------------------------------------------------------------------------------

write_file( "$stage/opt/x/lib/xmalloc/somebody-elses", q{} );
tests::lib::Built::insist( 'uninstall', @WORDS );
is(
    join( q{ }, files($stage) ),
    'opt/x/lib/xmalloc/somebody-elses',
    'make uninstall leaves only what others have put there'
);

my ( $refused, $refused_status ) =
  said( 'make', '--silent', '-C', $TREE, 'install', "DESTDIR=$stage", 'PREFIX=/opt/x', 'MODULEDIR=/elsewhere' );
like(
    $refused,
    qr{MODULEDIR=/elsewhere must be one of /opt/x/lib /opt/x/lib/xmalloc},
    'a folder in which xtrace would not look is refused'
);
isnt( $refused_status, 0, '... with a status that says so' );

done_testing;
