package lecture::Findings;

# The titles of the pictures: each states what the results show, so it is computed from them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(first max);
use lecture::Ideas;

my $STORY = 'list';    # the program that the slides of the ladder tell about

# A factor as one says it.
sub factor ($number) { return sprintf $number >= 9.95 ? '%.0f' : $number >= 0.95 ? '%.1f' : '%.2f', $number }

sub percent ($share) { return sprintf '%.0f%%', 100 * $share }

sub _name_of ($backend) { return $backend eq 'sys' ? 'the C library' : $backend }

sub _row ( $program, $backend ) {
    return first { $_->{backend} eq $backend && defined $_->{ratio} } @{ $program->{rows} };
}

# ---- One title a picture ---------------------------------------------------------------------------------------------------

# The most telling row of a section: where hw08 takes part, how slow it is; else where par is fastest, if it is.
sub race ($section) {
    my @all;
    for my $program ( @{ $section->{programs} } ) {
        push @all, map { { program => $program->{program}, %{$_} } } grep { defined $_->{ratio} } @{ $program->{rows} };
    }
    my @others =
      sort { $a->{ratio} <=> $b->{ratio} || $a->{backend} cmp $b->{backend} } grep { $_->{backend} ne 'sys' } @all
      or return 'Only the C library took part in this race';
    my $slowest = $others[-1];
    my $fastest = first { $_->{backend} eq 'par' } @others;
    $fastest //= $others[0];
    if ( $section->{id} eq 'small' && $slowest->{low} > 1 ) {
        return sprintf '%s takes %s times as long as the C library on %s', $slowest->{backend},
          factor( $slowest->{ratio} ),
          $slowest->{program};
    }
    return sprintf '%s needs %s of the time of the C library on %s', $fastest->{backend}, percent( $fastest->{ratio} ),
      $fastest->{program}
      if $fastest->{high} < 1;
    return "$fastest->{backend} is not clearly faster than the C library on any program";
}

# How much dearer a call becomes with the threads, for who pays most and for par.
sub scaling ($scaling) {
    my @grown = map { _growth($_) } @{ $scaling->{series} };
    @grown = sort { $b->{factor} <=> $a->{factor} || $a->{backend} cmp $b->{backend} } @grown
      or return 'The cost of a call';
    my $worst = $grown[0];
    my $best  = ( first { $_->{backend} eq 'par' } @grown ) // $grown[-1];
    return "No allocator pays more for a call when threads are added ($scaling->{pattern})" if $worst->{factor} < 1.2;
    my $first = sprintf 'With %d threads a call costs %s times as much as with one in %s', $worst->{threads},
      factor( $worst->{factor} ), _name_of( $worst->{backend} );
    return $first if $best->{backend} eq $worst->{backend};
    return sprintf '%s, %s times in %s', $first, factor( $best->{factor} ), _name_of( $best->{backend} );
}

sub _growth ($series) {
    my ( $alone, @more ) = @{ $series->{points} };
    return () if !@more || $alone->{threads} != 1 || $alone->{median} <= 0;
    my ($worst) = sort { $b->{median} <=> $a->{median} } @more;
    return {
        backend => $series->{backend},
        threads => $worst->{threads},
        factor  => $worst->{median} / $alone->{median}
    };
}

sub memory ($memory) {
    my @by_rest = sort { $b->{kept_at_rest} <=> $a->{kept_at_rest} || $a->{backend} cmp $b->{backend} }
      grep { defined $_->{kept_at_rest} } @{ $memory->{series} }
      or return 'Memory over time';
    my ( $most, $least ) = @by_rest[ 0, -1 ];
    return sprintf 'After the peak %s still holds %s of its memory', _name_of( $most->{backend} ),
      percent( $most->{kept_at_rest} )
      if @by_rest == 1;
    return sprintf 'After the peak %s still holds %s of its memory, %s %s', _name_of( $most->{backend} ),
      percent( $most->{kept_at_rest} ), _name_of( $least->{backend} ), percent( $least->{kept_at_rest} );
}

