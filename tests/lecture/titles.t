#!/usr/bin/env perl

# The titles of the lecture: each says what the results show, and "cannot tell here" where their spread, too few rounds or a
# busy machine do not allow it.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use Test::More;

use lib "$Bin/../..";
use lecture::Findings;
use lecture::Interval qw(interval is_more is_less);
use lecture::Page;
use lecture::Recorded;
use lecture::Results;
use lecture::Sample;

# ---- When a ratio is sure ----------------------------------------------------------------------------------------------------

sub rounds_of ( $from, $to, $count ) {
    return [ map { $from + ( $to - $from ) * $_ / ( $count - 1 ) } 0 .. $count - 1 ];
}
sub against_one (@rounds) { return interval( \@rounds, [ (1) x @rounds ] ) }

my $seven = against_one( @{ rounds_of( 1.01, 1.2, 7 ) } );
ok( is_more($seven),                                           'seven rounds above 1: more' );
ok( !is_less($seven),                                          '... and not less' );
ok( !is_more( against_one( @{ rounds_of( 0.99, 1.2, 7 ) } ) ), 'an interval that holds 1 tells nothing' );
ok( !is_more( against_one( 1.1, 1.15, 1.3 ) ), 'a range of three rounds must be clear of 1 by its own width' );
ok( is_more( against_one( 1.3, 1.35, 1.4 ) ),  '... as this one is' );
ok( is_less( against_one( 0.2, 0.21, 0.22 ) ), '... or this' );
ok( !is_more( against_one( 58, 59 ) ),         'two rounds tell nothing, be the ratio ever so large' );
ok( !is_more( against_one( 58, 59 ) ) && !is_less( against_one( 0.1, 0.1 ) ), '... or small' );

# ---- The titles of a whole page ----------------------------------------------------------------------------------------------

my $folder = File::Temp->newdir( TMPDIR => 1 );
my $data   = lecture::Page::data( lecture::Results::read_all( lecture::Sample::write_all($folder) ) );

my %section = map { $_->{id} => $_ } @{ $data->{race}{sections} };
is(
    $section{large}{finding},
    'par needs 25% of the time of the C library on ivec (23% to 27%)',
    'the race: how fast par is, with the interval'
);
is(
    $section{small}{finding},
    'hw08 takes 58 times as long as the C library on ivec (54 to 63)',
    '... how slow hw08 is'
);
my ($par) = grep { $_->{backend} eq 'par' } @{ $section{large}{programs}[0]{rows} };
is( join( ' ', map { sprintf '%.3f', $par->{$_} } qw(median_s spread_s) ), '0.400 0.016', '... with its rounds' );
my ($pairs) = grep { $_->{pattern} eq 'pairs' } @{ $data->{scaling} };
is(
    $pairs->{finding},
    'With 2 threads on 2 cores a call costs 1.5 times as much as with one in hw08 (1.5 to 1.5); in par no more',
    'scaling: at the number of cores, not at the worst point'
);
is(
    $pairs->{waits},
    'Threads wait for a lock most in bucket (900 waits with 2 threads, 0 with one), also in buddy, hw08.',
    '... who waits is shown by counts'
);
is(
    $data->{memory}{finding},
    'With 2.0 MiB in use after the peak, arena keeps most: 45 MiB; par 2.7 MiB',
    'memory: who keeps most'
);
is(
    $data->{profiles}{finding},
    'With hw08, 90% of the time is spent in the allocator; with par, 18%',
    'profiles: the share of the allocator'
);
is_deeply( { map { $_->{tool} => 1 } @{ $data->{profiles}{list} } }, { perf => 1 }, '... bars of the same tool' );
is(
    $data->{claims}{finding},
    '16 claims of the course notes, measured: 8 shown, 4 cannot tell, 4 refuted',
    'claims: the verdicts are counted'
);
is( $data->{claims}{list}[0]{rule}, 'shown if > 8', '... and keep their rule' );
like( $data->{quiet}{sentence}, qr/\AThe machine was quiet: others used 0\.03 /, 'the head says how quiet it was' );

