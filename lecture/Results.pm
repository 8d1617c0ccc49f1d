package lecture::Results;

# Reads the files of results, whatever made them, into what the page draws. A file that is not what it should be becomes
# a sentence that the page shows.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP   ();
use List::Util qw(max min uniq);
use lecture::Ideas;
use lecture::Interval qw(interval is_more is_less is_extreme);
use measure::Machine;
use measure::Rounds;
use measure::Table qw(digits);

# Threads wait for each other when they go to sleep so many times as often as one thread alone.
my $MANY_WAITS = 5;

# How a recorded trace begins, as text and in binary (trace/formats).
my $TRACE = qr/\Axtrace(?: text|\r\n)/;

# What a file is told by, what the page makes of it, and what to do when there is none.
my @KINDS = (
    {
        name     => 'race',
        key      => 'sections',
        read     => \&_race,
        made_by  => 'make lecture (or make compare)',
        is_timed => 1
    },
    {
        name     => 'scaling',
        key      => 'cpu_ns_per_operation',
        read     => \&_scaling,
        made_by  => 'make lecture (or make scale)',
        is_timed => 1
    },
    { name => 'memory',   key => 'peak_mib', read => \&_memory,   made_by => 'make lecture' },
    { name => 'profiles', key => 'profiles', read => \&_profiles, made_by => 'make lecture', is_timed => 1 },
    { name => 'claims',   key => 'claims',   read => \&_claims,   made_by => 'make claims',  is_timed => 1 },
    { name => 'heapmaps', key => 'steps',    read => \&_heap_map, made_by => 'make lecture' },
);

# Result: { KIND => [what is drawn, one for each file of that kind], problems => { KIND or '' => [sentences] }, machine }.
# A problem under '' belongs to no view.
sub read_all (@paths) {
    my %all = ( problems => {} );
    for my $path (@paths) {
        my ( $kind, $drawn );
        my $done = eval {
            my $content = _content($path);
            $kind    = _kind_of( $path, $content );
            $content = { claims => $content } if ref $content eq 'ARRAY';
            $drawn   = $kind->{read}->($content);
            if ( !ref $drawn || ref $drawn eq 'HASH' ) { $drawn->{file} = $path =~ s{.*/}{}r }
            $all{machine} //= $content->{machine} if ref $content->{machine} eq 'HASH';
            push @{ $all{quiet} }, { what => $kind->{name}, record => $content->{quiet} } if $kind->{is_timed};
            $all{quick} ||= $content->{quick};
            $all{made_at} = max_text( $all{made_at}, $content->{made_at} );
            1;
        };
        if ($done) { push @{ $all{ $kind->{name} } }, $drawn; next }
        my $why = $@ =~ s/(?: at \S+ line \d+\.?)?\n.*//sr;
        push @{ $all{problems}{ $kind ? $kind->{name} : _guess($path) } }, "$path cannot be used: $why.";
    }
    for my $kind ( grep { !$all{ $_->{name} } && !$all{problems}{ $_->{name} } } @KINDS ) {
        $all{problems}{ $kind->{name} } = ["There are no results for this picture yet. To make them: $kind->{made_by}"];
    }
    return \%all;
}

# Times in ISO 8601 sort as text.
sub max_text (@texts) {
    return ( sort grep { defined } @texts )[-1];
}

sub _content ($path) {
    open my $file, '<', $path or die "it cannot be read ($!)\n";
    local $/ = undef;
    my $text = <$file> // '';
    die "it is a trace of requests: bin/replay-par $path --threads --map FILE.json makes a heap map of it\n"
      if $text =~ $TRACE;
    my $content = eval { JSON::PP->new->utf8->decode($text) };
    die "it is not JSON, or was cut off\n" if !ref $content;
    return $content;
}

sub _kind_of ( $path, $content ) {
    return ( grep { $_->{name} eq 'claims' } @KINDS )[0] if ref $content eq 'ARRAY';
    for my $kind (@KINDS) { return $kind if exists $content->{ $kind->{key} } }
    my %made_by = map { $_->{key} => 1 } @KINDS;
    die 'it has none of ', join( ', ', sort keys %made_by ), ", so it is no file of results\n";
}

