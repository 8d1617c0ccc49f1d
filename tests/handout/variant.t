#!/usr/bin/env perl

# make variant: a kit with one more promise. Its header, suite, rubric and assignment have it; the reference keeps it, and a file
# of an earlier term fails that test alone. LONG=1 builds the suite with each promise and all three references, otherwise with
# one promise and hw08.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use grader::kit::Pristine;
use measure::Launch;
use tests::lib::Built;

my $tree   = abs_path("$Bin/../..");
my $folder = File::Temp->newdir( TMPDIR => 1 );
tests::lib::Built::launcher();

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file>;
}

sub run (@command) { return measure::Launch::run( command => \@command, wall_s => 600 ) }

sub variant (@arguments) { return run( "$tree/handout/variant", @arguments ) }

# What is asked of each backend.
my %TRAITS = ( sys => 'sys', hw08 => 'course-hw08', par => 'course' );

# The last line that a suite with this promise says of the backend.
sub suite_says ( $kit, $backend, $case ) {
    my $built = run( 'make', '-s', '-C', $kit, "BACKENDS=$backend", "build/release/tests/suite-$backend" );
    diag $built->{stderr} if !measure::Launch::ok($built);
    my $result = measure::Launch::run(
        command => [ "$kit/build/release/tests/suite-$backend", $TRAITS{$backend} ],
        env     => { CK_RUN_CASE => $case },
        wall_s  => 120
    );
    return ( measure::Launch::ok($result), $result->{stdout} );
}

delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL BACKEND BACKENDS FLAVOUR)};
my @promises = split /\n/, variant('--list')->{stdout};
cmp_ok( scalar @promises, '>=', 5, 'there are promises to draw from' );
my $built = 0;
for my $promise (@promises) {
    my $kit   = "$folder/$promise";
    my $made  = variant( '--promise', $promise, '--output', $kit );
    my $about = JSON::PP->new->decode( content("$tree/handout/variants/$promise/about.json") );
    like( $made->{stdout}, qr/\AThe kit with $promise \(.*\) is \Q$kit\E: .*\n\z/, "$promise: a kit is made" )
      or diag $made->{stderr};
    my ($call) = @{ $about->{calls} };
    like( content("$kit/xmalloc.h"), qr/\b$call\(.*^#ifdef __cplusplus\n\}/ms, '... the header declares it' );
    like(
        content("$kit/grader/rubrics/kit.conf"),
        qr/"\*\.$promise": +$about->{points},/,
        '... the rubric has its points'
    );
    like( content("$kit/handout/ASSIGNMENT.md"),    qr/\b$call\b/,        '... the assignment asks for it' );
    like( content("$kit/grader/contract/Suite.pm"), qr/id => '$promise'/, '... the grader checks it' );
    like(
        content("$kit/grader/intake/Judge.pm"),
        qr/return \@CALLS, qw\($call\b/,
        '... and leaves its calls to be seen'
    );
    is( join( "\n", grader::kit::Pristine::changes($kit) ), q{}, '... and takes the kit for its own' );
    next if $built++ && !$ENV{LONG};
    my ( $kept, $said );

    for my $backend ( $ENV{LONG} ? sort keys %TRAITS : 'hw08' ) {
        ( $kept, $said ) = suite_says( $kit, $backend, $promise );
        ok( $kept, "... the reference $backend keeps it" ) or diag $said;
    }
    system 'cp', "$tree/hw08_alloc.c", "$kit/hw08_alloc.c";
    ( $kept, $said ) = suite_says( $kit, 'hw08', $promise );
    ok( !$kept, '... a file of an earlier term does not' );
    like( $said, qr/\b$call.*(?:variant of this term)/, '... and is told what is missing' );
}

is(
    variant( '--seed', 1, '--output', "$folder/a" )->{stdout} =~ s/ is .*//r,
    variant( '--seed', 1, '--output', "$folder/b" )->{stdout} =~ s/ is .*//r,
    'a seed draws the same promise again'
);
like(
    variant( '--seed', 1, '--output', "$folder/a" )->{stderr},
    qr/\Avariant: \Q$folder\E\/a is there already: remove it, or take another seed\n\z/,
    'a kit is never written over'
);
like(
    variant()->{stderr},
    qr/\Avariant: a seed or a promise is needed: make variant SEED=2027\n\z/,
    'nothing to draw by'
);
like(
    variant( '--promise', 'luck' )->{stderr},
    qr/\Avariant: there is no promise 'luck': take one of /,
    'no such promise'
);

done_testing();
