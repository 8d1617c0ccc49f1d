#!/usr/bin/env perl

# ./setup for somebody without root: what --check says, and Check from --prefix. Check itself, apt-get and the network have
# stand-ins here; make everywhere and packaging/README.md try the real ones.

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

# A tree with what setup --prefix needs, so that nothing is written into this one's build/.
mkdir "$work/tree";
system( 'cp', '-R', '--parents', "--target-directory=$work/tree", 'setup', 'packaging/check-prefix' ) == 0
  or BAIL_OUT('cp')
  if chdir $TREE;
my $setup = "$work/tree/setup";

# Result: what a command of the shell says, standard error included, and its exit status. %env: changed variables.
sub said ( $command, %env ) {
    local @ENV{ keys %env } = values %env;
    my $said = qx(($command) 2>&1);
    return ( $said, $? >> 8 );
}

# ---- What is missing -------------------------------------------------------------------------------------------------

# A machine that has a shell and little else.
mkdir "$work/bare";
for my $tool (qw(sh sed grep cat tr sort dirname)) {
    symlink +( grep { -x } map { "$_/$tool" } split /:/, $ENV{PATH} )[0], "$work/bare/$tool";
}
my ( $missing, $status ) = said( "$setup --check --peers --slurm --lecture --arm64 --everywhere", PATH => "$work/bare" );
is( $status, 1, 'setup --check fails where something is missing' );
my @told   = $missing =~ /^missing: (\S+) - \S.*\n    Debian \1; Fedora \S.*; Arch \S.*; Alpine \S.*; Homebrew \S/mg;
my @sought = read_file($setup) =~ /\|\| echo ([\w+-]+)$/mg;
cmp_ok( scalar @sought, '>', 20, 'setup looks for more than twenty packages' );

# The daemons of the cluster are looked for in /usr/sbin, too, and headers in their folder, whatever the PATH is.
my $daemons = qr/\A(?:slurm-wlm|munge|libc6-dev-arm64-cross)\z/;
is_deeply(
    [ sort grep { !/$daemons/ } @told ],
    [ sort grep { !/$daemons/ } @sought ],
    'each is told with its name for every system'
);
like( read_file($setup), qr/^\Q$_\E[*]?\s*(?:[|][^|\n]+){5}$/m, "there is a row for $_" ) for @sought;

like(
    $missing,
    qr/^The loop of a student, .*, lacks: gcc libc6-dev make binutils check perl$/m,
    '... and what a student needs'
);
like( $missing, qr/^Without root: \S+setup --prefix DIR builds Check[.]$/m, '... and how to get Check' );

( my $refused, $status ) = said( "$setup --check --nonsense", PATH => "$work/bare" );
is( $refused, "setup: unknown argument '--nonsense'; see ./setup --help\n", 'an unknown argument is told in a line' );

# ---- Check without root ----------------------------------------------------------------------------------------------

# Something that is configured, built and installed as Check is, and so small that it takes no time.
my $source = "$work/source/check-9.9";
write_file( "$source/configure", <<'END');
#!/bin/sh
for argument; do case $argument in --prefix=*) prefix=${argument#--prefix=} ;; esac; done
sed "s|PREFIX|$prefix|g" Makefile.in >Makefile
END
chmod oct 755, "$source/configure";
write_file( "$source/Makefile.in",
        "all:\n\tgcc -c suite.c\n\tar rc libcheck.a suite.o\n"
      . "install:\n\tmkdir -p PREFIX/lib PREFIX/include\n\tcp libcheck.a PREFIX/lib\n\tcp check.h PREFIX/include\n" );
write_file( "$source/check.h", "#include <stddef.h>\nvoid* suite_create(const char* name);\n" );
write_file( "$source/suite.c", "#include \"check.h\"\nvoid* suite_create(const char* name) { return (void*)name; }\n" );
system("tar -C \Q$work\E/source -czf \Q$work\E/check_9.9.orig.tar.gz check-9.9") == 0 or BAIL_OUT('tar');

# Debian's changes to it: one, which the header must show.
write_file(
    "$work/source/debian/patches/series", "one.patch
"
);
write_file(
    "$work/source/debian/patches/one.patch",
    "--- a/check.h
+++ b/check.h
\@\@ -1 +1,2 \@\@
 void* suite_create(const char* name);
+// patched
"
);
system("tar -C \Q$work\E/source -czf \Q$work\E/check_9.9-1.debian.tar.gz debian") == 0 or BAIL_OUT('tar');

# apt-get of a machine whose sources have it, or do not.
write_file( "$work/apt/apt-get", <<'END');
#!/bin/sh
echo "$@" >>"$ASKED"
case "$*" in
*' source '*) [ -n "$OFFERED" ] && cp "$OFFERED"/check_9.9* . || { echo 'E: Unable to find a source package for check' >&2; exit 100; } ;;
esac
END
chmod oct 755, "$work/apt/apt-get";
my %apt  = ( PATH => "$work/apt:$ENV{PATH}", ASKED => "$work/asked" );
my $mine = "$work/mine";