my @rungs = @{ $data->{rungs} };
is(
    join( ' ', map { $_->{backend} } @rungs ),
    'hw08 buddy bucket cache arena par',
    'the ladder is climbed in its order'
);
is_deeply( $rungs[2]{shown}, [qw(sys hw08 buddy bucket)], '... each slide shows what came before' );
is( $rungs[0]{finding}, 'hw08: list takes 58 times the time of the C library (54 to 63).', '... the first beside sys' );
is(
    $rungs[3]{finding},
    'cache: list takes 50% of the time of the C library (46% to 54%), and is 2.2 times faster than with bucket.',
    '... a later one also beside the one before'
);
is(
    $rungs[4]{finding},
    'arena: list takes 80% of the time of the C library (74% to 87%), and 1.6 times as long as with cache.',
    '... also when it is slower'
);
is(
    lecture::Findings::_rung_words(
        'arena',
        {
            program   => 'list',
            to_sys    => { ratio => 1,   low => 0.9, high => 1.1, rounds => 7 },
            to_before => { ratio => 0.5, low => 0.4, high => 0.6, rounds => 7 }
        },
        'cache'
    ),
    'Cannot tell here whether arena is faster or slower than the C library on list; it is 2.0 times faster than cache.',
    '... where one is told and the other is not'
);
is( "$rungs[1]{section} $rungs[2]{section}", 'small large', '... where both of them ran' );

# ---- What cannot be told -----------------------------------------------------------------------------------------------------

# A race of par on programs with these ratios, seven rounds each.
sub racing ( $id, @ranges ) {
    my $n = 0;
    return {
        id       => $id,
        backends => [qw(sys par)],
        programs => [
            map {
                my $wall_s = rounds_of( @{$_}, 7 );
                {
                    program => $n++ ? "program$n" : 'list',
                    rows    => [
                        { backend => 'sys', ratio  => 1, low => 1, high => 1, rounds => 7, wall_s => [ (1) x 7 ] },
                        { backend => 'par', wall_s => $wall_s, %{ against_one( @{$wall_s} ) } }
                    ]
                }
            } @ranges
        ]
    };
}
sub told (@ranges) { return lecture::Findings::race( racing( 'large', @ranges ) ) }
is( told( [ 0.5, 1.5 ] ), 'Cannot tell here whether par is faster than the C library',
    'a race whose interval holds 1' );
is(
    told( [ 0.3, 1.2 ], [ 0.80, 0.82 ] ),
    'par needs 81% of the time of the C library on program2 (80% to 82%)',
    'a sure program is named, not the one with the smallest median'
);
is( told( [ 1.2, 1.3 ], [ 2, 3 ] ), 'par is slower than the C library on every program', 'slower, surely' );
is(
    lecture::Findings::race( { %{ racing( 'large', [ 0.2, 0.3 ] ) }, busy => ['other processes used 0.90 CPUs'] } ),
    'Cannot tell here who is faster: the machine was busy (other processes used 0.90 CPUs)',
    'a busy machine tells nothing, be the ratio ever so clear'
);
is(
    lecture::Findings::race( { id => 'large', programs => [] } ),
    'Only the C library took part in this race',
    'one alone'
);
my ($rung) = @{ lecture::Findings::rungs( { sections => [ racing( 'large', [ 0.5, 1.5 ] ) ] } ) };
is(
    $rung->{finding},
    'Cannot tell here whether par is faster or slower than the C library on list.',
    'a rung whose interval holds 1'
);
my $twice = against_one( 0.2, 0.3 );
is(
    lecture::Findings::_rung_words( 'par', { program => 'list', to_sys => $twice, to_before => $twice }, 'arena' ),
    'Cannot tell here whether par is faster or slower than the C library on list: 2 rounds are too few.',
    '... or which has too few rounds: that is said'
);

