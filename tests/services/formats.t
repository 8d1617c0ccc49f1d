#!/usr/bin/env perl

# The formats of results for GitHub Classroom, PrairieLearn and Submitty: whatever the tests of a grade have to say, and however
# far the grade has come.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode       ();
use FindBin      qw($Bin);
use JSON::PP     ();
use List::Util   qw(sum0);
use MIME::Base64 qw(decode_base64);
use Test::More;

use lib "$Bin/../..";
use grader::results::Classroom;
use grader::results::PrairieLearn;
use grader::results::Results;
use grader::results::Submitty;
use grader::Rubric;

my $rubric = grader::Rubric->read_file("$Bin/../../grader/rubrics/kit.conf");
my $none   = bless { values => { %{ $rubric->{values} }, points => {} } }, 'grader::Rubric';

sub results ( $of, @ids ) {
    my %about   = ( seed => 1, isolation => 'none', submission => 'x' );
    my $results = grader::results::Results->new( rubric => $of, files => {}, about => \%about );
    $results->plan( map { test_of($_) } @ids );
    return $results;
}

sub test_of ($id) { return { id => $id, name => "the test $id", ours => $id =~ /errno/ ? 1 : 0 } }

sub _utf8 ($text) { return Encode::encode( 'UTF-8', $text ) }

sub classroom ($results) {
    return JSON::PP->new->utf8->decode( decode_base64( grader::results::Classroom::text($results) ) );
}

sub prairielearn ($results) {
    return JSON::PP->new->utf8->decode( _utf8( grader::results::PrairieLearn::text($results) ) );
}

sub submitty ($results) {
    return JSON::PP->new->utf8->decode( _utf8( grader::results::Submitty::text($results) ) )->{data};
}

