#!/usr/bin/env perl

# Random calls on several threads against a model heap: par, libpar and hw08 keep every block, and a heap that does not is
# noticed, with the shortest sequence of calls that shows it. OPS=1e9 CREW=8 SEED=number; without OPS a few seconds' worth.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use FindBin qw($Bin);
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree       = "$Bin/../..";
my $place      = 'build/release/tests/torture';
my $operations = $ENV{OPS}     // 5e5;
my $threads    = $ENV{CREW} // 8;
my @seed       = defined $ENV{SEED} ? $ENV{SEED} : ();

# A broken backend, its threads, and what is said of it. With one thread a seed decides everything but what lies behind a mapping;
# nolock has a race.
my @BROKEN = (
    [ overlap     => 1, 'overlaps a live one' ],
    [ shortblock  => 1, 'overlaps a live one|signal' ],
    [ lostcontent => 1, 'has changed' ],
    [ misaligned  => 1, 'is not aligned' ],
    [ errno       => 1, 'has changed errno' ],
    [ noenomem    => 1, 'with errno 77 and not ENOMEM' ],
    [ ownsize     => 1, 'resident after everything was given back' ],
    [ nolock      => 8, 'overlaps a live one|has changed|signal|not as it was noted|there was no memory' ],
);
tests::lib::Built::insist(
    'build/release/measure/launch',
    'lib/libpar.so',
    ( map { "$place/random-$_" } qw(par hw08 family) ),
    'BACKENDS=sys hw08 par ' . join( q{ }, map { $_->[0] } @BROKEN ),
    map { "$place/random-$_->[0]" } @BROKEN
);

sub random ( $program, $count, $crew, @seed ) {
    return measure::Launch::run(
        command => [ "$tree/$place/random-$program", $count, $crew, @seed ],
        wall_s  => 600 + $count / 1e4,
        env     => { LD_PRELOAD => $program eq 'family' ? "$tree/lib/libpar.so" : undef },
    );
}

sub passes ( $name, $program, $count ) {
    my $result = random( $program, $count, $threads, @seed );
    like( $result->{stdout}, qr/\d MiB resident at the end$/, $name )
      or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
    return $result;
}

passes( 'par keeps every block', par => $operations );
my $libpar = passes( '... and so does libpar, with the whole malloc family', family => $operations );
like( $libpar->{stdout}, qr{\A\S*libpar[.]so:}, '... which was asked and nobody else' );

# Its walks are long, so it gets little.
passes( '... and so does hw08', hw08 => $operations / 200 );

for my $broken (@BROKEN) {
    my ( $backend, $crew, $words ) = @{$broken};
    my $result = random( $backend, 8e5, $crew, 1 );
    my $found  = $result->{stderr} =~ /^torture: .*(?:$words)/m;
    ok( $found, "the bug of $backend is noticed" ) or diag $result->{stdout}, $result->{stderr};
    next if $crew > 1 || $backend eq 'ownsize';
    my ($left) = $result->{stderr} =~ /has (\d+) operations:/;
    cmp_ok( $left // 1e9, '<=', 12, '... and shown in a few calls' ) or diag $result->{stderr};
}

done_testing;
