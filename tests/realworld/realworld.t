#!/usr/bin/env perl

# realworld/run: small programs that are everywhere pass, and what is not as it should be is told: another output, a crash,
# a program that does not call libpar, one that is not here. Nothing is left behind, and a stopped run goes on.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Cwd        qw(abs_path);
use File::Temp ();
use FindBin    qw($Bin);
use Test::More;
use Time::HiRes qw(sleep);

use lib "$Bin/../..";
use measure::Launch;
use realworld::Recipe;
use tests::lib::Built;

my $TREE     = abs_path("$Bin/../..");
my $launcher = tests::lib::Built::launcher();
tests::lib::Built::insist( 'lib/libpar.so', 'build/realworld/libpar-counted.so' );

chomp( my $libc = qx(gcc -print-file-name=libc.so.6) );
my $folder = File::Temp->newdir;
chmod 0755, $folder;

sub write_file ( $path, $text ) {
    open my $file, '>', $path or die "cannot write $path: $!\n";
    print {$file} $text;
    close $file or die "cannot write $path: $!\n";
    return $path;
}

# A file that recipes may write, whoever runs them.
sub shared_file ($name) {
    my $path = write_file( "$folder/$name", q{} );
    chmod 0666, $path;
    return $path;
}

sub content ($path) {
    open my $file, '<', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return <$file> // q{};
}

sub command ( $name, @options ) {
    return (
        "$TREE/realworld/run", '--recipes',                               "$folder/$name",
        '--state',             "$folder/$name-state",                     '--launcher',
        $launcher,             '--allocators',                            "sys=$libc libpar=$TREE/lib/libpar.so",
        '--counted',           "$TREE/build/realworld/libpar-counted.so", @options
    );
}

# %recipes: NAME => text.
sub recipes ( $name, %recipes ) {
    mkdir "$folder/$name";
    write_file( "$folder/$name/$_", $recipes{$_} ) for keys %recipes;
    return;
}

sub run ( $name, @options ) {
    return measure::Launch::run(
        command  => [ command( $name, '--rounds', 1, @options ) ],
        launcher => $launcher,
        wall_s   => 900
    );
}

# ---- The recipes of the kit -----------------------------------------------------------------------------------------------

my @names = map { s{.*/}{}r } glob "$TREE/realworld/programs/*";
cmp_ok( scalar @names, '>=', 30, 'there are thirty programs' );
my @odd = grep {
    my $recipe = eval { realworld::Recipe->new("$TREE/realworld/programs/$_") };
    !$recipe || content("$TREE/realworld/programs/$_") !~ /\A# \S.*\n# needs: .*\n# packages: \S/ || system 'sh', '-n',
      "$TREE/realworld/programs/$_";
} @names;
is( "@odd", q{}, 'each recipe says what runs, what it needs and which packages have that, and is a shell script' );

recipes( 'small', map { $_ => content("$TREE/realworld/programs/$_") } qw(perl sort tar-xz) );
my $small = run('small');
is( $small->{exit}, 0, 'perl, sort, and tar with xz give on libpar what they give on the C library' )
  or diag measure::Launch::sentence($small), "\n$small->{stdout}";
like( $small->{stdout}, qr/^$_ +[\d,]*[1-9][\d,]* +yes +\d/m, "... $_ called libpar, and has its row" )
  for qw(perl sort tar-xz);
like(
    $small->{stdout},
    qr/^3 programs[.] On libpar with the output of the C library: 3; failed there: 0;/m,
    '... and all count'
);

# ---- What is not as it should be --------------------------------------------------------------------------------------------

