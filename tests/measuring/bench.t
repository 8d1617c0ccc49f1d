#!/usr/bin/env perl

# The allocation patterns do the same work with every backend, and bench/run says what it should about a race.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Temp ();
use FindBin    qw($Bin);
use JSON::PP   ();
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree     = "$Bin/../..";
my $programs = $ENV{BIN} // "$tree/bin";

# hw08 would take minutes.
my @backends = grep { $_ ne 'hw08' } split ' ', $ENV{BACKENDS} // 'sys par';

tests::lib::Built::launcher();
tests::lib::Built::insist( map { "bin/patterns-$_" } @backends ) if !defined $ENV{BIN};

sub run (@command) { return measure::Launch::run( command => \@command, wall_s => 600 ) }

# ---- The patterns -------------------------------------------------------------------------------------------------------

my ( $first, @others ) = @backends;
my @patterns = map { /\A(\S+)\t/ } split /\n/, run( "$programs/patterns-$first", '--list' )->{stdout};
cmp_ok( @patterns, '>=', 10, 'there are ten patterns or more' );

for my $pattern (@patterns) {
    for my $threads ( 1, 7 ) {
        my @arguments = ( $pattern, '-t', $threads, '-w', 1 );
        my $expected  = run( "$programs/patterns-$first", @arguments );
        like( $expected->{stdout}, qr/\A[1-9]\d* operations\n\z/, "@arguments works with $first" )
          or diag measure::Launch::sentence($expected);
        for my $backend (@others) {
            my $result = run( "$programs/patterns-$backend", @arguments );
            is( $result->{stdout}, $expected->{stdout}, "... and does the same number of operations with $backend" )
              or diag measure::Launch::sentence($result);
        }
    }
}

for my $wrong ( [], ['nonsense'], [ 'pairs', '-t', '0' ], [ 'pairs', '-w' ], [ 'pairs', '-x', '1' ] ) {
    is( run( "$programs/patterns-$first", @{$wrong} )->{exit}, 2, "wrong usage: patterns @{$wrong}" );
}

# ---- The race -----------------------------------------------------------------------------------------------------------

my $folder = File::Temp->newdir;

# A stand-in for a pattern program: it prints so many operations and takes so much memory.
sub stand_in ( $allocator, $operations, $mib ) {
    my $path = "$folder/patterns-$allocator";
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} <<"END";
#!/usr/bin/env perl
my \@memory = map { chr(65 + \$_) x ( 1024 * 1024 ) } 1 .. $mib;
print \$ARGV[0] eq '--list' ? "one\\tThis.\\ntwo\\tThat.\\n" : "$operations operations\\n";
END
    close $file or die "cannot write $path: $!\n";
    chmod 0755, $path or die "cannot make $path executable: $!\n";
    return;
}

sub race (@allocators) {
    return run(
        "$tree/bench/run", '--allocators', "@allocators", '--rounds',
        1,                 '--bin',        "$folder",     '--json',
        "$folder/bench.json"
    );
}

stand_in( 'sys',      5, 20 );
stand_in( 'jemalloc', 5, 10 );
stand_in( 'par',      5, 40 );
my $result = race(qw(sys jemalloc par));
ok( measure::Launch::ok($result), 'a race of three allocators ends well' ) or diag measure::Launch::sentence($result);
is( $result->{stderr}, '', 'no progress is shown to a pipe' );
like(
    $result->{stdout},
    qr/^one +sys .*\n +jemalloc .*\n +par .*\((?:sys|jemalloc)\)\n^two +sys /m,
    'each pattern has a row an allocator, and par is compared with the best peer'
);
like( $result->{stdout}, qr/the best single peer is .*jemalloc in memory/,
    'the peer that needs least memory is named' );

open my $file, '<', "$folder/bench.json" or die "cannot read $folder/bench.json: $!\n";
my $memory = JSON::PP->new->decode( join '', <$file> )->{geometric_means}{memory};
cmp_ok( $memory->{jemalloc}, '<', 0.9, 'the mean of peak memory is below 1 for an allocator that needs less than sys' );
cmp_ok( $memory->{par},      '>', 1.2, '... and above 1 for one that needs more' );

stand_in( 'par', 6, 1 );
$result = race(qw(sys par));
isnt( $result->{exit}, 0, 'a race in which one did other work fails' );
like(
    $result->{stderr},
    qr/patterns-par one did 6 operations, but .*patterns-sys one did 5$/,
    '... and says who did what'
);

like( race(qw(par))->{stderr}, qr/--allocators must name sys/, 'sys cannot be left out' );

done_testing();
