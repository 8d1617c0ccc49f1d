package realworld::Page;

# The table of all programs, and what is to be said below it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(sum);

use measure::Peers qw(@MEASURES is_peer best against against_best);
use measure::Table qw(digits median_of cpu_column);
use measure::Machine;
use measure::Rounds;

my %MEASURE = map { $_->{name} => $_ } @MEASURES;
my @HEAD    = (
    'program',
    'calls',
    'same',
    'CPU s, sys',
    'CPU / sys',
    'CPU / best peer',
    'peak MiB, sys',
    'peak / sys',
    'peak / least peer'
);

# %about: base, ours, allocators, rounds.
sub new ( $class, %about ) { return bless {%about}, $class }

# ---- What became of a program -----------------------------------------------------------------------------------------------

sub _failed_run ( $program, $allocator ) {
    my $own = $program->{runs}{$allocator} // [];
    return @{$own} && !$own->[-1]{ok} ? $own->[-1] : undef;
}

sub _has_failed ( $self, $program ) {
    return $program->{kind} eq 'ran' && _failed_run( $program, $self->{ours} );
}

# The programs for which libpar has to answer.
sub failures ( $self, @programs ) {
    return
      grep { !$_->{known} && ( $_->{kind} eq 'empty' || $_->{kind} eq 'fails' || $self->_has_failed($_) ) } @programs;
}

