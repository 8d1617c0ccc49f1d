#!/usr/bin/env perl

# A lecture's run of many measurements: announced, logged a line a minute, gone on with where it was stopped; and the recorded
# sample.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use lecture::Page;
use lecture::Recorded;
use lecture::Results;
use lecture::Run;
use lecture::Sample;
use tests::lib::Files qw(write_file);

my $folder = File::Temp->newdir( TMPDIR => 1 );

sub content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file>;
}

# ---- A run -------------------------------------------------------------------------------------------------------------------

my @measured;

# %how: what else a step does, by its name.
sub steps (%how) {
    return [
        map {
            my $name = $_;
            {
                name    => $name,
                files   => ["$folder/$name.json"],
                usual_s => 300,
                measure => sub {
                    push @measured, $name;
                    ( $how{$name} // sub { } )->();
                    write_file( "$folder/$name.json", '{}' );
                }
            }
        } qw(one two three)
    ];
}

sub run_of ( $about, %how ) {
    @measured = ();
    return lecture::Run->new( folder => "$folder", about => $about, slowness => 2, steps => steps(%how) );
}

my $run = run_of( { minutes => 1 } );
is(
    $run->announcement,
    "This takes about 30 minutes here. A line a minute goes to $folder/progress.txt.",
    'how long, on a machine that is twice as slow as usual'
);

# A process that is killed in the middle of the second step.
if ( ( my $pid = fork // die "cannot start another process: $!\n" ) == 0 ) {
    $run = run_of( { minutes => 1 }, two => sub { kill KILL => $$ } );
    $run->go( sub { } );
    POSIX::_exit(0);
}
else { waitpid $pid, 0 }
is( $? & 127, 9, 'a run that was killed' );
my $killed_log = content("$folder/progress.txt");
like(
    $killed_log,
    qr/\d\d:\d\d:\d\d begins: 3 of 3 steps are left, about 30 minutes\n\S+ one: done in \d+ s\n\z/,
    '... has left its log'
);
$run = run_of( { minutes => 1 } );
like( $run->announcement, qr/It goes on after: one\.\z/, '... is gone on with' );
my @failed;
$run->go( sub ( $name, $why ) { push @failed, $name } );
is( "@measured", 'two three', '... after the last step that was finished' );
like( content("$folder/progress.txt"), qr/three: done in \d+ s\n\S+ ends\n\z/, '... to its end' );

$run = run_of( { minutes => 1 } );
like(
    $run->announcement,
    qr/\AThis takes about 0 s here, as it did last time/,
    'what it took here last time counts more'
);
$run->go( sub { } );
is( "@measured", 'one two three', '... and a run that had ended begins anew' );

$run = run_of( { minutes => 1 }, two => sub { die "no such program\n" } );
$run->go( sub ( $name, $why ) { push @failed, "$name: $why" } );
is( "@failed",   "two: no such program\n", 'a step that fails is told' );
is( "@measured", 'one two three',          '... and costs itself alone' );
run_of( { minutes => 1 } );

if ( ( my $pid = fork // die "cannot start another process: $!\n" ) == 0 ) {
    run_of( { minutes => 1 }, three => sub { kill KILL => $$ } )->go( sub { } );
    POSIX::_exit(0);
}
else { waitpid $pid, 0 }
run_of( { minutes => 2 } )->go( sub { } );
is( "@measured", 'one two three', 'another kind of run does not go on with it' );

# ---- The recorded sample -------------------------------------------------------------------------------------------------------

my @files  = lecture::Sample::write_all($folder);
my $sample = "$folder/recorded/sample.json";
open my $stdout, '>&', \*STDOUT       or die "cannot keep standard output: $!\n";
open STDOUT,     '>',  "$folder/said" or die "cannot write $folder/said: $!\n";
Test::More->builder->output($stdout);
lecture::Recorded::record( $sample, lecture::Results::read_all(@files), @files );
my $results = lecture::Recorded::results($sample);
is( $results->{sample}, 'A recorded sample of 2026-01-02, not measured on this machine.', 'a sample says what it is' );
is_deeply( $results->{problems}, {}, '... and has all kinds of results' );
is( scalar @{ $results->{race}[0]{sections} }, 2, '... the race too' );

# The sample keeps five digits, of which four are compared.
sub shown ($results) {
    my $text = JSON::PP->new->canonical->encode( lecture::Page::data($results) );
    return JSON::PP->new->decode( $text =~ s/(-?\d+\.\d+)/sprintf '%.4g', $1/gre );
}
my ( $of_files, $of_sample ) = map { shown($_) } lecture::Results::read_all(@files), $results;
delete @{$_}{qw(sample problems)} for $of_files, $of_sample;
is_deeply( $of_sample, $of_files, '... and shows what the results show, though much is left out' );
my $page = `$Bin/../../lecture/build --sample --sample-file $sample --output $folder/page.html 2>&1`;
like( content("$folder/page.html"), qr/A recorded sample of 2026-01-02/, 'lecture/build --sample shows it' );

mkdir "$folder/$_" or die $! for qw(build build/lecture);
lecture::Sample::write_all("$folder/build/lecture");
write_file( "$folder/build/lecture/run.json", '{"steps":{}}' );
my $said = `$Bin/../../lecture/build --record-sample --build $folder/build --sample-file $folder/kept.json 2>&1`;
is( $?, 0, 'make sample records what make lecture has left, and what that knows of its steps is no result' )
  or diag $said;

sub refused ($change) {
    my $race = lecture::Sample::race();
    $change->($race);
    my $path = write_file( "$folder/compare.json", JSON::PP->new->utf8->encode($race) );
    return
      eval { lecture::Recorded::record( "$folder/none.json", lecture::Results::read_all(@files), @files ); 1 }
      ? ''
      : $@;
}
like(
    refused( sub ($race) { $race->{quiet}{contended} = ['other processes used 0.90 CPUs'] } ),
    qr/no sample is recorded: The machine was busy during race/,
    'none is recorded of a busy machine'
);
like(
    refused( sub ($race) { delete $race->{quiet} } ),
    qr/no sample is recorded: Nobody wrote down/,
    '... or of one that nobody knows'
);
like(
    refused( sub ($race) { $race->{quick} = 'quick' } ),
    qr/no sample is recorded of the quick form/,
    '... or of the quick form'
);
like(
    refused( sub ($race) { $race->{sections} = [] } ),
    qr/no right results for race/,
    '... or of a part of the results'
);
ok( !-e "$folder/none.json", '... and nothing is written' );
my $missing = `$Bin/../../lecture/build --sample --sample-file $folder/nowhere.json 2>&1`;
like(
    $missing,
    qr/\Abuild: there is no recorded sample at \S+: make lecture measures here; make sample then records it\n\z/,
    'without a sample: what to do'
);

done_testing();
