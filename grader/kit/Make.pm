package grader::kit::Make;

# Runs make: for the launcher from the grader's own tree, then for the programs and tests of the tree that --tree names. All is
# built from scratch into the workspace. grader::intake::Compile compiles submissions; make only links the resulting object.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use IPC::Open3 qw(open3);
use grader::Shown;
use measure::Launch;

my $MOST_ERRORS = 8;

# What a surrounding make, or the user's own shell, must not change.
my @NOT_INHERITED = qw(MAKEFLAGS MFLAGS MAKELEVEL BACKEND BACKENDS PROGRAMS FLAVOUR BUILD BIN V);

# Builds the launcher. $tree: the grader's own. $workspace: a grader::Workspace. $kit: a folder in which the grader's tree was
# built before (make kit), or undef; it is copied, so that only what came later is compiled again. Result: the launcher's path.
# Dies when this machine cannot build.
sub launcher ( $tree, $workspace, $kit = undef ) {
    _copy_kit( $kit, $workspace->path('build') ) if defined $kit;
    my $build = $workspace->path( defined $kit ? 'build' : 'grader' );

    my $launcher = "$build/release/measure/launch";
    local @ENV{@NOT_INHERITED};
    delete @ENV{@NOT_INHERITED};
    local $ENV{TMPDIR} = $workspace->path;    # a compiler that is killed leaves its files there
    my ( $input, $output );
    my @make =
      ( 'make', '-s', '-C', $tree, "BUILD=$build", "BIN=$build/bin", $launcher );    # the tree may be another user's
    my $pid = eval { open3( $input, $output, undef, @make ) }
      // die "the grader cannot run: there is no make here; install make and a C compiler\n";
    my $said = eval { local $/ = undef; <$output> };
    my $why  = $@;
    kill 'TERM', $pid if !defined $said;    # a signal to the grader: make must not go on in a folder that is removed
    waitpid $pid, 0;
    die $why         if !defined $said;
    return $launcher if $? == 0 && -x $launcher;
    die "the grader cannot run: make could not build its launcher in $tree: ",
      join( '; ', first_errors( join "\n", readable( $said, $tree ) ) ), "\n";
}

# With their times, by which make knows what is up to date.
sub _copy_kit ( $kit, $build ) {
    open my $copy, '-|', 'sh', '-c', 'exec cp -a -- "$0" "$1" 2>&1', $kit, $build
      or die "the grader cannot run: there is no sh here: $!\n";
    my ($first) = my @said = <$copy>;
    return if close $copy;
    my ($why) = ( $first // 'cp failed' ) =~ /([^:\n]+)\n?\z/;
    die "the grader cannot run: $kit could not be copied to $build:$why; set TMPDIR to a folder with more room\n"
      if $why =~ /space|quota/i;
    die "the grader cannot run: $kit could not be copied to $build:$why\n";
}

# Has make build some targets of a tree, into the workspace.
#
# Options: tree, workspace, launcher, flavour ('release' when left out), backends => [names], programs => [names],
# submitted => { BACKEND => path of the object that stands for it }, targets => [names], libraries => [of the linker], timeout_s.
# Result: the lines that say
# why something was not built; none when make succeeded.
sub targets (%options) {
    my ( $tree, $workspace ) = @options{qw(tree workspace)};
    my $flavour   = $options{flavour}   // 'release';
    my $submitted = $options{submitted} // {};
    my $result    = measure::Launch::run(
        command => [
            qw(make -s -k -j2 -Otarget --no-print-directory -C),
            $tree,
            "FLAVOUR=$flavour",
            'BUILD=' . $workspace->path('build'),
            'BIN=' . bin( $workspace, $flavour ),
            "LDLIBS=" . join( q{ }, '-Wl,--as-needed -lm -latomic', @{ $options{libraries} // [] } ),
            "BACKENDS=@{ $options{backends} }",
            "PROGRAMS=@{ $options{programs} }",
            ( map { "SUBMITTED_$_=$submitted->{$_}" } sort keys %{$submitted} ),
            @{ $options{targets} }
        ],
        env           => { ( map { $_ => undef } @NOT_INHERITED ), LC_ALL => 'C', TMPDIR => $workspace->path },
        launcher      => $options{launcher},
        wall_s        => $options{timeout_s},
        capture_bytes => 1024 * 1024,
    );
    return if measure::Launch::ok($result);
    my @why = defined $result->{stopped} ? 'make ' . measure::Launch::sentence($result) : ();
    return (
        @why,
        first_errors(
            join "\n", readable( $result->{stderr}, $tree, $workspace->path('submission'), $workspace->path )
        )
    );
}

# Where the programs of a flavour are built; and everything else of it.
sub bin ( $workspace, $flavour ) { return $workspace->path( 'bin', $flavour ) }

sub objects ( $workspace, $flavour ) { return $workspace->path( 'build', $flavour ) }

# The lines of what a compiler or make printed, without the paths of these folders, which nobody else has.
sub readable ( $said, @folders ) {
    for my $folder (@folders) { $said =~ s{\Q$folder\E/}{}g }
    return grep { /\S/ } split /\n/, grader::Shown::bytes($said);
}

# The first errors in such lines, without warnings.
sub first_errors ($said) {
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
