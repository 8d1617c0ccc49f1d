#!/usr/bin/env perl

# measure/keep-results: a page of results holds one section for each command, the last that succeeded.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

my $folder = File::Temp->newdir;
my $page   = "$folder/RESULTS.md";

sub content () {
    open my $file, '<', $page or die "cannot read $page: $!\n";
    local $/ = undef;
    return <$file>;
}

# Result: what was printed; the exit status.
sub keep ( $title, $script ) {
    open my $pipe, '-|', "$Bin/../../measure/keep-results", $page, $title, '--', 'sh', '-c', $script or die "$!";
    my $said = do { local $/ = undef; <$pipe> };
    close $pipe;
    return ( $said // q{}, $? >> 8 );
}

open my $file, '>', $page or die "$!";
print {$file} "# Results\n\nWhat this is.\n";
close $file or die "$!";

my ( $said, $status ) = keep( 'make one', 'echo 1.0' );
is( "$said$status", "1.0\n0", 'what the command prints is shown' );
my $dated = qr/\d{4}-\d\d-\d\d[.] [^\n]+ cores, [^\n]+[.]\n/;
like(
    content(),
    qr/\A# Results\n\nWhat this is[.]\n\n## `make one`\n\n$dated\n```\n1[.]0\n```\n\z/,
    '... and kept, with date and machine'
);

keep( 'make two',   q{printf '| a |\n|---|\n| 2 |\n'} );
keep( 'make  one ', 'echo 1.5' );
like(
    content(),
qr/What this is[.]\n\n## `make one`\n\n$dated\n```\n1[.]5\n```\n\n## `make two`\n\n$dated\n[|] a [|]\n[|]---[|]\n[|] 2 [|]\n\z/,
    'a later run of a command takes the place of the earlier one, and a table stays a table'
);

( undef, $status ) = keep( 'make bad', 'echo 1 missed; exit 1' );
is( $status, 1, 'a result that is not as it should be' );
like( content(), qr/## `make bad`\n.*1 missed/s, '... is kept as well' );

my $before = content();
( undef, $status ) = keep( 'make two', 'echo half of it; exit 3' );
is( $status,   3,       'a command that fails is not kept' );
is( content(), $before, '... and the page stays as it was' );

done_testing;
