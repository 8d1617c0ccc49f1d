package tests::lib::Files;

# Whole files, read and written as bytes. Whatever cannot be done ends the test.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Path     qw(make_path);

our @EXPORT_OK = qw(read_file write_file);

sub read_file ($path) {
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

# Makes the folders above it. Result: the path.
sub write_file ( $path, $content ) {
    make_path( dirname($path) );
    open my $file, '>:raw', $path or die "$path: $!\n";
    print {$file} $content;
    close $file or die "$path: $!\n";
    return $path;
}

1;
