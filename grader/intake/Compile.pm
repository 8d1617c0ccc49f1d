package grader::intake::Compile;

# Makes one object file of a submission's backend: compiles its source and the helpers that it needs, links them into one,
# and hides every name in it except xmalloc, xfree and xrealloc. So two files may use the same names for their helpers, and a
# submission cannot replace a function of the program or of the C library.
#
# A helper is a source that defines a symbol that is still undefined; the search ends when it finds no more. A source that
# defines main is never a helper. The compiler sees only the submission, our xmalloc.h and the system.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use File::Copy     qw(copy);
use grader::kit::Make;
use grader::intake::Files;
use grader::intake::Judge;
use grader::intake::Names;
use measure::Launch;

# As most courses compiled: the compiler's own dialect of C11, without turning warnings into errors; helpers in C++ likewise. With -fcommon a
# variable that is defined in a header, by mistake, is one variable, as it was for compilers before 2020.
my @FLAGS     = qw(-g -pthread -D_GNU_SOURCE -Wall -Wextra -fdiagnostics-color=never);
my @C_FLAGS   = qw(-std=gnu11 -fcommon);
my @CXX_FLAGS = qw(-std=gnu++17);

# What gcc 14 and clang 16 made errors stays a warning, as it was when the course began: the grade is the compiler's no more
# than the student's. In groups that compilers know as a whole or not at all, since each costs a run.
my @STILL_WARNINGS = (
    [qw(implicit-function-declaration implicit-int int-conversion incompatible-pointer-types)],
    [qw(return-mismatch declaration-missing-parameter-type)],    # names that came with gcc 14
);
my %FLAVOUR_FLAGS = ( release => ['-O2'], tsan => [qw(-O1 -fno-omit-frame-pointer -fsanitize=thread)] );

my $MOST_HELPERS      = 60;
my $MOST_LOST         = 2000;                                    # undefined names; nobody writes so many
my $HELPERS_WALL_S    = 90;
my $MOST_WARNINGS     = 6;
my $COMPILE_WALL_S    = 30;
my $COMPILE_MEMORY    = 1536 * 1024 * 1024;
my $MOST_OBJECT_BYTES = 32 * 1024 * 1024;

# The flags of those groups that a compiler knows. $run: runs a command of it, which is given as a reference to a list, and
# gives the result of measure::Launch::run.
sub warning_flags ($run) {
    my @known;
    for my $group (@STILL_WARNINGS) {
        my @flags = map { "-Wno-error=$_" } @{$group};
        push @known, @flags if measure::Launch::ok( $run->( [ 'gcc', @flags, qw(-x c -fsyntax-only /dev/null) ] ) );
    }
    return @known;
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
    $self->{home} = dirname($source);
    _lend_header( $job, $source );
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

    my @parts = ( $first, _helpers( $self, $source, $first, $made ) );
    @{$made}{qw(folder home)} = @{$self}{qw(folder home)};
    $made->{libraries} = ['-lstdc++'] if grep { grader::intake::Names::is_cxx($_) } @{ $made->{sources} };
    return { %{$made}, _join( $self, "$backend.o", map { $_->{object} } @parts ) };
}

# A source in par/ may include "../xmalloc.h", which is there in the kit's tree: where the submission has none, ours is put beside
# the backend and at the top.
sub _lend_header ( $job, $source ) {
    my $folder = $job->intake->folder;
    return if grep { basename($_) eq 'xmalloc.h' } $job->intake->files;
    for my $place ( grep { !-e } map { "$folder/$_/xmalloc.h" } q{.}, dirname($source) ) {
        copy( $job->include_folder . '/xmalloc.h', $place ) or die "the grader cannot run: $place: $!\n";
    }
    return;
}

