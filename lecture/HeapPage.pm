package lecture::HeapPage;

# The page of one backend's heap beside others: what it says, and its one file.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(first max uniq);
use lecture::OneFile;

my @STYLES  = qw(page/page.css page/slides.css heapmap/heapmap.css);
my @SCRIPTS = qw(vendor/d3.min.js page/words.js page/tooltip.js page/theme.js heapmap/model.js heapmap/draw.js
  heapmap/view.js heapmap/page.js);

# What a backend keeps of what the program uses, both at their peaks, beside the others on the same trace.
sub title ( $backend, @maps ) {
    my @whole  = grep { defined $_->[1] } map { [ $_->{backend}, _times_kept($_) ] } grep { !$_->{problem} } @maps;
    my ($mine) = grep { $_->[0] eq $backend } @whole or return;
    my @others = map  { sprintf '%s %s times', @{$_} } grep { $_->[0] ne $backend } @whole;
    return join '; ', sprintf( '%s keeps %s times what the program uses', @{$mine} ), join( ', ', @others ) || ();
}

sub _times_kept ($map) {
    my $used  = max( _used($map) )                         // 0;
    my $kept  = max( map { $_->[1] } @{ $map->{memory} } ) // 0;
    my $times = $used ? $kept / $used : 0;
    return $times ? sprintf( $times >= 9.95 ? '%.0f' : '%.1f', $times ) : undef;
}

# The bytes that the program has after each step.
sub _used ($map) {
    my ( $used, %bytes ) = (0);
    return map {
        my ( $kind, undef, $block, $bytes ) = @{$_};
        $used -= delete $bytes{$block} // 0;
        $used += $bytes{$block} = $bytes if $kind ne 'free';
        $used
    } @{ $map->{steps} };
}

sub fullest_step ($map) {
    my @used = _used($map);
    my $most = max(@used) // return 0;
    return 1 + first { $used[$_] == $most } 0 .. $#used;
}

# What went wrong on these maps, a line each.
sub _problems (@maps) {
    return map { "$_->{backend}: $_->{problem}" } grep { $_->{problem} } @maps;
}

# The step to begin with: that which was asked for, else the one where it went wrong, else the one where most is in use.
sub _start ( $map, $asked ) {
    my $last = @{ $map->{steps} };
    my $step = $asked // ( $map->{problem} ? $last : fullest_step($map) );
    return { trace => $map->{trace}, step => 0 + $step, last => $last };
}

sub data (%option) {
    my @maps = @{ $option{maps} };
    my $mine = first { $_->{backend} eq $option{backend} && $_->{trace} eq $option{trace} } @maps;
    my %of_trace;
    push @{ $of_trace{ $_->{trace} } }, $_ for @maps;
    my @order = uniq map { $_->{backend} } @maps;
    return {
        title    => "Where $option{backend} puts its blocks",
        order    => \@order,
        backends => { map { $_ => { kind => $_ eq $option{backend} ? 'par' : 'ladder' } } @order },
        heapmaps => [ grep { @{ $_->{steps} } } @maps ],
        findings => { map { $_ => scalar title( $option{backend}, @{ $of_trace{$_} } ) } keys %of_trace },
        problems => { map { $_ => [ _problems( @{ $of_trace{$_} } ) ] } keys %of_trace },
        start    => _start( $mine, $option{step} ),
    };
}

sub html ($data) {
    return lecture::OneFile::html(
        template => 'heapmap/page.html',
        styles   => \@STYLES,
        scripts  => \@SCRIPTS,
        data     => $data
    );
}

1;

__END__

=head1 NAME

lecture::HeapPage - the page of one backend's heap

=head1 FUNCTIONS

=head2 data(backend => NAME, maps => [MAPS], trace => NAME, step => N)

What the page is told: the maps of lecture::Maps::replay, in whose order the backends stand, with a title and the problems for
each trace. It begins with this trace and step; without a step, where the backend went wrong, or where most is in use.

=head2 title($backend, @maps)

How much the backend keeps of what the program uses, beside others: of maps of one trace. Undef where its map has a problem, or
nothing can be said.

=head2 fullest_step(\%map)

The first step after which the program has most bytes in use; 0 when there is none.

=head2 html(\%data)

The page, as bytes, not characters.

=cut
