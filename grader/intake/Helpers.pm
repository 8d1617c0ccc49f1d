package grader::intake::Helpers;

# Which other files of a submission are linked with the source of a backend: its helpers.
#
# The kit's Makefile links the backend's own folder, par/ beside par_alloc.c, and nothing else; another file only counts for what
# the backend lacks without it:
#
# - A file in that folder is linked when it defines an undefined name, gives content to a variable or a weak function that is only
#   declared, or runs before main.
# - Any other file is linked when it defines a name that is undefined and that the system's libraries have not. A stray mmap.c is
#   a wrapper for the student's own tests. Two kinds of names are no reason, since a backend lacks nothing without them: those of
#   the libraries, unless the submission declares such a name itself (Declared.pm); and those that may stay without content.
#
# What is linked gives all that it defines. The search ends when nothing more is found. A source that defines main is never a helper.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use grader::intake::Declared;
use grader::intake::Judge;
use grader::intake::Places;

my $MOST_HELPERS = 60;      # that are compiled
my $MOST_LOST    = 2000;    # undefined names; nobody writes so many
my $WALL_S       = 90;

# %how: intake => the grader::intake::Files; backend; source, part => the backend's source and what was compiled of it; compile
# => a function from a path to what was compiled: { object, facts, warnings } or { complaint, errors }; own_text => a
# function from a path to what the submission's own files say when it is compiled, as of grader::intake::Declared; library =>
# { name => 1 }, what the system's libraries define. Result: { parts => [compiled], sources => [paths], notes => [sentences], warnings => [lines] }
sub find (%how) {
    my $intake = $how{intake};
    my @candidates =
      grep { !defined $intake->unfit( $_->{path} ) } $intake->helpers_for( @how{qw(backend source)} );
    $_->{names} = _names_in( $intake->text( $_->{path} ) ) for @candidates;
    my $self = {
        %how,
        candidates => \@candidates,
        parts      => [ $how{part} ],
        sources    => [ $how{source} ],
        definer    => { map { $_ => $how{source} } _strong( $how{part} ) },
        notes      => [],
        warnings   => []
    };

    my $compiled = 0;
    my $until    = time + $WALL_S;
    while ( $compiled < $MOST_HELPERS && time < $until ) {
        my $open = _open_names($self) // last;
        my ($useful) = grep { $_->{part} && _is_useful( $_, $_->{part}, $open ) } @candidates;
        if ($useful) {
            _link( $self, $useful, $open );
            next;
        }
        my $next = _likeliest( $self, $open ) // last;
        $compiled++;
        _compile( $self, $next );
    }
    push @{ $self->{notes} }, map { "$_->{path} is not linked: nothing asks for it" }
      grep { $_->{part} && $_->{rank} == grader::intake::Places::OWN && !_is_included( $self, $_->{path} ) }
      grep { !_is_linked_by_another_name( $self, $_->{path} ) } @candidates;

    my ( undef, @parts )   = @{ $self->{parts} };
    my ( undef, @sources ) = @{ $self->{sources} };
    unshift @{ $self->{notes} }, 'linked with ' . join ', ', @sources if @sources;
    return { parts => \@parts, sources => \@sources, map { $_ => $self->{$_} } qw(notes warnings) };
}

# What the parts leave open: { lost => {undefined names}, own => {those that any file may define}, soft => {names that are
# declared but have no content, or are weak} }. Nothing when there are too many. A weak name that is undefined may stay so.
sub _open_names ($self) {
    my @facts = map { $_->{facts} } @{ $self->{parts} };
    my $all   = grader::intake::Judge::together(@facts);
    my %asked = map {
        my $facts = $_;
        map { $_ => 1 } grep { !$facts->{common}{$_} } keys %{ $facts->{asked} }
    } @facts;
    my %lost = map { $_ => 1 } grep { $asked{$_} && $_ ne '_GLOBAL_OFFSET_TABLE_' } keys %{ $all->{asked} };
    return if keys %lost > $MOST_LOST;
    my %of_library = map { $_ => 1 } grep { $self->{library}{$_} } keys %lost;
    delete @of_library{ _declared( $self, keys %of_library ) };
    return {
        lost => \%lost,
        own  => { map { $_ => 1 } grep { !$of_library{$_} } keys %lost },
        soft => { map { $_ => 1 } grep { !$self->{definer}{$_} } keys %{ $all->{common} } },
    };
}

# Those of these names that the submission declares itself in what is linked. That costs a run of the compiler for each source, so
# it is asked only when a candidate may define one.
sub _declared ( $self, @names ) {
    return if !_first_with( 'definitions', \@names, @{ $self->{candidates} } );
    $self->{declared}{$_} //= grader::intake::Declared::names( $self->{own_text}->($_) ) for @{ $self->{sources} };
    return grep {
        my $name = $_;
        grep { $self->{declared}{$_}{$name} } @{ $self->{sources} }
    } @names;
}

# The names that a part defines, and that nothing else may define then.
sub _strong ($part) {
    return grep { !$part->{facts}{common}{$_} } sort keys %{ $part->{facts}{defined} };
}

