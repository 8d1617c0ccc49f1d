package lecture::Findings;

# The titles of the pictures: each states what the results show, so it is computed from them, and says no more than their
# spread allows.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use List::Util qw(first max min);
use lecture::Ideas;
use lecture::Interval qw(interval is_more is_less too_few is_extreme factor percent between);

my $STORY       = 'list';               # the program that the slides of the ladder tell about
my $FLAT        = 1.2;                  # a call that costs no more than this many times as much is called flat
my $CANNOT_TELL = 'Cannot tell here';

sub _name_of ($backend) { return $backend eq 'sys' ? 'the C library' : $backend }

# Why a title about time says nothing on these results; undef when it may speak.
sub _busy_words ($results) {
    return @{ $results->{busy} // [] } ? "the machine was busy ($results->{busy}[0])" : undef;
}

# ---- The race --------------------------------------------------------------------------------------------------------------

# Where hw08 takes part, how slow the slowest surely is; else where par, or whoever is there in its place, is surely fastest.
sub race ($section) {
    my @all;
    for my $program ( @{ $section->{programs} } ) {
        push @all, map { { program => $program->{program}, %{$_} } }
          grep { defined $_->{ratio} && $_->{backend} ne 'sys' } @{ $program->{rows} };
    }
    return 'Only the C library took part in this race' if !@all;
    my $busy = _busy_words($section);
    return "$CANNOT_TELL who is faster: $busy" if defined $busy;
    if ( $section->{id} eq 'small' ) {
        my ($slowest) = sort { $b->{low} <=> $a->{low} || $a->{backend} cmp $b->{backend} } grep { is_more($_) } @all;
        return sprintf '%s takes %s times as long as the C library on %s %s', $slowest->{backend},
          factor( $slowest->{ratio} ), $slowest->{program}, between($slowest)
          if $slowest;
    }
    my $name =
      ( first { $_->{backend} eq 'par' } @all ) ? 'par' : ( sort { $a->{high} <=> $b->{high} } @all )[0]{backend};
    my @own = sort { $a->{high} <=> $b->{high} } grep { $_->{backend} eq $name } @all;
    return sprintf '%s needs %s of the time of the C library on %s %s', $name, percent( $own[0]{ratio} ),
      $own[0]{program}, between( $own[0], \&percent )
      if is_less( $own[0] );
    return "$name is slower than the C library on every program" if @own == grep { is_more($_) } @own;
    my $few = too_few(@own);
    return "$CANNOT_TELL whether $name is faster than the C library" . ( $few ? ": $few" : '' );
}

# ---- Scaling ---------------------------------------------------------------------------------------------------------------

# How much dearer a call is with a thread for each core than with one, for who surely pays most, and for par.
sub scaling ($scaling) {
    my $threads = $scaling->{full};
    return "$CANNOT_TELL what threads cost: this machine has no second core for them" if !$threads;
    my $busy = _busy_words($scaling);
    return "$CANNOT_TELL what a call costs with $threads threads: $busy" if defined $busy;
    my @all   = map  { { backend => $_->{backend}, %{ $_->{growth} } } } grep { $_->{growth} } @{ $scaling->{series} };
    my @grown = sort { $b->{low} <=> $a->{low} || $a->{backend} cmp $b->{backend} } grep { is_more( $_, $FLAT ) } @all;
    my $head  = "With $threads threads on $scaling->{cores} cores a call costs";
    my ($par) = grep { $_->{backend} eq 'par' } @all;

    if ( !@grown ) {
        return "$head no more than with one, whoever serves it" if @all && @all == grep { is_less( $_, $FLAT ) } @all;
        my $few = too_few(@all);
        return "$CANNOT_TELL whether a call costs more with $threads threads than with one" . ( $few ? ": $few" : '' );
    }
    my $words = sprintf '%s %s times as much as with one in %s %s', $head, factor( $grown[0]{ratio} ),
      _name_of( $grown[0]{backend} ), between( $grown[0] );
    return $words                   if !$par || $grown[0]{backend} eq 'par';
    return "$words; in par no more" if is_less( $par, $FLAT );
    return sprintf '%s, in par %s times %s', $words, factor( $par->{ratio} ), between($par) if is_more($par);
    return sprintf '%s; in par perhaps %s to %s times, by %d rounds', $words, factor( $par->{low} ),
      factor( $par->{high} ),
      $par->{rounds};
}

# Who stands in line, shown by how often the threads went to sleep.
sub waits ($scaling) {
    my @waiting = grep { $_->{waits} && $_->{waits}{more} } @{ $scaling->{series} };
    return '' if !@waiting || !$scaling->{full};
    my @most = sort { $b->{waits}{together} <=> $a->{waits}{together} || $a->{backend} cmp $b->{backend} } @waiting;
    my ( $first, @others ) = map { $_->{backend} } @most;
    return sprintf 'Threads wait for a lock%s in %s (%s waits with %d threads, %s with one)%s.', @others ? ' most' : '',
      $first, _counted_number( $most[0]{waits}{together} ), $scaling->{full},
      _counted_number( $most[0]{waits}{alone} ), @others ? ', also in ' . join( ', ', @others ) : '';
}

sub _counted_number ($number) {
    my $digits = int $number;
    1 while $digits =~ s/\A(\d+)(\d{3})/$1,$2/;
    return $digits;
}

# ---- Memory, profiles, claims ----------------------------------------------------------------------------------------------

sub _mebibytes ($kib) { return sprintf $kib >= 10_240 ? '%.0f MiB' : '%.1f MiB', $kib / 1024 }

# Who keeps most, be it par; and par beside it. Who cannot be told apart stands together, also where the picture has the same
# figure beside both names.
sub memory ($memory) {
    my @by_rest = sort { $b->{low} <=> $a->{low} || $a->{backend} cmp $b->{backend} }
      map { { backend => $_->{backend}, %{ _sure_range( $_->{rest} ) } } } grep { $_->{rest} } @{ $memory->{series} }
      or return 'Memory over time';
    my @most  = grep { $_->{high} >= $by_rest[0]{low} || _shown($_) eq _shown( $by_rest[0] ) } @by_rest;
    my $words = sprintf 'With %s in use after the peak, %s %s %s', _mebibytes( $by_rest[0]{asked} ),
      _named( map { $_->{backend} } @most ), @by_rest == 1 ? 'holds' : @most == 1 ? 'keeps most:' : 'keep most:',
      _range( min( map { $_->{seen}[0] } @most ), max( map { $_->{seen}[1] } @most ) );
    my $other = first { $_->{backend} eq 'par' } @by_rest;
    $other = $by_rest[-1] if !$other || grep { $_->{backend} eq 'par' } @most;
    return $words if grep { $_->{backend} eq $other->{backend} } @most;
    return sprintf '%s; %s %s', $words, _name_of( $other->{backend} ), _range( @{ $other->{seen} } );
}

sub _shown ($rest) { return _range( @{ $rest->{seen} } ) }

# Of fewer than three runs nobody knows the spread, so a tenth is taken for it.
sub _sure_range ($rest) {
    my $wide = $rest->{runs} < 3 ? 0.1 : 0;
    return {
        asked => $rest->{asked},
        low   => $rest->{low} * ( 1 - $wide ),
        high  => $rest->{high} * ( 1 + $wide ),
        seen  => [ @{$rest}{qw(low high)} ]
    };
}

sub _named (@backends) {
    my @names = map { _name_of($_) } @backends;
    return @names > 3 ? "$names[0], $names[1] and " . ( @names - 2 ) . ' others' : join ' and ', @names;
}

sub _range ( $low, $high ) {
    my @words = map { _mebibytes($_) } $low, $high;
    return $words[0] eq $words[1] ? $words[0] : $words[0] =~ s/ MiB\z//r . " to $words[1]";
}

# The share of the samples in the allocator, with what sampling leaves open: two standard errors.
sub _share ($profile) {
    my $samples = $profile->{samples} or return;
    my $share   = $profile->{in_allocator} / $samples;
    my $error   = 2 * sqrt( max( $share * ( 1 - $share ), 0.01 ) / $samples );
    return {
        backend => $profile->{backend},
        share   => $share,
        low     => max( 0, $share - $error ),
        high    => $share + $error
    };
}

sub profiles ($profiles) {
    my $busy = _busy_words($profiles);
    return "$CANNOT_TELL where the time goes: $busy" if defined $busy;
    my @known = sort { $b->{share} <=> $a->{share} || $a->{backend} cmp $b->{backend} }
      map { _share($_) // () } @{ $profiles->{list} };
    if (@known) {
        my ( $most, $least ) = @known[ 0, -1 ];
        my $first = sprintf 'With %s, %s of the time is spent in the allocator', _name_of( $most->{backend} ),
          percent( $most->{share} );
        return $first if @known == 1;
        return "$CANNOT_TELL who spends most time in the allocator: about " . percent( $most->{share} ) . ' with all'
          if $most->{low} <= $least->{high};
        return sprintf '%s; with %s, %s', $first, _name_of( $least->{backend} ), percent( $least->{share} );
    }
    my ($hottest) = sort { $b->{functions}[0]{percent} <=> $a->{functions}[0]{percent} } @{ $profiles->{list} };
    return sprintf 'In the build for gprof, %s spends %s of its time in %s', $hottest->{backend},
      percent( $hottest->{functions}[0]{percent} / 100 ), $hottest->{functions}[0]{name};
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
            finding => _rung_words( $backend, $compared, $before ),
            section => $compared->{section},
            shown   => [ 'sys', map { $_->{backend} } @rungs ],
          }
          if $compared;
        push @{ $rungs[-1]{shown} }, $backend if $compared;
        $before = $backend if $compared;
    }
    return \@rungs;
}

