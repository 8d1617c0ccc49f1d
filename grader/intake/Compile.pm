package grader::intake::Compile;

# Makes one object file of a submission's backend: compiles its source and the helpers that it needs, links them into one,
# and hides every name in it except xmalloc, xfree and xrealloc. So two files may use the same names for their helpers, and a
# submission cannot replace a function of the program or of the C library.
#
# Which helpers those are, Helpers.pm finds out. The compiler sees only the submission, our xmalloc.h and the system.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Path     qw(make_path);
use grader::kit::Make;
use grader::intake::Declared;
use grader::intake::Helpers;
use grader::intake::Judge;
use grader::intake::Names;
use measure::Launch;

# Without turning warnings into errors. With -fcommon a variable that is defined in a header, by mistake, is one variable, as it was
# for compilers before 2020.
my @FLAGS   = qw(-g -pthread -Wall -Wextra -fdiagnostics-color=never);
my @C_FLAGS = qw(-fcommon);

# The ways in which courses compiled, most of them the first one; a source is compiled in the first that takes it. A dialect and the
# names that the headers declare take names away: "linux" and "typeof" are free in C11, gettid where _GNU_SOURCE is not set. The kit's
# own Makefile has the second one. g++ sets _GNU_SOURCE itself.
my @C_DIALECTS = (
    [qw(-std=gnu11 -D_GNU_SOURCE=)], [qw(-std=c11 -D_GNU_SOURCE=)],
    [qw(-std=gnu11)],                [qw(-std=gnu2x -D_GNU_SOURCE=)],
);
my @CXX_DIALECTS = ( [qw(-std=gnu++17)], [qw(-std=gnu++20)] );

# What gcc 14 and clang 16 made errors stays a warning, as it was when the course began: the grade is the compiler's no more
# than the student's. In groups that compilers know as a whole or not at all, since each costs a run.
my @STILL_WARNINGS = (
    [qw(implicit-function-declaration implicit-int int-conversion incompatible-pointer-types)],
    [qw(return-mismatch declaration-missing-parameter-type)],    # names that came with gcc 14
);
my %FLAVOUR_FLAGS = ( release => ['-O2'], tsan => [qw(-O1 -fno-omit-frame-pointer -fsanitize=thread)] );

# A function for several processors is chosen before the race detector is set up, and gcc 12 has that choice call the detector:
# the program crashes. Which version runs makes no difference to what it finds.
my @ONE_VERSION = map { "-D$_(...)=" } qw(target_clones __target_clones__);
push @{ $FLAVOUR_FLAGS{tsan} }, @ONE_VERSION;

# Where the names are that no submission needs to define. What is only for programs that are linked anew, as atexit, is in an
# archive of its own. Those of threads and of functions by name are a part of libc since glibc 2.34.
my @LIBRARIES =
  qw(libc.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libc_nonshared.a libm.so.6 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 ld-linux-riscv64-lp64d.so.1
  libatomic.so.1 libgcc.a crtbeginS.o);

my $MOST_WARNINGS     = 6;
my $COMPILE_WALL_S    = 30;
my $COMPILE_MEMORY    = 1536 * 1024 * 1024;
my $MOST_OBJECT_BYTES = 32 * 1024 * 1024;

# Volatile reads apart (tests/contract/volatile_to_tsan.c); gcc can since version 11.
my @VOLATILE_APART = qw(--param tsan-distinguish-volatile=1);

# The flags of those groups that a compiler knows. $run: runs a command of it, which is given as a reference to a list, and
# gives the result of measure::Launch::run.
sub warning_flags ($run) {
    my @known;
    for my $group (@STILL_WARNINGS) {
        my @flags = map { "-Wno-error=$_" } @{$group};
        push @known, @flags if _knows( $run, @flags );
    }
    return @known;
}

# What is only for ThreadSanitizer, likewise.
sub race_flags ($run) { return _knows( $run, @VOLATILE_APART ) ? @VOLATILE_APART : () }

sub _knows ( $run, @flags ) {
    return measure::Launch::ok( $run->( [ 'gcc', @flags, qw(-x c -fsyntax-only /dev/null) ] ) );
}