# What a file that cannot be read would have been, by its name.
sub _guess ($path) {
    my %by_name =
      ( compare => 'race', scale => 'scaling', memory => 'memory', profile => 'profiles', claims => 'claims' );
    for my $word ( sort keys %by_name ) { return $by_name{$word} if $path =~ m{\Q$word\E[^/]*\z} }
    return '';
}

# A list or hash that must be there.
sub _need ( $hash, $name, $type ) {
    my $value = ref $hash eq 'HASH' ? $hash->{$name} : undef;
    die "its '$name' is missing or not as it should be\n" if ref $value ne $type || ( $type eq 'ARRAY' && !@{$value} );
    return $value;
}

sub _numbers ( $rounds, $name ) {
    my @numbers = map { ref $_ eq 'HASH' ? $_->{$name} : undef } @{$rounds};
    die "a round has no '$name'\n" if !@numbers || grep { !defined } @numbers;
    return [ map { 0 + $_ } @numbers ];
}

# Why the machine was not ours alone when this was measured; nothing when it was, or when nobody knows.
sub _busy ($content) {
    return ref $content->{quiet} eq 'HASH' ? $content->{quiet}{contended} // [] : [];
}

# ---- The race ------------------------------------------------------------------------------------------------------------

sub _race ($content) {
    my @sections;
    for my $section ( @{ _need( $content, 'sections', 'ARRAY' ) } ) {
        my @programs = map { _program($_) } @{ _need( $section, 'races', 'ARRAY' ) };
        my @names    = uniq map {
            map { $_->{backend} }
              @{ $_->{rows} }
        } @programs;
        push @sections,
          {
            id       => ( $section->{title} // '' ) =~ /small/i ? 'small' : 'large',
            about    => $section->{title} // '',
            busy     => _busy($content),
            programs => \@programs,
            backends => [ lecture::Ideas::in_order(@names) ],
          };
    }
    return { threads => $content->{threads}, sections => \@sections };
}

sub _program ($race) {
    my $results  = _need( $race, 'backends', 'HASH' );
    my $base     = _numbers( _need( $results, 'sys', 'ARRAY' ), 'wall_s' );
    my $left_out = $race->{left_out} // {};
    my @rows;
    for my $name ( lecture::Ideas::in_order( keys %{$results}, keys %{$left_out} ) ) {
        if ( !$results->{$name} ) {
            push @rows,
              {
                backend => $name,
                over    => $left_out->{$name} / measure::Rounds::median( @{$base} ),
                over_s  => $left_out->{$name}
              };
            next;
        }
        my $wall_s = _numbers( $results->{$name}, 'wall_s' );
        die "$name has other rounds than sys\n" if @{$wall_s} != @{$base};
        my $interval = interval( $wall_s, $base );
        push @rows,
          {
            backend => $name,
            %{$interval},
            unsure   => $name ne 'sys' && !is_more($interval) && !is_less($interval) ? 1 : 0,
            wall_s   => $wall_s,
            median_s => measure::Rounds::median( @{$wall_s} ),
            spread_s => measure::Rounds::spread( @{$wall_s} ),
            peak_mib => measure::Rounds::median( @{ _numbers( $results->{$name}, 'peak_kib' ) } ) / 1024,
          };
    }
    return { program => $race->{program}, top => $race->{top}, rounds => scalar @{$base}, rows => \@rows };
}

# ---- Scaling -------------------------------------------------------------------------------------------------------------

# What a call costs the machine: the wall time of all cores that the threads can use, so that waiting for a lock counts as
# well as working. Flat where threads share the work without standing in each other's way. Without wall times, CPU time.
sub _cost ( $content, $name, $count ) {
    my ( $runs, $cores ) = ( $content->{runs}{"$name, $count threads"}, ( $content->{machine} // {} )->{cores} );
    return @{ _need( $content->{cpu_ns_per_operation}{$name}, $count, 'ARRAY' ) }
      if !$runs || !$cores || !$content->{operations};
    return map { 1e9 * $_ * min( $count, $cores ) / $content->{operations} } @{ _numbers( $runs, 'wall_s' ) };
}

sub _scaling ($content) {
    my $cost    = _need( $content, 'cpu_ns_per_operation', 'HASH' );
    my @threads = @{ _need( $content, 'threads', 'ARRAY' ) };
    my $cores   = ( $content->{machine} // {} )->{cores};
    my $full    = max( grep { $_ > 1 && $cores && $_ <= $cores } ( $threads[0] == 1 ? @threads : () ) );
    my @series;
    for my $name ( lecture::Ideas::in_order( keys %{$cost} ) ) {
        my @points;
        for my $count (@threads) {
            my @rounds = _cost( $content, $name, $count );
            push @points,
              {
                threads => $count,
                median  => measure::Rounds::median(@rounds),
                low     => min(@rounds),
                high    => max(@rounds),
                rounds  => scalar @rounds
              };
        }
        push @series, { backend => $name, points => \@points, _shared( $content, $name, $full ) };
    }
    die "it has no allocator that is shown\n" if !@series;
    return {
        pattern => $content->{pattern} // 'unnamed',
        threads => \@threads,
        series  => \@series,
        cores   => $cores,
        full    => $full,
        busy    => _busy($content),
        waiting => $content->{runs} ? 1 : 0
    };
}

# What a call costs with a thread for each core, beside one thread, and how often threads had to wait in these runs. More
# threads than cores share them, and say more of the system than of the allocator.
sub _shared ( $content, $name, $full ) {
    return () if !$full;
    my %shared = ( growth => interval( map { [ _cost( $content, $name, $_ ) ] } $full, 1 ) );
    my @runs   = map { $content->{runs}{"$name, $_ threads"} } 1, $full;
    return %shared if grep {
        !$_
          || grep { !defined $_->{voluntary_switches} }
          @{$_}
    } @runs;
    my ( $alone, $together ) = map {
        [ map { 1 + $_->{voluntary_switches} } @{$_} ]
    } @runs;
    $shared{waits} =
      { map { $_ => measure::Rounds::median( @{ $_ eq 'alone' ? $alone : $together } ) - 1 } qw(alone together) };
    $shared{waits}{more} = is_more( interval( $together, $alone ), $MANY_WAITS ) ? 1 : 0;
    return %shared;
}

# ---- Memory --------------------------------------------------------------------------------------------------------------

sub _memory ($content) {
    my $runs = _need( $content, 'runs', 'HASH' );
    my @series;
    for my $name ( lecture::Ideas::in_order( keys %{$runs} ) ) {
        my @samples  = @{ _need( $runs, $name, 'ARRAY' ) };
        my $resident = _numbers( \@samples, 'resident_kib' );
        my $asked    = _numbers( \@samples, 'asked_kib' );
        my $peak_at  = ( sort { $resident->[$b] <=> $resident->[$a] || $a <=> $b } 0 .. $#samples )[0];
        my @rest     = grep { $samples[$_]{phase} eq 'rest' } 0 .. $#samples;
        push @series,
          {
            backend      => $name,
            phases       => [ map { $_->{phase} } @samples ],
            asked_kib    => $asked,
            resident_kib => $resident,
            over_asked   => $resident->[$peak_at] / max( 1, max( @{$asked} ) ),
            kept_kib     => $resident->[-1],
            (
                @rest
                ? ( rest => _at_rest( $asked->[ $rest[-1] ], $resident->[ $rest[-1] ], $content->{rests}{$name} ) )
                : ()
            ),
          };
    }
    die "it has no backend that is shown\n" if !@series;
    return { peak_mib => $content->{peak_mib}, series => \@series, missing => $content->{problems} // {} };
}

# What is held when little is in use any more: { asked, median, low, high, runs } in KiB. The picture shows one of the runs.
sub _at_rest ( $asked_kib, $resident_kib, $all ) {
    my @all = @{ $all // [$resident_kib] };
    return {
        asked  => $asked_kib,
        median => measure::Rounds::median(@all),
        low    => min(@all),
        high   => max(@all),
        runs   => scalar @all
    };
}

# Recorded addresses and sizes are drawn as they are.
sub _heap_map ($content) {
    die "it is no heap map of version 1\n"
      if ( $content->{format} // '' ) ne 'xmalloc heap map' || ( $content->{version} // 0 ) != 1;
    _need( $content, 'steps', 'ARRAY' );
    return $content;
}

# ---- Profiles and claims -------------------------------------------------------------------------------------------------

# One tool for all bars and the title: perf, which sees the release build, where it worked for every backend; else gprof, which
# sees a build of its own, and no C library.
sub _profiles ($content) {
    my @all     = @{ _need( $content, 'profiles', 'ARRAY' ) };
    my %name    = map { $_->{backend} => 1 } @all;
    my %of      = map { $_->{backend} => $_ } grep { ( $_->{tool} // '' ) eq 'perf' } @all;
    my %missing = %{ $content->{problems} // {} };
    if ( keys %of < keys %name ) {
        my %by_gprof = map { $_->{backend} => $_ } grep { ( $_->{tool} // '' ) eq 'gprof' } @all;
        %of = %by_gprof if keys %by_gprof > keys %of;
        $missing{$_} //= 'was measured with another tool' for grep { !$of{$_} } keys %name;
    }
    _need( $_, 'functions', 'ARRAY' ) for values %of;
    my @list = map { $of{$_} } lecture::Ideas::in_order( keys %of ) or die "it has no profile of one tool\n";
    return { list => \@list, tool => $list[0]{tool}, busy => _busy($content), missing => \%missing };
}

# The value of a claim with the words that go with it, as one says it; or text. An extreme one stands with its interval.
sub _figure ( $value, $words ) {
    return $words if !defined $value;
    my $number = $value->{median};
    my $of     = ( $words // '' ) =~ /\Aof /;
    return ( $of ? 'none ' : 'no ' ) . $words if $number == 0 && defined $words && !$value->{high};
    return "all $words" if $number == 1 && $of && ( $value->{low} // 1 ) == 1 && ( $value->{high} // 1 ) == 1;
    my $interval =
      is_extreme($number) && defined $value->{low}
      ? sprintf '(%s to %s)', digits( $value->{low} ), digits( $value->{high} )
      : undef;
    return join ' ', grep { defined } digits($number), $interval, $words;
}

sub _claims ($content) {
    my ( @claims, %of, @rungs );
    my $busy = _busy($content);
    for my $claim ( @{ _need( $content, 'claims', 'ARRAY' ) } ) {
        die "a claim has no 'claim' or no 'verdict'\n"
          if ref $claim ne 'HASH' || !defined $claim->{claim} || !defined $claim->{verdict};
        my $rung    = $claim->{rung} // $claim->{backend} // '';
        my $value   = ref $claim->{value} eq 'HASH' ? $claim->{value} : undef;
        my $is_open = $claim->{timed} && @{$busy};
        push @claims,
          {
            ( map { $_ => $claim->{$_} } qw(claim where rule) ),
            verdict => $is_open ? 'cannot tell'                      : $claim->{verdict},
            why     => $is_open ? "the machine was busy: $busy->[0]" : $claim->{why},
            rung    => $rung,
            figure  => _figure( $value, $claim->{figure} ),
            (
                $value && defined $value->{low}
                ? (
                    interval => sprintf '%s to %s, %d rounds',
                    digits( $value->{low} ),
                    digits( $value->{high} ),
                    scalar @{ $value->{rounds} // [] }
                  )
                : ()
            ),
          };
        push @rungs,          $rung if !$of{$rung};
        push @{ $of{$rung} }, $claims[-1];
    }
    return { list => \@claims, groups => [ map { { rung => $_, list => $of{$_} } } @rungs ] };
}

1;

__END__

=head1 NAME

lecture::Results - read files of results for the page

=head1 FUNCTIONS

=head2 read_all(@paths)

Reads files of bench/compare, bench/scale, lecture/build, the claims and the heap maps; the content of a file shows its kind.
Returns a hash with the lists C<race>, C<scaling>, C<memory>, C<profiles>, C<claims> and C<heapmaps>, if there are any; the
C<machine> and C<made_at> of the results; and C<problems>. These are sentences by the name of such a list: what is missing or
wrong and what to do.

=cut
