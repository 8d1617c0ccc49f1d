package lecture::HeapFile;

# A heap map as bin/replay-BACKEND --map wrote it, also when the process ended in the middle: the steps up to there, what
# memory is the backend's after each of them, and what went wrong in which call.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use measure::Launch;

my %NAME = (
    malloc  => 'xmalloc',
    calloc  => 'xmalloc',
    aligned => 'xmalloc',
    realloc => 'xrealloc',
    free    => 'xfree'
);
my $NOT_WRITTEN = 77;                 # the exit status of a stub, which says so itself
my $DONE        = qr/\A\[.*\],?\z/;

# $result: what measure::Launch said of the process that wrote the file.
sub read_file ( $path, $result ) {
    my $text = _content($path);
    my ( $head, $body ) = $text =~ /\A(.*"steps": \[\n)(.*)\z/s or return { steps => [], problem => _failure($result) };
    my @lines = split /\n/, $body;
    my @done  = map { s/,\z//r } grep { /$DONE/ } @lines;
    my $map   = JSON::PP->new->decode( $head . join( ",\n", @done ) . ']}' );
    my ($cut) = grep { /\A\[/ && !/$DONE/ } @lines;
    $map->{problem} = _problem( $map, $cut, $result );
    my $overlap = _first_overlap( $map->{steps} );

    if ( defined $overlap->{step} ) {
        splice @{ $map->{steps} }, $overlap->{step};
        $map->{problem} = "step $overlap->{step}, $overlap->{words}";
    }
    delete $map->{problem} if !defined $map->{problem};
    _keep_what_is_the_backends($map);
    return $map;
}

sub _content ($path) {
    open my $file, '<', $path or return '';
    local $/ = undef;
    return <$file> // '';
}

# ---- What went wrong -----------------------------------------------------------------------------------------------------

# Undef when nothing did.
sub _problem ( $map, $cut, $result ) {
    my $steps = @{ $map->{steps} };
    return if $steps == $map->{events} && measure::Launch::ok($result);
    my $failure = _failure($result);
    return $failure if ( $result->{exit} // 0 ) == $NOT_WRITTEN;
    if ( defined $cut ) {
        my $at = sprintf 'step %d, %s', $steps + 1, _call( map { s/"//gr } $cut =~ /("\w+"|\d+)/g );
        my ( $called, $given ) = $cut =~ /\A\["\w+", \d+, \d+, \d+(?:(, )(\d*))?/;
        return "$at gave no block: it returned NULL" if defined $given && $given eq '0' && $failure =~ /out of memory/;
        return "$at: $failure" if defined $called && $given eq '';
        return sprintf '%s: the block that it gave, at 0x%x, cannot be written: %s', $at, $given, $failure
          if defined $given && length $given;
        return "$at: its block could not be read before the call: $failure";
    }
    return "before the first step: $failure" if $steps == 0;
    my $last = "step $steps, " . _call( @{ $map->{steps}[-1] } );
    return "$last changed a block that is in use: $1" if $failure =~ /at event \d+ (a block .*)/;
    return $steps == $map->{events}
      ? "after the last step: $failure"
      : "$last took a block that is in use, which cannot be read any more: $failure";
}

# A call as one says it.
sub _call ( $kind, $thread, $block, $bytes, @ ) {
    my $name = $NAME{$kind};
    return
        $kind eq 'free'    ? "$name of block $block ($bytes bytes) by thread $thread"
      : $kind eq 'realloc' ? "$name of block $block to $bytes bytes by thread $thread"
      :                      "$name($bytes) by thread $thread";
}

sub _failure ($result) {
    my $stopped = $result->{stopped} // '';
    return 'it did not return: all threads sleep. Does it take a lock that it already holds?' if $stopped eq 'asleep';
    return 'it did not return: it still computed after '
      . sprintf( '%.0f s. Is its list a circle?', $result->{user_s} + $result->{sys_s} )
      if $stopped eq 'cpu';
    return 'it ended the process' if measure::Launch::ok($result);
    my ($said) = $result->{stderr} =~ /^(?:replay-\S+: )?([^\n]+)\n?\z/m;
    return $said if defined $result->{exit} && $result->{exit} != 0 && defined $said;
    my $how = 'the process ' . measure::Launch::sentence($result);
    return defined $said && length $said < 200 ? "$how; its last words: $said" : $how;
}

# The first step whose block lies on another one, and the words for it.
sub _first_overlap ($steps) {
    my %living;
    for my $i ( 0 .. $#{$steps} ) {
        my ( $kind, $thread, $number, $bytes, $address ) = @{ $steps->[$i] };
        delete $living{$number};
        next if $kind eq 'free' || $bytes == 0;
        for my $other ( sort { $a <=> $b } keys %living ) {
            my ( $from, $to ) = @{ $living{$other} };
            next if $from >= $address + $bytes || $address >= $to;
            return {
                step  => $i + 1,
                words => sprintf '%s gave block %d at 0x%x, which overlaps block %d (%d bytes at 0x%x, still in use)',
                _call( $kind, $thread, $number, $bytes ), $number, $address, $other, $to - $from, $from
            };
        }
        $living{$number} = [ $address, $address + $bytes ];
    }
    return {};
}

# ---- Whose memory it is ----------------------------------------------------------------------------------------------------

# The backend's mappings are those that were not there before the first step, and those in which it put a block. Its pages are
# those that became resident after that, and those in which it put a block. Replaces the lists of all mappings by
# memory => [ [ step, resident bytes, mapped bytes, [ [ start, end, [ [ from, to ], ... ] ], ... ] ], ... ].
sub _keep_what_is_the_backends ($map) {
    my $page   = $map->{page_bytes};
    my $blocks = _sorted(
        map  { [ $_->[4] - $_->[4] % $page, $_->[4] + $_->[3] + ( -( $_->[4] + $_->[3] ) % $page ) ] }
        grep { $_->[3] > 0 } @{ $map->{steps} }
    );
    my @before  = map { _with_ranges( $_, $page ) } @{ delete $map->{before} // [] };
    my $foreign = _sorted( map { [ @{$_}[ 0, 1 ] ] } grep { !_touches( $_, $blocks ) } @before );
    my $old     = _without( _sorted( map { @{ $_->[2] } } @before ), $blocks );
    my @memory;
    for my $i ( 0 .. $#{ $map->{steps} } ) {
        my $step = $map->{steps}[$i];
        next if ref $step->[-1] ne 'HASH';
        my ( $resident, $mapped, @mappings ) = ( 0, 0 );
        for my $mapping ( map { _with_ranges( $_, $page ) } @{ ( pop @{$step} )->{mappings} } ) {
            my $pages = _without( _without( $mapping->[2], $foreign ), $old );
            for my $piece ( @{ _without( [ [ @{$mapping}[ 0, 1 ] ] ], $foreign ) } ) {
                my @here = grep { $_->[0] >= $piece->[0] && $_->[1] <= $piece->[1] } @{$pages};
                push @mappings, [ @{$piece}, \@here ];
                $mapped   += $piece->[1] - $piece->[0];
                $resident += $_->[1] - $_->[0] for @here;
            }
        }
        push @memory, [ $i + 1, $resident, $mapped, \@mappings ];
    }
    $map->{memory} = \@memory;
    return;
}

# [ address, bytes, [ [ page, count ], ... ] ] as [ start, end, [ [ start, end ], ... ] ].
sub _with_ranges ( $mapping, $page ) {
    my ( $start, $bytes, $runs ) = @{$mapping};
    return [
        $start,
        $start + $bytes,
        [ map { [ $start + $_->[0] * $page, $start + ( $_->[0] + $_->[1] ) * $page ] } @{$runs} ]
    ];
}

# Ranges in order, joined where they touch.
sub _sorted (@ranges) {
    my @joined;
    for my $range ( sort { $a->[0] <=> $b->[0] } @ranges ) {
        if ( @joined && $range->[0] <= $joined[-1][1] ) {
            $joined[-1][1] = $range->[1] if $range->[1] > $joined[-1][1];
        }
        else { push @joined, [ @{$range} ] }
    }
    return \@joined;
}

sub _touches ( $range, $others ) {
    return scalar grep { $_->[0] < $range->[1] && $range->[0] < $_->[1] } @{$others};
}

# What is left of ranges without others; both are in order.
sub _without ( $ranges, $others ) {
    my @left;
    for my $range ( @{$ranges} ) {
        my ( $from, $to ) = @{$range};
        for my $other ( @{$others} ) {
            next if $other->[1] <= $from;
            last if $other->[0] >= $to;
            push @left, [ $from, $other->[0] ] if $other->[0] > $from;
            $from = $other->[1];
        }
        push @left, [ $from, $to ] if $from < $to;
    }
    return \@left;
}

1;

__END__

=head1 NAME

lecture::HeapFile - reads a heap map, whole or cut off

=head1 FUNCTIONS

=head2 read_file($path, \%result)

The map that C<bin/replay-BACKEND --map> wrote to a file (trace/README.md), with two changes. C<< memory => [ [ step,
resident bytes, mapped bytes, [ [ start, end, [ [ from, to ], ... ] ], ... ] ], ... ] >> says what of the process is the
backend's: its mappings with their resident pages, after each step that changed them. C<< problem => "step 50, xmalloc(16)
by thread 0: ..." >> is there when the process, of which C<measure::Launch> gave C<%result>, did not end well, or when a
block overlaps another one; the steps then end there.

=cut