sub profiles ($profiles) {
    my @known = sort { $b->{in_allocator} <=> $a->{in_allocator} || $a->{backend} cmp $b->{backend} }
      grep { defined $_->{in_allocator} } @{ $profiles->{list} };
    if (@known) {
        my ( $most, $least ) = @known[ 0, -1 ];
        my $first = sprintf 'With %s, %s of the time is spent in the allocator', _name_of( $most->{backend} ),
          percent( $most->{in_allocator} );
        return @known == 1
          ? $first
          : sprintf '%s; with %s, %s', $first, _name_of( $least->{backend} ), percent( $least->{in_allocator} );
    }
    my ($hottest) = sort { $b->{functions}[0]{percent} <=> $a->{functions}[0]{percent} } @{ $profiles->{list} };
    return sprintf '%s spends %s of its time in %s', $hottest->{backend},
      percent( $hottest->{functions}[0]{percent} / 100 ),
      $hottest->{functions}[0]{name};
}

# Verdicts are words of the script that measures; `shown` is the one that agrees with the notes.
sub claims ($claims) {
    my $all = @{ $claims->{list} };
    return sprintf '%d claims of the course notes, measured: %s', $all, _counted( $claims->{list} );
}

# The same of one rung.
sub claims_of ($group) {
    return sprintf 'What the notes say of %s: %s', $group->{rung}, _counted( $group->{list} );
}

sub _counted ($claims) {
    my %count;
    $count{ lc $_->{verdict} }++ for @{$claims};
    return join ', ', map { "$count{$_} $_" } sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
}

# ---- The ladder, rung by rung ----------------------------------------------------------------------------------------------

# Result: for each backend of the ladder and par, { backend, idea, finding, section, shown => the backends up to it }.
sub rungs ($race) {
    my %section_of = map { $_->{id} => $_ } @{ $race->{sections} };
    my @names      = lecture::Ideas::in_order( map { @{ $_->{backends} } } @{ $race->{sections} } );
    my @climbed    = grep { lecture::Ideas::about($_)->{kind} =~ /\A(?:ladder|par)\z/ } @names;
    my ( @rungs, $before );
    for my $backend (@climbed) {
        my $compared = (
            first { $_ && defined $_->{to_before} }
            map { _compared( $section_of{$_}, $backend, $before ) } qw(large small)
        ) // ( first { $_ } map { _compared( $section_of{$_}, $backend, undef ) } qw(large small) );
        push @rungs,
          {
            backend => $backend,
            idea    => lecture::Ideas::about($backend)->{idea},
            finding => _rung_words( $compared, $before ),
            section => $compared->{section},
            shown   => [ 'sys', map { $_->{backend} } @rungs ],
          }
          if $compared;
        push @{ $rungs[-1]{shown} }, $backend if $compared;
        $before = $backend if $compared;
    }
    return \@rungs;
}

sub _compared ( $section, $backend, $before ) {
    return if !$section;
    my $program = ( first { $_->{program} eq $STORY } @{ $section->{programs} } ) // $section->{programs}[0];
    my $row     = _row( $program, $backend ) or return;
    my $earlier = defined $before ? _row( $program, $before ) : undef;
    return {
        section   => $section->{id},
        program   => $program->{program},
        to_sys    => $row->{ratio},
        to_before => $earlier ? $row->{ratio} / $earlier->{ratio} : undef,
    };
}

sub _rung_words ( $compared, $before ) {
    my $to_sys =
      $compared->{to_sys} >= 1
      ? sprintf '%s takes %s times as long as with the C library', $compared->{program}, factor( $compared->{to_sys} )
      : sprintf '%s takes %s of the time it takes with the C library', $compared->{program},
      percent( $compared->{to_sys} );
    return "$to_sys." if !defined $compared->{to_before};
    my $against = $compared->{to_before};
    return sprintf '%s, about as long as with %s.', $to_sys, $before if abs( $against - 1 ) < 0.05;
    return $against < 1
      ? sprintf '%s, and is %s times faster than with %s.', $to_sys, factor( 1 / $against ), $before
      : sprintf '%s, and %s times as long as with %s.', $to_sys, factor($against), $before;
}

1;

__END__

=head1 NAME

lecture::Findings - the titles of the pictures, computed from the results

=head1 FUNCTIONS

=head2 race(\%section), scaling(\%scaling), memory(\%memory), profiles(\%profiles), claims(\%claims), claims_of(\%group)

One sentence each, without a full stop, about the results of lecture::Results::read_all.

=head2 rungs(\%race)

The slides of the ladder: C<< { backend, idea, finding, section, shown } >> for each backend that ran. The finding is about
one program, list, in the first section in which both the backend and the one before it ran.

=head2 factor($number), percent($share)

Numbers as people say them.

=cut