is(
    lecture::Findings::_rung_words(
        'buddy',
        {
            program   => 'list',
            to_sys    => against_one( @{ rounds_of( 1.9,  2.1,  7 ) } ),
            to_before => against_one( @{ rounds_of( 0.03, 0.04, 7 ) } )
        },
        'hw08'
    ),
'buddy: list takes 2.0 times the time of the C library (1.9 to 2.1), and is 29 (25 to 33) times faster than with hw08.',
    'an extreme factor stands with its interval'
);
is(
    lecture::Findings::profiles( { list => [], busy => ['other processes used 0.90 CPUs'] } ),
    'Cannot tell here where the time goes: the machine was busy (other processes used 0.90 CPUs)',
    'a busy machine: nor where the time goes'
);

sub scaled ( $full, %growth ) {
    return {
        full   => $full,
        cores  => 2,
        series => [ map { { backend => $_, growth => $growth{$_} } } sort keys %growth ]
    };
}
my $flat  = against_one( @{ rounds_of( 0.98, 1.02, 7 ) } );
my $steep = against_one( @{ rounds_of( 2.9,  3.1,  7 ) } );
my $wild  = against_one( @{ rounds_of( 0.8,  2.6,  7 ) } );
is(
    lecture::Findings::scaling( scaled( 2, hw08 => $steep, par => $wild ) ),
    'With 2 threads on 2 cores a call costs 3.0 times as much as with one in hw08 (2.9 to 3.1); '
      . 'in par perhaps 0.80 to 2.6 times, by 7 rounds',
    'scaling: a wild point of par is not told as its cost'
);
is(
    lecture::Findings::scaling( scaled( 2, par => $wild ) ),
    'Cannot tell here whether a call costs more with 2 threads than with one',
    '... alone it tells nothing'
);
is(
    lecture::Findings::scaling( scaled( 2, hw08 => against_one(13), par => against_one(1) ) ),
    'Cannot tell here whether a call costs more with 2 threads than with one: one round is too few',
    '... and where a single round is why, it says so, for the line may rise'
);
is(
    lecture::Findings::scaling( scaled( 2, sys => $flat, par => $flat ) ),
    'With 2 threads on 2 cores a call costs no more than with one, whoever serves it',
    '... flat lines are called flat'
);
is(
    lecture::Findings::scaling( scaled( undef, sys => $flat ) ),
    'Cannot tell here what threads cost: this machine has no second core for them',
    '... one core'
);
is( lecture::Findings::waits( { full => 2, series => [ { backend => 'par', waits => { more => 0 } } ] } ),
    '', 'nobody is said to wait whose waits were not counted' );

sub resting ( $backend, $low, $high, $runs = 3 ) {
    return { backend => $backend, rest => { asked => 2048, low => $low * 1024, high => $high * 1024, runs => $runs } };
}
sub memory (@series) { return lecture::Findings::memory( { series => \@series } ) }
is(
    memory( resting( 'sys', 20, 21 ), resting( 'par', 30, 31 ) ),
    'With 2.0 MiB in use after the peak, par keeps most: 30 to 31 MiB; the C library 20 to 21 MiB',
    'memory: also par, when it keeps most'
);
is(
    memory( resting( 'sys', 29, 31 ), resting( 'arena', 30, 33 ), resting( 'par', 3, 3 ) ),
    'With 2.0 MiB in use after the peak, arena and the C library keep most: 29 to 33 MiB; par 3.0 MiB',
    '... who cannot be told apart stands together'
);
is(
    memory( resting( 'arena', 48.9, 48.9 ), resting( 'buddy', 48.7, 48.7 ), resting( 'par', 42, 42 ) ),
    'With 2.0 MiB in use after the peak, arena and buddy keep most: 49 MiB; par 42 MiB',
    '... and who has the same figure beside its name'
);
is(
    memory( resting( 'arena', 32, 32, 1 ), resting( 'sys', 29, 29, 1 ) ),
    'With 2.0 MiB in use after the peak, arena and the C library keep most: 29 to 32 MiB',
    '... single runs have no spread to go by'
);

