#!/usr/bin/env perl

# lib/libpar.so: the malloc family keeps its promises, and real programs give the same output with it as without.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use POSIX      ();
use Test::More;

use lib "$Bin/../..";
use measure::Launch;
use tests::lib::Built;

my $tree   = abs_path("$Bin/../..");
my $build  = "$tree/build/release";
my $libpar = "$tree/lib/libpar.so";
my $folder = File::Temp->newdir;
tests::lib::Built::insist(
    qw(build/release/measure/launch lib/libpar.so lib/libpar-hardened.so lib/libpar-checking.so lib/libpar-valgrind.so),
    map { "build/release/tests/tools/$_" } qw(family self_report gives_up cancelled)
);

sub run ( $preload, @command ) {
    return measure::Launch::run(
        command       => \@command,
        wall_s        => 300,
        output_bytes  => 64 * 1024 * 1024,
        capture_bytes => 16 * 1024 * 1024,
        env           => { LD_PRELOAD => $preload ? $libpar : undef, LC_ALL => 'C' },
    );
}

for my $preload ( 0, 1 ) {
    my $result = run( $preload, "$build/tests/tools/family" );
    my $whose  = $preload ? 'libpar' : 'the C library';
    like(
        $result->{stdout},
        $preload ? qr/\Amalloc is in \S*libpar\.so\n/ : qr/\Amalloc is in \S*libc\.so/,
        "malloc is that of $whose"
    );
    ok( measure::Launch::ok($result), "$whose keeps the promises of the malloc family" )
      or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
}

my $report = run( 1, "$build/tests/tools/self_report" );
ok( measure::Launch::ok($report), 'libpar answers truly when a program asks how much memory it has' )
  or diag measure::Launch::sentence($report), "\n", $report->{stdout}, $report->{stderr};

# Such a program is right, whatever it gives up of its blocks: nothing in them that par looks at may end it.
for my $case (
    [ 'libpar',          'rounded' ],
    [ 'libpar',          'rounded', 100 ],
    [ 'libpar',          'inside' ],
    [ 'libpar-hardened', 'inside' ],
    [ 'libpar-hardened', 'inside', 100 ]
  )
{
    my ( $library, @how ) = @{$case};
    my $gave = measure::Launch::run(
        command => [ "$build/tests/tools/gives_up", 1, 8000, @how ],
        wall_s  => 300,
        env     => { LD_PRELOAD => "$tree/lib/$library.so" },
    );
    ok( measure::Launch::ok($gave), "a program that gives up pages of its blocks is left in peace (@{$case})" )
      or diag measure::Launch::sentence($gave), "\n", $gave->{stderr};
}

for my $library (qw(libpar libpar-hardened libpar-checking)) {
    my $ended = measure::Launch::run(
        command => ["$build/tests/tools/cancelled"],
        wall_s  => 300,
        env     => { LD_PRELOAD => "$tree/lib/$library.so", XMALLOC_CHECK => 1 },
    );
    like(
        $ended->{stderr},
        qr/\Axfree\(0x\w+\): this block/,
        "$library: a misuse is told when its thread is to be cancelled"
    );
    is( $ended->{signal}, POSIX::SIGABRT(), '... and ends the process' )
      or diag measure::Launch::sentence($ended), "\n", $ended->{stdout};
}

