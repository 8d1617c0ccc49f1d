package grader::intake::Tar;

# Reads a tar archive entry by entry, from any stream: as POSIX has it, with the long names of pax and of GNU tar. Archive::Tar
# leaves out the long names of pax, which Python and others write, and keeps whole entries in memory.
#
# Format: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';
no warnings 'portable';    # sizes have more than 32 bits

my $BLOCK_BYTES     = 512;
my $CHUNK_BYTES     = 65_536;
my $MOST_NAME_BYTES = 65_536;    # of what stands before an entry: its long name

my %TYPE = ( "\0" => 'file', 0 => 'file', 7 => 'file', 1 => 'hard link', 2 => 'link', 5 => 'folder' );

# $read: a function from a number to so many bytes of the archive, or fewer at its end.
sub new ( $class, $read ) { return bless { read => $read, left => 0, padding => 0 }, $class }

# The next entry: { name, type => one of the above or "other", target => where a link leads }; undef after the last. Dies with one
# line when the archive is damaged.
sub next_entry ($self) {
    1 while $self->chunk;
    my %long;
    while ( defined( my $head = $self->_head ) ) {
        $self->{left}    = $head->{bytes};
        $self->{padding} = -$head->{bytes} % $BLOCK_BYTES;
        if    ( $head->{type} eq 'L' ) { $long{name} = $self->_whole =~ s/\0.*//sr }
        elsif ( $head->{type} eq 'K' ) { $long{target} = $self->_whole =~ s/\0.*//sr }
        elsif ( $head->{type} eq 'x' ) { %long = ( %long, _pax( $self->_whole ) ) }
        elsif ( $head->{type} eq 'g' ) { $self->_whole }
        else {
            if ( defined $long{bytes} ) {
                $self->{left}    = $long{bytes};
                $self->{padding} = -$long{bytes} % $BLOCK_BYTES;
            }
            my $type  = $long{is_sparse} ? 'other' : $TYPE{ $head->{type} } // 'other';
            my %entry = ( name => $head->{name}, target => $head->{target}, %long, type => $type );
            $entry{type} = 'folder' if $type eq 'file' && $entry{name} =~ m{/\z};
            return \%entry;
        }
    }
    return;
}

# The next bytes of the entry that was given last, as a reference; undef at its end.
sub chunk ($self) {
    if ( $self->{left} == 0 ) {
        $self->_take( $self->{padding} );
        $self->{padding} = 0;
        return;
    }
    my $bytes = $self->_take( $self->{left} < $CHUNK_BYTES ? $self->{left} : $CHUNK_BYTES );
    $self->{left} -= length $bytes;
    return \$bytes;
}

# What the head of an entry says; undef at the end of the archive.
sub _head ($self) {
    my $block = $self->{read}->($BLOCK_BYTES);
    return if $block eq q{} || $block !~ /[^\0]/;
    my ( $name, undef, $bytes, undef, $sum, $type, $target, $magic, $prefix ) =
      unpack 'Z100 a24 a12 a12 a8 a1 Z100 a5 x83 Z155', $block . "\0" x $BLOCK_BYTES;
    substr $block, 148, 8, q{ } x 8 if length $block >= 156;
    die "the archive cannot be read: it is damaged, or neither a tar nor a zip file\n"
      if length $block < $BLOCK_BYTES || $sum !~ /\A[ 0]*([0-7]+)/ || oct $1 != unpack '%32C*', $block;
    $name = "$prefix/$name" if $magic eq 'ustar' && $prefix ne q{} && substr( $block, 257, 8 ) eq "ustar\x{0}00";
    return { name => $name, target => $target, type => $type, bytes => $type =~ /[1-6]/ ? 0 : _number($bytes) };
}

# A number of octal digits, or, as GNU tar writes large ones, of bytes after one of 128.
sub _number ($field) {
    if ( $field =~ /\A\x80/ ) { return unpack 'Q>', substr $field, 4 }
    return $field =~ /\A[ ]*([0-7]+)/ ? oct $1 : 0;
}

sub _whole ($self) {
    die "the archive is damaged: a name in it is too long\n" if $self->{left} > $MOST_NAME_BYTES;
    my $text = q{};
    while ( my $bytes = $self->chunk ) { $text .= ${$bytes} }
    return $text;
}

# The records of pax, each "LENGTH KEY=VALUE\n".
sub _pax ($text) {
    my %value;
    while ( $text =~ /\A(\d{1,6}) / && $1 > length "$1 " && $1 <= length $text ) {
        my $record = substr $text, 0, $1, q{};
        $value{$1} = $2 if $record =~ /\A\d+ ([^=]+)=(.*)\n\z/s;
    }
    return (
        defined $value{path}                         ? ( name      => $value{path} )     : (),
        defined $value{linkpath}                     ? ( target    => $value{linkpath} ) : (),
        ( $value{size} // q{} ) =~ /\A\d{1,15}\z/    ? ( bytes     => $value{size} )     : (),
        ( grep { /\AGNU[.]sparse[.]/ } keys %value ) ? ( is_sparse => 1 )                : (),
    );
}

sub _take ( $self, $count ) {
    return q{} if $count == 0;
    my $bytes = $self->{read}->($count);
    die "the archive is damaged: it ends within an entry\n" if length $bytes < $count;
    return $bytes;
}

1;
