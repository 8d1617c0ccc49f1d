package lecture::Sample;

# Made-up results of every kind, for tests of the page: as full as a real lecture, and the same every time.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use JSON::PP ();
use lecture::Maps;

my @BACKENDS = qw(sys hw08 buddy bucket cache arena par jemalloc tcmalloc mimalloc);
my %FACTOR   = (
    sys      => 1,
    hw08     => 58,
    buddy    => 1.4,
    bucket   => 1.1,
    cache    => 0.5,
    arena    => 0.8,
    par      => 0.25,
    jemalloc => 0.45,
    tcmalloc => 0.44,
    mimalloc => 0.4
);
my $ROUNDS  = 7;
my %MACHINE = (
    cpu        => 'A processor with quite a long name, 3.1 GHz',
    cores      => 2,
    memory_mib => 8192,
    system     => 'Debian GNU/Linux 12 (bookworm)',
    kernel     => '6.1.0',
    c_library  => 'glibc 2.36',
    compiler   => 'gcc 12.2.0',
    huge_pages => 'madvise'
);

# Writes the files into the folder. Result: their paths.
sub write_all ($folder) {
    my %content = (
        compare => race(),
        map( { ( "scale-$_" => scaling($_) ) } qw(pairs crowd) ),
        memory   => memory(),
        profiles => profiles(),
        claims   => claims(),
        map( { ( "map-$_" => heap_map($_), "story-$_" => story_map($_) ) } qw(hw08 par) ),
    );
    for my $name ( sort keys %content ) {
        open my $file, '>', "$folder/$name.json" or die "cannot write $folder/$name.json: $!\n";
        print {$file} JSON::PP->new->utf8->canonical->encode( $content{$name} );
        close $file or die "cannot write $folder/$name.json: $!\n";
    }
    return map { "$folder/$_.json" } sort keys %content;
}

sub _dated (%content) {
    return {
        made_at => '2026-01-02T03:04:05Z',
        machine => \%MACHINE,
        quiet   => { contended => [], others => 0.03, stolen => 0 },
        %content
    };
}

# Wall times around a median, spread a little, for each backend in another order.
sub _rounds ( $wall_s, $step ) {
    return [
        map {
            {
                wall_s   => $wall_s * ( 1 + 0.02 * ( $step * $_ % $ROUNDS - 3 ) ),
                user_s   => $wall_s,
                sys_s    => 0.01,
                peak_kib => 10_240 + $_
            }
        } 0 .. $ROUNDS - 1
    ];
}

sub race () {
    my %top = (
        large => { ivec => 200_000, list => 100_000, collatz => 3_000_000 },
        small => { ivec => 10_000,  list => 2000,    collatz => 300_000 }
    );
    my @sections;
    for my $size (qw(large small)) {
        my @races;
        for my $program (qw(ivec list collatz)) {
            my %backends =
              map { $_ => _rounds( $FACTOR{$_} * ( $size eq 'large' ? 1.6 : 0.05 ), $_ eq 'sys' ? 1 : 3 ) } @BACKENDS;
            delete $backends{hw08} if $size eq 'large';
            push @races,
              {
                program  => $program,
                top      => $top{$size}{$program},
                rounds   => $ROUNDS,
                backends => \%backends,
                left_out => $size eq 'large' ? { hw08 => 9.6 } : {}
              };
        }
        push @sections,
          {
            title => $size eq 'large'
            ? 'Large inputs: sys takes a second or more'
            : 'Small inputs: hw08 takes 3 seconds at most',
            races => \@races
          };
    }
    return _dated( threads => 4, rounds => $ROUNDS, sections => \@sections );
}

sub scaling ($pattern) {
    my @threads = ( 1, 2, 4, 8, 16 );
    my ( %cost, %runs );
    for my $backend ( grep { $pattern eq 'pairs' || $_ ne 'hw08' } @BACKENDS ) {
        my $growth = $backend =~ /\A(?:hw08|buddy|bucket)\z/ ? 0.5 : 0.01;
        for my $count (@threads) {
            $cost{$backend}{$count} =
              [ map { ( 12 + 6 * $FACTOR{$backend} ) * ( 1 + $growth * ( $count - 1 ) ) + 0.2 * $_ }
                  $count == 2 ? ( 1, 0, 2 ) : 0 .. 2 ];
            $runs{"$backend, $count threads"} = [
                map {
                    {
                        wall_s             => $_ / 1e9 / ( $count > 1 ? 2 : 1 ),
                        voluntary_switches => $growth > 0.1 ? 900 * ( $count - 1 ) : 3
                    }
                } @{ $cost{$backend}{$count} }
            ];
        }
    }
    return _dated(
        pattern              => $pattern,
        threads              => \@threads,
        rounds               => 3,
        operations           => 1,
        runs                 => \%runs,
        cpu_ns_per_operation => \%cost
    );
}

