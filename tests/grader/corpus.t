#!/usr/bin/env perl

# Submissions of the corpus against the check that must catch them, one for each kind and check; a right one must compile and be let through.
# LONG=1: two of each.
# All of them so are `tests/corpus/run --quick`, eight minutes; and the whole grade of each is `make corpus`, which takes some hours.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

my $folder = File::Temp->newdir;
my $each   = $ENV{LONG} ? 2 : 1;
my $least  = 28;

# It runs GNU parallel, which reads what stands on its standard input.
open my $table, '-|', "$Bin/../corpus/run", '--quick', '--sample', $each, '--out', "$folder/out", '--kit', "$folder/kit"
  or BAIL_OUT("cannot run tests/corpus/run: $!");
my $rows = 0;
my @last;
while ( my $line = <$table> ) {
    push @last, $line;
    next if $line !~ /\A\|\s(right|broken|hostile)\s+\|\s(\S+)\s+\|\s(\w+)\s+\|\s(.*?)\s*\|$/;
    my ( $kind, $name, $verdict, $what ) = ( $1, $2, $3, $4 );
    $rows++;
    my $wanted = $kind eq 'right' ? 'passed' : 'caught|contained';
    like( $verdict, qr/\A(?:$wanted)\z/, "$kind $name: $verdict" . ( $what eq q{} ? q{} : " ($what)" ) );
}
close $table;
is( $? >> 8, 0, 'the run says that all is as it should be' );
cmp_ok( $rows, '>=', $least, 'the corpus is there' ) or diag @last;

# A row whose one test has another name by now would else look as if it found nothing, or all.
subtest 'One test of the suite' => sub {
    chomp( my $submission = qx('$Bin/../corpus/unpack' right caches '$folder') );
    my @grade =
      ( $^X, "$Bin/../../test.pl", '--kit', "$folder/kit", '--changed-kit', '--submission', $submission, '--tests' );
    my $asked = sub ($name) {
        open my $said, '-|', @grade, 'par.thread_exit', '--one-test', $name or BAIL_OUT("cannot run test.pl: $!");
        my $text = do { local $/ = undef; <$said> };
        close $said;
        return ( $? >> 8, $text );
    };
    my ( $status, $said ) = $asked->('blocks_that_a_thread_freed_before_it_ended_are_reused');
    is( $status, 0, 'passes alone' );
    like( $said, qr/^# no points: this is no grade, but one test$/m, '... and is no grade' );
    ( $status, $said ) = $asked->('no_such_test');
    is( $status, 2, 'one that is not there is an error' );
    like( $said, qr/^Bail out!  --one-test no_such_test: nothing that was asked has a test of that name/m,
        '... and told' );
};

subtest 'What follows from another failure' => sub {
    chomp( my $submission = qx('$Bin/../corpus/unpack' broken realloc-copies-too-little '$folder') );
    open my $grade, '-|', $^X, "$Bin/../../test.pl", '--kit', "$folder/kit", '--changed-kit', '--submission',
      $submission, '--tests', 'par[.](resize|alignment)'
      or BAIL_OUT("cannot run test.pl: $!");
    my $said = do { local $/ = undef; <$grade> };
    close $grade;
    like( $said, qr/^# 0 passed, 1 failed, 1 not counted, for that follows from what failed$/m,
        'is summed up as that' );
};

done_testing;
