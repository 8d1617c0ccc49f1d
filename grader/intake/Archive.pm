package grader::intake::Archive;

# Unpacks an untrusted .tar, .tar.gz, .tgz or .zip. It writes only plain files, only below the given folder, and only up to the
# limits. It leaves out all other entries and names them.
#
# A small archive that swells (a "zip bomb") is given up as soon as it passes the limit. A link in a zip becomes a plain
# file that holds its target's name; the links of a tar are told to the caller, and nothing is written for them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode                 ();
use File::Basename         qw(dirname);
use File::Path             qw(make_path);
use IO::Uncompress::Gunzip qw($GunzipError);
use IO::Uncompress::Unzip  qw($UnzipError);
use grader::Shown;
use grader::intake::Tar;

my $CHUNK_BYTES      = 65_536;
my $TAR_BYTES_A_FILE = 2048;     # at most, for headers and padding of an entry
my $MOST_NAME        = 60;       # characters of an entry's name that are printed
my $REPACK           = 'pack it again as .tar.gz or as an ordinary .zip';

# How the packed files begin that we can read, and others. What a file is called says less: many rename them.
my @KINDS = (
    [ zip     => qr/\APK/ ],
    [ gzip    => qr/\A\x1f\x8b/ ],
    [ xz      => qr/\A\xfd7zXZ/ ],
    [ bzip2   => qr/\ABZh/ ],
    [ '7-Zip' => qr/\A7z\xbc\xaf/ ],
    [ RAR     => qr/\ARar!/ ],
    [ zstd    => qr/\A\x28\xb5\x2f\xfd/ ],
);

# $file: the archive. %limits: into => an existing folder, bytes => of all files together, files => how many, links => a hash that
# gets the symbolic links, path => target. Result: the lines that say what was
# left out, and why. Dies with one line when nothing can be had of the archive.
sub unpack_into ( $file, %limits ) {
    my $state = { %limits, left_out => [], seen_files => 0, seen_bytes => 0 };
    my $kind  = _kind($file);
    if    ( $kind eq 'zip' )                  { _unzip( $file, $state ) }
    elsif ( $kind eq 'gzip' || $kind eq q{} ) { _untar( $file, $state ) }
    else { die "the archive cannot be read: by its content it is a file of $kind; $REPACK\n" }
    return @{ $state->{left_out} };
}

