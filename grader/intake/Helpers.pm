package grader::intake::Helpers;

# Which other files of a submission are linked with the source of a backend: its helpers.
#
# A helper defines a name that is still undefined, or gives a variable or a weak function that is only declared its content; a
# file in the backend's own folder also counts when it runs before main. The search ends when nothing more is found. A source that
# defines main is never a helper.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use grader::intake::Judge;
use grader::intake::Places;

my $MOST_HELPERS = 60;      # that are compiled
my $MOST_LOST    = 2000;    # undefined names; nobody writes so many
my $WALL_S       = 90;

# %how: intake => the grader::intake::Files; backend; source, part => the backend's source and what was compiled of it; compile
# => a function from a path to what was compiled: { object, facts, warnings } or { complaint, errors }; library => { name => 1 },
# what the C library defines. Result: { parts => [compiled], sources => [paths], notes => [sentences], warnings => [lines] }
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
        my ($useful) = grep { _is_useful( $_, $open ) } @candidates;
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
      @candidates;

    my ( undef, @parts )   = @{ $self->{parts} };
    my ( undef, @sources ) = @{ $self->{sources} };
    unshift @{ $self->{notes} }, 'linked with ' . join ', ', @sources if @sources;
    return { parts => \@parts, sources => \@sources, map { $_ => $self->{$_} } qw(notes warnings) };
}

# What the parts leave open: { lost => {undefined names}, own => {those that the C library has not}, soft => {names that are
# declared but have no content, or are weak} }. Nothing when there are too many.
sub _open_names ($self) {
    my $all  = grader::intake::Judge::together( map { $_->{facts} } @{ $self->{parts} } );
    my %lost = map { $_ => 1 } grep { $_ ne '_GLOBAL_OFFSET_TABLE_' } keys %{ $all->{asked} };
    return if keys %lost > $MOST_LOST;
    return {
        lost => \%lost,
        own  => { map { $_ => 1 } grep { !$self->{library}{$_} } keys %lost },
        soft => { map { $_ => 1 } grep { !$self->{definer}{$_} } keys %{ $all->{common} } },
    };
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
          "$part->{complaint}, so it is not linked" . ( $part->{errors}[0] ? ": $part->{errors}[0]" : q{} );
    }
    elsif ( !$part->{facts}{defined}{main} ) {
        $candidate->{part} = $part;
    }
    return;
}

# Whether something was compiled, not yet linked, and would change what the submission does.
sub _is_useful ( $candidate, $open ) {
    my $part = $candidate->{part} // return 0;
    return 1 if grep { $open->{lost}{$_} } keys %{ $part->{facts}{defined} };
    return 1 if grep { $open->{soft}{$_} } _strong($part);
    return $candidate->{rank} == grader::intake::Places::OWN
      && grep { /\A[.](?:init_array|ctors|fini_array|dtors)/ } keys %{ $part->{facts}{sections} };
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

# The candidate to compile next, if there is one: one that seems to define what is lost, then one that mentions it; then any
# beside the backend, while something is lost; then one that seems to define what is only declared; then any in the backend's
# folder. A name that the C library has as well is sought beside the backend only: somewhere else it is more likely a
# wrapper for tests.
sub _likeliest ( $self, $open ) {
    my @left    = grep { !$_->{is_tried} } @{ $self->{candidates} };
    my $home    = dirname( $self->{source} );
    my @beside  = grep { dirname( $_->{path} ) eq $home } @left;
    my @near    = grep { $_->{rank} <= grader::intake::Places::NEAR } @left;
    my @in_own  = grep { $_->{rank} == grader::intake::Places::OWN } @left;
    my @lost    = sort keys %{ $open->{lost} };
    my @own     = sort keys %{ $open->{own} };
    my @library = grep { !$open->{own}{$_} } @lost;
    return _first_with( 'definitions', \@own, @left ) // _first_with( 'definitions', \@library, @beside )
      // _first_with( 'mentions',    \@own,                            @left ) // ( @own ? $beside[0] : undef )
      // _first_with( 'definitions', [ sort keys %{ $open->{soft} } ], @near ) // $in_own[0];
}

sub _first_with ( $how, $names, @candidates ) {
    return if !@{$names};
    my $any = _any_of( @{$names} );
    my ($found) = grep { $_->{names}{$how} =~ / $any / } @candidates;
    return $found;
}

1;
