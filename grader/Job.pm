package grader::Job;

# One grading: the grader's tree, the submission, the binaries made from both, and a way to run one of them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::MD5    qw(md5);
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use grader::kit::Answer;
use grader::kit::Make;
use grader::intake::Compile;
use grader::intake::Judge;
use measure::Launch;
use measure::Machine;

# What a right submission does with every check; more than some other program may have taken meanwhile is its own.
my $ENOUGH_BYTES = 3 * 1024**3;

# A nonce has so many hexadecimal digits.
my $NONCE_DIGITS = 32;

# %parts: tree, settings, workspace, launcher, sandbox, progress, seed, intake, backends => [names], programs => [names]
sub new ( $class, %parts ) {
    return bless { %parts, failed => {}, made => {}, built => {} }, $class;
}

sub settings ($self) { return $self->{settings} }
sub progress ($self) { return $self->{progress} }
sub intake   ($self) { return $self->{intake} }
sub seed     ($self) { return $self->{seed} }
sub sandbox  ($self) { return $self->{sandbox} }
sub backends ($self) { return @{ $self->{backends} } }
sub programs ($self) { return @{ $self->{programs} } }

# The library's backend is always there to compare with.
sub has_backends ( $self, @wanted ) {
    my %has = map { $_ => 1 } $self->backends, $self->settings->{library};
    return !grep { !$has{$_} } @wanted;
}

# The library's backend and the reference are ours and only compared with; all others are handed in.
sub is_handed_in ( $self, $backend ) {
    return !grep { $backend eq $_ } @{ $self->settings }{qw(library reference)};
}

# Whether our own homework is there to compare with: students' kits have no folder that packs kits, and what is handed in may be
# ours.
sub has_reference ($self) {
    return 0 if !-d "$self->{tree}/handout";
    my ($source) = $self->intake->source_of( $self->settings->{baseline} );
    return defined $source && $self->intake->text($source) ne $self->_text_of("$self->{tree}/hw08_alloc.c");
}

sub _text_of ( $self, $path ) {
    open my $file, '<:raw', $path or return q{};
    local $/ = undef;
    return scalar <$file>;
}

sub workspace_folder ( $self, $name ) {
    my $path = $self->{workspace}->path($name);
    return -d $path ? $path : $self->{workspace}->folder($name);
}

sub library_names ($self) { return $self->{library_names} //= grader::intake::Compile::library_names($self) }

# What keeps this machine's compiler from refusing more than others do.
sub warning_flags ($self) {
    $self->{warning_flags} //= [ grader::intake::Compile::warning_flags( _runner($self) ) ];
    return @{ $self->{warning_flags} };
}

# What this machine's compiler knows for ThreadSanitizer.
sub race_flags ($self) {
    $self->{race_flags} //= [ grader::intake::Compile::race_flags( _runner($self) ) ];
    return @{ $self->{race_flags} };
}

sub _runner ($self) {
    return sub ($command) { $self->launch( command => $command ) };
}

# What a report looks like before anything was written into it.
sub report_template ($self) {
    open my $file, '<', dirname(__FILE__) . '/report_template.md' or return q{};
    local $/ = undef;
    return <$file>;
}

# A folder that holds xmalloc.h and nothing else: all that a submission is compiled with.
sub include_folder ($self) {
    return $self->{include} //= do {
        my $folder = $self->{workspace}->folder('include');
        copy( "$self->{tree}/xmalloc.h", "$folder/xmalloc.h" )
          or die "the grader cannot run: $self->{tree}/xmalloc.h: $!\n";
        $folder;
    };
}

# ---- Making the backends ---------------------------------------------------------------------------------------------

# What became of a backend that was handed in: the result of grader::intake::Compile::backend, and judged => that of
# grader::intake::Judge::judge when it compiled. Compiled when first asked for.
sub made ( $self, $backend ) {
    return $self->{made}{$backend} //= do {
        $self->progress->show("compiling $backend");
        my $made = grader::intake::Compile::backend( $self, $backend );
        $made->{judged} = grader::intake::Judge::judge( $made->{facts} ) if defined $made->{facts};
        $made;
    };
}

# Why no binary can be had of a backend, in lines, the first a sentence; nothing when it can. The errors of the compiler are
# among them the first time only.
sub refused ( $self, $backend ) {
    return if !$self->is_handed_in($backend);
    my $made = $self->made($backend);
    return ( $made->{complaint}, $made->{told}++ ? () : @{ $made->{errors} } ) if defined $made->{complaint};

    my @missing = @{ $made->{judged}{missing} };
    return 'it does not define ' . join ' and ', @missing if @missing;
    return 'its objects are refused: ' . $made->{judged}{refused}[0] if @{ $made->{judged}{refused} };
    return;
}

