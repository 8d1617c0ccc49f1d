#!/usr/bin/env perl

# everywhere/run with invented places and an invented kit: each kind of row is as it should be, a failure is told and gives status
# 1, a stopped run goes on where it was. Nothing of Debian is fetched.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use everywhere::Table;
use everywhere::Tap;
use measure::Launch;
use tests::lib::Built;

my $TREE     = abs_path("$Bin/../..");
my $launcher = tests::lib::Built::launcher();
my $folder   = File::Temp->newdir;

sub write_file ( $path, $text ) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} $text;
    close $file or die "cannot write $path: $!\n";
    return;
}

# A kit whose checks say what their names stand for, and count how often they were asked.
make_path( map { "$folder/$_" } qw(kit/everywhere places mirror) );
write_file( "$folder/kit/everywhere/inside", <<'END' );
. "$1/recipe"
echo "$2" >>"$asked"
case $2 in
good) echo "# here: gcc 99"; echo 'ok 1 - all is well'; echo 'ok 2 # SKIP not tested here: it has no moon'; echo 1..2 ;;
bad) echo 'ok 1 - one'; echo 'not ok 2 - two | three'; echo 1..2; exit 1 ;;
short) echo 1..3; echo 'ok 1 - one' ;;
silent) exit 0 ;;
status) echo 'ok 1 - one'; echo 1..1; exit 7 ;;
endless) echo 'ok 1 - one'; sleep 50 & wait ;;
away) echo '1..0 # SKIP there is no valgrind' ;;
mended) [ -e "$asked.mended" ] && echo 'ok 1 - mended' || echo 'not ok 1 - mended'; echo 1..1 ;;
esac
END

sub place ( $name, $checks, $base = 'here' ) {
    return write_file( "$folder/places/$name",
        "# is: $name of all\n# base: $base\n# checks: $checks\nasked=$folder/asked\n" );
}

# Result: standard output, standard error, exit status, and what was asked.
sub run (@options) {
    write_file( "$folder/asked", q{} );
    my $result = measure::Launch::run(
        command => [
            "$TREE/everywhere/run", '--places', "$folder/places", '--tree',
            "$folder/kit",          '--state',  "$folder/state",  @options
        ],
        launcher => $launcher,
        wall_s   => 300,
        env      => { MIRROR => "file://$folder/mirror" },
    );
    open my $file, '<', "$folder/asked" or die "cannot read $folder/asked: $!\n";
    chomp( my @asked = <$file> );
    return ( @{$result}{qw(stdout stderr exit)}, "@asked" );
}

sub row ( $said, $name ) { return ( $said =~ /^(\|\s\Q$name\E\s\|.*)$/m ) ? $1 : 'no row' }

place( 'well', 'good away' );
my ( $said, $errors, $status, $asked ) = run();
is( $status, 0,   'where nothing fails the status is 0' );
is( $errors, q{}, '... and nothing is said beside the table' );
is(
    row( $said, 'well' ),
    '| well | well of all (gcc 99) | good away | 1 | 0 | 2: not tested here: it has no moon; there is no valgrind |',
    'a row has what ran, how much of it passed, and why the rest was skipped'
);
( $said, $errors, $status, $asked ) = run();
is( $asked, q{}, 'what has passed is not asked again' );
like( row( $said, 'well' ), qr/\| 1 \| 0 \| 2: /, '... and is in the table' );
( undef, undef, undef, $asked ) = run('--again');
is( $asked, 'good away', '... unless one says so' );
write_file( "$folder/kit/new.c", "int x;\n" );
( undef, undef, undef, $asked ) = run();
is( $asked, 'good away', '... or the kit has changed' );

place( 'ill', 'bad good short silent status' );
( $said, $errors, $status, $asked ) = run( '--where', 'ill' );
is( $status, 1, 'where something fails the status is 1' );
like( row( $said, 'ill' ), qr/\| 4 \| 4 \| 1: /, 'a failure, an early end, silence and a bad status are failures' );
like( $said,               qr/^- ill, \Q$_\E$/m, "... told: $_" )
  for 'bad: two | three', 'short: ended before it was over: Bad plan. You planned 3 tests but ran 1.',
  'silent: ran no test',
  'status: ended with status 7';
( undef, undef, undef, $asked ) = run( '--where', 'ill' );
is( $asked, 'bad short silent status', 'what has failed is asked again, and nothing else' );

place( 'half',  'good away' );
place( 'never', 'good' );
run( '--where', 'half' );
unlink "$folder/state/results/half/away.json";
( $said, $errors, $status, $asked ) = run( '--known', '--where', 'half ill never' );
is( $asked, q{}, 'the table so far asks nothing' );
like(
    row( $said, 'half' ),
    qr/\| 1 \| 0 \| 2: not tested here: it has no moon; not run yet: away \|\z/,
    '... says what was not run'
);
like( row( $said, 'never' ), qr/\| nothing \| - \| - \| not run yet \|\z/, '... also of a whole place' );
is( $status, 1, '... and knows what has failed' );

place( 'hanging', 'endless' );
( $said, $errors, $status ) = run( '--where', 'hanging', '--seconds', 1 );
like( $said, qr/^- hanging, endless: was stopped after 1 s$/m, 'a check that does not end is stopped' );

place( 'later', 'mended' );
( $said, $errors, $status ) = run( '--where', 'later' );
is( $status, 1, 'a check fails' );
write_file( "$folder/asked.mended", q{} );
( $said, $errors, $status ) = run( '--where', 'later' );
is( $status, 0, '... and passes once it is mended' );

( $said, $errors, $status ) = run( '--where', 'nowhere' );
like(
    $errors,
    qr/\Arun: there is no place 'nowhere'; there are: half hanging ill later never well\n\z/,
    'an unknown place is told in a line'
);

SKIP: {
    skip 'only root makes trees of Debian', 3 if $> != 0;
    place( 'forgotten', 'good', 'sarge' );
    ( $said, $errors, $status ) = run( '--where', 'forgotten' );
    is(
        row( $said, 'forgotten' ),
        '| forgotten | forgotten of all | nothing | - | - | gone: the mirror has no sarge |',
        'a release that the mirror does not have is gone'
    );
    is( $status, 0, '... which is no failure' );
    my $problem = { name => 'x', is => 'x', not_run => 'the mirror does not answer', gone => 0 };
    is( everywhere::Table::faults($problem), 1, '... but a mirror that does not answer is one' );
}

done_testing;
