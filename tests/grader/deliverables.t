#!/usr/bin/env perl

# What counts as the report and the graph, and what is said of files that do not.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode         ();
use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Temp     qw(tempdir);
use FindBin        qw($Bin);
use Test::More;

use lib "$Bin/../..";
use grader::stages::Deliverables;
use tests::lib::Files qw(read_file);
use tests::lib::Png;

# As much of a job as this stage looks at.
package FakeJob {
    sub new             ( $class, %fields ) { return bless {%fields}, $class }
    sub settings        ($self)             { return $self->{settings} }
    sub report_template ($self)             { return "# Report\nWhat the template says of this here course\n" }
    sub intake          ($self)             { return $self }
    sub folder          ($self)             { return $self->{folder} }
    sub files           ($self)             { return ( sort keys %{ $self->{content} } ) }
    sub unread          ($self)             { return @{ $self->{unread}   // [] } }
    sub left_out        ($self)             { return @{ $self->{left_out} // [] } }
    sub text            ( $self, $path )    { return $self->{content}{$path} }
}

my $PNG    = tests::lib::Png::picture();
my $REPORT = join q{ }, map {
    'word' . join q{}, map { chr( 97 + $_ ) } split //, $_
} 100 .. 160;
my $settings = {
    deliverables => {
        report => { files => [ 'REPORT.md', 'report.txt' ], words => 50 },
        graph  => { files => ['graph.png'] },
    }
};

# What is said of a submission with these files: the sentences about graph and report, empty where there is none.
sub said (%content) {
    my $folder = tempdir( CLEANUP => 1 );
    for my $name ( keys %content ) {
        make_path( dirname("$folder/$name") );
        open my $file, '>:raw', "$folder/$name" or die "cannot write $folder/$name: $!\n";
        print {$file} $content{$name};
        close $file or die "cannot write $folder/$name: $!\n";
    }
    my $job = FakeJob->new( settings => $settings, folder => $folder, content => \%content );
    return map { $_->{run}->()->{diag}[0] // q{} } grader::stages::Deliverables::tests($job);
}

is_deeply( [ said( 'REPORT.md' => $REPORT, 'graph.png' => $PNG ) ], [ q{}, q{} ], 'both are there' );
is_deeply( [ said( 'Report.MD' => $REPORT, 'Graph.PNG' => $PNG ) ], [ q{}, q{} ], '... by names in other letters' );
is_deeply(
    [ said( 'report.txt' => Encode::encode( 'UTF-16', $REPORT ), 'graph.png' => $PNG ) ],
    [ q{}, q{} ],
    '... and in the code that Windows calls Unicode'
);
my @said = said( 'Report.pdf' => '%PDF', 'graph.jpg' => 'JFIF' );
like(
    $said[0],
    qr/\Athere is none of graph[.]png, but graph[.]jpg: is that the graph\?/,
    'a picture of another kind is named'
);
like(
    $said[1],
    qr/\Athere is none of REPORT[.]md, report[.]txt, but Report[.]pdf: is that the report\?/,
    '... and a PDF'
);
@said = said( 'REPORT.md.txt' => $REPORT, 'graph.png.png' => $PNG );
like( $said[0], qr/but graph[.]png[.]png:/, 'an ending twice is named' );
like( $said[1], qr/but REPORT[.]md[.]txt:/, '... and one too many' );
@said = said( 'notes.txt' => $REPORT, 'graph.png' => 'text' );
is( $said[0], 'graph.png is no PNG picture',            'text is no picture' );
is( $said[1], 'there is none of REPORT.md, report.txt', 'what is called otherwise is not guessed at' );
@said = said( 'REPORT.md' => "# Report\nWhat the template says of this here course\nfew words\n", 'graph.png' => $PNG );
is(
    $said[1],
    q{REPORT.md holds 2 words that are not the template's, and at least 50 are wanted},
    'nor is the template'
);

# Two letters of scripts without spaces are a word; marks above and below a letter are none.
for my $sample (
    [ Han      => "\x{5185}\x{5b58}" ],
    [ Katakana => "\x{30e1}\x{30fc}" ],
    [ Thai     => "\x{0e17}\x{0e35}\x{0e48}\x{0e08}" ]
  )
{
    my ( $script, $word ) = @{$sample};
    my %texts = map { $_ => Encode::encode( 'UTF-8', $word x $_ . "\x{3002}" ) } 49, 50;
    is( ( said( 'REPORT.md' => $texts{50}, 'graph.png' => $PNG ) )[1], q{}, "fifty words of $script" );
    like(
        ( said( 'REPORT.md' => $texts{49}, 'graph.png' => $PNG ) )[1],
        qr/\AREPORT[.]md holds 49 words/,
        '... and one fewer is too few'
    );
}

# Fifty different words, or so many, of these letters between blanks.
sub words ( $letters, $count = 50 ) {
    my @letters = split //, $letters;
    return join q{ },
      map { $letters[ $_ % @letters ] . $letters[0] . $letters[ ( $_ / @letters ) % @letters ] } 0 .. $count - 1;
}

# What is said of a report alone.
sub said_of ($report) { return ( said( 'REPORT.md' => $report, 'graph.png' => $PNG ) )[1] }

subtest 'Words between blanks' => sub {
    my %letters = (
        'UTF-8'      => "\x{fc}\x{e4}\x{f6}\x{df}xy",
        'iso-8859-1' => "\x{fc}\x{e4}\x{f6}\x{df}xy",
        'cp1251'     => join( q{}, map { chr } 0x430 .. 0x44f ),
        'koi8-r'     => join( q{}, map { chr } 0x430 .. 0x44f ),
        'iso-8859-7' => join( q{}, map { chr } 0x3b1 .. 0x3c9 ),
        'iso-8859-8' => join( q{}, map { chr } 0x5d0 .. 0x5ea ),
    );
    for my $code ( sort keys %letters ) {
        my %report = map { $_ => Encode::encode( $code, words( $letters{$code}, $_ ) ) } 49, 50;
        is( said_of( $report{50} ), q{}, "fifty words in $code" );
        like( said_of( $report{49} ), qr/\AREPORT[.]md holds 49 words/, '... and one fewer is too few' );
    }
    my $long = join q{ }, map { $_ . $_ . "\x{430}" } split q{ }, words( $letters{cp1251}, 49 );
    like( said_of( Encode::encode( $_, $long ) ), qr/holds 49 words/, "... also long ones in $_" )
      for qw(cp1251 koi8-r);
    is( said_of( "\xfcber die Bl\xf6cke " . words( 'abcdefgh', 47 ) ), q{}, 'German in Latin-1' );
    like( said_of( "\xfcber die Bl\xf6cke " . words( 'abcdefgh', 46 ) ), qr/holds 49 words/, '... is counted alike' );
};

subtest 'A word that comes again and again' => sub {
    like( said_of( 'xx ' x 50 ),        qr/\AREPORT[.]md holds 6 words/, 'is no report' );
    like( said_of( 'xx yy zz ' x 500 ), qr/holds 18 words/,              '... nor are three' );
    like( said_of( 'Xx xX ' x 50 ),     qr/holds 6 words/,               '... and letters of two sizes are one' );
    my $honest = join q{ }, ( 'the', 'of', 'a1a block' ) x 5, words( 'abcdefgh', 35 );
    is( said_of($honest), q{}, 'but in an honest report words come five times' );
};

# A sentence in a script without spaces, so often that it has at least so many letters.
my %SENTENCE = (
    Japanese => "\x{3053}\x{306e}\x{30e1}\x{30e2}\x{30ea}\x{30fc}\x{306f}\x{8868}\x{793a}\x{7528}\x{3002}",
    Chinese  => "\x{6211}\x{4eec}\x{7528}mmap\x{5206}\x{914d}\x{5185}\x{5b58}\x{3002}",
    Taiwan   => "\x{6211}\x{5011}\x{7528}\x{8a18}\x{61b6}\x{9ad4}\x{3002}",
    Korean   => "\x{c6b0}\x{b9ac}\x{b294} \x{ba54}\x{baa8}\x{b9ac}\x{b97c} \x{c501}\x{b2c8}\x{b2e4}.",
    Thai     =>
"\x{e40}\x{e23}\x{e32}\x{e43}\x{e0a}\x{e49}\x{e2b}\x{e19}\x{e48}\x{e27}\x{e22}\x{e04}\x{e27}\x{e32}\x{e21}\x{e08}\x{e33}",
    Russian =>
      "\x{43c}\x{44b} \x{43f}\x{438}\x{448}\x{435}\x{43c}, \x{447}\x{442}\x{43e} \x{43d}\x{430}\x{434}\x{43e}.",
    English => 'We use a list of free blocks for each thread, and a lock. ',
);
my %CODES = (
    Japanese => [qw(cp932 shiftjis euc-jp)],
    Chinese  => [qw(cp936 euc-cn)],
    Taiwan   => [qw(big5-eten cp950)],
    Korean   => [qw(euc-kr cp949)],
    Thai     => [qw(cp874 iso-8859-11)],
    Russian  => [qw(cp1251 koi8-r)],
    English  => [],
);

# Where there are blanks, different words are needed.
$SENTENCE{Korean}  .= words( join q{}, map { chr } 0xac00, 0xac01, 0xac04, 0xac07, 0xac08, 0xac10, 0xac11, 0xac15 );
$SENTENCE{Russian} .= words( join q{}, map { chr } 0x430 .. 0x437 );
$SENTENCE{English} .= words('abcdefgh');

subtest 'Reports in every code' => sub {
    for my $language ( sort keys %CODES ) {
        my ( $long, $short ) = ( join( "\n", ( $SENTENCE{$language} ) x 60 ), substr $SENTENCE{$language}, 0, 30 );
        for my $code ( @{ $CODES{$language} }, qw(UTF-16LE UTF-16BE UTF-32LE UTF-32BE UTF-16 UTF-32) ) {
            is( said_of( Encode::encode( $code, $long ) ), q{}, "$language in $code" );
            like(
                said_of( Encode::encode( $code, $short ) ),
                qr/\AREPORT[.]md holds [1-4]?\d words .*; it is not UTF-8: save it as UTF-8\z/,
                '... too short'
            );
        }
    }
    is( said_of( Encode::encode( 'UTF-32', words('abcdefgh') ) =~ s/\A\0\0\xfe\xff//r ), q{}, 'without a mark, too' );
    is( said_of( "\0" . words('abcdefgh') ),                                             q{}, 'a zero byte in a text' );
    like( said_of( Encode::encode( $_, 'few words' ) ), qr/holds 2 words/, "two words in $_" )
      for qw(UTF-16LE UTF-16BE UTF-32LE UTF-32BE);
    unlike( said_of('few words'), qr/UTF-8/, 'what is UTF-8 is not told so' );
};

subtest 'The graph is a whole picture' => sub {
    my $says = sub ($bytes) { return ( said( 'REPORT.md' => $REPORT, 'graph.png' => $bytes ) )[0] };
    is( $says->( read_file("$Bin/../../graph.png") ), q{}, 'that of the kit' );
    is( $says->("$PNG and more"),                     q{}, 'what follows the picture is in nobody\'s way' );
    my $whole = qr/\Agraph[.]png is no whole PNG picture: it is cut, or empty/;
    like( $says->( substr $PNG, 0, $_ ), $whole, "but not only $_ bytes of it" ) for 8, 33, 60, length($PNG) - 1;
    like( $says->( $PNG =~ s/IDAT/iDAT/r ), $whole, '... nor one without pixels' );
    for my $size ( [ 1, 1 ], [ 63, 900 ], [ 900, 63 ] ) {
        my ( $width, $height ) = @{$size};
        is(
            $says->( tests::lib::Png::picture( $width, $height ) ),
            "graph.png has $width x $height pixels, and a graph has at least 64 x 64",
            'nor a small one'
        );
    }
    my %others = (
        'a JPEG' => "\xff\xd8\xff\xe0\0\x10JFIF",
        'a GIF'  => 'GIF89a',
        'a PDF'  => '%PDF-1.7',
        'an SVG' => qq{<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">},
    );
    is( $says->( $others{$_} ), "graph.png is $_ picture with the name of a PNG: convert it", $_ )
      for sort keys %others;
};

# The sentence and the hint of a test.
sub told_of ( $id, %job ) {
    my ($test) = grep { $_->{id} eq $id }
      grader::stages::Deliverables::tests( FakeJob->new( settings => $settings, folder => q{.}, content => {}, %job ) );
    my $outcome = $test->{run}->();
    return "$outcome->{diag}[0]\n$outcome->{hint}";
}

subtest 'What to do fits what is wrong' => sub {
    my $plain = 'hand in the graph as a plain file beside the code';
    is( told_of('graph'), "there is none of graph.png\n$plain", 'where it is missing' );
    my $long =
      { path => 'work/Graph.png', told => q{'work/Graph.png' was left out: it has 9 bytes, and a file has at most 8} };
    my $told = told_of( 'graph', left_out => [ { path => 'core', told => 'no matter' }, $long ] );
    like(
        $told,
        qr/\Athere is none of graph[.]png: 'work.Graph[.]png' was left out: it has 9 bytes, and a file has at most 8\n/,
        'where it was left out'
    );
    unlike( $told, qr/plain file/, '... it need not be handed in as a plain file' );
    unlike( told_of( 'report', folder => $Bin, content => { 'REPORT.md' => 'few words' } ),
        qr/plain file/, '... nor where it is short' );
};

my $packed = "'all.zip' is packed once more, and was not unpacked: hand in the files that are in it";
my ($test) = grader::stages::Deliverables::tests(
    FakeJob->new( settings => $settings, folder => q{.}, content => { 'all.zip' => 'PK' }, unread => [$packed] ) );
is( $test->{run}->()->{diag}[0], "no graph can be seen: $packed", 'what was not unpacked may hold it' );

my $TEMPLATE = "# Report\nWhat the template says of this here course\n";
@said = said(
    'handout/REPORT.md'        => $TEMPLATE,
    'report.txt'               => $REPORT,
    'Starter-code/x/graph.png' => 'text',
    'work/graph.png'           => $PNG,
);
is_deeply( [@said], [ q{}, q{} ], 'a template or a broken picture in another folder is in nobody\'s way' );
is_deeply(
    [ said( 'REPORT.md' => $TEMPLATE, 'mine/report.md' => $REPORT, 'a/graph.png' => 'text', 'b/graph.png' => $PNG ) ],
    [ q{}, q{} ],
    '... wherever the right one lies'
);
@said = said(
    'handout/REPORT.md' => $TEMPLATE,
    'x/y/REPORT.md'     => 'few words',
    'x/report.txt'      => 'three more words',
    'graph.png'         => q{},
    'a/graph.png'       => 'text'
);
is( $said[0], 'graph.png is empty', 'of several that are wrong, the one at the top is told' );
like( $said[1], qr{\Ax/report[.]txt holds 3 words}, '... and what was handed out last' );

done_testing;