subtest 'Any text' => sub {
    my $odd = join q{}, map { chr } 0 .. 300, 0xd800, 0x1f600;
    my @ids = map { "par.answers.program$_" } 1 .. 100;
    my $all = results( $rubric, @ids );
    my $say = qq{"\\" } . $odd . q{"\\} x 100_000;
    $all->add( test_of($_), { verdict => 'fail', diag => [$say], notes => ['::notice::x'], hint => '##[x]' }, 1 )
      for @ids;
    $all->finish;

    my %text = (
        classroom    => grader::results::Classroom::text($all),
        prairielearn => grader::results::PrairieLearn::text($all),
        submitty     => grader::results::Submitty::text($all),
    );
    my %most = ( classroom => 128 * 1024 - 30, prairielearn => 1_000_000, submitty => 10_000_000 );
    for my $format ( sort keys %text ) {
        cmp_ok( length _utf8( $text{$format} ), '<', $most{$format}, "$format: no longer than the service takes" );
        my ($control) = $text{$format} =~ /[^\n\x20\p{L}\p{N}\p{P}\p{S}]|\\u00/;
        ok( !defined $control, '... and without control characters' );
    }
    like( $text{classroom}, qr/\A[A-Za-z0-9+\/=]+\z/, 'GitHub gets one line' );
    my $test = prairielearn($all)->{tests}[0];
    like( $test->{output}, qr/\n[.]{3} \(\d+ more characters\)\z/, 'what is cut is told' );

    my $long = results( $rubric, 'par.build' );
    $long->add( test_of('par.build'), { verdict => 'fail', diag => [ "\xe6\x97\xa5" x 400_000 ] }, 1 );
    my $cut = prairielearn($long)->{tests}[0]{output};
    like( $cut, qr/\A\x{65e5}+\n[.]{3} \(300000 more characters\)\z/, 'letters of three bytes are cut sooner' );

    my $short = results( $rubric, 'par.build' );
    $short->add( test_of('par.build'), { verdict => 'fail', diag => ["\n  ::add-mask::x"], notes => ['a ##[error]b'] },
        1 );
    unlike( classroom($short)->{tests}[0]{message}, qr/::|##\[/, 'no line is a command to a runner' );
};

subtest 'Verdicts and points' => sub {
    my @ids     = qw(par.build par.own_memory par.base.list par.bonus.list par.errno);
    my $results = results( $rubric, @ids );
    my @how     = (
        { verdict => 'pass', is_slow => 1 },                   # 1 of 2
        { verdict => 'fail', diag    => ['malloc'] },          # 0 of 2
        { verdict => 'skip', reason  => 'too much noise' },    # 3 of 6
        { verdict => 'pass' },                                 # 1 of 1, a bonus
        { verdict => 'fail' },                                 # worth nothing
    );
    $results->add( test_of( $ids[$_] ), $how[$_], 1 ) for 0 .. $#ids;
    $results->finish;

    my $github = classroom($results);
    is_deeply(
        [ map { $_->{score} } @{ $github->{tests} } ],
        [ 1, 0, 3, 1, 0 ],
        'GitHub: points by test, and parts of them'
    );
    is_deeply( [ map { $_->{status} } @{ $github->{tests} } ], [qw(pass fail pass pass pass)], '... and verdicts' );
    is( $github->{max_score}, 11, '... the most points hold those of the bonus' );
    my $pl = prairielearn($results);
    is_deeply( [ map { "$_->{points}/$_->{max_points}" } @{ $pl->{tests} } ],
        [qw(1/2 0/2 3/6 1/1 0/0)], 'PrairieLearn: points' );
    is_deeply(
        [ map { $_->{message} } @{ $pl->{tests} } ],
        [ 'passed', 'failed', 'could not be told', 'passed', 'failed, worth no points' ],
        '... and verdicts'
    );
    cmp_ok( abs( $pl->{score} - 5 / 11 ), '<', 1e-9, '... and the part of the most points' );
    my $submitty = submitty($results);
    is_deeply(
        [ map { $_->{status} } @{ $submitty->{message} } ],
        [qw(information success failure warning success information)],
        'Submitty: verdicts'
    );
    like(
        $submitty->{message}[3]{message},
        qr/could not be told \(3 of 6 points\)\ntoo much noise\z/,
        '... with points and reason'
    );
    cmp_ok( abs( $submitty->{score} - 5 / 11 ), '<', 1e-9, '... and the part of the most points' );
};

subtest 'Full marks, and nothing to be had' => sub {
    my @ids  = qw(par.build par.base.list par.bonus.list);
    my $full = results( $rubric, @ids );
    $full->add( test_of($_), { verdict => 'pass' }, 1 ) for @ids;
    $full->finish;
    is( prairielearn($full)->{score}, 1,      'PrairieLearn: a bonus makes no more than the whole' );
    is( submitty($full)->{score},     1,      '... nor in Submitty' );
    is( classroom($full)->{status},   'pass', '... and GitHub shows a success' );

    my $empty = results( $none, @ids );
    $empty->add( test_of($_), { verdict => 'pass' }, 1 ) for @ids;
    $empty->finish;
    is( $_->($empty)->{score}, 0, 'a rubric without points divides nothing by nothing' ) for \&prairielearn, \&submitty;
};

subtest 'A grade that is not finished' => sub {
    my $begun = results( $rubric, qw(par.build par.own_memory) );
    ok( !prairielearn($begun)->{gradable}, 'PrairieLearn: no attempt is lost before the first test' );
    is( sum0( map { $_->{score} } @{ classroom($begun)->{tests} } ), 0, '... and GitHub sees no points' );
    $begun->add( test_of('par.build'), { verdict => 'pass' }, 1 );
    my $left = qr/not finished: .*Tests that were not run \(1\) give no points/;
    ok( prairielearn($begun)->{gradable}, 'what is known counts' );
    like( prairielearn($begun)->{message}, qr/\A2 of 4 points\n.*$left/, '... and what is missing is told' );
    is( classroom($begun)->{status}, 'error', '... GitHub shows an error' );
    like( classroom($begun)->{tests}[-1]{message}, $left, '... with the reason' );
    like( submitty($begun)->{message}[1]{message}, $left, '... and so does Submitty' );
    is( submitty($begun)->{message}[-1]{status}, 'warning', '... where what was not run is a warning' );
    $begun->abandon("stopped by SIGTERM\n");
    like( prairielearn($begun)->{message}, qr/not finished: its time was up/, 'a limit is told as such' );
    $begun->abandon("the disk is full\n");
    like( prairielearn($begun)->{message}, qr/not finished: the disk is full[.]/, '... and any other reason, too' );
};

done_testing;
