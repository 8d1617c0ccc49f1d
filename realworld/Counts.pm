package realworld::Counts;

# The file into which a libpar that counts writes its calls (count.c says how it is laid out).

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

my $SLOTS      = 2**15;
my $SLOT_BYTES = 32;

# Makes it, empty, for processes of any user. Result: its path.
sub make ($path) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    truncate $file, $SLOTS * $SLOT_BYTES or die "cannot write $path: $!\n";
    close $file or die "cannot write $path: $!\n";
    chmod 0666, $path;
    return $path;
}

# Result: how many calls processes of these names made, together. The kernel knows 15 characters of a name.
sub of ( $path, @names ) {
    my %wanted = map { substr( $_, 0, 15 ) => 1 } @names;
    open my $file, '<:raw', $path or die "cannot read $path: $!\n";
    my $calls = 0;
    read( $file, my $head, $SLOT_BYTES ) == $SLOT_BYTES or return 0;
    for ( 1 .. unpack 'Q<', $head ) {
        ( read $file, my $slot, $SLOT_BYTES ) == $SLOT_BYTES or last;
        my ( $count, $name ) = unpack 'Q< Z24', $slot;
        $calls += $count if $wanted{$name};
    }
    return $calls;
}

1;

__END__

=head1 NAME

realworld::Counts - how often libpar was called, by the name of the process

=head1 FUNCTIONS

=head2 make($path)

Makes the file that the variable PAR_COUNT_FILE of the processes shall name.

=head2 of($path, @names)

The calls of malloc and its relatives, frees among them, in processes of these names.

=cut
