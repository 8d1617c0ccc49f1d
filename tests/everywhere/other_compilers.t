#!/usr/bin/env perl

# A compiler for another processor writes what only its own objcopy, nm and ar can read. So make takes those that the
# compiler names, and none by its name alone: here the names alone lead to programs that refuse. And an option that only makes
# a program faster may be unknown to a compiler (clang warns of some and refuses others): it is left out there, without a word.

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

my @TOOLS = qw(objcopy nm ar);
my $work  = File::Temp->newdir;

sub program ( $path, $text ) {
    write_file( $path, "#!/bin/sh\n$text\n" );
    chmod 0755, $path or die "cannot change $path: $!\n";
    return;
}

sub on_path ($name) {
    my ($found) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
    return $found // BAIL_OUT("there is no $name");
}

# The compiler's own write down that they were used.
mkdir "$work/$_" or die "cannot make $work/$_: $!\n" for qw(own refusing);
for my $tool (@TOOLS) {
    my $real = on_path($tool);
    program( "$work/own/$tool",      qq(echo $tool >>"$work/used"\nexec $real "\$@") );
    program( "$work/refusing/$tool", qq(echo "$tool: Unable to recognise the format of the input file" >&2\nexit 1) );
}
my $gcc = on_path('gcc');
program( "$work/cross-gcc", <<"END");
case \$1 in
    -print-prog-name=*) tool=\${1#*=}; [ -x "$work/own/\$tool" ] && echo "$work/own/\$tool" || echo "\$tool"; exit ;;
esac
for option; do
    case \$option in
        -falign-* | -fno-tree-loop-distribute-patterns | -fno-inline-functions-called-once)
            echo "warning: optimization flag '\$option' is not supported" >&2
            case " \$* " in *' -Werror '*) exit 1 ;; esac ;;
    esac
done
exec $gcc "\$@"
END

my $tree = tests::lib::Built::tree();
my @make = ( 'make', '--silent', '-C', $tree, "O=$work/out", "CC=$work/cross-gcc" );
my @made = qw(bin/list-hw08 bin/patterns-sys build/release/tests/contract/one_lock-hw08);
local $ENV{PATH} = "$work/refusing:$ENV{PATH}";
delete local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS BUILD BIN)};    # ours, when make runs the tests
my $command = join q{ }, map { quotemeta } @make, map { "$work/out/$_" } @made;
my $said    = qx($command 2>&1);
is( $?,    0,   'a backend and what counts its locks are made with the tools that the compiler names' ) or diag($said);
is( $said, q{}, '... and without an option that it does not know' );

for my $flavour (qw(hardened gprof)) {
    my $built = join q{ }, map { quotemeta } @make, "FLAVOUR=$flavour", "BUILD=$work/out/build",
      "$work/out/$flavour/list-hw08",
      "BIN=$work/out/$flavour";
    $said = qx($built 2>&1);
    is( "$?$said", '0', "... nor in the flavour $flavour" );
}
my %used = map { $_ => 1 } -e "$work/used" ? split q{ }, read_file("$work/used") : ();
ok( $used{$_}, "... its $_" ) for @TOOLS;

# pkg-config knows what Check's archive needs; a student may have none.
program( "$work/refusing/pkg-config", 'exit 1' );
write_file( "$work/check.c",
    "#include <check.h>\nint main(void) { return srunner_ntests_run(srunner_create(suite_create(\"s\"))); }\n" );
my $libs = qx(make --silent --no-print-directory -C \Q$tree\E --eval 'listed: ; \@echo \$(check_libs)' listed);
chomp $libs;
$said = qx($gcc -pthread -o $work/check $work/check.c $libs 2>&1 && $work/check 2>&1);
is( "$?$said", '0', 'where there is no pkg-config, programs are linked with Check nevertheless' ) or diag $libs;

done_testing();