# Results of those who have one in every round.
sub _results ( $self, $program ) {
    return {
        map  { $_ => $program->{runs}{$_} }
        grep { !_failed_run( $program, $_ ) && @{ $program->{runs}{$_} // [] } } @{ $self->{allocators} }
    };
}

# Who has more rounds than another, of an older run, is compared in as many.
sub _even ($results) {
    my ($rounds) = sort { $a <=> $b } map { scalar @{$_} } values %{$results};
    return {
        map { $_ => [ @{ $results->{$_} }[ 0 .. $rounds - 1 ] ] }
          keys %{$results}
    };
}

# ---- The table ------------------------------------------------------------------------------------------------------------

sub _words ( $against, $names ) {
    my $words = sprintf '%s (%s to %s)', map { digits( $against->{$_} ) } qw(ratio low high);
    return $names ? "$words $against->{to}" : $words;
}

sub _calls ($number) { return scalar reverse join ',', unpack '(A3)*', reverse $number }

sub _row ( $self, $program ) {
    my $calls =
      _calls( $program->{calls} ) . ( $program->{calls} ? q{} : ' (may be)' );
    my $failed = _failed_run( $program, $self->{ours} );
    return ( $program->{name}, $calls, $failed->{differs} ? 'differs' : 'fails', ('') x 6 )
      if $failed;
    my $results = _even( $self->_results($program) );
    my ( $base, $ours ) = @{$self}{qw(base ours)};
    return ( $program->{name}, $calls, 'yes', ('') x 6 ) if !$results->{$base};
    return (
        $program->{name},
        $calls,
        'yes',
        sprintf( '%.2f', measure::Rounds::median( @{ cpu_column( $results->{$base} ) } ) ),
        _words( against( $MEASURE{CPU}, $results, $ours, $base ), 0 ),
        _words( against_best( $MEASURE{CPU}, $results, $ours ),   1 ),
        sprintf( '%.1f', median_of( $results->{$base}, 'peak_kib' ) / 1024 ),
        _words( against( $MEASURE{memory}, $results, $ours, $base ), 0 ),
        _words( against_best( $MEASURE{memory}, $results, $ours ),   1 ),
    );
}

sub _table ( $markdown, @rows ) {
    return join q{}, map { '| ' . join( ' | ', @{$_} ) . " |\n" } $rows[0],
      [ ('---') x @{ $rows[0] } ], @rows[ 1 .. $#rows ]
      if $markdown;
    my @width;
    for my $row (@rows) {
        for my $i ( 0 .. $#{$row} ) {
            $width[$i] = length $row->[$i]
              if length $row->[$i] > ( $width[$i] // 0 );
        }
    }
    my $format = join( '  ', map { '%' . ( $_ ? q{} : '-' ) . $width[$_] . 's' } 0 .. $#width ) . "\n";
    return join q{}, map { sprintf( $format, @{$_} ) =~ s/ +$//r } @rows;
}

# ---- Below it -------------------------------------------------------------------------------------------------------------

sub geometric_mean (@numbers) {
    return exp( sum( map { log } @numbers ) / @numbers );
}

# Over the programs that ran on all allocators: each one's mean ratio to the base.
sub _means ( $self, @programs ) {
    my @allocators = @{ $self->{allocators} };
    my @races      = map { _even($_) }
      grep { keys %{$_} == @allocators } map { $self->_results($_) } @programs;
    return if !@races;
    my %mean;
    for my $name (qw(CPU memory)) {
        for my $allocator (@allocators) {
            $mean{$name}{$allocator} =
              geometric_mean( map { against( $MEASURE{$name}, $_, $allocator, $self->{base} )->{ratio} } @races );
        }
    }
    my @lines = sprintf 'Geometric means over the %d programs that ran on all allocators, relative to %s:',
      scalar @races,
      $self->{base};
    for my $name (qw(CPU memory)) {
        my $best = best( $mean{$name}, grep { is_peer($_) } @allocators );
        push @lines, sprintf '- %s: %s; %s to the best single peer, %s: %s',
          $name eq 'CPU' ? 'CPU time' : 'peak memory',
          join( ', ', map { "$_ " . digits( $mean{$name}{$_} ) } @allocators ),
          $self->{ours}, $best,
          digits( $mean{$name}{ $self->{ours} } / $mean{$name}{$best} );
    }
    return join "\n", @lines;
}

# What a server holds when all is freed, by allocator.
sub _rests ( $self, $program ) {
    my $results = $self->_results($program);
    return map { sprintf '%s %.1f', $_, median_of( $results->{$_}, 'rest_kib' ) / 1024 }
      grep { $results->{$_} } @{ $self->{allocators} };
}

# One line for each program of which something is to be said.
sub _remarks ( $self, $program ) {
    my ( $name, $kind ) = @{$program}{qw(name kind)};
    return "$name: not here: $program->{why}" if $kind eq 'not here';
    return "$name: does not count: $program->{why}"
      if $kind eq 'empty' || $kind eq 'fails';
    my @remarks;
    for my $allocator ( @{ $self->{allocators} } ) {
        my $failed = _failed_run( $program, $allocator ) or next;
        push @remarks, "$name: on $allocator it $failed->{why}";
    }
    push @remarks, "$name: holds at rest, in MiB: " . join ', ', $self->_rests($program)
      if grep { defined $_->{rest_kib} } map { @{$_} } values %{ $program->{runs} };
    push @remarks, "$name: $program->{may_be_empty}"
      if $program->{may_be_empty} && !$program->{calls};
    push @remarks, $self->_has_failed($program)
      ? "$name: known: $program->{known}"
      : "$name: runs on $self->{ours}, so its recipe must no longer say that it is known to fail"
      if $program->{known};
    return @remarks;
}

# What was measured, how many passed, the table, the means, the remarks.
sub text ( $self, $markdown, @programs ) {
    my @ran    = grep { $_->{kind} eq 'ran' } @programs;
    my @failed = grep { $self->_has_failed($_) } @ran;
    my $empty  = sub ($program) { $program->{kind} eq 'empty' || $program->{kind} eq 'ran' && !$program->{calls} };
    my @parts  = (
        measure::Machine::sentence( measure::Machine::describe() ) . "\n",
        sprintf
"%d programs. On %s with the output of the C library: %d; failed there: %d; without a call of it: %d; failed on the\n"
          . "C library, too: %d; not here: %d.\n",
        scalar @programs,
        $self->{ours},
        scalar( grep { !$self->_has_failed($_) && !$empty->($_) } @ran ),
        scalar @failed,
        scalar( grep { $empty->($_) } @programs ),
        map {
            my $kind = $_;
            scalar grep { $_->{kind} eq $kind } @programs
        } 'fails',
        'not here'
    );
    shift @parts if $markdown;    # the page has this line already
    push @parts,
"Medians of $self->{rounds} interleaved rounds; in brackets the interval of the ratio (its range below 6 rounds).\n";
    push @parts, _table( $markdown, \@HEAD, map { [ $self->_row($_) ] } @ran )
      if @ran;
    push @parts, map { "$_\n" } $self->_means(@ran);
    my @remarks = map { $self->_remarks($_) } @programs;
    push @parts, join q{}, map { "- $_\n" } @remarks if @remarks;
    return join "\n", @parts;
}

1;

__END__

=head1 NAME

realworld::Page - the table of real programs

=head1 METHODS

=head2 new(base => NAME, ours => NAME, allocators => [NAMES], rounds => N)

=head2 text($markdown, @programs)

The whole, for a terminal or as Markdown. Programs: { name, kind, why, calls, runs, known, may_be_empty }.

=head2 failures(@programs)

Those that fail on ours, or do not call it, and are not known to.

=cut
