package tests::lib::Services;

# What the tests of archives for services share: a kit of which archives are made, reading archives, running what the
# services would run, and graders that fail in every way.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar          ();
use Cwd                   qw(abs_path);
use Exporter              qw(import);
use File::Basename        qw(dirname);
use File::Path            qw(make_path);
use File::Temp            ();
use IO::Uncompress::Unzip ();
use JSON::PP              ();
use measure::Launch;
use tests::lib::Built;
use tests::lib::KitCopy;
use tests::lib::Files qw(read_file);

our @EXPORT_OK = qw(write_file read_file run_command pack_for read_archive unpack_archive without_namespaces grader_that
  failing_graders decoded $FOLDER $KIT $REAL $SHORT $TIME_IS_UP);

my $GENEROUS_S = 900;

our $REAL   = tests::lib::Built::tree();
our $FOLDER = File::Temp->newdir( DIR => '/tmp' );
chmod oct 755, $FOLDER;    # what is graded runs as a user of its own

my $launcher = tests::lib::Built::launcher();

sub write_file ( $path, $content, $mode = oct 644 ) {
    make_path( dirname($path) );
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $content;
    close $file or die "$path: $!";
    chmod $mode, $path or die "$path: $!";
    return;
}

sub run_command ( $command, %options ) {
    return measure::Launch::run( command => $command, launcher => $launcher, wall_s => $GENEROUS_S, %options );
}

# This kit as it is now, with its list of checksums, and solutions in every corner, which no archive may hold.
our $KIT = tests::lib::KitCopy::make( $REAL, "$FOLDER/kit" );
my $SOLUTION = "void* xmalloc(size_t bytes) { return solution(bytes); }\n";
write_file( "$KIT/$_", $SOLUTION )
  for qw(par_alloc.c hw08_alloc.c par/span.c tests/corpus/right/plain/par_alloc.c tests/hostile/heap.h
  tests/broken/lost_alloc.c ladder/buddy_alloc.c bench/limit_alloc.c interpose/libpar.c);

# A rubric for a grade that takes seconds.
our $SHORT = "$FOLDER/short.conf";
write_file( $SHORT, <<'END');
{
    "stages": ["build", "correctness"], "backends": ["par"], "programs": ["list"],
    "tops": { "usual": [100], "hw08": [] }, "drawn_tops": { "usual": [], "hw08": [] },
}
END

# Result: what measure::Launch::run gives. The archive is in $FOLDER/out.
sub pack_for ( $service, @options ) {
    return run_command( [ $^X, "$KIT/grader/services/pack", $service, '--output', "$FOLDER/out", @options ] );
}

