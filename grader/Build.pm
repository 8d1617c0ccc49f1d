package grader::Build;

# Runs make: for the launcher out of the grader's own tree, then for the programs of the tree that is graded. Everything
# is built from clean into the workspace.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IPC::Open3 qw(open3);
use measure::Launch;

my $MOST_ERRORS = 8;

# What a surrounding make, or the user's own shell, must not change.
my @NOT_INHERITED = qw(MAKEFLAGS MFLAGS MAKELEVEL BACKEND BACKENDS PROGRAMS FLAVOUR BUILD BIN V);

# Builds the launcher. $tree: the grader's own. $workspace: a grader::Workspace. Result: the launcher's path. Dies when
# this machine cannot build.
sub launcher ( $tree, $workspace ) {
    my $build    = $workspace->path('grader');
    my $launcher = "$build/release/measure/launch";
    local @ENV{@NOT_INHERITED};
    delete @ENV{@NOT_INHERITED};
    local $ENV{TMPDIR} = $workspace->path;    # a compiler that is killed leaves its files there
    my ( $input, $output );
    my $pid = eval { open3( $input, $output, undef, 'make', '-s', '-C', $tree, "BUILD=$build", $launcher ) }
      // die "the grader cannot run: there is no make here; install make and a C compiler\n";
    my $said = eval { local $/ = undef; <$output> };
    my $why  = $@;
    kill 'TERM', $pid if !defined $said;    # a signal to the grader: make must not go on in a folder that is removed
    waitpid $pid, 0;
    die $why         if !defined $said;
    return $launcher if $? == 0 && -x $launcher;
    die "the grader cannot run: make could not build its launcher in $tree: ",
      join( '; ', first_errors( $said, $tree ) ), "\n";
}

# Builds all programs with one backend; one that does not build does not keep the others from it.
#
# Options: tree, workspace, launcher, backend, programs => [names], timeout_s. Result: { PROGRAM => path of its binary, or
# undef when it was not built }, and the lines that say why some were not.
sub backend (%options) {
    my ( $tree, $workspace, $backend ) = @options{qw(tree workspace backend)};
    my @programs = @{ $options{programs} };
    my $bin      = $workspace->path('bin');
    my $result   = measure::Launch::run(
        command => [
            qw(make -s -k -j2 -Otarget --no-print-directory -C),
            $tree, 'BUILD=' . $workspace->path('build'),
            "BIN=$bin", "BACKENDS=$backend", "PROGRAMS=@programs", 'all'
        ],
        env           => { ( map { $_ => undef } @NOT_INHERITED ), LC_ALL => 'C', TMPDIR => $workspace->path },
        launcher      => $options{launcher},
        wall_s        => $options{timeout_s},
        capture_bytes => 1024 * 1024,
    );
    my %binaries = map { $_ => -x "$bin/$_-$backend" ? "$bin/$_-$backend" : undef } @programs;
    my @why      = defined $result->{stopped} ? 'make ' . measure::Launch::sentence($result) : ();
    return ( \%binaries, @why, first_errors( $result->{stderr}, $tree, $workspace->path ) );
}

# The first errors in what make printed, without warnings and with short paths.
sub first_errors ( $said, @folders ) {
    for my $folder (@folders) { $said =~ s{\Q$folder\E/}{}g }
    my @lines  = grep { /\S/ } split /\n/, $said;
    my @errors = grep {
        /\berror:|undefined reference|multiple definition|there is no|No rule to make|cannot find|not found|No such file/
    } @lines;
    @errors = @lines if !@errors;
    my $more = @errors - $MOST_ERRORS;
    splice @errors, $MOST_ERRORS if $more > 0;
    return ( @errors, $more > 0 ? "... and $more more" : () );
}

1;