# Programs that take blocks at strange times, or beside strange libraries.
sub tool ( $name, @flags ) {
    my @command = ( 'gcc', qw(-D_GNU_SOURCE -O1 -fno-builtin), @flags, '-o', "$folder/$name" );
    system( @command, "$tree/tests/tools/$name.c" ) == 0 or BAIL_OUT("cannot build $name");
    return "$folder/$name";
}
my ( $resolver, $aborts ) = ( tool('resolver'), tool('abort_handler') );
my $forking = tool( 'signal_fork', '-DFAMILY' );
my $auditor = tool( 'auditor',     qw(-shared -fPIC) );
for my $library (qw(libpar libpar-hardened libpar-checking libpar-valgrind)) {
    my %env   = ( LD_PRELOAD => "$tree/lib/$library.so" );
    my $early = measure::Launch::run( command => [$resolver], wall_s => 300, env => \%env );
    ok( measure::Launch::ok($early), "$library: a program may take blocks while it is linked" )
      or diag measure::Launch::sentence($early), "\n", $early->{stdout}, $early->{stderr};
    my $audited =
      measure::Launch::run( command => [ 'env', "LD_AUDIT=$auditor", $resolver ], wall_s => 300, env => \%env );
    ok( measure::Launch::ok($audited), '... and beside a library that watches the linker' )
      or diag measure::Launch::sentence($audited), "\n", $audited->{stdout}, $audited->{stderr};
    my $forks = measure::Launch::run( command => [ $forking, 200, 20 ], wall_s => 300, asleep_s => 10, env => \%env );
    ok( measure::Launch::ok($forks), '... and a program of one thread may fork in a signal handler' )
      or diag measure::Launch::sentence($forks), "\n", $forks->{stderr};
    next if $library eq 'libpar-valgrind';
    my $again = measure::Launch::run( command => [$aborts], wall_s => 300, env => \%env );
    is( $again->{signal}, POSIX::SIGABRT(), '... and a misuse in the handler of abort() has an end' )
      or diag measure::Launch::sentence($again);
    is( scalar( () = $again->{stderr} =~ /\n/g ), 2, '... with a line for each' );
}