# The path of a binary: 'bin/list-par', 'tests/suite-par'. Built when first asked for. Dies with { complaint => sentence,
# errors => [lines] } when it cannot be had.
sub binary ( $self, $backend, $flavour, $name ) {
    my $known = $self->{built}{"$flavour $name"} //= $self->_build( $backend, $flavour, $name );
    die $known if ref $known;
    return $known;
}

sub _build ( $self, $backend, $flavour, $name ) {
    my ( $complaint, @errors ) = $self->refused($backend);
    return { complaint => $complaint, errors => \@errors } if defined $complaint;
    my $submitted = $self->_object( $backend, $flavour );
    return $submitted if ref $submitted;

    $self->progress->show("building $name");
    my $folder = $name =~ m{\Abin/} ? grader::kit::Make::bin( $self->{workspace}, $flavour ) : undef;
    my $path =
      defined $folder
      ? "$folder/" . $name =~ s{\Abin/}{}r
      : grader::kit::Make::objects( $self->{workspace}, $flavour ) . "/$name";
    my @why = grader::kit::Make::targets(
        ( map { $_ => $self->{$_} } qw(tree workspace launcher) ),
        flavour   => $flavour,
        backends  => [$backend],
        programs  => $self->{programs},
        submitted => defined $submitted ? { $backend => $submitted } : {},
        targets   => [$path],
        libraries => $self->is_handed_in($backend) ? $self->made($backend)->{libraries} : undef,
        timeout_s => $self->settings->{build_timeout_s},
    );
    return $path if -x $path;
    return { complaint => "$name was not built", errors => \@why };
}

# The object that stands for a backend in a flavour; undef for our own; a complaint when it cannot be had.
sub _object ( $self, $backend, $flavour ) {
    return if !$self->is_handed_in($backend);
    my $made = $self->made($backend);
    return $made->{object} if $flavour ne 'tsan';
    my $other = $made->{tsan} //= grader::intake::Compile::flavour( $self, $backend, $made, 'tsan' );
    my @more  = defined $other->{facts} ? grader::intake::Judge::only_in( $other->{facts}, $made->{facts} ) : ();
    return {
        complaint => 'built for ThreadSanitizer it asks for other things: ' . join( ', ', @more ),
        errors    => [],
        is_cheat  => 1
      }
      if @more;
    return {
        complaint => "$other->{other_code} gives thread sanitizer other code than the code that is used (it asks for "
          . '__SANITIZE_THREAD__, or the like): what is seen there tells nothing of what is used',
        errors        => [],
        is_other_code => 1
      }
      if defined $other->{other_code};
    return $other->{object} // $other;
}

# The names that the object of a backend asks for and nobody defines, also when it is refused.
sub undefined_names ( $self, $backend ) {
    return grader::intake::Compile::undefined_names( $self, $self->made($backend) );
}

# The object of a backend as it was handed in, for tools that look into it.
sub object_of ( $self, $backend ) { return $self->made($backend)->{object} }

# Builds a program with a backend, once; when that fails, remembers why.
sub _ensure_built ( $self, $program, $backend ) {
    return if $self->{ensured}{"$program-$backend"}++;
    return if eval { $self->binary( $backend, 'release', "bin/$program-$backend" ); 1 };
    die $@ if !ref $@;
    my $sentence = "bin/$program-$backend was not built";
    my @why      = ( ( grep { $_ ne $sentence } $@->{complaint} ), @{ $@->{errors} } );
    @why = ("the reason is given above, with the first program that needs $backend") if $self->{named}{$backend}++;
    return $self->set_failed( $program, $backend, $sentence, @why );
}

# Remembers why a binary cannot be trusted any further. The first reason counts.
sub set_failed ( $self, $program, $backend, @why ) {
    $self->{failed}{"$program-$backend"} //= \@why;
    return;
}

