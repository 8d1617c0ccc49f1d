package grader::intake::Archive;

# Unpacks an untrusted .tar, .tar.gz, .tgz or .zip. It writes only plain files, only below the given folder, and only up to the
# limits. It leaves out all other entries and names them.
#
# What is not taken of a folder is not taken of an archive either: it is read and thrown away, up to a limit of bytes and of time. A small
# archive that swells (a "zip bomb") is given up as soon as it passes one of the limits. A link in a zip becomes a plain file that holds
# its target's name; the links of a tar are told to the caller, and nothing is written for them.

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

my $CHUNK_BYTES = 65_536;
my $GZIP_HEAD   = "\x1f\x8b";
my $EMPTY_ZIP   = qr/\APK\x05\x06/;
my $MOST_NAME   = 60;                                                  # characters of an entry's name that are printed
my $REPACK      = 'pack it again as .tar.gz or as an ordinary .zip';

# Of all that is read, also of what is thrown away. An honest archive has a core dump in it, or a history.
my $MOST_READ_BYTES = 1024 * 1024 * 1024;
my $MOST_READ_S     = 120;

# Of an archive that is packed twice: what it is when it is unpacked once, which lies in a file.
my $MOST_PACKED_BYTES = 256 * 1024 * 1024;

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

# $file: the archive. %limits: into => an existing folder; bytes => of all files together, file_bytes => of one, files => how many;
# read_bytes, read_s => of all that is read, for tests; is_skipped => a function of a path, whether it is not even told; links => a hash
# that gets the symbolic links, path => target; advice => what to do when there is too much. Result: [ { told => what was odd, in a
# sentence; path => of what was left out } ]. Dies with one line when nothing can be had of the archive.
sub unpack_into ( $file, %limits ) {
    my $state = {
        read_bytes   => $MOST_READ_BYTES,
        read_s       => $MOST_READ_S,
        packed_bytes => $MOST_PACKED_BYTES,
        %limits,
        said    => [],
        seen    => { files => 0, bytes => 0, read_bytes => 0, packed_bytes => 0 },
        started => time,
    };
    my $kind = _kind($file);
    die "the archive cannot be read: by its content it is a file of $kind; $REPACK\n" if $kind !~ /\A(?:zip|gzip|)\z/;
    my $is_read = eval { $kind eq 'zip' ? _unzip( $file, $state ) : _untar( $file, $state ); 1 };
    return @{ $state->{said} } if $is_read;
    die $@ =~ s/\A(the archive is damaged.*)\n\z/$1 . _place($state) . "; $REPACK\n"/esr;
}

sub _kind ($file) {
    my ($kind) = map { $_->[0] } grep { _begins( $file, $_->[1] ) } @KINDS;
    return $kind // q{};
}

