package tests::lib::HandedIn;

# Makes submissions for tests, as folders and archives, and takes them in.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar       ();
use Cwd                qw(abs_path);
use File::Basename     qw(dirname);
use File::Temp         ();
use IO::Compress::Gzip ();
use IO::Compress::Zip  ();

use grader::Rubric;
use grader::Settings;
use grader::intake::Files;
use tests::lib::Files qw(write_file);

my $TREE   = abs_path( dirname(__FILE__) . '/../..' );
my $FOLDER = File::Temp->newdir;
my $made   = 0;

# A path at which nothing is yet, with this ending.
sub path ( $ending = q{} ) { return "$FOLDER/" . ++$made . $ending }

# A new empty folder.
sub fresh () {
    my $path = path();
    mkdir $path or die $!;
    return $path;
}

# A folder of these files, path => content.
sub folder_of (%files) {
    my $folder = fresh();
    write_file( "$folder/$_", $files{$_} ) for sort keys %files;
    return $folder;
}

# A .tar.gz of entries, each [name, content, {attributes}].
sub tar_of (@entries) {
    my $tar = Archive::Tar->new;
    $tar->add_data( @{$_} ) or die $tar->error for @entries;
    my $path = path('.tar.gz');
    $tar->write( $path, Archive::Tar::COMPRESS_GZIP() ) or die $tar->error;
    return $path;
}

# A .zip of pairs of name and content.
sub zip_of (@pairs) {
    my $path = path('.zip');
    my $zip;
    while ( my ( $name, $content ) = splice @pairs, 0, 2 ) {
        if ($zip) { $zip->newStream( Name => $name ) }
        else      { $zip = IO::Compress::Zip->new( $path, Name => $name ) or die }
        $zip->print($content);
    }
    $zip->close;
    return $path;
}

# The names of backends that a rubric knows.
sub names ($rubric) {
    my $kit = "$TREE/grader/rubrics/kit.conf";
    return grader::Settings::names(
        grader::Rubric->read_file( "$TREE/grader/rubrics/$rubric.conf", $kit )->apply_to( grader::Settings::defaults() )
    );
}

# Takes in a folder or an archive. %how: as for grader::intake::Files::new. Result: the error, or undef; and the intake.
sub take ( $source, %how ) {
    my $intake = eval { grader::intake::Files->new( $source, fresh(), names => names('kit'), %how ) };
    my $error  = $@ || undef;
    return ( $error, $intake );
}

1;