# Result: path => { content, mode }.
sub read_archive ($path) {
    return _read_zip($path) if $path =~ /[.]zip\z/;
    return { map { $_->full_path => { content => $_->get_content // q{}, mode => $_->mode } }
          Archive::Tar->new($path)->get_files };
}

# The mode is in the central directory, which the module does not show.
sub _read_zip ($path) {
    my %files;
    my $zip = IO::Uncompress::Unzip->new($path) or die "$path is no zip";
    for ( my $status = 1 ; $status > 0 ; $status = $zip->nextStream ) {
        my $content = do { local $/ = undef; <$zip> };
        $files{ $zip->getHeaderInfo->{Name} } = { content => $content // q{} };
    }
    my $bytes = read_file($path);
    my ( $count, $at ) = ( unpack 'Vv4V2', substr $bytes, rindex $bytes, "PK\5\6" )[ 4, 6 ];
    for ( 1 .. $count ) {
        my ( $name_bytes, $extra, $comment, $attributes ) = unpack 'x28v3x4V', substr $bytes, $at, 46;
        $files{ substr $bytes, $at + 46, $name_bytes }{mode} = ( $attributes >> 16 ) & oct 777;
        $at += 46 + $name_bytes + $extra + $comment;
    }
    return \%files;
}

# Unpacks an archive to a folder. Result: its files as of read_archive.
sub unpack_archive ( $path, $place ) {
    my $files = read_archive($path);
    write_file( "$place/$_", $files->{$_}{content}, $files->{$_}{mode} ) for keys %{$files};
    return $files;
}

# JSON in bytes; undef when it is none.
sub decoded ($bytes) {
    return eval { JSON::PP->new->utf8->decode($bytes) };
}

# The PATH of a machine that allows no namespaces, where some commands only say in the file $FOLDER/called how they were called.
sub without_namespaces (@commands) {
    my $tools = "$FOLDER/no-namespaces";
    write_file( "$tools/bwrap", "#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n", oct 755 );
    write_file( "$tools/$_",    qq{#!/bin/sh\necho "$_ \$*" >>"$FOLDER/called"\n}, oct 755 ) for @commands;
    return "$tools:$ENV{PATH}";
}

# ---- Graders that fail -----------------------------------------------------------------------------------------------------

# A grader that does this instead of grading; $results is where the results go.
sub grader_that ( $kit, $code ) {
    write_file( "$kit/test.pl", <<'END' . $code );
use v5.32;
my %option = @ARGV;
my ($results) = map { $option{"--$_"} // () } qw(gradescope classroom prairielearn submitty json);
END
    return;
}

# timeout(1) takes this signal for the end of its time, once it waits for its program; so nobody has to wait, and no slow
# machine is too late.
our $TIME_IS_UP = <<'END';
my $timeout = getppid;
while (1) {
    open my $file, '<', "/proc/$timeout/stat" or die;
    last if <$file> =~ /\) S /;
    select undef, undef, undef, 0.02;
}
kill ALRM => $timeout;
sleep 100;
END

# Has this kit's own modules write what a grader writes that has run one of two tests, 2 of 4 points.
my $PARTIAL = <<"END";
use lib '$REAL';
require grader::Rubric;
require grader::results::Results;
my (\$format) = grep { defined \$option{"--\$_"} } qw(gradescope classroom prairielearn submitty json);
my \$kept = grader::results::Results->new(
    rubric => grader::Rubric->read_file('$REAL/grader/rubrics/kit.conf'),
    files  => { \$format => \$results },
    about  => { seed => 1, isolation => 'none', submission => 'x' },
);
\$kept->plan( { id => 'par.build', name => 'one' }, { id => 'par.own_memory', name => 'two' } );
\$kept->add( { id => 'par.build', name => 'one' }, { verdict => 'pass' }, 1 );
END

# The service's own script and what it has started die at once, as when a container is killed.
my $ALL_DIE = <<'END';
open my $file, '<', '/proc/' . getppid . '/stat' or die;
my ($script) = <$file> =~ /\) \S (\d+)/;
kill KILL => $script, getppid, $$;
END

# Result: name => [code, seconds it is given, points that are kept, what the student reads].
sub failing_graders () {
    return (
        'that cannot run' =>
          [ 'say q{Bail out!  there is no "make" here}; exit 2;', 60, 0, qr/^there is no .make. here\s*$/m ],
        'that dies'       => [ 'die qq{Can\'t locate "Some/Module.pm"\n};', 60, 0, qr/status 255: Can t locate .Some/ ],
        'that is killed'  => [ 'kill KILL => $$;',                          60, 0, qr/stopped after 60 seconds/ ],
        'that hangs'      => [ 'sleep 100;',                                1,  0, qr/stopped after 1 seconds/ ],
        'that is no Perl' => [ 'this is nothing',                           60, 0, qr/status/ ],
        'that hangs halfway'       => [ "$PARTIAL $TIME_IS_UP",        60, 2, qr/not finished.*\(1\)/ ],
        'killed halfway'           => [ "$PARTIAL kill KILL => \$\$;", 60, 2, qr/not finished.*\(1\)/ ],
        'whose time is up halfway' =>
          [ "$PARTIAL \$kept->abandon('stopped by SIGTERM'); exit 2", 60, 2, qr/its time was up/ ],
        'killed at once, and all with it' => [ $ALL_DIE,            60, 0, qr/ended before it could say/ ],
        'killed halfway, and all with it' => [ "$PARTIAL $ALL_DIE", 60, 2, qr/not finished.*\(1\)/ ],
    );
}

1;
