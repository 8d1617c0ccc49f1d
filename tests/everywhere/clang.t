#!/usr/bin/env perl

# clang compiles every C file of the tree without a word, and what each flavour of make is made of. `make everywhere WHERE=clang-14`
# runs the suites that it makes, too.
#
# What it warns of it sees before it optimizes, so each file is compiled without; all other flags are make's.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../..";
use Test::More;

use tests::lib::Built;
use tests::lib::Files qw(write_file);

plan skip_all => 'there is no clang' if system('clang --version >/dev/null 2>&1') != 0;

my $TREE = tests::lib::Built::tree();
my $work = File::Temp->newdir;
write_file( "$work/cc", "#!/bin/sh\nexec clang -Werror \"\$@\" -O0 -g0\n" );
chmod 0755, "$work/cc" or die "cannot change $work/cc: $!\n";
delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS BUILD BIN BACKEND BACKENDS FLAVOUR)};   # ours, when make runs the tests

# Result: what make says when it makes these; nothing when all is well.
sub said_of (@targets) {
    my @make = (
        'make', '--silent', '-k', '-j2', '-C', $TREE, "O=$work", "CC=$work/cc",
        'LDFLAGS=-Wno-unused-command-line-argument'
    );
    my $command = join q{ }, map { quotemeta } @make, @targets;
    my $said    = qx($command 2>&1);
    return $? == 0 ? $said : "$said(status $?)\n";
}

sub object ( $flavour, $source ) { return "$work/build/$flavour/" . $source =~ s/[.]c\z/.o/r }

# Where another compiler says nothing this one must be heard.
write_file( "$work/deaf.c", "int main(void) { int x; return x = x; }\n" );
isnt( system("$work/cc -Wall -c -o $work/deaf.o $work/deaf.c 2>/dev/null"), 0, 'a warning is an error here' );

chomp( my @sources =
      qx(make --silent --no-print-directory -C \Q$TREE\E --eval 'listed: ; \@printf "%s\\n" \$(c_sources)' listed) );
cmp_ok( scalar @sources, '>', 250, 'there are C files' );
is( said_of( map { object( 'release', $_ ) } @sources ), q{}, '... which clang compiles' );

my @shared = map { "$work/lib/$_.so" } qw(libpar libpar-hardened libpar-checking libpar-valgrind libxtrace);
is( said_of(@shared), q{}, 'the shared libraries' );

# The sanitizers' own libraries are another package.
my @of_suite = grep { m{\A(?:tests/suite|programs|par|tests/contract)/|\A(?:hw08|par)_alloc|_main[.]c\z} } @sources;
for my $flavour (qw(asan tsan)) {
    is( said_of( "FLAVOUR=$flavour", map { object( $flavour, $_ ) } @of_suite ), q{}, "the flavour $flavour" );
}
for my $flavour (qw(release hardened debug valgrind gprof coverage)) {
    my @made = ( 'programs', map { "$work/build/$flavour/tests/suite-$_" } qw(hw08 par) );
    is( said_of( "FLAVOUR=$flavour", 'BACKENDS=hw08 par', @made ), q{}, "the flavour $flavour, linked" );
}
is( qx($work/bin/list-par 1000), "Max steps is at 871: 178 steps\n", '... whose programs answer' );

done_testing();