SKIP: {
    skip 'there is no compiler of C++ here', 5 if system('g++ --version >/dev/null 2>&1') != 0;
    my $loads = "$folder/late_library";
    system("gcc -o $loads $tree/tests/tools/late_library.c -ldl") == 0 or die 'gcc failed';
    for my $flags ( q{}, '-DREPLACED', '-DREPLACED_ARRAY', '-DAS_PLUGIN -shared -fPIC' ) {
        my $program = "$folder/operators" . ( $flags =~ s/ .*//r );
        system("g++ -std=c++17 -O1 -fno-builtin $flags -o $program $tree/tests/tools/operators.cc -ldl") == 0
          or die 'g++ failed';
        my $result = run( 1, $flags =~ /AS_PLUGIN/ ? ( $loads, $program ) : $program );
        like( $result->{stdout}, qr/\Anew is in \S*libpar[.]so/, 'new is that of libpar' ) if !$flags;
        ok( measure::Launch::ok($result), 'new and delete of C++ in all forms' . ( $flags && ": $flags" ) )
          or diag measure::Launch::sentence($result), "\n", $result->{stdout}, $result->{stderr};
    }
}

# Sandboxes foresee the calls by which the C library's malloc takes memory.
my $sandboxed = tool('sandboxed');
SKIP: {
    my $alone = measure::Launch::run( command => [ $sandboxed, 'seccomp' ], wall_s => 300 );
    skip 'the system has no filters of system calls, or its malloc makes other ones', 9
      if !measure::Launch::ok($alone);
    for my $library (qw(libpar libpar-hardened libpar-checking)) {
        for my $way (qw(prctl seccomp inherited)) {
            my $result = measure::Launch::run(
                command => [ $sandboxed, $way ],
                wall_s  => 300,
                env     => { LD_PRELOAD => "$tree/lib/$library.so" }
            );
            is( $result->{stdout}, "worked\n", "$library makes no call that a sandbox does not foresee ($way)" )
              or diag measure::Launch::sentence($result);
        }
    }
}

# A block that is freed with its size beside it. Where new is the program's own nobody knows what it asked malloc for.
SKIP: {
    skip 'there is no compiler of C++ here', 1 if system('g++ --version >/dev/null 2>&1') != 0;
    my %compiled = ( 'sized' => q{}, 'sized_own' => '-DOWN_NEW', 'sized_longer' => '-DLONGER_NEW' );
    for my $name ( sort keys %compiled ) {
        system("g++ -std=c++17 -O1 -fno-builtin $compiled{$name} -o $folder/$name $tree/tests/tools/sized.cc") == 0
          or die 'g++ failed';
    }
    my %call = map { $_ => 'operator delete' } qw(base plain aligned pages large);
    @call{qw(array free_sized free_aligned_sized)} = ( 'operator delete[]', qw(free_sized free_aligned_sized) );
    for my $library (qw(libpar libpar-hardened libpar-checking)) {
        my %run = ( wall_s => 300, env => { LD_PRELOAD => "$tree/lib/$library.so" } );
        for my $right ( 'sized right', 'sized_own right', 'sized_longer right', 'sized_own base', 'sized_longer array' )
        {
            my $result = measure::Launch::run( command => [ split m{ }, "$folder/$right" ], %run );
            ok( measure::Launch::ok($result), "$library: nobody says that a size is wrong ($right)" )
              or diag measure::Launch::sentence($result), "\n", $result->{stderr};
        }
        for my $way ( sort keys %call ) {
            my $result  = measure::Launch::run( command => [ "$folder/sized", $way ], %run );
            my ($block) = $result->{stdout} =~ /\A(\S+)\n\z/;
            my $told    = qr/\A\Q$call{$way}($block): this block has \E\d+ bytes, and the call says \d+\b[^\n]*\n\z/;
            like( $result->{stderr}, $library eq 'libpar' ? qr/\A\z/ : $told, "$library: a wrong size ($way)" );
        }
    }
}

# Some input that is the same in every run.
my $numbers = "$folder/numbers";
open my $file, '>', $numbers or die "cannot write $numbers: $!\n";
my $number = 1;
for ( 1 .. 200_000 ) {
    $number = ( $number * 1_103_515_245 + 12_345 ) % 2**31;
    print {$file} "$number\n";
}
close $file or die "cannot write $numbers: $!\n";

my %software = (
    'sort with threads' => [ 'sort', '-n', '--parallel=4', '-S', '1M', '-T', "$folder", $numbers ],
    'awk'  => [ 'awk', '{ count[$1 % 1000]++ } END { for (i = 0; i < 1000; i++) print i, count[i] }', $numbers ],
    'perl' =>
      [ 'perl', '-e', 'my %h; $h{$_ % 9973} .= "$_," for 1 .. 200_000; print map { "$_ $h{$_}\n" } sort keys %h' ],
    'gcc'             => [ 'gcc',  '-O2', '-S',  '-D_GNU_SOURCE', "-I$tree", '-o', '-', "$tree/par/region.c" ],
    'gzip'            => [ 'gzip', '-9',  '-c',  $numbers ],
    'xz with threads' => [ 'xz',   '-T2', '-1',  '-c',  $numbers ],
    'git'             => [ 'git',  '-C',  $tree, 'log', '--stat', '-n', '30' ],
);
for my $name ( sort keys %software ) {
    my @command  = @{ $software{$name} };
    my $expected = run( 0, @command );
  SKIP: {
        skip "$command[0] does not run here", 1 if !defined $expected->{exit} || $expected->{exit} != 0;
        my $result = run( 1, @command );
        ok( measure::Launch::ok($result) && $result->{stdout} eq $expected->{stdout}, "$name gives the same output" )
          or diag measure::Launch::sentence($result), "\n", substr $result->{stderr}, 0, 500;
    }
}

# The handlers of other libraries run before ours in a fork, wherever they stand; but not that of one that wants to be the first, too.
# (Not with the launcher, which forks as well.)
my $library = "$folder/atfork.so";
system( 'gcc', qw(-O0 -fPIC -shared -pthread -o), $library, "$tree/tests/tools/atfork_library.c" ) == 0
  or BAIL_OUT('the library with a fork handler cannot be built');
my $first = "$folder/first.so";
system( 'gcc', qw(-O0 -fPIC -shared -pthread), '-Wl,-z,initfirst', '-o', $first, "$tree/tests/tools/atfork_library.c" )
  == 0
  or BAIL_OUT('the library that wants to be first cannot be built');
for my $preload ( "$libpar $library", "$library $libpar", "$libpar $first", "$first $libpar" ) {
    my $result = measure::Launch::run(
        command => [
            'env', "LD_PRELOAD=$preload", 'perl', '-e',
            'my $pid = fork // die; exit 0 if !$pid; waitpid $pid, 0; print "forked $?"'
        ],
        wall_s => 300,
    );
    is( $result->{stdout}, 'forked 0', 'a library that allocates in its fork handler finds no lock held' )
      or diag measure::Launch::sentence($result);
}

done_testing;