# $job: the grader::Job; $backend: a name. Result: { complaint => sentence and errors => [lines], when there is no object;
# object => path, facts => of grader::intake::Judge, sources => [paths], notes => [sentences], warnings => [lines] }
sub backend ( $job, $backend ) {
    my $intake = $job->intake;
    my ( $source, @notes ) = $intake->source_of($backend);
    return {
        complaint => join( '; ', "there is no ${backend}_alloc.c in the submission", @notes ),
        errors    => [],
        notes     => []
      }
      if !defined $source;

    my $self = { job => $job, intake => $intake, folder => $job->workspace_folder("submission-$backend") };
    $self->{home}    = dirname($source);
    $self->{headers} = [ $intake->header_folders( $backend, $source ) ];
    my $first = _compile( $self, $source, 'release' );
    my $made  = { sources => [$source], notes => \@notes, warnings => $first->{warnings} };
    return { %{$made}, complaint => $first->{complaint}, errors => $first->{errors} } if defined $first->{complaint};
    if ( $first->{facts}{defined}{main} ) {
        return {
            %{$made},
            complaint => "$source defines main: an allocator is linked with our programs",
            errors    => []
        };
    }

    my $helpers = grader::intake::Helpers::find(
        intake   => $intake,
        backend  => $backend,
        source   => $source,
        part     => $first,
        compile  => sub ($path) { return _compile( $self, $path, 'release' ) },
        own_text => sub ($path) { return _own_text( $self, $path ) },
        library  => $job->library_names,
    );
    push @{ $made->{$_} }, @{ $helpers->{$_} } for qw(sources notes warnings);
    my @parts = ( $first, @{ $helpers->{parts} } );
    my @same  = qw(folder home headers ways);
    @{$made}{@same} = @{$self}{@same};
    $made->{libraries} = ['-lstdc++'] if grep { grader::intake::Names::is_cxx($_) } @{ $made->{sources} };
    return { %{$made}, _join( $self, "$backend.o", map { $_->{object} } @parts ) };
}

# The same sources in another flavour. Result: as of backend(), with object or complaint, and other_code => a source of which the
# preprocessor makes other code in this flavour, if there is one.
sub flavour ( $job, $backend, $made, $flavour ) {
    my $self  = { job => $job, intake => $job->intake, map { $_ => $made->{$_} } qw(folder home headers ways) };
    my @parts = map { _compile( $self, $_, $flavour ) } @{ $made->{sources} };
    my ($bad) = grep { defined $_->{complaint} } @parts;
    return $bad if $bad;
    my ($other) = grep { _is_other_code( $self, $_, $flavour ) } @{ $made->{sources} };
    return { other_code => $other, _join( $self, "$backend-$flavour.o", map { $_->{object} } @parts ) };
}

