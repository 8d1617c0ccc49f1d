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

# As much of a job as this stage looks at.
package FakeJob {
    sub new             ( $class, %fields ) { return bless {%fields}, $class }
    sub settings        ($self)             { return $self->{settings} }
    sub report_template ($self)             { return "# Report\nWhat the template says of this here course\n" }
    sub intake          ($self)             { return $self }
    sub folder          ($self)             { return $self->{folder} }
    sub files           ($self)             { return ( sort keys %{ $self->{content} } ) }
    sub unread          ($self)             { return @{ $self->{unread} // [] } }
    sub text            ( $self, $path )    { return $self->{content}{$path} }
}

my $PNG    = "\x89PNG\r\n\x1a\n and so on";
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
my $umlauts = Encode::encode( 'UTF-8', "\x{fc}ber \x{df}\n" x 50 );
is( ( said( 'REPORT.md' => $umlauts, 'graph.png' => $PNG ) )[1], q{}, 'letters beyond ASCII do not end a word' );
like( ( said( 'REPORT.md' => "\xfcber\n" x 49, 'graph.png' => $PNG ) )[1], qr/holds 49 words/, '... in no code' );

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