# The same sources in another flavour. Result: as of backend(), with object or complaint.
sub flavour ( $job, $backend, $made, $flavour ) {
    my $self  = { job => $job, intake => $job->intake, folder => $made->{folder}, home => $made->{home} };
    my @parts = map { _compile( $self, $_, $flavour ) } @{ $made->{sources} };
    my ($bad) = grep { defined $_->{complaint} } @parts;
    return $bad if $bad;
    return { _join( $self, "$backend-$flavour.o", map { $_->{object} } @parts ) };
}

# ---- One source ------------------------------------------------------------------------------------------------------

# Result: { object, facts, warnings } or { complaint, errors, warnings }
sub _compile ( $self, $source, $flavour ) {
    my $unfit = $self->{intake}->unfit($source);
    return { complaint => $unfit, errors => [], warnings => [] } if defined $unfit;

    my $object  = "$self->{folder}/" . ++$self->{objects} . "-$flavour.o";
    my $folder  = $self->{intake}->folder;
    my $include = $self->{job}->include_folder;
    my @headers = map { $_ eq q{.} ? $folder : "$folder/$_" } $self->{intake}->header_folders;

# An xmalloc.h of its own comes before ours; other headers never before the system's own. What gcc is told both ways counts
# as the latter alone.
    my @own      = grep { -e "$_/xmalloc.h" } @headers;
    my @home     = map  { $_ eq q{.} ? $folder : "$folder/$_" } dirname($source), $self->{home};
    my @first    = _unique( @home, $folder, @own, $include );
    my %is_first = map { $_ => 1 } @first;
    my @include  = ( ( map { ( '-I', $_ ) } @first ), map { ( '-idirafter', $_ ) } grep { !$is_first{$_} } @headers );
    my $result   = _run(
        $self,
        [
            grader::intake::Names::is_cxx($source)
            ? ( 'g++', @CXX_FLAGS )
            : ( 'gcc', @C_FLAGS, $self->{job}->warning_flags ),
            @FLAGS,
            @{ $FLAVOUR_FLAGS{$flavour} },
            @include,
            '-c',
            '-o',
            $object,
            "$folder/$source"
        ]
    );
    my @said = grader::kit::Make::readable( $result->{stderr}, $folder, $include, $self->{folder} );

    if ( !measure::Launch::ok($result) ) {
        my $why =
            defined $result->{stopped}                   ? 'the compiler ' . measure::Launch::sentence($result)
          : $result->{stderr} =~ /g[+]{2}: No such file/ ? "$source is C++, and there is no g++ here"
          :                                                "$source does not compile";
        return { complaint => $why, errors => [ grader::kit::Make::first_errors( join "\n", @said ) ], warnings => [] };
    }
    return { complaint => "$source compiles to no object file", errors => [], warnings => [] }
      if !-f $object || -l $object;
    my @warnings = grep { /\bwarning:/ } @said;
    my $more     = @warnings - $MOST_WARNINGS;
    splice @warnings, $MOST_WARNINGS, $more, "... and $more more warnings" if $more > 0;
    return { object => $object, facts => _facts( $self, $object ), warnings => \@warnings };
}

sub _unique (@values) {
    my %seen;
    return grep { !$seen{$_}++ } @values;
}