sub memory () {
    my ( %runs, %rests );
    for my $backend (@BACKENDS) {
        my ( @samples, $resident );
        my $slack = $backend eq 'arena' ? 1.4 : 1.1;
        my $asked = 0;
        for my $phase (
            [ grow          => 32 ],
            [ 'thin out'    => 8 ],
            [ 'other sizes' => 32 ],
            [ shrink        => 2 ],
            [ rest          => 2 ],
            [ 'all freed'   => 0 ]
          )
        {
            my $step = ( $phase->[1] * 1024 - $asked ) / 20;
            for ( 1 .. 20 ) {
                $asked += $step;
                $resident = $asked * $slack + 500 if $asked * $slack + 500 > ( $resident // 0 ) || $backend eq 'par';
                push @samples,
                  { phase => $phase->[0], asked_kib => int( $asked + 0.5 ), resident_kib => int $resident };
            }
        }
        $runs{$backend} = \@samples;
        my ($rest) = grep { $_->{phase} eq 'rest' } reverse @samples;
        $rests{$backend} = [ map { $rest->{resident_kib} + 10 * $_ } 0 .. 2 ];
    }
    delete $runs{hw08};
    return _dated(
        peak_mib => 32,
        runs     => \%runs,
        rests    => \%rests,
        problems => { hw08 => 'did not finish within 45 s' }
    );
}

# By perf all of them, by gprof all but sys, as lecture::Profiles makes them. The later in the list, the less in the allocator.
sub profiles () {
    my ( @profiles, $at );
    for my $backend (qw(hw08 buddy bucket cache arena sys par)) {
        my $in_allocator = 900 - 120 * $at++;
        my %about        = ( backend => $backend, program => 'list', top => 2000, cpu_s => 1.5 );
        my @functions =
          map { { name => "a_function_called_$_", percent => 60 / $_, within => $_ % 2 ? 50 / $_ : 0 } } 1 .. 6;
        my @stacks = (
            { stack => [qw(main search copy list_append xmalloc take)], samples => 40 },
            { stack => [qw(main search list_release xfree)],            samples => 30 },
            { stack => [qw(main search copy)],                          samples => 30 }
        );
        push @profiles,
          {
            %about,
            tool         => 'perf',
            samples      => 1000,
            in_allocator => $in_allocator,
            functions    => \@functions,
            stacks       => \@stacks
          };
        push @profiles, { %about, tool => 'gprof', functions => [ { name => 'counted', percent => 75 } ] }
          if $backend ne 'sys';
    }
    return _dated( profiles => \@profiles, problems => {} );
}

sub claims () {
    my @claims;
    for my $i ( 1 .. 16 ) {
        push @claims,
          {
            rung    => ( @BACKENDS, 'madvise' )[ $i % 4 + 1 ],
            claim   => "Claim $i of the notes says that something is slower or larger than it needs to be",
            figure  => 'times as long with 32 times as many free blocks',
            value   => { median => $i / 3, low => $i / 4, high => $i / 2, rounds => [ $i / 3 ] },
            where   => "probe-hw08 steps 32000 / probe-hw08 steps 1000",
            rule    => 'shown if > 8',
            verdict => ( 'shown', 'shown', 'refuted', 'cannot tell' )[ $i % 4 ],
          };
    }
    return _dated( claims => \@claims );
}

# A block is taken, grows, another is taken, and both are freed.
sub heap_map ($backend) {
    my $base = 140_000_000_000_000;
    return {
        format     => 'xmalloc heap map',
        version    => 1,
        backend    => $backend,
        trace      => 'sample.trace',
        program    => 'sample',
        cut        => JSON::PP::false(),
        events     => 5,
        blocks     => 2,
        threads    => 2,
        page_bytes => 4096,
        fields     => [qw(kind thread block bytes address resident old_bytes old_address)],
        steps      => [
            [ 'malloc',  0, 0, 40,   $base,        4096 ],
            [ 'malloc',  1, 1, 400,  $base + 64,   4096 ],
            [ 'realloc', 0, 0, 5000, $base + 4096, 12_288, 40, $base ],
            [ 'free',    1, 1, 400,  $base + 64,   12_288 ],
            [ 'free',    0, 0, 5000, $base + 4096, 12_288 ],
        ],
        memory => [
            [ 1, 4096,   65_536, [ [ $base, $base + 65_536, [ [ $base, $base + 4096 ] ] ] ] ],
            [ 3, 12_288, 65_536, [ [ $base, $base + 65_536, [ [ $base, $base + 12_288 ] ] ] ] ],
        ],
    };
}

# The story of lecture::Maps on an allocator that puts each block behind the last, and gives nothing back.
sub story_map ($backend) {
    my ( $text, $captions ) = lecture::Maps::story();
    my $map = heap_map($backend);
    my ( %at, %bytes, @steps );
    my $next = $map->{steps}[0][4];
    my $take = sub ( $block, $bytes ) {
        ( $at{$block}, $bytes{$block} ) = ( $next, $bytes );
        $next += 16 + $bytes + -$bytes % 16;
        return ( $bytes, $at{$block}, $next - $map->{steps}[0][4] );
    };
    for my $line ( grep { /\A(?:malloc|realloc|free) / } split /\n/, $text ) {
        my ( $kind, $thread, $block, $bytes ) = split / /, $line;
        my @before = ( $bytes{$block}, $at{$block} );
        push @steps, [
            $kind, 0 + $thread,
            0 + $block,
            $kind eq 'free'
            ? ( @before, $next - $map->{steps}[0][4] )
            : ( $take->( $block, 0 + $bytes ), $kind eq 'realloc' ? @before : () )
        ];
    }
    return { %{$map}, trace => 'story', events => scalar @steps, captions => $captions, steps => \@steps };
}

1;

__END__

=head1 NAME

lecture::Sample - made-up results for tests of the lecture page

=head1 FUNCTIONS

=head2 write_all($folder)

Writes a file of each kind and returns their paths.

=head2 race(), scaling($pattern), memory(), profiles(), claims(), heap_map($backend), story_map($backend)

The content of such a file.

=cut
