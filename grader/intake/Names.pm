package grader::intake::Names;

# Which file of a submission is which backend. The whole set of names decides, because the course has used the same names in
# different ways over the years: hwx_malloc.c is the homework beside opt_malloc.c, whatever it holds.
#
# Pure: it looks at names, and at the text of those files that no name tells apart.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename dirname);
use List::Util     qw(uniq);
use grader::Nearest;
use grader::intake::Places;

# Sources that are compiled, by their endings.
my $SOURCE = qr/[.](?:c|cc|cpp|cxx)\z/;

# Assembler, with macros or without: a backend may have helpers in it.
my $ASSEMBLER = qr/[.][sS]\z/;

# The C library's backend is the kit's own, under any of its names.
my $LIBRARY = qr/\Asys_(?:m?alloc)\z/;

sub is_source ($path) { return $path                     =~ $SOURCE }
sub is_helper ($path) { return is_source($path) || $path =~ $ASSEMBLER }
sub is_cxx    ($path) { return $path                     =~ $SOURCE && $path !~ /[.]c\z/ }

sub _stem ($path) { return basename($path) =~ s/$SOURCE//r }

sub _is_old ($path) { return grader::intake::Places::is_handed_out($path) ? 1 : 0 }

# The names that a folder with the helpers of a backend may have, in small letters: par/ beside par_alloc.c, opt/ beside
# opt_malloc.c.
sub folders ( $backend, $source ) {
    my $stem = lc _stem($source);
    return ( lc $backend, $stem, $stem =~ s/_m?alloc\z//r );
}

# What browsers, file managers and upload systems add to a name when there is a file of that name: "-1", "_1", " (1)",
# "- Copy", " copy 2". Result: the name without it; and the number, which is higher for what came later.
sub _without_copy ($stem) {
    my $number = 0;
    while ( $stem =~ s/(?:[-_ ](\d{1,2})|[-_ ]*\((\d{1,2})\)|[-_ ]+copy)\z//i ) { $number = $1 // $2 // $number }
    return ( $stem, $number );
}

# A pattern of names, in which * stands for anything. With $is_end it may follow other words, as upload systems put the
# student's name before it: smith_1234_par_alloc.c.
sub _expression ( $pattern, $is_end = 0 ) {
    my $quoted = join '.*', map { quotemeta } split /[*]/, $pattern =~ s/$SOURCE//r, -1;
    return $is_end ? qr/[^a-z0-9]$quoted\z/i : qr/\A$quoted\z/i;
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
        my ( $backend, $rank, $copy, $found_by ) = _owner( $path, $names ) or next;
        next if $found_by eq 'end' && $how{text} && _defines_main( $how{text}->($path) );    # a test of it
        $is_named{$path} = $backend;
        push @{ $fits{$backend} }, [ $path, $rank, $copy ];
    }

    my %role;
    for my $backend (@backends) {
        my ( $best, @others ) = map { $_->[0] } sort { _order( $a, $b ) } @{ $fits{$backend} };
        if ( defined $given{$backend} ) {
            @others = grep { $_ ne $given{$backend} } grep { defined } $best, @others;
            $role{$backend} =
              { source => $given{$backend}, notes => ["$given{$backend} is $backend: --backend said so"] };
        }
        elsif ( defined $best ) {
            my @notes = basename($best) eq "${backend}_alloc.c" ? () : "$best is taken for ${backend}_alloc.c";
            $role{$backend} = { source => $best, notes => \@notes };
        }
        my $taken = $role{$backend}{source};
        push @{ $role{$backend}{notes} }, map { _not_taken( $_, $taken ) }
          grep { !$how{text} || !_includes( $how{text}->($taken), $_ ) } @others;
    }
    _take_the_nameless( \%role, $names, $files, \%is_named, $how{text} );
    return \%role;
}

# Result: the backend to which a name belongs, how good a name it is (0 is the best), and which copy; nothing for other names. A
# whole name goes before the end of a name, and that before a pattern: hw08_par_alloc.c is par's, whatever hw*_alloc.c is.
sub _owner ( $path, $names ) {
    my $stem = _stem($path);
    my ( $plain, $copy ) = _without_copy($stem);
    my $rank = 0;
    for my $how (qw(whole copy end pattern)) {
        for my $row ( @{$names} ) {
            my ( $backend, $patterns ) = @{$row};
            for my $pattern ( grep { /[*]/ xor $how ne 'pattern' } @{$patterns} ) {
                $rank++;
                my $is_it =
                    $how eq 'whole' ? $stem  =~ _expression($pattern)
                  : $how eq 'end'   ? $plain =~ _expression( $pattern, 1 )
                  :                   $plain =~ _expression($pattern);
                return ( $backend, $rank, $how eq 'whole' ? 0 : $copy, $how ) if $is_it;
            }
        }
    }
    return;
}

# What the course handed out comes last, then the better name first, then the later copy, then what lies nearer to the top.
sub _order ( $left, $right ) {
    return
         _is_old( $left->[0] )     <=> _is_old( $right->[0] )
      || $left->[1]                <=> $right->[1]
      || $right->[2]               <=> $left->[2]
      || ( $left->[0] =~ tr{/}{} ) <=> ( $right->[0] =~ tr{/}{} )
      || $left->[0] cmp $right->[0];
}

sub _not_taken ( $path, $taken ) {
    my $why = _is_old($path) ? ', because its folder seems to hold what was handed out' : q{};
    return "there is also $path, which was not taken$why: $taken was";
}

# A backend that no name tells: the one source that defines xmalloc and that no other file uses.
sub _take_the_nameless ( $role, $names, $files, $is_named, $text_of ) {
    my @lost = grep { !defined $role->{$_}{source} } map { $_->[0] } @{$names} or return;
    return if !$text_of;
    my @unnamed = grep { !$is_named->{$_} } @{$files};
    my @sources = grep { is_source($_) && _stem($_) !~ $LIBRARY && !_is_old($_) } @unnamed;
    my @defines = grep { defines_calls( $text_of->($_) ) } @sources;
    my @alone   = grep { !_is_used( $_, $files, $text_of ) } @defines;

    # The last backend is the one that the course asks for most; the homework is not guessed while that is missing.
    my $backend = $lost[-1];
    if ( @alone == 1 ) {
        $role->{$backend}{source} = $alone[0];
        push @{ $role->{$backend}{notes} },
          "$alone[0] is taken for ${backend}_alloc.c: it alone defines xmalloc, and no other file uses it";
        @lost = grep { $_ ne $backend } @lost;
    }
    my %is_home = map                    { $_ => 1 } grep { defined $role->{$_}{source} } keys %{$role};
    my @strange = grep                   { !_helps_another( $_, $files, $text_of ) } @unnamed;
    my @other   = @alone ? @alone : grep { is_source($_) && !$is_home{ basename( dirname($_) ) } } @strange;
    $role->{$_}{notes} = [ _found_instead( $_, $names, \@strange, \@other ) ] for @lost;
    return;
}

# What there is in place of a backend: the files whose names are nearly right, and then others.
sub _found_instead ( $backend, $names, $unnamed, $others ) {
    my %owner = map  { _accepted( @{$_} ) } @{$names};
    my %meant = map  { $_ => _meant( $_, sort keys %owner ) } grep { !_is_old($_) } @{$unnamed};
    my @near  = grep { defined $meant{$_} && $owner{ $meant{$_} } eq $backend } sort keys %meant;
    my %near  = map  { $_ => 1 } @near;
    my @found = (
        ( map { basename($_) . " (did you mean $meant{$_}?)" } @near ),
        uniq map { basename($_) } grep { !$near{$_} } sort @{$others}
    );
    return if !@found;
    splice @found, 4, @found - 4, '...' if @found > 4;
    return 'found instead: ' . join( ', ', @found ) . "; rename the one that is meant, or say --backend $backend=FILE";
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
sub defines_calls ($text) {
    return $text =~ /^[^\n;#"]*\bxmalloc\s*\([^;{]*\)\s*\{/m && !_defines_main($text);
}

# Many keep a test of it in an #ifdef, so only a main outside of all conditions makes a text a program; the compiler has the last
# word.
sub _defines_main ($text) {
    return $text =~ /\bmain\b/ && _unconditional($text) =~ /^[^\n;#"]*\bmain\s*\([^;{]*\)\s*\{/m;
}

# The lines that stand in no #if.
sub _unconditional ($text) {
    my $depth = 0;
    my @lines;
    for my $line ( split /\n/, $text ) {
        if    ( $line =~ /\A\s*#\s*if/ )                  { $depth++ }
        elsif ( $line =~ /\A\s*#\s*endif/ && $depth > 0 ) { $depth-- }
        elsif ( $depth == 0 )                             { push @lines, $line }
    }
    return join "\n", @lines, q{};
}

sub _is_used ( $path, $files, $text_of ) {
    return scalar grep { $_ ne $path && ( is_source($_) || /[.]h\z/ ) && _includes( $text_of->($_), $path ) } @{$files};
}

# Whether a file defines no calls, and another includes its header: the hmalloc.c of a par_malloc.c, whose name is nearly one of the
# homework's.
sub _helps_another ( $path, $files, $text_of ) {
    return 0 if !is_source($path) || defines_calls( $text_of->($path) );
    my $header = _stem($path) . '.h';
    return scalar grep { is_source($_) && _stem($_) ne _stem($path) && _includes( $text_of->($_), $header ) } @{$files};
}

sub _includes ( $text, $path ) {

    my $name = quotemeta basename($path);
    return $text =~ /#\s*include\s*"(?:[^"\n]*\/)?$name"/;
}

1;