sub _row ( $program, $backend ) {
    return first { $_->{backend} eq $backend && defined $_->{ratio} } @{ $program->{rows} };
}

sub _compared ( $section, $backend, $before ) {
    return if !$section;
    my $program = ( first { $_->{program} eq $STORY } @{ $section->{programs} } ) // $section->{programs}[0];
    my $row     = _row( $program, $backend ) or return;
    my $earlier = defined $before ? _row( $program, $before ) : undef;
    return {
        section   => $section->{id},
        program   => $program->{program},
        busy      => _busy_words($section),
        to_sys    => $row,
        to_before => $earlier ? interval( $row->{wall_s}, $earlier->{wall_s} ) : undef,
    };
}

# A factor, and where it is extreme how sure it is.
sub _with_interval ($interval) {
    return join ' ', factor( $interval->{ratio} ), is_extreme( $interval->{ratio} ) ? between($interval) : ();
}

sub _rung_words ( $backend, $compared, $before ) {
    my ( $program, $to_sys, $against ) = @{$compared}{qw(program to_sys to_before)};
    return "$CANNOT_TELL how long $program takes with $backend: $compared->{busy}." if defined $compared->{busy};
    my $words =
      is_more($to_sys) ? sprintf '%s: %s takes %s times the time of the C library %s', $backend, $program,
      factor( $to_sys->{ratio} ), between($to_sys)
      : is_less($to_sys) ? sprintf '%s: %s takes %s of the time of the C library %s', $backend, $program,
      percent( $to_sys->{ratio} ), between( $to_sys, \&percent )
      : "$CANNOT_TELL whether $backend is faster or slower than the C library on $program";
    my $is_told = $words !~ /\A\Q$CANNOT_TELL\E/;
    my $few     = $is_told ? undef : too_few( grep { defined } $to_sys, $against );
    return "$words: $few." if $few;
    return "$words."       if !$against;
    my ( $ratio, $low, $high ) = @{$against}{qw(ratio low high)};
    return sprintf '%s%s %s times faster than %s.', $words, $is_told ? ', and is' : '; it is',
      _with_interval( { ratio => 1 / $ratio, low => 1 / $high, high => 1 / ( $low || $ratio ) } ),
      $is_told ? "with $before" : $before
      if is_less($against);
    return sprintf '%s%s %s times as long as %s.', $words, $is_told ? ', and' : '; it takes',
      _with_interval($against), $is_told ? "with $before" : $before
      if is_more($against);
    return "$words; between it and $before one cannot tell.";
}

