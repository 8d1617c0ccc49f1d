package grader::intake::Names;

# Which file of a submission is which backend. The whole set of names decides, because the course has used the same names in
# different ways over the years: hwx_malloc.c is the homework beside opt_malloc.c, whatever it holds.
#
# Pure: it looks at names, and at the text of those files that no name tells apart.

use v5.34;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use List::Util     qw(uniq);
use grader::Nearest;

# Sources that are compiled, by their endings.
my $SOURCE = qr/[.](?:c|cc|cpp|cxx)\z/;

# The C library's backend is the kit's own, under any of its names.
my $LIBRARY = qr/\Asys_(?:m?alloc)\z/;

# A folder with one of these names holds what the course handed out, and not what was handed in.
my $STARTER =
  qr{(?:\A|/)(?:starter|start|skeleton|template|handout|given|provided|original|old|backup|bak)(?:[-_ ][^/]*)?/}i;

sub is_handed_out ($path) { return $path =~ $STARTER }
sub is_source     ($path) { return $path =~ $SOURCE }
sub is_cxx        ($path) { return $path =~ $SOURCE && $path !~ /[.]c\z/ }

sub _stem ($path) { return basename($path) =~ s/$SOURCE//r }

# What services and browsers add to a name that was handed in twice, or by many: par_alloc-1, "par_alloc (2)", "par_alloc copy",
# doejane_LATE_123_4567_par_alloc.
sub _plain ($stem) {
    return $stem =~ s/\A\w+?_(?:LATE_)?\d+_\d+_//r =~
      s/(?:[-_ ]\d{1,3}|\s*\(\d+\)|[ _-]+copy(?:[ _]\d+|\s*\(\d+\))?)\z//ir;
}

# A pattern of names, in which * stands for anything.
sub _expression ($pattern) {
    my $quoted = join '.*', map { quotemeta } split /[*]/, $pattern =~ s/$SOURCE//r, -1;
    return qr/\A$quoted\z/i;
}

# $files: the sources, relative to the submission. $names: [ [ backend => [patterns, the best first] ], ... ], the homework
# first: a name that is the homework's is never another's. %how: given => { backend => path }, which overrides all; text => a
# function from a path to its text.
#
# Result: { backend => { source => path, notes => [sentences] } }; a backend without a source has notes alone.
sub roles ( $files, $names, %how ) {
    my %given    = %{ $how{given} // {} };
    my @backends = map { $_->[0] } @{$names};
    my %fits     = map { $_ => [] } @backends;
    my %is_named;
    for my $path ( grep { is_source($_) && _stem($_) !~ $LIBRARY } @{$files} ) {
        my ( $backend, $rank ) = _owner( $path, $names ) or next;
        $is_named{$path} = $backend;
        push @{ $fits{$backend} }, [ $path, $rank ];
    }

    my %role;
    for my $backend (@backends) {
        my ( $best, @others ) =
          map { $_->[0] } sort { _order( $a, $b ) } @{ $fits{$backend} };
        if ( defined $given{$backend} ) {
            @others         = grep { $_ ne $given{$backend} } grep { defined } $best, @others;
            $role{$backend} = {
                source => $given{$backend},
                notes  => ["$given{$backend} is $backend: --backend said so"]
            };
        }
        elsif ( defined $best ) {
            my @notes =
              basename($best) eq "${backend}_alloc.c"
              ? ()
              : "$best is taken for ${backend}_alloc.c";
            $role{$backend} = { source => $best, notes => \@notes };
        }
        push @{ $role{$backend}{notes} }, map { _not_taken( $_, $role{$backend}{source} ) } @others;
    }
    _take_the_nameless( \%role, $names, $files, \%is_named, $how{text} );
    return \%role;
}

# Result: the backend to which a name belongs, and how good a name it is (0 is the best); nothing for other names. A name that ends
# in one that is accepted is meant as that one, before any pattern with a star.
sub _owner ( $path, $names ) {
    my $stem  = _stem($path);
    my $plain = _plain($stem);
    my @ways  = (
        [ 0,    qr/\A[^*]*\z/, $stem ],
        [ 0.25, qr/\A[^*]*\z/, $plain ],
        [ 0.5,  qr/\A[^*]*\z/, $plain, '*_' ],
        [ 0,    qr/[*]/,       $stem ],
        [ 0.25, qr/[*]/,       $plain ],
    );
    for my $way (@ways) {
        my ( $worse, $kind, $name, $before ) = @{$way};
        for my $row ( @{$names} ) {
            my ( $backend, $patterns ) = @{$row};
            for my $rank ( grep { $patterns->[$_] =~ $kind } 0 .. $#{$patterns} ) {
                return ( $backend, $rank + $worse ) if $name =~ _expression( ( $before // q{} ) . $patterns->[$rank] );
            }
        }
    }
    return;
}

# What the course handed out comes last, then the better name first, then what lies nearer to the top.
sub _order ( $left, $right ) {
    return
         ( $left->[0] =~ $STARTER ) <=> ( $right->[0] =~ $STARTER )
      || $left->[1]                 <=> $right->[1]
      || ( $left->[0] =~ tr{/}{} )  <=> ( $right->[0] =~ tr{/}{} )
      || $left->[0] cmp $right->[0];
}

sub _not_taken ( $path, $taken ) {
    my $why =
      $path =~ $STARTER
      ? ', because its folder seems to hold what was handed out'
      : q{};
    return "there is also $path, which was not taken$why: $taken was";
}

# A backend that no name tells: the one source that defines xmalloc and that no other file uses.
sub _take_the_nameless ( $role, $names, $files, $is_named, $text_of ) {
    my @lost = grep { !defined $role->{$_}{source} } map { $_->[0] } @{$names}
      or return;
    return if !$text_of;
    my @sources = grep { is_source($_) && !$is_named->{$_} && _stem($_) !~ $LIBRARY && $_ !~ $STARTER } @{$files};
    my @defines = grep { _defines_calls( $text_of->($_) ) } @sources;
    my @alone   = grep { !_is_used( $_, $files, $text_of ) } @defines;

    # The last backend is the one that the course asks for most; the homework is not guessed while that is missing.
    my $backend = $lost[-1];
    if ( @alone == 1 ) {
        $role->{$backend}{source} = $alone[0];
        push @{ $role->{$backend}{notes} },
          "$alone[0] is taken for ${backend}_alloc.c: it alone defines xmalloc, and no other file uses it";
        @lost = grep { $_ ne $backend } @lost;
    }
    my %is_source = map { $_ => 1 } @alone ? @alone : grep { is_source($_) && !$is_named->{$_} } @{$files};
    my %owner     = map { _accepted( @{$_} ) } @{$names};
    my %meant     = map { $_ => _meant( $_, sort keys %owner ) } grep { !$is_named->{$_} && $_ !~ $STARTER } @{$files};
    for my $without (@lost) {
        my @near  = grep { defined $meant{$_} && $owner{ $meant{$_} } eq $without } sort keys %meant;
        my %near  = map  { $_ => 1 } @near;
        my @found = map  { basename($_) . " (did you mean $meant{$_}?)" } @near;
        push @found, uniq map { basename($_) } grep { !$near{$_} } sort keys %is_source;
        splice @found, 4, @found - 4, '...' if @found > 4;
        $role->{$without}{notes} = [ @found ? 'found instead: ' . join ', ', @found : () ];
    }
    return;
}

# The names that are accepted as they are, each with its backend.
sub _accepted ( $backend, $patterns ) {
    return map { $_ => $backend } grep { !/[*]/ } @{$patterns};
}

# The accepted name that a file was probably meant to have, as one with .txt after it; undef when there is none.
sub _meant ( $path, @accepted ) {
    return grader::Nearest::nearest( basename($path) =~ s/[.]txt\z//ir, @accepted );
}

# Whether a text looks as if it defined xmalloc, and was no program. Comments may fool it; the compiler has the last word.
sub _defines_calls ($text) {
    return $text =~ /^[^\n;#"]*\bxmalloc\s*\([^;{]*\)\s*\{/m
      && $text   !~ /^[^\n;#"]*\bmain\s*\([^;{]*\)\s*\{/m;
}

sub _is_used ( $path, $files, $text_of ) {
    my $name = quotemeta basename($path);
    return
      scalar grep { $_ ne $path && ( is_source($_) || /[.]h\z/ ) && $text_of->($_) =~ /#\s*include\s*"[^"]*$name"/ }
      @{$files};
}

1;
