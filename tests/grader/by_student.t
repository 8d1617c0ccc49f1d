#!/usr/bin/env perl

# What Canvas, Blackboard and Moodle pack side by side becomes a folder for each student, which the gradebook knows.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Find ();
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::class::Submissions;
use grader::class::gradebooks::Blackboard;
use grader::class::gradebooks::Canvas;
use grader::class::gradebooks::Moodle;
use tests::lib::Files qw(write_file);

my $BY_STUDENT = abs_path("$Bin/../../grader/by-student");

# Makes such files, each with its name in it, and runs the program. Result: what it said, its exit status, and a hash of all
# files by their places, with their content.
sub sorted_out (@names) {
    my $folder = File::Temp->newdir;
    write_file( "$folder/$_", $_ ) for @names;
    my @result = sort_again("$folder");
    return ( @result, $folder );
}

sub sort_again ($folder) {
    open my $pipe, '-|', "'$^X' '$BY_STUDENT' '$folder' 2>&1" or die "by-student: $!\n";
    my $said = join q{}, <$pipe>;
    close $pipe;
    my $status = $? >> 8;
    my %content;
    my $read = sub {
        return if !-f;
        open my $file, '<', $_ or die "$_: $!\n";
        $content{ substr $_, 1 + length $folder } = join q{}, <$file>;
    };
    File::Find::find( { no_chdir => 1, wanted => $read }, $folder ) if -d $folder;
    return ( $said, $status, \%content );
}

subtest 'Canvas' => sub {
    my $uuid = '0b2f7a4e-1c2d-4e3f-8a9b-0123456789ab';
    my %goes = (
        'doejane_4711_815_par_alloc.c'        => 'doejane_4711_0_all/par_alloc.c',
        'doejane_4711_816_hw08_alloc-1.c'     => 'doejane_4711_0_all/hw08_alloc.c',
        "doejane_4711_817_util-$uuid.h"       => 'doejane_4711_0_all/util.h',
        'doejane_4711_text.html'              => 'doejane_4711_0_all/text.html',
        'roerick_LATE_4712_820_work-2.tar.gz' => 'roerick_LATE_4712_0_all/work.tar.gz',
        'poepat_4713_821_work.tar-1.gz'       => 'poepat_4713_0_all/work.tar.gz',
        'loelee_4714_822_queue.h'             => 'loelee_4714_0_all/queue.h',
        'loelee_4714_823_queue-2.h'           => 'loelee_4714_0_all/queue-2.h',
        'README.txt'                          => 'README.txt',
        'doe_1_a.c'                           => 'doe_1_a.c',
    );
    my ( $said, $status, $content, $folder ) = sorted_out( sort keys %goes );
    is_deeply( $content, { reverse %goes }, 'each file is where its student is, under its own name, with its content' );
    is( $status, 0, '... which is told' );
    like( $said, qr/^by-student: 8 files of 4 students lie in a folder for each now$/m, '... with numbers' );
    like( $said, qr/so left: README[.]txt, doe_1_a[.]c$/m,                              '... and with what is left' );
    my @found = map { $_->{name} } @{ grader::class::Submissions::read_folder("$folder")->{submissions} };
    is_deeply(
        [ map { grader::class::gradebooks::Canvas->ids_in($_) } @found ],
        [ 4711, 4714, 4713, 4712 ],
        'the gradebook knows whose the folders are'
    );

    ( $said, $status, my $after ) = sort_again("$folder");
    is( $status, 2, 'once more there is nothing to do' );
    like(
        $said,
        qr/^by-student: there is no file in [^\n]* named as Canvas, Moodle or Blackboard do$/m,
        '... which is told'
    );
    is_deeply( $after, $content, '... and nothing has moved' );
};

subtest 'Blackboard and Moodle' => sub {
    my $attempt = 'Allocator_jdoe_attempt_2026-11-28-10-44-00';
    my $moodle  = 'Jane Doe_4711_assignsubmission';
    my %goes    = (
        "${attempt}_par_alloc.c"           => "$attempt/par_alloc.c",
        "$attempt.txt"                     => "$attempt/blackboard.txt",
        "${moodle}_file_par_alloc.c"       => "${moodle}_file/par_alloc.c",
        "${moodle}_onlinetext_online.html" => "${moodle}_file/online.html",
    );
    my ( $said, $status, $content ) = sorted_out( keys %goes );
    is_deeply( $content, { reverse %goes }, 'each file is where its student is' );
    is( $status,                                                        0,      '... which is told' ) or diag $said;
    is( ( grader::class::gradebooks::Blackboard->ids_in($attempt) )[0], 'jdoe', 'a folder is of a user' );
    is(
        ( grader::class::gradebooks::Moodle->ids_in("${moodle}_file") )[0],
        'Participant 4711',
        '... or of a participant'
    );
};

subtest 'Nothing is moved over another file' => sub {
    my $folder = File::Temp->newdir;
    my ( $late, $early ) = map { "doejane_4711_${_}_par_alloc.c" } 815, 816;
    write_file( "$folder/$_", $_ ) for $late, $early;
    my ( $said, $status, $content ) = sort_again("$folder");
    is( $status, 2, 'two files of one name are told' );
    like( $said, qr/^by-student: \Q$early\E: there is a file par_alloc[.]c in [^\n]*doejane_4711_0_all already$/m,
        '... by names' );
    is_deeply( $content, { 'doejane_4711_0_all/par_alloc.c' => $late, $early => $early }, '... and both are there' );
};

subtest 'Words' => sub {
    like( grader::class::Submissions::remedy('doejane_4711_815_par_alloc.c'),
        qr{grader/by-student}, 'who grades such a folder hears of it' );
    like( grader::class::Submissions::remedy('par_alloc.c'), qr/named after/, '... but not with files of other names' );
    my ( $said, $status ) = sort_again('/nowhere');
    is( $status, 2, 'a folder that is not there' );
    like( $said, qr/^by-student: cannot read the folder/, '... is told' );
};

done_testing;
