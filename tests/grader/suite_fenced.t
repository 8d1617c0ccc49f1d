#!/usr/bin/env perl

# The suite runs where only one folder may be written: at the levels of isolation that have no /tmp of their own. If it cannot
# make its temporary file there, every submission loses all that the suite is asked about.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Copy qw(copy);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::sandbox::Sandbox;
use measure::Launch;
use tests::lib::Built;

my $launcher = tests::lib::Built::launcher();
my $suite    = 'build/release/tests/suite-sys';
tests::lib::Built::insist( 'BACKENDS=sys', $suite );

# Another user cannot reach the tree everywhere.
my $folder = File::Temp->newdir;
chmod oct 755, $folder;
copy( tests::lib::Built::tree() . "/$suite", "$folder/suite-sys" ) or BAIL_OUT("the suite cannot be copied: $!");
chmod oct 755, "$folder/suite-sys";

for my $level ( $> == 0 ? 'user' : (), 'none' ) {
    my $workspace = File::Temp->newdir;
    my $sandbox =
      grader::sandbox::Sandbox->choose( workspace => "$workspace", launcher => $launcher, wanted => $level );
    my $result = measure::Launch::run(
        $sandbox->wrap(
            command => [ "$folder/suite-sys", 'sys', 'word' ],
            wall_s  => 60,
            see     => ["$folder"],
            env     => { CK_RUN_CASE => 'errno' }
        )
    );
    like( $result->{stdout}, qr/^closing: [1-9]\d* ended, 0 failed, 0 cut short; word$/m, "isolation by '$level'" )
      or diag measure::Launch::sentence($result), "\n", $result->{stderr};
}

done_testing();