sub _begins ( $file, $how ) {
    open my $in, '<:raw', $file or die "the archive cannot be read: $!\n";
    read $in, my $start, 8;
    return ( $start // q{} ) =~ $how;
}

# What to say of a file that is packed in a way that is not read here.
sub repack ($name) { return "$name is packed in a way that is not read here: $REPACK" }

sub is_archive ($name) { return $name =~ /[.](?:zip|tar|tgz|tar[.]gz)\z/i }

# Where an entry of this name goes, relative to the folder; undef when it must not go anywhere. Some archivers of Windows write
# folder\file. A name from the root, or from that of a drive, is one from the folder, as for tar(1).
sub safe_path ($name) {
    $name           =~ tr{\\}{/};
    $name           =~ s{\A[A-Za-z]:}{};
    return if $name =~ m{[\x00-\x1f\x7f]};
    my @parts = grep { $_ ne q{} && $_ ne q{.} } split m{/}, $name;
    return if !@parts || grep { $_ eq q{..} } @parts;
    return join q{/}, @parts;
}

sub _leave_out ( $state, $name, $why ) {
    my $path = safe_path($name) // $name;
    push @{ $state->{said} }, { path => $path, told => printable($path) . " was left out: $why" };
    return;
}

# Why a file of so many bytes is left out.
sub too_long ( $bytes, $most ) { return "it has $bytes bytes, and a file has at most $most" }

# Counts, and gives the archive up when a limit is passed.
sub _count ( $state, $what, $count ) {
    my $seen = $state->{seen}{$what} += $count;
    return if $seen <= $state->{$what} && time - $state->{started} <= $state->{read_s};
    my $why =
        $seen <= $state->{$what} ? "takes more than $state->{read_s} seconds to unpack"
      : $what eq 'files'         ? "holds more than $state->{files} files"
      :                            "unpacks to more than $state->{$what} bytes";
    die "the archive $why" . _place($state) . ": $state->{advice}\n";
}

# How far it was read.
sub _place ($state) { return defined $state->{at} ? ', up to ' . printable( $state->{at} ) : q{} }

# Whether an entry is none that would be taken from a folder.
sub _is_skipped ( $state, $name ) {
    my $path = safe_path($name);
    return defined $path && $state->{is_skipped}->($path);
}

# A name from outside in quotes, as far as a person wants to read it.
sub printable ($name) {
    my $shown = grader::Shown::text( $name =~ s/([\t\n])/sprintf '\\x%02x', ord $1/egr );
    return q{'} . Encode::encode( 'UTF-8', substr $shown, 0, $MOST_NAME ) . q{'};
}

# Opens the file of an entry for writing; undef when it is left out. Of an entry that comes twice the last counts, as for tar(1):
# who adds a file again means the new one.
sub _open_entry ( $state, $name ) {
    _count( $state, files => 1 );
    my $path = safe_path($name);
    return _leave_out( $state, $name, 'its name leads out of the archive' ) if !defined $path;
    my $target = "$state->{into}/$path";
    return _leave_out( $state, $name, 'a folder has its name' ) if -d $target;
    push @{ $state->{said} }, { told => printable($path) . ' is twice in the archive: the last one counts' }
      if unlink $target;
    delete $state->{links}{$path};
    return _leave_out( $state, $name, 'a file stands where its folder should be' )
      if !eval { make_path( dirname($target) ); 1 };
    open my $out, '>:raw', $target or return _leave_out( $state, $name, "it cannot be written ($!)" );
    return $out;
}

# Writes what $read gives (a reference to bytes, or undef at the end) to the file of an entry, or throws it away where the entry is
# left out. A file that grows too long is left out as well.
sub _copy ( $state, $read, $name ) {
    my $out   = _open_entry( $state, $name );
    my $bytes = 0;
    while ( defined( my $chunk = $read->() ) ) {
        $bytes += length ${$chunk};
        next if !defined $out || $bytes > $state->{file_bytes};
        _count( $state, bytes => length ${$chunk} );
        print {$out} ${$chunk} or die "cannot write a file of the archive: $!\n";
    }
    return if !defined $out;
    close $out or die "cannot write a file of the archive: $!\n";
    _take_back( $state, $name, $bytes ) if $bytes > $state->{file_bytes};
    return;
}

sub _take_back ( $state, $name, $bytes ) {
    my $target = "$state->{into}/" . safe_path($name);
    $state->{seen}{bytes} -= -s $target;
    $state->{seen}{files}--;
    unlink $target;
    return _leave_out( $state, $name, too_long( $bytes, $state->{file_bytes} ) );
}

# ---- tar -------------------------------------------------------------------------------------------------------------

sub _untar ( $file, $state ) {
    my $in      = _unpacked_twice( $file, $state ) // _gunzip($file);
    my $tar     = grader::intake::Tar->new( sub ($count) { return _read( $in, $count, $state ) } );
    my $entries = 0;
    while ( my $entry = $tar->next_entry ) {
        $entries++;
        $state->{at} = $entry->{name};
        next if $entry->{type} eq 'folder' || _is_skipped( $state, $entry->{name} );
        if    ( $entry->{type} eq 'link' )      { _keep_link( $state, $entry ) }
        elsif ( $entry->{type} eq 'hard link' ) { _copy_linked( $state, $entry ) }
        elsif ( $entry->{type} eq 'other' ) {
            _leave_out( $state, $entry->{name}, 'it is no plain file, but a device or a pipe, or has holes' );
        }
        else {
            _copy( $state, sub () { return $tar->chunk }, $entry->{name} );
        }
    }
    die "the archive cannot be read: it is empty\n" if !$entries;
    return;
}

# A stream of what is packed in a file. What is not packed passes as it is.
sub _gunzip ($file) {
    return IO::Uncompress::Gunzip->new( $file, Transparent => 1, MultiStream => 1 )
      // die "the archive cannot be read: $GunzipError\n";
}

# Some pack a .tar.gz once more. Result: a stream of what is in both, or undef for an ordinary archive.
sub _unpacked_twice ( $file, $state ) {
    my $probe = _gunzip($file);
    $probe->read( my $start, length $GZIP_HEAD );
    return if ( $start // q{} ) ne $GZIP_HEAD || _kind($file) ne 'gzip';
    my $in = _gunzip($file);
    open my $once, '+>:raw', undef or die "cannot unpack the archive: $!\n";
    while ( length( my $bytes = _read( $in, $CHUNK_BYTES, $state ) ) ) {
        _count( $state, packed_bytes => length $bytes );
        print {$once} $bytes or die "cannot unpack the archive: $!\n";
    }
    seek $once, 0, 0 or die "cannot unpack the archive: $!\n";
    return _gunzip($once);
}

# So many bytes of a stream, or fewer at its end.
sub _read ( $in, $count, $state ) {
    my $all = q{};
    while ( length $all < $count ) {
        my $got = $in->read( my $bytes, $count - length $all );
        die "the archive is damaged: $GunzipError\n" if $got < 0;
        last                                         if $got == 0;
        $all .= $bytes;
    }
    _count( $state, read_bytes => length $all );
    return $all;
}

sub _keep_link ( $state, $entry ) {
    my $path = safe_path( $entry->{name} );
    return _leave_out( $state, $entry->{name}, 'its name leads out of the archive' ) if !defined $path;
    _count( $state, files => 1 );
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
    _copy( $state, $next, $entry->{name} );
    return;
}

# ---- zip -------------------------------------------------------------------------------------------------------------

sub _unzip ( $file, $state ) {
    die "the archive cannot be read: it is empty\n" if _begins( $file, $EMPTY_ZIP );
    my $zip = IO::Uncompress::Unzip->new($file);
    die "the archive cannot be read: $REPACK (" . ( $UnzipError =~ s/\AHeader Error: //r ) . ")\n"
      if !$zip || !$zip->getHeaderInfo;
    my $status = 1;
    while ( $status > 0 ) {
        my $name = $zip->getHeaderInfo->{Name} // q{};
        utf8::encode($name) if utf8::is_utf8($name);    # so it is when the zip says that its names are UTF-8
        $state->{at} = $name;
        my $next = sub () { return _next_chunk( $zip, $state ) };
        if ( $name =~ m{[/\\]\z} || _is_skipped( $state, $name ) ) { 1 while $next->() }
        else                                                       { _copy( $state, $next, $name ) }
        $status = $zip->nextStream;
    }
    die "the archive cannot be read to its end: $REPACK ($UnzipError)\n" if $status < 0;
    return;
}

sub _next_chunk ( $zip, $state ) {
    my $got = $zip->read( my $bytes, $CHUNK_BYTES );
    die "the archive is damaged: ", $UnzipError || 'it ends too early', "\n" if $got < 0;
    _count( $state, read_bytes => $got );
    return $got == 0 ? undef : \$bytes;
}

1;