( my $words, $status ) = said( "$setup --prefix $mine", %apt, OFFERED => "$work" );
is( $status, 0, 'setup --prefix builds what apt-get has for the source of Check' ) or diag $words;
ok( -e "$mine/lib/libcheck.a" && -e "$mine/include/check.h", '... and installs it there' );
SKIP: {
    skip 'there is no patch or no xz here', 1 if system('command -v patch xz >/dev/null') != 0;
    like( read_file("$mine/include/check.h"), qr/patched/, "... with Debian's changes" );
}
like( $words, qr{^setup: Check is in \Q$mine\E, and make finds it}m,              '... and says so' );
like( read_file("$work/tree/build/check.mk"), qr{^CHECK_PREFIX [?]= \Q$mine\E$}m, '... also to make' );
like(
    read_file("$work/asked"),
    qr{Dir::State::lists=\Q$work\E/tree/build/},
    'the lists of apt-get are in build/, not the system\'s'
);
ok( !-e "$work/tree/build/check-source", 'nothing of the building is left' );

unlink "$work/asked", "$work/tree/build/check.mk";
( $words, $status ) = said( "$setup --prefix $mine", %apt, OFFERED => q{} );
is( $status, 0, 'a second time' );
ok( !-e "$work/asked" && -e "$work/tree/build/check.mk", '... nothing is fetched, only make is told' );

( $words, $status ) = said( "$setup --prefix $work/other", %apt, OFFERED => q{} );
isnt( $status, 0, 'where apt-get has no source, it fails' );
like( $words, qr/^E: Unable to find.*\nsetup: apt-get source check has failed/m, '... with the words of apt-get' );

( $words, $status ) = said( "$setup --prefix $work/third --source $work/check_9.9.orig.tar.gz", PATH => $ENV{PATH} );
is( $status, 0, 'a source archive at hand needs no apt-get' ) or diag $words;
like(
    ( said("$setup --prefix '$work/a b'") )[0],
    qr/without spaces in its path/,
    'a folder that make cannot name is refused'
);
like(
    ( said("$setup --prefix /proc/none") )[0],
    qr{^setup: --prefix /proc/none: no folder that you may write to},
    '... and one that cannot be'
);

# ---- make uses it ----------------------------------------------------------------------------------------------------

my ($commands) =
  said("make -C $TREE -n BUILD=$work/build V=1 CHECK_PREFIX=$mine BACKENDS=sys $work/build/release/tests/suite-sys");
like( $commands, qr{-I\Q$mine\E/include .*/suite[.]c$}m,            'make compiles the suite with its header' );
like( $commands, qr{/tests/suite-sys .*\Q$mine\E/lib/libcheck[.]a}, '... and links its library' );

( $words, $status ) = said("make -C $TREE BUILD=$work/build CPPFLAGS=-nostdinc $work/build/check-is-there");
like(
    $words,
    qr/^there is no Check, .* without root: \S+setup --prefix DIR$/m,
    'without any Check, make says in a line what to do'
);

done_testing;