# The names that an object asks for, and that neither it nor the libraries define. What atexit and pthread_atfork ask for stands in
# the compiler's start files, and those are left out, since they ask for main. $made: of backend(), with an object.
sub undefined_names ( $job, $made ) {
    my $self = { job => $job, intake => $job->intake, folder => $made->{folder} };
    my @link =
      ( qw(gcc -pthread -nostartfiles -Xlinker --entry=xmalloc -o), "$made->{folder}/linked", $made->{object} );
    my $result = _run( $self, [ @link, @{ $made->{libraries} // [] }, qw(-lm -latomic) ] );
    return grep { $_ ne '__dso_handle' } _unique( $result->{stderr} =~ /undefined reference to `([\w.]+)'/g );
}

# ---- One source ------------------------------------------------------------------------------------------------------

# In the first way that takes it, which is then the way of this source. What is said of one that fits none is what was said first.
# Result: { object, facts, warnings } or { complaint, errors, warnings }
sub _compile ( $self, $source, $flavour ) {
    my $unfit = $self->{intake}->unfit($source);
    return { complaint => $unfit, errors => [], warnings => [] } if defined $unfit;

    my $first;
    for my $way ( $self->{ways}{$source} // _ways( $self, $source ) ) {
        local $self->{ways}{$source} = $way;
        my $made = _compile_so( $self, $source, $flavour );
        $first //= $made;
        last if $made->{is_final};
        next if defined $made->{complaint};
        $first = { %{$made}, way => $way };
        last;
    }
    $self->{ways}{$source} = delete $first->{way} if defined $first->{way};
    return $first;
}

# Its own folders of headers are for what is included in quotes, where a queue.h is not the system's; or for all, behind the system's.
# The compiler cannot have both of one folder.
sub _ways ( $self, $source ) {
    my @dialects = grader::intake::Names::is_cxx($source) ? @CXX_DIALECTS          : @C_DIALECTS;
    my @kinds    = _apart( $self, $source )               ? qw(-iquote -idirafter) : qw(-idirafter);
    return map {
        my $dialect = $_;
        map { { dialect => $dialect, headers => $_ } } @kinds;
    } @dialects;
}

# is_final, in the result: no other way would change anything.
sub _compile_so ( $self, $source, $flavour ) {
    my $object = "$self->{folder}/" . ++$self->{objects} . "-$flavour.o";
    my @flags  = ( @{ $FLAVOUR_FLAGS{$flavour} }, $flavour eq 'tsan' ? $self->{job}->race_flags : () );
    my $result = _run( $self, [ _compiler( $self, $source ), @flags, '-c', '-o', $object, _path( $self, $source ) ] );
    my @said   = grader::kit::Make::readable(
        $result->{stderr},
        $self->{intake}->folder,
        $self->{job}->include_folder,
        $self->{folder}
    );

    if ( !measure::Launch::ok($result) ) {
        my $why =
            defined $result->{stopped}                   ? 'the compiler ' . measure::Launch::sentence($result)
          : $result->{stderr} =~ /g[+]{2}: No such file/ ? "$source is C++, and there is no g++ here"
          :                                                "$source does not compile";
        my $is_final = defined $result->{stopped} || $why =~ /there is no g/;
        my @errors   = grader::kit::Make::first_errors( join "\n", @said );
        return { complaint => $why, errors => \@errors, warnings => [], is_final => $is_final };
    }
    return { complaint => "$source compiles to no object file", errors => [], warnings => [] }
      if !-f $object || -l $object;
    my @warnings = grep { /\bwarning:/ } @said;
    my $more     = @warnings - $MOST_WARNINGS;
    splice @warnings, $MOST_WARNINGS, $more, "... and $more more warnings" if $more > 0;
    return { object => $object, facts => _facts( $self, $object ), warnings => \@warnings };
}

# The compiler of a source, with what all its runs have in common.
sub _compiler ( $self, $source ) {
    my $folder  = $self->{intake}->folder;
    my $include = $self->{job}->include_folder;
    my $way     = $self->{ways}{$source} // ( _ways( $self, $source ) )[0];
    my ( undef, $others ) = @{ $self->{headers} };

# No folder of the submission but those where its source lies comes before the system's. Its own xmalloc.h comes before ours.
    return (
        grader::intake::Names::is_cxx($source) ? 'g++' : ( 'gcc', @C_FLAGS, $self->{job}->warning_flags ),
        @{ $way->{dialect} },
        @FLAGS,
        ( map { ( '-I',            $_ ) } _near( $self, $source ) ),
        ( map { ( $way->{headers}, $_ ) } _apart( $self, $source ) ),
        ( map { ( '-idirafter',    $_ ) } _our_header($include), map { "$folder/$_" } @{$others} ),
        grader::intake::Names::is_helper($source) ? () : qw(-x c),    # a person said that it is meant: par_alloc.c.txt
    );
}

# The folders where a source lies, and those of the backend's other headers.
sub _near ( $self, $source ) {
    my $folder = $self->{intake}->folder;
    return _unique( dirname("$folder/$source"), "$folder/$self->{home}", $folder );
}

sub _apart ( $self, $source ) {
    my $folder = $self->{intake}->folder;
    my %near   = map { $_ => 1 } _near( $self, $source );
    return grep { !$near{$_} } map { s{/[.]\z}{}r } map { "$folder/$_" } @{ $self->{headers}[0] };
}

sub _path ( $self, $source ) { return $self->{intake}->folder . "/$source" }

# What the submission's own files say when this source is compiled, without comments, with all macros replaced.
sub _own_text ( $self, $source, @flags ) {
    my $result = _run( $self, [ _compiler( $self, $source ), @flags, '-w', '-E', _path( $self, $source ) ] );
    return grader::intake::Declared::own_text( $result->{stdout}, $self->{intake}->folder );
}

# Whether a source asks for which tool it is compiled (__SANITIZE_THREAD__). What this flavour defines itself makes no difference, nor
# does the clock.
sub _is_other_code ( $self, $source, $flavour ) {
    my @same = ( @ONE_VERSION, qw(-D__DATE__= -D__TIME__=) );
    my ( $used, $watched ) =
      map { _own_text( $self, $source, @{ $FLAVOUR_FLAGS{$_} }, @same ) =~ s/\s+/ /gr } 'release', $flavour;
    return $used ne $watched;
}

# The folders in which the compiler finds xmalloc.h, also as "../xmalloc.h" and "../../xmalloc.h": in the kit it lies above the
# folder of a backend, and few hand it in.
sub _our_header ($include) {
    my @folders = ( $include, "$include/below", "$include/below/below" );
    make_path( $folders[-1] );
    return @folders;
}

sub _unique (@values) {
    my %seen;
    return grep { !$seen{$_}++ } @values;
}

# The names that the C library and the compiler's own libraries define: with all of them our programs are linked.
sub library_names ($job) {
    my @paths = grep { -e } map { scalar qx(gcc -print-file-name=$_) =~ s/\n//r } @LIBRARIES;
    my %names;
    for my $path (@paths) {
        my $most   = 4 * 1024 * 1024;
        my $result = $job->launch(
            command       => [ qw(readelf --wide), $path =~ /[.]so/ ? '--dyn-syms' : '--symbols', $path ],
            capture_bytes => $most,
            output_bytes  => $most,
        );
        %names = ( %names, %{ grader::intake::Judge::facts( $result->{stdout} )->{defined} } );
    }
    return \%names;
}

sub _facts ( $self, $object ) {
    my $result = _run( $self, [ qw(readelf --wide --file-header --section-headers --symbols), $object ] );
    return grader::intake::Judge::facts( measure::Launch::ok($result) ? $result->{stdout} : q{} );
}

sub _run ( $self, $command ) {
    my $result = $self->{job}->launch(
        command       => $command,
        see           => [ $self->{intake}->folder, $self->{job}->include_folder ],
        write         => [ $self->{folder} ],
        directory     => $self->{folder},
        wall_s        => $COMPILE_WALL_S,
        memory_bytes  => $COMPILE_MEMORY,
        file_bytes    => $MOST_OBJECT_BYTES,
        capture_bytes => 4 * 1024 * 1024,
        output_bytes  => 4 * 1024 * 1024,
        processes     => 32,
    );
    $self->{job}->sandbox->settle( $self->{folder} );
    return $result;
}

# ---- One object ------------------------------------------------------------------------------------------------------

# Result: (object => path) or (complaint => sentence, errors => [lines])
sub _join ( $self, $name, @objects ) {
    my ( $whole, $object ) = ( "$self->{folder}/whole-$name", "$self->{folder}/$name" );
    my $linked = _run( $self, [ qw(ld -r -d -z noexecstack -o), $whole, @objects ] );
    my $hidden = measure::Launch::ok($linked)
      && _run( $self,
        [ 'objcopy', ( map { "--keep-global-symbol=$_" } grader::intake::Judge::calls() ), $whole, $object ] );
    my ($failed) = grep { $_ && !measure::Launch::ok($_) } $linked, $hidden;
    if ($failed) {
        my @said = grader::kit::Make::readable( $failed->{stderr}, $self->{intake}->folder, $self->{folder} );
        return (
            complaint => 'its objects cannot be linked',
            errors    => [ grader::kit::Make::first_errors( join "\n", @said ) ]
        );
    }
    my $facts = -f $object && !-l $object ? _facts( $self, $object ) : {};
    if ( my %called = grader::intake::Judge::nobodys( $facts, $self->{job}->library_names ) ) {
        my $renamed = "$self->{folder}/hooked-$name";
        _run( $self, [ 'objcopy', ( map { "--redefine-sym=$_=$called{$_}" } sort keys %called ), $object, $renamed ] );
        ( $object, $facts ) = ( $renamed, -f $renamed && !-l $renamed ? _facts( $self, $renamed ) : {} );
    }
    return ( complaint => 'linking gave no object file', errors => [] ) if !$facts->{relocatable};

    # It is the object that will be linked which is judged, not its parts: ld may have dropped some of those.
    my $code = _run( $self, [ qw(objdump -d --no-show-raw-insn), $object ] );
    $facts->{bare_calls} = grader::intake::Judge::bare_calls( $code->{stdout} );
    return ( object => $object, facts => $facts );
}

1;