sub _compile ( $self, $candidate ) {
    my $part = $self->{compile}->( $candidate->{path} );
    $candidate->{is_tried} = 1;
    if ( defined $part->{complaint} ) {
        push @{ $self->{notes} },
          "$part->{complaint}, so it is not linked" . ( $part->{errors}[0] ? ": $part->{errors}[0]" : q{} )
          if !_is_included( $self, $candidate->{path} );
    }
    elsif ( !$part->{facts}{defined}{main} ) {
        $candidate->{part} = $part;
    }
    return;
}

# Whether what was compiled of a candidate would change what the submission does, and may.
sub _is_useful ( $candidate, $part, $open ) {
    my @defined = keys %{ $part->{facts}{defined} };
    return scalar grep { $open->{own}{$_} } @defined if $candidate->{rank} != grader::intake::Places::OWN;
    return 1 if grep { $open->{lost}{$_} } @defined;
    return 1 if grep { $open->{soft}{$_} } _strong($part);
    return scalar grep { /\A[.](?:init_array|ctors|fini_array|dtors)/ } keys %{ $part->{facts}{sections} };
}

# Links a file, or says why that cannot be. A file that another one includes needs no word.
sub _link ( $self, $candidate, $open ) {
    my ( $path, $part ) = @{$candidate}{qw(path part)};
    delete $candidate->{part};
    my @names = _strong($part);
    if ( my ($twice) = grep { $self->{definer}{$_} } @names ) {
        push @{ $self->{notes} }, "$path is not linked: $self->{definer}{$twice} defines $twice, too"
          if !_is_included( $self, $path );
        return;
    }
    @{ $self->{definer} }{@names} = ($path) x @names;
    push @{ $self->{parts} },    $part;
    push @{ $self->{sources} },  $path;
    push @{ $self->{warnings} }, @{ $part->{warnings} };
    push @{ $self->{notes} },    _also_defined( $self, $path, grep { $open->{lost}{$_} } @names );
    return;
}

sub _is_included ( $self, $path ) {
    my $name = quotemeta basename($path);
    return scalar grep { $self->{intake}->text($_) =~ /#\s*include\s*"(?:[^"\n]*\/)?$name"/ } @{ $self->{sources} };
}

# A link to a source, or what it links to, or a copy.
sub _is_linked_by_another_name ( $self, $path ) {
    my $text = $self->{intake}->text($path);
    return scalar grep { $self->{intake}->text($_) eq $text } @{ $self->{sources} };
}

# What other files define of the names for which this one was linked: somebody may have meant those.
sub _also_defined ( $self, $path, @names ) {
    return if !@names;
    my $any   = _any_of(@names);
    my $how   = qr/^(?!\s*static\b)[\w \t*]*\b$any\s*(?:\([^;{}]*\)\s*\{|(?:\[[^\]\n]*\])*\s*=)/m;
    my $text  = $self->{intake}->text($path);
    my @notes = ();
    for my $other ( grep { $_->{path} ne $path } @{ $self->{candidates} } ) {
        next if $other->{names}{definitions} !~ / $any /;
        my $others = $self->{intake}->text( $other->{path} );
        push @notes, "$1 is defined in $path, which is linked, and in $other->{path}, which is not"
          if $others ne $text && $others =~ $how;
    }
    return @notes;
}

# What stands in a source: { definitions => names that look as if they were defined, mentions => all names }, each a string with
# a blank around every name, since there may be very many. A guess that saves compiling what is of no use; macros can hide a
# definition. A colon follows what assembler defines.
sub _names_in ($text) {
    my ( %definitions, %mentions );
    $definitions{$1} = 1 while $text =~ /^[^\S\n]*(?:[A-Za-z_][\w \t*]*[\s*])?([A-Za-z_]\w*)\s*[(=;\[:]/mg;
    $mentions{$1}    = 1 while $text =~ /([A-Za-z_]\w*)/g;
    return { definitions => _in_blanks( \%definitions ), mentions => _in_blanks( \%mentions ) };
}

sub _in_blanks ($names) { return join q{  }, q{}, keys %{$names}, q{} }

# Matches one of these names, and keeps it.
sub _any_of (@names) {
    my $any = join '|', map { quotemeta } @names;
    return qr/($any)/;
}

# The candidate to compile next, if there is one: one that seems to define what any file may define, then one that mentions it;
# then any beside the backend and any other, while such a name is undefined, for macros may put a name together; then any in the
# backend's folder.
sub _likeliest ( $self, $open ) {
    my @left   = grep { !$_->{is_tried} } @{ $self->{candidates} };
    my $home   = dirname( $self->{source} );
    my @beside = grep { dirname( $_->{path} ) eq $home } @left;
    my @in_own = grep { $_->{rank} == grader::intake::Places::OWN } @left;
    my @own    = sort keys %{ $open->{own} };
    return _first_with( 'definitions', \@own, @left ) // _first_with( 'mentions', \@own, @left )
      // ( @own ? $beside[0] // $left[0] : undef ) // $in_own[0];
}

sub _first_with ( $how, $names, @candidates ) {
    return if !@{$names};
    my $any = _any_of( @{$names} );
    my ($found) = grep { $_->{names}{$how} =~ / $any / } @candidates;
    return $found;
}

1;