sub _kind ($file) {
    open my $in, '<:raw', $file or die "the archive cannot be read: $!\n";
    read $in, my $start, 8;
    my ($kind) = map { $_->[0] } grep { ( $start // q{} ) =~ $_->[1] } @KINDS;
    return $kind // q{};
}

# What to say of a file that is packed in a way that is not read here.
sub repack ($name) { return "$name is packed in a way that is not read here: $REPACK" }

sub is_archive ($name) { return $name =~ /[.](?:zip|tar|tgz|tar[.]gz)\z/i }

# Where an entry of this name goes, relative to the folder; undef when it must not go anywhere. Some archivers of Windows write
# folder\file.
sub safe_path ($name) {
    $name =~ tr{\\}{/};
    return if $name =~ m{\A/|\A[A-Za-z]:|[\x00-\x1f\x7f]};
    my @parts = grep { $_ ne q{} && $_ ne q{.} } split m{/}, $name;
    return if !@parts || grep { $_ eq q{..} } @parts;
    return join q{/}, @parts;
}

sub _leave_out ( $state, $name, $why ) {
    push @{ $state->{left_out} }, printable($name) . " was left out: $why";
    return;
}

# A name from outside in quotes, as far as a person wants to read it.
sub printable ($name) {
    my $shown = grader::Shown::text( $name =~ s/([\t\n])/sprintf '\\x%02x', ord $1/egr );
    return q{'} . Encode::encode( 'UTF-8', substr $shown, 0, $MOST_NAME ) . q{'};
}

# Opens the file of an entry for writing; undef when it is left out. Of an entry that comes twice the last counts, as for tar(1):
# who adds a file again means the new one.
sub _open_entry ( $state, $name ) {
    die "the archive holds more than $state->{files} files\n" if ++$state->{seen_files} > $state->{files};
    my $path = safe_path($name);
    return _leave_out( $state, $name, 'its name leads out of the archive' ) if !defined $path;
    my $target = "$state->{into}/$path";
    return _leave_out( $state, $name, 'a folder has its name' ) if -d $target;
    push @{ $state->{left_out} }, printable($name) . ' is twice in the archive: the last one counts' if unlink $target;
    delete $state->{links}{$path};
    return _leave_out( $state, $name, 'a file stands where its folder should be' )
      if !eval { make_path( dirname($target) ); 1 };
    open my $out, '>:raw', $target or return _leave_out( $state, $name, "it cannot be written ($!)" );
    return $out;
}

# Copies what $read gives (a reference to bytes, or undef at the end) to $out, or nowhere, within the limit of all files.
sub _copy ( $state, $read, $out ) {
    while ( defined( my $bytes = $read->() ) ) {
        $state->{seen_bytes} += length ${$bytes};
        die "the archive unpacks to more than $state->{bytes} bytes\n" if $state->{seen_bytes} > $state->{bytes};
        next                                                           if !defined $out;
        print {$out} ${$bytes} or die "cannot write a file of the archive: $!\n";
    }
    return if !defined $out;
    close $out or die "cannot write a file of the archive: $!\n";
    return;
}

# ---- tar -------------------------------------------------------------------------------------------------------------

# A .tar that is not compressed passes as it is.
sub _untar ( $file, $state ) {
    my $in = IO::Uncompress::Gunzip->new( $file, Transparent => 1, MultiStream => 1 )
      or die "the archive cannot be read: $GunzipError\n";
    my $left    = $state->{bytes} + $state->{files} * $TAR_BYTES_A_FILE;
    my $tar     = grader::intake::Tar->new( sub ($count) { return _read( $in, $count, \$left, $state ) } );
    my $entries = 0;
    while ( my $entry = $tar->next_entry ) {
        $entries++;
        next if $entry->{type} eq 'folder';
        if    ( $entry->{type} eq 'link' )      { _keep_link( $state, $entry ) }
        elsif ( $entry->{type} eq 'hard link' ) { _copy_linked( $state, $entry ) }
        elsif ( $entry->{type} eq 'other' ) {
            _leave_out( $state, $entry->{name}, 'it is no plain file, but a device or a pipe, or has holes' );
        }
        else {
            _copy( $state, sub () { return $tar->chunk }, scalar _open_entry( $state, $entry->{name} ) );
        }
    }
    die "the archive cannot be read: it is empty\n" if !$entries;
    return;
}

# So many bytes of a stream, or fewer at its end.
sub _read ( $in, $count, $left, $state ) {
    my $all = q{};
    while ( length $all < $count ) {
        my $got = $in->read( my $bytes, $count - length $all );
        die "the archive is damaged: $GunzipError\n" if $got < 0;
        last                                         if $got == 0;
        $all .= $bytes;
    }
    ${$left} -= length $all;
    die "the archive unpacks to more than $state->{bytes} bytes\n" if ${$left} < 0;
    return $all;
}

sub _keep_link ( $state, $entry ) {
    my $path = safe_path( $entry->{name} );
    return _leave_out( $state, $entry->{name}, 'its name leads out of the archive' ) if !defined $path;
    die "the archive holds more than $state->{files} files\n" if ++$state->{seen_files} > $state->{files};
    unlink "$state->{into}/$path";
    $state->{links}{$path} = $entry->{target};
    return;
}

# A hard link is another name of a file that the archive holds before it.
sub _copy_linked ( $state, $entry ) {
    my $path = safe_path( $entry->{target} );
    my $from = defined $path ? "$state->{into}/$path" : q{};
    return _leave_out( $state, $entry->{name},
        'it is a hard link, and no file that comes before it has the other name' )
      if !-f $from || ( safe_path( $entry->{name} ) // q{} ) eq $path;
    open my $in, '<:raw', $from or return _leave_out( $state, $entry->{name}, "it cannot be read ($!)" );
    my $next = sub () {
        my $got = read( $in, my $bytes, $CHUNK_BYTES );
        return $got ? \$bytes : undef;
    };
    _copy( $state, $next, scalar _open_entry( $state, $entry->{name} ) );
    return;
}

# ---- zip -------------------------------------------------------------------------------------------------------------

sub _unzip ( $file, $state ) {
    my $zip = IO::Uncompress::Unzip->new($file);
    die "the archive cannot be read: $REPACK (" . ( $UnzipError =~ s/\AHeader Error: //r ) . ")\n"
      if !$zip || !$zip->getHeaderInfo;
    my $status = 1;
    while ( $status > 0 ) {
        my $name = $zip->getHeaderInfo->{Name} // q{};
        _copy( $state, sub () { return _next_chunk($zip) }, scalar _open_entry( $state, $name ) )
          if $name !~ m{[/\\]\z};
        $status = $zip->nextStream;
    }
    die "the archive cannot be read to its end: $REPACK ($UnzipError)\n" if $status < 0;
    return;
}

sub _next_chunk ($zip) {
    my $got = $zip->read( my $bytes, $CHUNK_BYTES );
    die "the archive is damaged: $UnzipError\n" if $got < 0;
    return $got == 0 ? undef : \$bytes;
}

1;
