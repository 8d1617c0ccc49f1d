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
use tests::lib::Files qw(read_file write_file);

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

# A flavour is other options, which one file shows as well as all, and a macro, which changes only what asks for it, itself or
# in a header. The sanitizers' own libraries are another package.
my $ASKS = qr/\b(?:HARDENED_BUILD|CHECKING_BUILD|__SANITIZE_\w+|__has_feature)\b/;
my %asks;    # path => whether that file asks
my @differ = grep {
    my @read = read_file( object( 'release', $_ ) =~ s/[.]o\z/.d/r ) =~ m{(?<=\s)(?!/)[\w/]+[.][ch](?=\s)}g;
    grep { $asks{$_} //= read_file("$TREE/$_") =~ $ASKS ? 1 : 0 } @read
} @sources;
cmp_ok( scalar( grep { m{\Apar/|\Atests/suite/} } @differ ), '>', 8, 'there are files that differ by flavour' );
for my $flavour (qw(asan tsan)) {
    is( said_of( "FLAVOUR=$flavour", map { object( $flavour, $_ ) } 'hw08_alloc.c', @differ ),
        q{}, "the flavour $flavour" );
}
is( said_of( 'BACKENDS=hw08 par', 'programs', map { "$work/build/release/tests/suite-$_" } qw(hw08 par) ),
    q{}, 'the flavour release, linked' );

# hardened and debug are made for par.
my %backends = ( hardened => 'hw08 par', debug => 'hw08 par', valgrind => 'hw08', gprof => 'hw08', coverage => 'hw08' );
for my $flavour ( sort keys %backends ) {
    my @made = ( 'programs', map { object( $flavour, $_ ) } @differ );
    is( said_of( "FLAVOUR=$flavour", "BACKENDS=$backends{$flavour}", 'PROGRAMS=list', @made ),
        q{}, "the flavour $flavour, linked" );
}
is( qx($work/bin/list-par 1000), "Max steps is at 871: 178 steps\n", '... whose programs answer' );

done_testing();
