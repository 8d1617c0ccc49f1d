#!/usr/bin/env perl

# The grader's parsers under inputs that are nearly good: the short form of tests/grader/fuzz, and what that once found. The seed is
# printed; LONG=1 takes 10,000 inputs of each kind, and another seed each time.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::Rubric;
use grader::class::Store;
use grader::class::Stored;
use grader::class::gradebooks::Students;
use grader::class::Overrides;
use grader::intake::Judge;
use tests::lib::Built;
use tests::lib::Files qw(read_file write_file);
use tests::lib::HandedIn;

my $SHORT_INPUTS = 40;

tests::lib::Built::insist('bin/trace-convert');

my @warned;
local $SIG{__WARN__} = sub ($text) { push @warned, $text };

subtest 'Inputs that are nearly good' => sub {
    my @options = $ENV{LONG} ? () : ( '--inputs', $SHORT_INPUTS, '--seed', 1 );
    open my $said, '-|', $^X, "$Bin/fuzz", @options or die "fuzz: $!\n";
    my @lines = <$said>;
    close $said;
    is( $?,                                              0,  'are taken, or refused in a line' ) or diag @lines;
    is( scalar( grep { /\d inputs, 0 wrong$/ } @lines ), 10, '... of ten kinds' );
};

subtest 'Names that are no plain text' => sub {
    my ( undef, $intake ) = tests::lib::HandedIn::take(
        tests::lib::HandedIn::folder_of(
            "par\n_alloc.c" => 'int x;',
            "build/a\tb.c"  => 'int x;',
            'good.c'        => 'int x;'
        )
    );
    is( "@{[$intake->files]}", 'good.c', 'are left out' );
    is( scalar( grep { /\A'par\\x0a_alloc[.]c' was left out: its name is no plain text\z/ } $intake->notes ),
        1, '... and told' );
    is( scalar( grep { /[\x00-\x1f]/ } $intake->notes ), 0, '... in lines' );

    my $judged = grader::intake::Judge::judge(
        grader::intake::Judge::facts("     3: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND a\x{1b}[2J\n") );
    is_deeply( $judged->{odd}, ['it calls a?[2J'], 'also of a symbol' );
};

subtest 'An entry of a zip without a name' => sub {
    my $zip = read_file( tests::lib::HandedIn::zip_of( 'par_alloc.c' => 'int x;' ) );
    substr $zip, 26, 2,  "\0\0";    # its length
    substr $zip, 30, 11, q{};
    my ($error) = tests::lib::HandedIn::take( write_file( tests::lib::HandedIn::path('.zip'), $zip ) );
    unlike( $error // q{}, qr/ at \S+ line /, 'is no matter for Perl' );
};

subtest 'A size of many digits in a tar' => sub {
    my $tar = "a.c\0" . "\0" x 120 . '777777777777' . "\0" x 376;
    substr $tar, 148, 8, q{ } x 8;
    substr $tar, 156, 1, '0';
    substr $tar, 148, 8, sprintf "%06o\0 ", unpack '%32C*', $tar;
    my ($error) = tests::lib::HandedIn::take( write_file( tests::lib::HandedIn::path('.tar'), $tar ) );
    is(
        $error,
"the archive is damaged: it ends within an entry, up to 'a.c'; pack it again as .tar.gz or as an ordinary .zip\n",
        'is read as it is'
    );
};

subtest 'Rubrics' => sub {
    my %wrong = (
        '{ "points": { "a\\tb": 1 } }'       => qr/not "a\\x09b"/,
        '{ "a\\u001b": 1 }'                  => qr/"a\\x1b" is not known/,
        '{ "terms": { "alignment": null } }' => qr/must be one of 1, 2/,
    );
    for my $text ( sort keys %wrong ) {
        my $path = write_file( tests::lib::HandedIn::path('.conf'), $text );
        ok( !eval { grader::Rubric->read_file($path) }, "$text is refused" );
        like( $@, $wrong{$text}, '... in plain words' );
        unlike( $@, qr/[\x00-\x1f].|\A\z/, '... and one line' );
    }
};

subtest 'Tables' => sub {
    my $known = { bob => { bob => 'bob' } };
    my $path  = write_file( tests::lib::HandedIn::path('.csv'), "name,points,reason\nbob,\"1\n2\",x\n" );
    my ( undef, $wrong ) = grader::class::Overrides::read_file( $path, $known, ['par'] );
    like( $wrong, qr/\A[^\n]+line 2: points is '1\\x\{a\}2', and [^\n]+\z/, 'a cell of two lines is refused in one' );
    $path = write_file( $path, "name,\"a\nb\"\nbob,1\n" );
    ok( !eval { grader::class::Overrides::read_file( $path, $known, ['par'] ) }, 'so is such a column' );
    like( $@, qr/\A[^\n]+'a\\x\{a\}b' is no column[^\n]+\n\z/, '... in one' );
    my $roster =
      grader::class::gradebooks::Students::read_file( write_file( $path, "Student,ID,Section\n\"Doe, Ann\"\n" ) );
    is( scalar @{ $roster->{rows} }, 1, 'a row of a roster may be short' );
};

subtest 'A stored result that was damaged' => sub {
    my $folder = tests::lib::HandedIn::fresh();
    my $store  = grader::class::Store->new($folder);
    for my $text (
        '{"result":{"tests":[', '[]',
        '{"seconds":1,"result":{"tests":[7]}}',
        '{"seconds":1,"result":{"tests":[{"id":"x","name":"x","verdict":"?"}]}}', q{}
      )
    {
        $store->make_folders( 'state/done', 'state/aside' );
        write_file( "$folder/state/done/k.correctness", $text );
        like( $store->done( 'k', 'correctness' )->{broken}, qr/was damaged, and is set aside/, "'$text' is told" );
        ok( !$store->is_done( 'k', 'correctness' ), '... and graded anew by the next run' );
    }
    is( $store->done( 'k', 'correctness' ),          undef, 'what is not there is not done' );
    is( scalar( () = glob "$folder/state/aside/*" ), 5,     'nothing is thrown away' );
    ok(
        grader::class::Stored::is_sound(
            { seconds => 1.5, result => { tests => [ { id => 'x', name => 'x', verdict => 'pass' } ] } }
        ),
        'a sound one is taken'
    );
};

is( "@warned", q{}, 'Perl has nothing to say to any of this' );

done_testing;
