package tests::grader::fuzzing::Inputs;

# What the grader reads that others have written: for each kind good inputs, how they are made bad, and who reads them.
#
# A kind: { seeds => a function that gives [good inputs, as bytes], mutate => of Mutation.pm (bytes when left out), feed => a function
# of an input and an empty folder, which may be filled; it gives the lines that people read of it, or dies with one }.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd                qw(abs_path);
use File::Basename     qw(dirname);
use File::Path         qw(make_path);
use IO::Compress::Gzip ();
use JSON::PP           ();
use POSIX              ();
use grader::Rubric;
use grader::Settings;
use grader::class::Reports;
use grader::class::Store;
use grader::intake::Files;
use grader::intake::Helpers;
use grader::intake::Judge;
use tests::grader::fuzzing::Mutation;
use tests::lib::Files qw(read_file write_file);
use tests::lib::HandedIn;

my $TREE = abs_path( dirname(__FILE__) . '/../../..' );
my $KIT  = "$TREE/grader/rubrics/kit.conf";
my $CALLS =
"#include \"par/help.h\"\nvoid* xmalloc(size_t bytes) { return helper(bytes); }\nvoid xfree(void* p) {}\nvoid* xrealloc(void* p, size_t n) { return p; }\n";

sub kinds () {
    my $mutation = 'tests::grader::fuzzing::Mutation';
    return (
        gzip => {
            feed  => _archive('.tar.gz'),
            seeds => sub () {
                [ map { _gzip($_) } _tars() ]
            }
        },
        listing   => { feed => \&_listing,   seeds => \&_listings, mutate => $mutation->can('words') },
        names     => { feed => \&_names,     seeds => \&_folders },
        overrides => { feed => \&_overrides, seeds => \&_override_tables },
        results   => { feed => \&_results,   seeds => \&_result_files, mutate => $mutation->can('json') },
        roster    => { feed => \&_roster,    seeds => \&_rosters },
        rubric    => {
            feed  => \&_rubric,
            seeds => sub () {
                [ map { read_file("$TREE/grader/rubrics/$_.conf") } qw(kit original) ]
            },
            mutate => $mutation->can('words')
        },
        tar   => { feed => _archive('.tar'), seeds => sub () { [ _tars() ] }, mutate => $mutation->can('tar') },
        trace => { feed => \&_trace,         seeds => \&_traces },
        zip   => { feed => _archive('.zip'), seeds => \&_zips },
    );
}

# ---- What is handed in -----------------------------------------------------------------------------------------------

my $NAMES = tests::lib::HandedIn::names('kit');

# Takes in a submission, and asks all that a grade asks before anything is compiled.
sub _intake ( $source, $folder ) {
    mkdir $folder;
    my $intake = grader::intake::Files->new( $source, $folder, names => $NAMES );
    my @said   = $intake->notes;
    for my $backend ( map { $_->[0] } @{$NAMES} ) {
        my ( $path, @notes ) = $intake->source_of($backend);
        push @said, @notes;
        next if !defined $path || defined $intake->unfit($path);
        $intake->header_folders( $backend, $path );
        my $found = grader::intake::Helpers::find(
            intake   => $intake,
            backend  => $backend,
            source   => $path,
            part     => _as_if_compiled( $intake->text($path) ),
            compile  => sub ($helper) { return _as_if_compiled( $intake->text($helper) ) },
            own_text => sub ($source) { return $intake->text($source) },
            library  => {},
        );
        push @said, @{ $found->{notes} };
    }
    return @said;
}

