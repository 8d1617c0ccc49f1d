package grader::intake::Archive;

# Unpacks an untrusted .tar, .tar.gz, .tgz or .zip. It writes only plain files, only below the given folder, and only up to the
# limits. It leaves out all other entries and names them.
#
# A small archive that swells (a "zip bomb") is given up as soon as it passes the limit. A link in a zip becomes a plain
# file that holds its target's name; the links of a tar are told to the caller, and nothing is written for them.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Archive::Tar           ();
use File::Basename         qw(dirname);
use File::Path             qw(make_path);
use IO::Uncompress::Gunzip qw($GunzipError);
use IO::Uncompress::Unzip  qw($UnzipError);

my $CHUNK_BYTES      = 65_536;
my $TAR_BYTES_A_FILE = 2048;     # at most, for headers and padding of an entry
my $MOST_NAME        = 60;       # characters of an entry's name that are printed

# $file: the archive. %limits: into => an existing folder, bytes => of all files together, files => how many, scratch => a
# path for a temporary file, links => a hash that gets the symbolic links, path => target. Result: the lines that say what was
# left out, and why. Dies with one line when nothing can be had of the archive.
sub unpack_into ( $file, %limits ) {
    my $state = { %limits, left_out => [], seen_files => 0, seen_bytes => 0 };
    if ( $file =~ /[.]zip\z/i ) { _unzip( $file, $state ) }
    else                        { _untar( $file, $state ) }
    return @{ $state->{left_out} };
}

sub is_archive ($name) { return $name =~ /[.](?:zip|tar|tgz|tar[.]gz)\z/i }

# Where an entry of this name goes, relative to the folder; undef when it must not go anywhere.
# A backslash separates folders, as in what Windows packs.
sub safe_path ($name) {
    $name =~ tr{\\}{/};
    return if $name =~ m{\A/|\A[A-Za-z]:|[\x00-\x1f\x7f]};
    my @parts = grep { $_ ne q{} && $_ ne q{.} } split m{/}, $name;
    return if !@parts || grep { $_ eq q{..} } @parts;
    return join q{/}, @parts;
}

sub _leave_out ( $state, $name, $why ) {
    my $printable = substr( $name, 0, $MOST_NAME ) =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/egr;
    push @{ $state->{left_out} }, "'$printable' was left out: $why";
    return;
}