# Why a program cannot be run with a backend: the lines given to set_failed, the first a sentence. None when all is well so
# far. Builds it when it has not been built yet, so ask this before the first run.
sub failed ( $self, $program, $backend ) {
    $self->_ensure_built( $program, $backend );
    return @{ $self->{failed}{"$program-$backend"} // [] };
}

# ---- Running ---------------------------------------------------------------------------------------------------------

# Runs a command in the sandbox. %options: those of measure::Launch::run, see => [paths that it may read], write => [folders
# that it may write]. Result: of measure::Launch::run.
sub launch ( $self, %options ) {
    $self->progress->show('running');
    return _once_more_if_lost( $self, sub () { measure::Launch::run( $self->{sandbox}->wrap(%options) ) } );
}

# What was killed from outside, as when others have filled the machine's memory, or lost together with its sandbox, is run
# once more, after a while in which they may end: nobody shall pay for that. Where it is lost again, and the kernel has ended
# programs for want of memory meanwhile, nothing can be told of it, if there was little memory before it began: untold => why, as
# the rest of a sentence. Else it is the program that took all there was: took_all => why.
sub _once_more_if_lost ( $self, $run ) {
    my $kills    = oom_kills();
    my $result   = $run->();
    my $was_lost = _is_lost($result) || !defined $result->{stopped} && ( $result->{signal} // 0 ) == 9;
    return $result if !$was_lost;
    sleep $self->settings->{lost_pause_s};
    my $free = measure::Machine::available_bytes();
    $result = $run->();
    return $result if !_is_lost($result) || oom_kills() <= $kills;

    if ( $free < $ENOUGH_BYTES ) {
        $result->{untold} =
'ended together with its sandbox, twice, and meanwhile the kernel has ended programs because the machine had no '
          . 'memory left: grade again on a quieter machine';
    }
    else {
        $result->{took_all} =
          sprintf 'ended together with its sandbox, twice: the machine had %d MiB of memory before it began, and '
          . 'none left while it ran', $free / 1024**2;
    }
    return $result;
}

sub _is_lost ($result) { return ( $result->{stopped} // q{} ) eq 'lost' }

# How many processes the kernel has ended since it started because there was no memory; 0 when it does not say.
sub oom_kills () {
    open my $file, '<', '/proc/vmstat' or return 0;
    my ($kills) = map { /\Aoom_kill (\d+)$/ ? $1 : () } <$file>;
    close $file or return 0;
    return $kills // 0;
}

# What measure::Launch::run takes for this run of a program. It sees its own file and the system, and keeps nothing for the
# next one.

sub command ( $self, $program, $backend, $top ) {
    my $binary = grader::kit::Make::bin( $self->{workspace}, 'release' ) . "/$program-$backend";
    return $self->{sandbox}->wrap(
        command      => [ $binary, '--digest', $top ],
        see          => [$binary],
        wall_s       => $self->settings->{run_timeout_s},
        asleep_s     => $self->settings->{asleep_s},
        output_bytes => $self->settings->{output_bytes},
        memory_bytes => $self->settings->{memory_bytes},
        processes    => 1,
    );
}

# Runs a program; %options go to measure::Launch::run over those of command(). All runs look alike to the program, whether
# they are timed or not: each is asked for a digest of what it has kept, under a nonce (options: nonce, else a new one) that it
# reads when its work is done (programs/digest.h). Result: of measure::Launch::run, with the line of the digest apart
# (digest) from the answer (stdout).
sub run ( $self, $program, $backend, $top, %options ) {
    $self->progress->show("$program-$backend $top");
    my $nonce  = delete $options{nonce} // $self->nonce;
    my $result = _once_more_if_lost(
        $self,
        sub () {
            measure::Launch::run( $self->command( $program, $backend, $top ), question => "$nonce\n", %options );
        }
    );
    $result->{digest} = $1 if $result->{stdout} =~ s/^(Digest is [^\n]*)\n\z//m;
    return $result;
}

# What is wrong with a result, in a whole sentence that says how to see it; undef when it is right.
sub complaint ( $self, $program, $backend, $top, $result ) {
    my $complaint = grader::kit::Answer::complaint( $result, $top, $self->settings->{terms}{silent} ) // return;
    my $file_kib  = ( $result->{limits}{file_bytes} // 0 ) / 1024;
    my $limit     = $complaint =~ /\Acrashed with .* a file\b/ ? "ulimit -f $file_kib && " : q{};
    return
      "bin/$program-$backend $top $complaint; to see it: make BACKENDS=$backend && ${limit}bin/$program-$backend $top";
}

# A number from $low to $high that depends on nothing but the seed and $purpose: the same with any choice of backends.
sub drawn ( $self, $purpose, $low, $high ) {
    my ($random) = unpack 'N', md5("$self->{seed} $purpose $low $high");
    return $low + $random % ( $high - $low + 1 );
}

# Random hexadecimal digits that no seed repeats: nobody shall know them before they are used.
sub nonce ($self) {
    open my $random, '<:raw', '/dev/urandom' or die "the grader cannot run: there is no /dev/urandom: $!\n";
    my $got = sysread $random, my $bytes, $NONCE_DIGITS / 2;
    die "the grader cannot run: /dev/urandom gave nothing\n" if ( $got // 0 ) != $NONCE_DIGITS / 2;
    return unpack 'H*', $bytes;
}

1;