sub sampled ( $backend, $in ) { return { backend => $backend, samples => 100, in_allocator => $in, tool => 'perf' } }
is(
    lecture::Findings::profiles( { list => [ sampled( 'sys', 52 ), sampled( 'par', 48 ) ] } ),
    'Cannot tell here who spends most time in the allocator: about 52% with all',
    'profiles: so few samples tell nothing'
);
my $mixed = lecture::Results::_profiles(
    {
        profiles => [
            { backend => 'sys',  tool => 'perf',  functions => [ {} ] },
            { backend => 'par',  tool => 'gprof', functions => [ {} ] },
            { backend => 'hw08', tool => 'gprof', functions => [ {} ] }
        ]
    }
);
is_deeply( [ map { $_->{backend} } @{ $mixed->{list} } ], [qw(hw08 par)], '... two tools are never mixed' );
is( $mixed->{missing}{sys}, 'was measured with another tool', '... and who is missing is said' );

my $claims = lecture::Results::_claims(
    {
        quiet  => { contended => ['other processes used 0.90 CPUs'] },
        claims => [
            { rung => 'hw08', claim => 'slow',  verdict => 'shown', timed => 1 },
            { rung => 'hw08', claim => 'large', verdict => 'shown', timed => 0 }
        ]
    }
);
is_deeply(
    [ map { $_->{verdict} } @{ $claims->{list} } ],
    [ 'cannot tell', 'shown' ],
    'claims: a busy machine takes away the verdicts about time, and no other'
);
like( $claims->{list}[0]{why}, qr/\Athe machine was busy/, '... and says why' );

is( lecture::Findings::quiet( [ { what => 'race', record => undef } ] )->{state}, 'unknown', 'quiet is never assumed' );
is(
    lecture::Findings::quiet(
        [
            { what => 'race',    record => { contended => [], others => 0.01 } },
            { what => 'scaling', record => { contended => ['the host took away 9% of the CPU time'] } }
        ]
    )->{sentence},
    'The machine was busy during scaling (the host took away 9% of the CPU time): these times tell little',
    '... and one busy measurement is named'
);

# ---- Claims stand alone ------------------------------------------------------------------------------------------------------

# Slides show a few claims of one allocator, so that what one is about must be in its own words.
sub content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file>;
}
my $script = content("$Bin/../../ladder/claims");
my @claims = $script =~ /^ +claim +=> '(.*?)',$/mg;
cmp_ok( scalar @claims, '>', 30, 'the claims of the notes' );
is_deeply( [ grep { /\A(?:[.]{3}|and |so )|\b(?:those|these)\b/ } @claims ], [], '... none goes on with another' );
my $recorded = lecture::Recorded::results("$Bin/../../lecture/recorded/sample.json")->{claims}[-1]{list};
my %is_known = map { $_ => 1 } @claims;
is_deeply(
    [
        map { lecture::Results::_figure( @{$_} ) } [ { median => 0, low => 0, high => 0 }, 'of the objects' ],
        [ { median => 0,    low => 0,    high => 0 },    'bytes taken anew' ],
        [ { median => 1,    low => 1,    high => 1 },    'of the pairs' ],
        [ { median => 1,    low => 0.9,  high => 1 },    'of the pairs' ],
        [ { median => 38.4, low => 37.1, high => 39.9 }, 'times as long' ],
        [ { median => 0.02, low => 0.01, high => 0.03 }, 'of the waits' ],
        [ { median => 3,    low => 2,    high => 4 },    'times as long' ],
        [ undef, 'words alone' ],
    ],
    [
        'none of the objects',
        'no bytes taken anew',
        'all of the pairs',
        '1.00 of the pairs',
        '38.4 (37.1 to 39.9) times as long',
        '0.02 (0.01 to 0.03) of the waits',
        '3.00 times as long',
        'words alone'
    ],
    '... figures as one says them, extreme ones with their interval'
);
is_deeply( [ grep { !$is_known{$_} } map { $_->{claim} } @{$recorded} ], [], '... the recorded sample has the same' );

done_testing();
