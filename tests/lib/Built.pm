package tests::lib::Built;

# What a test starts is built when the test wants it, so that `prove -r tests` works in any tree, and `prove` of one test too.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd            qw(abs_path);
use Fcntl          qw(:flock);
use File::Basename qw(dirname);
use Test::More     ();

my $TREE     = abs_path( dirname(__FILE__) . '/../..' );
my $LAUNCHER = 'build/release/measure/launch';

# Calls a function that has make build something in this tree. Tests that run side by side wait for each other here: two makes
# of the same file would each find half of what the other has written.
sub alone ($build) {
    -d "$TREE/build" or mkdir "$TREE/build";
    open my $lock, '>', "$TREE/build/tests.lock" or Test::More::BAIL_OUT("nothing can be built in $TREE: $!");
    flock $lock, LOCK_EX or Test::More::BAIL_OUT("nothing can be built in $TREE: $!");
    my @result = $build->();
    close $lock;
    return @result;
}

# Has make build some targets of this tree, given as for make(1), options and variables among them. Ends all tests when that fails.
sub insist (@targets) {
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
    alone( sub () { system 'make', '--silent', '-C', $TREE, @targets } );
    $? == 0 or Test::More::BAIL_OUT("make @targets has failed");
    return;
}

# The path of the launcher, which most tests start their programs with. LAUNCHER=path is another one.
sub launcher () {
    return $ENV{LAUNCHER} if defined $ENV{LAUNCHER};
    insist($LAUNCHER);
    return "$TREE/$LAUNCHER";
}

sub tree () { return $TREE }

1;