# ---- The page's head -------------------------------------------------------------------------------------------------------

# How quiet the machine was while times were taken. $records: [ { what, record } ] of lecture::Results. Result: { state => quiet,
# busy or unknown, sentence }.
sub quiet ($records) {
    my @known = grep { ref $_->{record} eq 'HASH' } @{ $records // [] };
    my @busy  = grep { @{ $_->{record}{contended} // [] } } @known;
    if (@busy) {
        my %seen;
        my @words = map { "$_->{what} ($_->{record}{contended}[0])" } grep { !$seen{ $_->{what} }++ } @busy;
        return {
            state    => 'busy',
            sentence => 'The machine was busy during ' . join( ', ', @words ) . ': these times tell little'
        };
    }
    return { state => 'unknown', sentence => 'Nobody wrote down how quiet the machine was' }
      if !@known || @known < @{$records};
    my $others = max( map { $_->{record}{others} // 0 } @known );
    my $stolen = max( map { $_->{record}{stolen} // 0 } @known );
    return {
        state    => 'quiet',
        sentence => sprintf 'The machine was quiet: others used %.2f of its CPUs at most, its host took %s',
        max( 0, $others ), percent($stolen)
    };
}

1;

__END__

=head1 NAME

lecture::Findings - the titles of the pictures, computed from the results

=head1 FUNCTIONS

=head2 race(\%section), scaling(\%scaling), memory(\%memory), profiles(\%profiles), claims(\%claims), claims_of(\%group)

One sentence each, without a full stop, about the results of lecture::Results::read_all. What a sentence compares must be sure
(lecture::Interval), and the machine quiet, where it is about time; else it says that one cannot tell here.

=head2 waits(\%scaling)

A sentence about the backends in which threads wait for a lock, with the counts; the empty string when none surely does.

=head2 rungs(\%race)

The slides of the ladder: C<< { backend, idea, finding, section, shown } >> for each backend that ran. The finding is about
one program, list, in the first section in which both the backend and the one before it ran.

=head2 quiet(\@records)

The line of the page's head about other work on the machine: C<< { state, sentence } >>.

=cut