my $as = "# needs: perl\n# packages: perl\n";
recipes(
    'odd',
    differs => "# prints something else on libpar\n$as"
      . q[run() { echo same; under perl -e 'print $ENV{LD_PRELOAD} =~ /libpar[.]so/ ? "wrong\n" : "right\n"'; }],
    crashes => "# crashes on libpar\n$as"
      . q[run() { under perl -e 'kill SEGV => $$ if $ENV{LD_PRELOAD} =~ /libpar[.]so/'; }],
    excused => "# crashes on libpar\n$as# known: it always did\n"
      . q[run() { under perl -e 'kill SEGV => $$ if $ENV{LD_PRELOAD} =~ /libpar[.]so/'; }],
    cured   => "# runs, though nobody thinks so\n$as# known: it always crashed\n" . q[run() { under perl -e 1; }],
    strange => "# never calls libpar\n$as" . q[run() { under env -u LD_PRELOAD perl -e 1; }],
    own     => "# may do so\n$as# may be empty: it has an allocator of its own\n"
      . q[run() { under env -u LD_PRELOAD perl -e 1; }],
    absent =>
      "# is not here\n# needs: no-such-command\n# packages: no-such-package\nrun() { under no-such-command; }\n",
    piped  => "# fails where the shell does not look\n$as" . q[run() { under perl -e 'exit 4' | cat; }],
    broken => "# fails everywhere\n$as" . q[run() { under perl -e 'warn "so it is\n"; exit 3'; }],
    root   => "# must not be root\n$as" . q[run() { under perl -e 'exit !($< && $>)'; }],
);
my $odd = run('odd');
is( $odd->{exit}, 1, 'a program that is not as it should be fails the run' );
my %said = (
    differs => [
        qr/^differs +[\d,]+ +differs$/m, qr/^- differs: on libpar it printed 'wrong', not 'right'$/m, 'another output'
    ],
    crashes => [
        qr/^crashes +[\d,]+ +fails$/m,
        qr/^- crashes: on libpar it crashed with signal 11 \(segmentation fault\)$/m,
        'a crash'
    ],
    excused => [ qr/^excused +[\d,]+ +fails$/m, qr/^- excused: known: it always did$/m, 'a crash that is known' ],
    cured   => [
        qr/^cured +[\d,]+ +yes/m,
        qr/^- cured: runs on libpar, so its recipe must no longer say/m,
        'one that is known and does not come'
    ],
    strange => [
        qr/\A(?!.*^strange +[\d,]+)/ms,
        qr/^- strange: does not count: libpar counted no call in perl$/m,
        'a program that does not call libpar'
    ],
    own    => [ qr/^own +0 \(may be\) +yes/m, qr/^- own: it has an allocator of its own$/m, 'one that need not' ],
    absent => [
        qr/\A(?!.*^absent +[\d,]+)/ms,
        qr/^- absent: not here: no no-such-command: Debian has it in no-such-package$/m,
        'a program that is not here'
    ],
    piped => [
        qr/\A(?!.*^piped +[\d,]+)/ms,
        qr/^- piped: does not count: on the C library, too, it ended with exit status 4$/m,
        'one that fails within a pipe'
    ],
    broken => [
        qr/\A(?!.*^broken +[\d,]+)/ms,
        qr/^- broken: does not count: on the C library, too, it ended with exit status 3: so it is$/m,
        'one that fails everywhere'
    ],
);
for my $name ( sort keys %said ) {
    my ( $row, $remark, $what ) = @{ $said{$name} };
    ok( $odd->{stdout} =~ $row && $odd->{stdout} =~ $remark, "$what is told" ) or diag $odd->{stdout};
}
like(
    $odd->{stdout} =~ tr/\n/ /r,
qr/ 10 programs[.] On libpar .*: 2; failed there: 3; without a call of it: 2; failed on the C library, too: 2; not here: 1[.] /,
    '... and counted'
) or diag $odd->{stdout};
SKIP: {
    skip 'the runner is not root', 1 if $> != 0;
    like( $odd->{stdout}, qr/^root +[\d,]+ +yes/m, 'programs do not run as root' );
}
is( run( 'odd', '--programs', $_ )->{exit}, 0, "$_ alone is no failure" ) for qw(excused own absent);

# ---- What is left behind ------------------------------------------------------------------------------------------------------

# A server that is deaf to everything but SIGKILL, in a session of its own.
my $pid_file = shared_file('pid');
my $server   = qq[under perl -MPOSIX -e 'POSIX::setsid(); \$SIG{\$_} = "IGNORE" for qw(TERM HUP INT);
    open my \$file, ">", "$pid_file"; print {\$file} \$\$; close \$file; sleep 600' &
    wait_for test -s $pid_file];
recipes( 'server', server => "# leaves a server behind\n${as}run() { : >$pid_file; $server; }\n" );
my $left = run('server');
my $pid  = content($pid_file);
like(
    $left->{stdout},
    qr/^- server: does not count: .*left \d process/m,
    'a recipe that leaves a server behind is told'
) or diag $left->{stdout};
ok( $pid =~ /\A\d+\z/ && !-d "/proc/$pid", '... and the server is gone' );

recipes( 'waiting', waiting => "# waits for its server\n${as}run() { : >$pid_file; $server; wait; }\n" );
write_file( $pid_file, q{} );
my $runner = fork // die "cannot fork: $!\n";
if ( $runner == 0 ) { open STDOUT, '>', '/dev/null'; exec command( 'waiting', '--rounds', 1 ) }
my $looks = 0;
sleep 0.05 while !-s $pid_file && $looks++ < 1200;
sleep 0.1;
$pid = content($pid_file);
kill 'KILL', $runner;
waitpid $runner, 0;
$looks = 0;
sleep 0.05 while -d "/proc/$pid" && $looks++ < 600;
ok( $pid =~ /\A\d+\z/ && !-d "/proc/$pid", 'a server is gone as well when the runner is killed outright' );

# ---- Going on -------------------------------------------------------------------------------------------------------------

my $log = shared_file('log');
recipes( 'resumed', resumed => "# counts its runs\n${as}run() { echo run >>$log; under perl -e 1; }\n" );

sub runs_of (@options) {
    write_file( $log, q{} );
    run( 'resumed', @options );
    return scalar( () = content($log) =~ /run/g );
}
is( runs_of(),                4, 'a program runs once for its output, once to be counted, and once on each allocator' );
is( runs_of(),                0, 'what is known is not measured again' );
is( runs_of( '--rounds', 2 ), 4, 'a further round takes only the runs that are missing' );
write_file( "$folder/resumed/resumed", content("$folder/resumed/resumed") . "# changed\n" );
is( runs_of(), 4, 'a recipe that has changed begins anew' );

done_testing;