# Opens the file of an entry for writing; undef when it is left out. Of an entry that comes twice the first counts in a zip, and the
# last in a tar: `tar -r` appends the newer one.
sub _open_entry ( $state, $name ) {
    die "the archive holds more than $state->{files} files\n" if ++$state->{seen_files} > $state->{files};
    my $path = safe_path($name);
    return _leave_out( $state, $name, 'its name leads out of the archive' ) if !defined $path;
    my $target = "$state->{into}/$path";
    unlink $target if $state->{last_counts} && -f $target;
    return _leave_out( $state, $name, 'the archive holds it twice' ) if -e $target;
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

# Archive::Tar keeps an entry in memory, so the archive is first unpacked as a whole, within the limit.
sub _untar ( $file, $state ) {
    $state->{last_counts} = 1;
    my $done = eval {
        _gunzip( $file, $state->{scratch}, $state->{bytes} + $state->{files} * $TAR_BYTES_A_FILE );
        _translate_pax( $state->{scratch} );
        _read_tar( $state->{scratch}, $state );
        1;
    };
    my $why = $@;
    unlink $state->{scratch};
    die $why if !$done;
    return;
}

# A .tar that is not compressed passes as it is.
sub _gunzip ( $file, $plain, $most_bytes ) {
    my $in = IO::Uncompress::Gunzip->new( $file, Transparent => 1, MultiStream => 1 )
      or die "the archive cannot be read: $GunzipError\n";
    open my $out, '>:raw', $plain or die "cannot write $plain: $!\n";
    my $total = 0;
    while ( ( my $got = $in->read( my $bytes, $CHUNK_BYTES ) ) != 0 ) {
        die "the archive is damaged: $GunzipError\n" if $got < 0;
        $total += $got;
        die "the archive unpacks to more than $most_bytes bytes\n" if $total > $most_bytes;
        print {$out} $bytes or die "cannot write $plain: $!\n";
    }
    close $out or die "cannot write $plain: $!\n";
    return;
}

# Archive::Tar knows long names as GNU tar writes them, an entry of type L before the file, but not those of pax, which Python and
# bsdtar write: an entry of type x, with the record "LENGTH path=NAME". The one becomes the other.
my $BLOCK_BYTES    = 512;
my $MOST_PAX_BYTES = 65_536;

sub _translate_pax ($plain) {
    open my $in, '<:raw', $plain or die "cannot read $plain: $!\n";
    local $/ = \$BLOCK_BYTES;
    my $is_pax = 0;
    open my $out, '>:raw', "$plain.gnu" or die "cannot write $plain.gnu: $!\n";
    while ( defined( my $header = <$in> ) ) {
        my ( $octal, $type ) = length $header == $BLOCK_BYTES ? unpack 'x124 A12 x20 a1', $header : ( q{}, q{} );
        my $bytes = $octal =~ /\A\s*([0-7]+)/ ? oct $1 : 0;
        my $whole = $BLOCK_BYTES * int( ( $bytes + $BLOCK_BYTES - 1 ) / $BLOCK_BYTES );
        if ( $type eq 'x' && $bytes <= $MOST_PAX_BYTES ) {
            my $records = q{};
            while ( length $records < $whole && defined( my $block = <$in> ) ) { $records .= $block }
            $is_pax = 1;
            my ($name) = substr( $records, 0, $bytes ) =~ /^\d+ path=([^\n]+)\n/m;
            print {$out} _long_name($name) if defined $name;
            next;
        }
        print {$out} $header;
        for ( my $left = $whole ; $left > 0 && defined( my $block = <$in> ) ; $left -= $BLOCK_BYTES ) {
            print {$out} $block;
        }
    }
    close $out or die "cannot write $plain.gnu: $!\n";
    if ($is_pax) { rename "$plain.gnu", $plain or die "cannot write $plain: $!\n" }
    else         { unlink "$plain.gnu" }
    return;
}

# The entry by which GNU tar says the name of the next one.
sub _long_name ($name) {
    my $bytes  = length($name) + 1;
    my $header = pack 'a100 a8 a8 a8 a12 a12 A8 a1 a100 a8 a32 a32 a8 a8 a155 x12', '././@LongLink', '0000644',
      '0000000',
      '0000000', sprintf( '%011o', $bytes ), '00000000000', q{ }, 'L', q{}, "ustar  \0", q{}, q{}, q{}, q{}, q{};
    my $sum = unpack '%32C*', $header;
    substr $header, 148, 8, sprintf "%06o\0 ", $sum;
    return $header . $name
      . "\0" x ( $BLOCK_BYTES * int( ( $bytes + $BLOCK_BYTES - 1 ) / $BLOCK_BYTES ) - length $name );
}

sub _read_tar ( $plain, $state ) {
    local $Archive::Tar::WARN = 0;
    my $next    = Archive::Tar->iter( $plain, 0 ) or die "the archive cannot be read: it is no tar file\n";
    my $entries = 0;
    while ( my $entry = $next->() ) {
        $entries++;
        next if $entry->is_dir;
        my $path = safe_path( $entry->full_path );
        if ( ( $entry->is_symlink || $entry->is_hardlink ) && defined $path ) {
            die "the archive holds more than $state->{files} files\n" if ++$state->{seen_files} > $state->{files};

            # A hard link names its target from the top of the archive.
            my $up = $entry->is_hardlink ? '../' x ( $path =~ tr{/}{} ) : q{};
            $state->{links}{$path} = $up . $entry->linkname;
            next;
        }
        if ( !$entry->is_file ) {
            _leave_out( $state, $entry->full_path, 'it is no plain file, but a link or a device' );
            next;
        }
        my @content = $entry->size ? ( $entry->get_content_by_ref ) : ();
        _copy( $state, sub () { return shift @content }, scalar _open_entry( $state, $entry->full_path ) );
    }
    die 'the archive cannot be read: it is empty, or no tar file' . _but_is($plain) . "\n" if !$entries;
    return;
}

# ---- zip -------------------------------------------------------------------------------------------------------------

sub _unzip ( $file, $state ) {
    my $zip = IO::Uncompress::Unzip->new($file);
    die 'the archive cannot be read: it is no zip file' . _but_is($file) . "\n" if !$zip || !$zip->getHeaderInfo;
    my $status = 1;
    while ( $status > 0 ) {
        my $name = $zip->getHeaderInfo->{Name};
        _copy( $state, sub () { return _next_chunk($zip) }, scalar _open_entry( $state, $name ) ) if $name !~ m{/\z};
        $status = $zip->nextStream;
    }
    die "the archive is damaged: $UnzipError\n" if $status < 0;
    return;
}

# What a file is by its first bytes, as the end of a sentence.
my @KNOWN = (
    [ "\x1f\x8b"         => 'gzip (.tar.gz)' ],
    [ "PK\x03\x04"       => 'zip, perhaps by a method that is not known here' ],
    [ "\xfd7zXZ"         => 'xz' ],
    [ 'BZh'              => 'bzip2' ],
    [ "7z\xbc\xaf"       => '7z' ],
    [ 'Rar!'             => 'rar' ],
    [ "\x28\xb5\x2f\xfd" => 'zstd' ],
);

sub _but_is ($path) {
    open my $file, '<:raw', $path or return q{};
    read $file, my $first, 8;
    my ($known) = map { $_->[1] } grep { index( $first // q{}, $_->[0] ) == 0 } @KNOWN;
    return defined $known ? ", but looks like $known; pack a plain .tar.gz or .zip" : q{};
}

sub _next_chunk ($zip) {
    my $got = $zip->read( my $bytes, $CHUNK_BYTES );
    die "the archive is damaged: $UnzipError\n" if $got < 0;
    return $got == 0 ? undef : \$bytes;
}

1;