# The names that the C library defines.
sub library_names ($job) {
    my $path = `gcc -print-file-name=libc.so.6`;
    chomp $path;
    my $most   = 4 * 1024 * 1024;
    my $result = $job->launch(
        command       => [ qw(readelf --wide --dyn-syms), $path ],
        capture_bytes => $most,
        output_bytes  => $most,
    );
    return grader::intake::Judge::facts( $result->{stdout} )->{defined};
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

# ---- Helpers ---------------------------------------------------------------------------------------------------------

# A name that the C library has as well is sought beside the backend only: somewhere else it is more likely a wrapper for
# tests.
#
# All sources in the backend's own folder belong to it, as for the Makefile, whether a name of theirs is asked for or not.
#
# Result: the compiled helpers; adds their sources, notes and warnings to $made.
sub _helpers ( $self, $source, $first, $made ) {
    my @candidates = grep { !defined $self->{intake}->unfit($_) } $self->{intake}->helpers_for($source);
    my $library    = $self->{job}->library_names;
    my %names_in   = map { $_ => _names_in( $self->{intake}->text($_) ) } @candidates;
    my $own_folder = grader::intake::Files::own_folder($source);
    my @own_files  = grep { dirname($_) . q{/} eq $own_folder } @candidates;
    my $until      = time + $HELPERS_WALL_S;
    my %tried;
    my @parts = ($first);

    while ( keys %tried < $MOST_HELPERS && time < $until ) {
        my $all       = grader::intake::Judge::together( map { $_->{facts} } @parts );
        my @lost      = grep { $_ ne '_GLOBAL_OFFSET_TABLE_' } sort keys %{ $all->{asked} };
        my @own       = grep { !$library->{$_} } @lost;
        my ($belongs) = grep { !$tried{$_} } @own_files;
        last if !defined $belongs && ( !@lost || @lost > $MOST_LOST );
        my $next = $belongs
          // _likeliest_helper( [ grep { !$tried{$_} } @candidates ], \%names_in, $source, \@lost, \@own ) // last;
        $tried{$next} = 1;
        my $part = _compile( $self, $next, 'release' );

        if ( defined $part->{complaint} ) {
            push @{ $made->{notes} },
              "$part->{complaint}, so it is not linked" . ( $part->{errors}[0] ? ": $part->{errors}[0]" : q{} );
            next;
        }
        next if $part->{facts}{defined}{main};
        next if !defined $belongs && !grep { $part->{facts}{defined}{$_} } @lost;
        my ($again) = grep { $all->{defined}{$_} && !$all->{common}{$_} }
          grep { !$part->{facts}{common}{$_} } sort keys %{ $part->{facts}{defined} };
        if ( defined $again ) {
            push @{ $made->{notes} }, "$next is not linked: it defines $again, and so does what is linked already";
            next;
        }
        push @parts,                 $part;
        push @{ $made->{sources} },  $next;
        push @{ $made->{warnings} }, @{ $part->{warnings} };
    }
    shift @parts;
    push @{ $made->{notes} }, 'linked with ' . join ', ', @{ $made->{sources} }[ 1 .. $#{ $made->{sources} } ]
      if @parts;
    return @parts;
}

# What stands in a source: { definitions => names that look as if they were defined, mentions => all names }. A guess that saves
# compiling what is of no use; macros can hide a definition.
sub _names_in ($text) {
    my %definitions = map { $_ => 1 } $text =~ /^[^\S\n]*(?:[A-Za-z_][\w \t*]*[\s*])?([A-Za-z_]\w*)\s*[(=;\[]/mg;
    my %mentions    = map { $_ => 1 } $text =~ /([A-Za-z_]\w*)/g;
    return { definitions => \%definitions, mentions => \%mentions };
}

# The candidate to try next: one that seems to define what is lost, then one that mentions it, then any beside the backend.
sub _likeliest_helper ( $candidates, $names_in, $source, $lost, $own ) {
    my $is_near = sub ($path) { return dirname($path) eq dirname($source) };
    for my $how (qw(definitions mentions)) {
        for my $path ( @{$candidates} ) {
            my $names = $names_in->{$path}{$how};
            return $path if grep { $names->{$_} } @{ $how eq 'definitions' && $is_near->($path) ? $lost : $own };
        }
    }
    return if !@{$own};
    my ($near) = grep { $is_near->($_) } @{$candidates};
    return $near;
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
    return ( complaint => 'linking gave no object file', errors => [] ) if !$facts->{relocatable};

    # It is the object that will be linked which is judged, not its parts: ld may have dropped some of those.
    my $code = _run( $self, [ qw(objdump -d --no-show-raw-insn), $object ] );
    $facts->{bare_calls} = grader::intake::Judge::bare_calls( $code->{stdout} );
    return ( object => $object, facts => $facts );
}

1;