# What a compiler could have made of a text.
sub _as_if_compiled ($text) {
    my %defined = map { $_ => 1 } $text =~ /^\w[\w* ]*?(\w+)\s*[(]/mg;
    my %asked   = map { $_ => 1 } $text =~ /(\w+)[(]/g;
    delete @asked{ keys %defined };
    return {
        facts    => { defined => \%defined, asked => \%asked, map { $_ => {} } qw(common ifuncs clones sections) },
        warnings => []
    };
}

sub _archive ($ending) {
    return sub ( $bytes, $place ) { return _intake( write_file( "$place/input$ending", $bytes ), "$place/given" ) };
}

sub _tars () {
    my @entries = (
        [ 'w/par_alloc.c',                $CALLS ],
        [ 'w/par/help.c',                 "void* helper(size_t n) { return 0; }\n" ],
        [ 'w/' . 'long/' x 30 . 'help.h', "int x;\n" ],
        [ 'w/link.c',                     q{}, { type => 2, linkname => 'par_alloc.c' } ],
        [ 'w/hard.c',                     q{}, { type => 1, linkname => 'w/par_alloc.c' } ],
        [ 'w/fifo',                       q{}, { type => 6 } ],
        [ 'w/folder',                     q{}, { type => 5 } ],
        [ 'w/report.md',                  "# Report\n" x 200 ],
    );
    my $folder = tests::lib::HandedIn::folder_of( map { ( $_->[0] => $_->[1] ) } grep { !$_->[2] } @entries );
    my @made   = tests::lib::HandedIn::tar_of(@entries);
    for my $format (qw(pax gnu)) {
        push @made, tests::lib::HandedIn::path('.tar');
        system( 'tar', '-C', $folder, "--format=$format", '-cf', $made[-1], 'w' ) == 0 or die "tar failed\n";
    }
    return map { _plain($_) } @made;
}

sub _plain ($path) {
    IO::Uncompress::Gunzip::gunzip( $path, \my $bytes, Transparent => 1 ) or die "gunzip failed\n";
    return $bytes;
}

sub _gzip ($bytes) {
    IO::Compress::Gzip::gzip( \$bytes, \my $packed, Minimal => 1 ) or die "gzip failed\n";
    return $packed;
}

sub _zips () {
    my @files = (
        'w/par_alloc.c'  => $CALLS,
        'w\\par\\help.c' => "void* helper(size_t n) { return 0; }\n",
        'w/folder/'      => q{},
        'w/report.md'    => "# Report\n" x 200
    );
    return [ map { read_file( tests::lib::HandedIn::zip_of( @{$_} ) ) } [@files], [ @files[ 0, 1 ] ] ];
}

# Files by name, separated by two zero bytes, each a name, a zero byte and a text: a folder as somebody may hand it in.
sub _folders () {
    my @sets = (
        [
            'par_alloc.c'  => $CALLS,
            'hw08_alloc.c' => $CALLS,
            'par/help.c'   => "void* helper(size_t n) {\n}\n",
            'par/help.h'   => 'int x;'
        ],
        [
            'opt_malloc (1).c' => $CALLS,
            'hwx_malloc.c'     => $CALLS,
            'link.c'           => '../x/opt_malloc.c',
            'x/helper.c'       => "int\nhelper[3] = {1};"
        ],
        [ 'mine.c' => $CALLS, 'paralloc.c.txt' => $CALLS, 'build/par_alloc.c' => $CALLS, 'Makefile' => "all:\n" ],
    );
    return [
        map {
            my $set = $_;
            join "\0\0", map { "$set->[ 2 * $_ ]\0$set->[ 2 * $_ + 1 ]" } 0 .. $#{$set} / 2
        } @sets
    ];
}

sub _names ( $bytes, $place ) {
    make_path("$place/source");
    for my $file ( split /\0\0/, $bytes ) {
        my ( $name, $text ) = split /\0/, $file, 2;
        next if grep { $_ eq q{..} } split m{/}, $name //= q{};
        next if !eval { write_file( "$place/source/$name", $text // q{} ); 1 };    # no file has such a name
    }
    return _intake( "$place/source", "$place/given" );
}

# ---- What readelf and objdump say of it ------------------------------------------------------------------------------

sub _listings () {
    my $object = tests::lib::HandedIn::path('.o');
    my $source = write_file( tests::lib::HandedIn::path('.c'),
        "#include <stdlib.h>\n#include <unistd.h>\nint y; __attribute__((weak)) int w;\n$CALLS" =~
          s/#include "par.*\n/void* helper(size_t);\n/r . "void z(void) { free(0); fork(); }\n" );
    system( $ENV{CC} // 'gcc', '-w', '-c', '-o', $object, $source ) == 0 or die "gcc failed\n";
    my $symbols = qx{readelf --wide --symbols --section-headers --file-header $object};
    my $code    = qx{objdump -d --no-show-raw-insn $object};
    return [ $symbols, $code, $symbols . $code ];
}

sub _listing ( $bytes, $place ) {
    my $facts = grader::intake::Judge::facts($bytes);
    my $all =
      grader::intake::Judge::together( $facts, grader::intake::Judge::facts( substr $bytes, length($bytes) / 2 ) );
    my $judged = grader::intake::Judge::judge( { %{$all}, bare_calls => grader::intake::Judge::bare_calls($bytes) } );
    return ( map { @{ $judged->{$_} } } qw(refused odd memory missing) ),
      grader::intake::Judge::only_in( $all, $facts );
}

# ---- What a course writes --------------------------------------------------------------------------------------------

sub _rubric ( $bytes, $place ) {
    my $rubric = grader::Rubric->read_file( write_file( "$place/input.conf", $bytes ), $KIT );
    $rubric->apply_to( grader::Settings::defaults() );
    $rubric->points($_) for qw(par.build par.answers.list report);
    $rubric->text;
    return;
}

my $RUBRIC = grader::Rubric->read_file($KIT);
my @SUBMISSIONS =
  map { { name => $_, file => $_, path => "class/$_", same_as => undef } } qw(ann_12 bob eve@school.edu);

# All that is written of a class with these files in its folder.
sub _class ( $place, %files ) {
    my $folder = "$place/given";
    write_file( "$folder/$_", $files{$_} ) for sort keys %files;
    my $store  = grader::class::Store->new($folder);
    my $wishes = grader::class::Reports::read_wishes( $store, \@SUBMISSIONS, [qw(hw08 par)] );
    my %done   = map { $_->{name} => { correctness => scalar $store->done( 'key', 'correctness' ) } } @SUBMISSIONS;
    my @grades = grader::class::Reports::grades( \@SUBMISSIONS, \%done, $RUBRIC, $wishes );
    my %about  = ( folder => 'class', rubric => 'kit', kit => 'here', when => 'today', seed => 1 );
    return grader::class::Reports::write_all(
        $store, \@grades,
        about      => \%about,
        left_out   => [],
        wishes     => $wishes,
        assignment => 'xmalloc',
        anonymous  => 1
    );
}

sub _result_files () {
    my $test = sub ( $id, $verdict, %more ) {
        return {
            id        => $id,
            name      => "$id is right",
            verdict   => $verdict,
            points    => 1,
            max       => 1,
            seconds   => 0.5,
            reported  => JSON::PP::false,
            slow      => JSON::PP::false,
            blameless => JSON::PP::false,
            ours      => JSON::PP::false,
            notes     => ['a note'],
            diag      => [],
            %more
        };
    };
    my %result = (
        schema   => 'xmalloc-grade 1',
        complete => JSON::PP::true,
        stopped  => undef,
        seconds  => 3,
        score    => 2,
        max      => 3,
        about    => { submission => 'ann_12', seed => 1, isolation => 'a sandbox', machine => 'x', rubric => 'kit' },
        tests    => [
            $test->( 'par.build', 'pass' ),
            $test->( 'par.answers.list', 'fail', diag => [ 'got 3', 'wanted 4' ], hint => 'run it' ),
            $test->(
                'par.base.list', 'skip',
                reason   => 'cannot tell: too noisy; grade again on a quieter machine',
                value    => 0.2,
                interval => [ 0.1, 0.3 ]
            )
        ],
        not_run => [ { id => 'report', name => 'the report is there', max => 5 } ],
    );
    my %stored = ( pass => 'correctness', host => 'here', seconds => 3.5, cpu_s => 2.5 );
    my $json   = JSON::PP->new->utf8->canonical;
    return [
        $json->encode( { %stored, result => \%result } ),
        $json->encode( { %stored, broken => 'the grader did not finish' } )
    ];
}

sub _results ( $bytes, $place ) { return _class( $place, 'state/done/key.correctness' => $bytes ) }

sub _override_tables () {
    return [
        "name,late_days,points,excused,reason\nann_12,2,,,\nbob,,+5,,good report\neve\@school.edu,,,yes,ill\n",
        "\xef\xbb\xbfName;Points;Reason\r\nbob;42,5;\"two\r\nlines\"\r\n" =~ s/42,5/42.5/r,
        "reason\tname\tpoints\nwell done\tbob\t-3\n"
    ];
}

sub _overrides ( $bytes, $place ) {
    return _class( $place, 'overrides.csv' => $bytes, 'state/done/key.correctness' => _result_files()->[0] );
}

sub _rosters () {
    my $canvas =
"Student,ID,SIS Login ID,Section,xmalloc (12)\nPoints Possible,,,,30\n\"Doe, Ann\",12,ann,1,\n\"Roe, Bob\",13,bob,1,4\n";
    my $moodle =
"First name,Last name,ID number,Email address,Assignment: xmalloc (Real)\nEve,Poe,7,eve\@school.edu,\nBob,Roe,8,bob\@school.edu,-\n";
    my $board =
qq{"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"xmalloc [Total Pts: 30 Score] |55"\n"Roe"\t"Bob"\t"bob"\t"8"\t"3"\n};
    return [ $canvas, $moodle, $board, Encode::encode( 'UTF-16LE', "\x{feff}$board" ) ];
}

sub _roster ( $bytes, $place ) {
    return _class( $place, 'roster.csv' => $bytes, 'state/done/key.correctness' => _result_files()->[0] );
}

# ---- Traces ----------------------------------------------------------------------------------------------------------

my $CONVERT = "$TREE/bin/trace-convert";

sub _traces () {
    my $text =
"xtrace text 1\nprogram sort -n\nmalloc 0 0 40\ncalloc 1 1 80\naligned 0 2 100 64\nrealloc 1 0 5000\nfree 0 1\nfree 0 0\nmalloc 0 0 1\nfree 0 2\nfree 1 0\n";
    my $rep  = "1000\n3\n7\n1\na 0 40\na 1 80\nr 0 500\nf 1\na 2 5\nf 0\nf 2\n";
    my $from = write_file( tests::lib::HandedIn::path('.txt'), $text );
    my $to   = tests::lib::HandedIn::path('.trace');
    system( $CONVERT, $from, $to ) == 0 or die "bin/trace-convert does not run: make bin/trace-convert\n";
    return [ $text, $rep, read_file($to) ];
}

sub _trace ( $bytes, $place ) {
    my $from = write_file( "$place/input" . ( $bytes =~ /\A\d/ ? '.rep' : '.trace' ), $bytes );
    my $pid  = fork // die "cannot fork\n";
    if ( !$pid ) {
        open STDOUT, '>', "$place/out" or POSIX::_exit(126);
        open STDERR, '>', "$place/err" or POSIX::_exit(126);
        exec $CONVERT, $from, q{-} or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my ( $status, $said ) = ( $?, read_file("$place/err") );
    die "it ended with status $status\n\n" if $status != 0 && $status != 256;
    die "it failed and said nothing\n\n"   if $status != 0 && !length $said;
    die $said                              if $status != 0;
    return split /\n/, $said;
}

1;
