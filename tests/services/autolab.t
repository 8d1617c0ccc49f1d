#!/usr/bin/env perl

# The archive for Autolab: what comes of it when it is unpacked as the service does it, with a submission that can be graded, and
# with graders that fail.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar ();
use File::Copy   qw(copy);
use File::Path   qw(make_path remove_tree);
use FindBin      qw($Bin);
use JSON::PP     ();
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Services
  qw(write_file read_file run_command pack_for unpack_archive grader_that $FOLDER $REAL $SHORT $TIME_IS_UP);

# Autolab's folder: the Makefile, the archive and what was handed in. Result: the last line as JSON, and all that was printed.
sub grade_at_autolab ( $handin, $content, $grader = undef ) {
    my $place = "$FOLDER/autolab";
    remove_tree($place);
    write_file( "$place/$handin", $content ) if defined $handin;
    make_path($place);
    copy( "$FOLDER/out/autograde.tar",      "$place/autograde.tar" );
    copy( "$FOLDER/out/autograde-Makefile", "$place/Makefile" );
    if ( defined $grader ) {
        unpack_archive( "$place/autograde.tar", $place );
        write_file( "$place/autograder/limit_s", $grader =~ /\Asleep/ ? 1 : 60 );
        grader_that( "$place/autograder/kit", $grader );
        run_command( [ 'tar', 'cf', 'autograde.tar', 'autograder' ], directory => $place );
    }
    my $result = run_command( ['make'], directory => $place, env => { MAKEFLAGS => undef, MAKELEVEL => undef } );
    my $last   = ( split /\n/, $result->{stdout} )[-1] // q{};
    my $json   = eval { JSON::PP->new->decode($last) };
    ok( ref $json eq 'HASH' && ref $json->{scores} eq 'HASH', 'the last line is JSON with scores' )
      or diag "$result->{stdout}\n$result->{stderr}";
    return ( $json // {}, $result->{stdout} . $result->{stderr} );
}

subtest 'A grade' => sub {
    ok( measure::Launch::ok( pack_for( 'autolab', '--rubric', $SHORT ) ), 'packed with a short rubric' );
    my $tar = Archive::Tar->new;
    $tar->add_data( 'hw/par_alloc.c', read_file("$REAL/sys_alloc.c") );
    $tar->write( "$FOLDER/handin.tgz", Archive::Tar::COMPRESS_GZIP() );
    my ( $json, $said ) = grade_at_autolab( 'a handin.tgz', read_file("$FOLDER/handin.tgz") );
    is_deeply( $json->{scores}, { par_alloc => 4 }, 'an archive is graded' ) or diag $said;
    like( $said, qr/^not ok .*does not take its memory/m, '... and what is wrong is said' );
    is( ref $json->{scoreboard}, 'ARRAY', '... and there is a scoreboard' );
};

subtest 'A grader that fails' => sub {
    my $zero = { par_alloc => 0, Speed => 0, Report => 0 };
    my $partial =
        'open my $file, q{>}, $results; print {$file} q({"tests": [{"id": "par.build", "points": 2}], '
      . '"not_run": [{"id": "report", "max": 5}]}); close $file;';
    my %case = (
        'that cannot run'    => [ 'say q{Bail out!  no make}; exit 2;', $zero, qr/no make.*tell your instructor/s ],
        'that hangs'         => [ 'sleep 100',                          $zero, qr/stopped after 1 seconds/ ],
        'that hangs halfway' =>
          [ "$partial $TIME_IS_UP", { par_alloc => 2, Report => 0 }, qr/stopped after 60 seconds/ ],
    );
    for my $name ( sort keys %case ) {
        my ( $code, $scores, $says ) = @{ $case{$name} };
        my ( $json, $said ) = grade_at_autolab( 'par_alloc.c', 'int x;', $code );
        is_deeply( $json->{scores}, $scores, "a grader $name" );
        like( $said, $says, '... says so' );
    }
    my ( $json, $said ) =
      grade_at_autolab( 'par_alloc.c', 'int x;', 'say join q{ }, glob "$option{q{--submission}}/*"; exit 1' );
    like( $said, qr{/submission/par_alloc[.]c$}m, 'a single file is a submission' );
    ( $json, $said ) = grade_at_autolab( undef, undef );
    is_deeply( $json->{scores}, $zero, 'nothing handed in: nothing earned' );
    like( $said, qr/no file that was handed in/, '... and the reason' );
};

done_testing;
