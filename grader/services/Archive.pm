package grader::services::Archive;

# Writes archives and single files for services. The same files make the same archive, and there is never half of one.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar           ();
use IO::Compress::Gzip     qw(gzip $GzipError);
use IO::Compress::Zip      qw($ZipError);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);

# All files have one time. It lies before any that make makes.
my $TIME_S = 1_700_000_000;

my $EXECUTABLE =
qr{(?:\A|/)(?:setup|setup[.]sh|run_autograder|add_reason|autograde|grade|last_line|test[.]pl|under|compare|graph|try|profile)\z};

my %WRITER = ( zip => \&_write_zip, tar => \&_write_tar, 'tar.gz' => \&_write_tar_gz );

# Writes $files, path => content, to $path; the end of its name says as what: .zip, .tar, .tar.gz, anything else is a file that
# has $files as its content. Prints the path. Dies with one line.
sub write ( $path, $files ) {
    my ($format) = $path =~ /[.](zip|tar|tar[.]gz)\z/;
    ( $format ? $WRITER{$format} : \&_write_plain )->( "$path.new", $files );
    rename "$path.new", $path or die "pack: cannot write $path: $!\n";
    say $path;
    return;
}

# The bytes of a tar archive of $files.
sub tar ($files) {
    my $tar = Archive::Tar->new;
    for my $name ( sort keys %{$files} ) {
        my %about = ( mode => _mode_of($name), mtime => $TIME_S, uid => 0, gid => 0, uname => 'root', gname => 'root' );
        $tar->add_data( $name, $files->{$name}, \%about ) or die 'pack: ', $tar->error, "\n";
    }
    return $tar->write // die 'pack: ', $tar->error, "\n";
}

# The files of a .tar.gz, path => content.
sub read_tar_gz ($path) {
    gunzip( $path => \my $bytes ) or die "pack: cannot read $path: $GunzipError\n";
    open my $plain, '<', \$bytes or die "pack: cannot read $path: $!\n";
    my $tar = Archive::Tar->new($plain) or die "pack: cannot read $path: ", Archive::Tar->error, "\n";
    return { map { $_->full_path => $_->get_content // q{} } grep { $_->is_file } $tar->get_files };
}

sub _mode_of ($path) { return $path =~ $EXECUTABLE ? oct 755 : oct 644 }

sub _write_plain ( $new, $content ) {
    open my $file, '>:raw', $new or die "pack: cannot write $new: $!\n";
    print {$file} $content;
    close $file or die "pack: cannot write $new: $!\n";
    return;
}

sub _write_tar ( $new, $files ) { return _write_plain( $new, tar($files) ) }

sub _write_tar_gz ( $new, $files ) {
    my $plain = tar($files);
    gzip( \$plain => $new, -Minimal => 1 ) or die "pack: cannot write $new: $GzipError\n";
    return;
}

sub _write_zip ( $new, $files ) {
    my $zip;
    for my $name ( sort keys %{$files} ) {
        my @about = ( Name => $name, Time => $TIME_S, ExtAttr => ( oct(100_000) | _mode_of($name) ) << 16 );
        if   ($zip) { $zip->newStream(@about) }
        else        { $zip = IO::Compress::Zip->new( $new, @about ) or die "pack: cannot write $new: $ZipError\n" }
        $zip->print( $files->{$name} ) or die "pack: cannot write $new: $ZipError\n";
    }
    $zip->close or die "pack: cannot write $new: $ZipError\n";
    return;
}

1;
