package grader::intake::Given;

# Which files a person wants to be taken, where their names do not tell: "par=src/fast.c", as --backend of test.pl has it, and the
# column backend of a class's overrides.csv. Whatever cannot be done is told in one line, with what to write instead.
#
# Pure: it looks at names alone. Sentences end with a line feed where they are thrown.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename     qw(basename);
use Unicode::Normalize qw(NFC);
use grader::Nearest;
use grader::Shown;
use grader::intake::Names;
use grader::intake::Taken;

my $MOST_TOLD = 4;                                    # files that are offered
my $FORM      = 'say NAME=FILE, as par=src/fast.c';

# @words: "NAME=FILE". $backends: the names that there are. Result: { NAME => FILE }, where FILE is without "." and "..". Dies with
# "WORD: why".
sub wanted ( $words, $backends ) {
    my %file;
    for my $word ( @{$words} ) {
        my ( $backend, $path, $why ) = _parted($word);
        $why //= _no_backend( $backend, @{$backends} );
        $why //= "$backend=$file{$backend} is there, too, and a backend has one file: say one of them"
          if defined $path && ( $file{ $backend // q{} } // $path ) ne $path;
        die "$word: $why\n" if defined $why;
        $file{$backend} = $path;
    }
    return \%file;
}

# Result: name, path; and why it is none.
sub _parted ($word) {
    my ( $backend, $path ) = $word =~ /\A\s*([^=]*?)\s*=\s*(.*?)\s*\z/s or return ( undef, undef, $FORM );
    return ( undef,    undef, $FORM ) if !length $backend || !length $path;
    return ( $backend, undef, 'the file is named relative to the folder of the submission; one elsewhere is not taken' )
      if $path =~ m{\A(?:/|[A-Za-z]:[/\\]|\\)};
    my @parts;
    for my $part ( split m{/}, $path ) {
        next if $part eq q{} || $part eq q{.};
        if    ( $part ne q{..} ) { push @parts, $part }
        elsif ( !defined pop @parts ) {
            return ( $backend, undef, 'it leads out of the submission, and what lies elsewhere is not taken' );
        }
    }
    return ( $backend, join( q{/}, @parts ) );
}

sub _no_backend ( $backend, @backends ) {
    return                                                 if grep { $_ eq $backend } @backends;
    return 'sys is the C library\'s, and is not handed in' if $backend eq 'sys';
    my $meant = grader::Nearest::nearest( $backend, @backends )
      // ( grep { lc $backend eq "${_}_alloc" } @backends )[0];
    return
        "there is no backend '$backend' to be graded; there "
      . ( @backends == 1 ? 'is ' : 'are ' )
      . join( ' and ', @backends )
      . ( defined $meant ? "; did you mean $meant?" : q{} );
}

# $wanted: of wanted(). $files: the paths of what was taken in; $left_out: [ { path, told => why, in a sentence } ]. Result: { NAME =>
# the path as the submission has it }. Dies with "NAME=FILE: why".
sub found ( $wanted, $files, $left_out ) {
    return { map { $_ => _found( "$_=$wanted->{$_}", $wanted->{$_}, $files, $left_out ) } sort keys %{$wanted} };
}

sub _found ( $word, $path, $files, $left_out ) {
    return $path if grep { $_ eq $path } @{$files};
    my @same = grep { _seen($_) eq _seen($path) } @{$files};
    return $same[0] if @same == 1;
    die
"$word: ${\scalar @same} files are called so, and only the way in which letters are stored differs (NFC, NFD): rename one\n"
      if @same;
    die "$word: ", _why_not( $path, $files, $left_out ), "\n";
}

# A name as people see it, who cannot see how a letter with a dot is stored, and copy what the report shows of other bytes.
sub _seen ($path) { return NFC( grader::Shown::text($path) ) }

sub _why_not ( $path, $files, $left_out ) {
    my @within = grep { index( _seen($_), _seen($path) . q{/} ) == 0 } @{$files};
    return 'it is a folder; name the file in it' . _offered( grep { grader::intake::Names::is_source($_) } @within )
      if @within || !length $path;
    my ($told) = map { $_->{told} } grep { index( _seen($path) . q{/}, _seen( $_->{path} ) . q{/} ) == 0 } @{$left_out};
    return $told if defined $told;
    my $folder = grader::intake::Taken::folder_not_taken($path);
    return "the folder $folder of a submission is not taken in: no file in it can be meant" if defined $folder;
    return 'no file that is called so is taken in: editors and archivers leave them'
      if grader::intake::Taken::is_no_file($path);
    return 'there is no such file in the submission' . _instead( $path, $files );
}

# What was probably meant: another case, the slashes of Windows, quotes, a folder too many or too few, a slip; else what there is.
sub _instead ( $path, $files ) {
    my $plain = sub ($name) {
        return lc _seen($name) =~ s{\\}{/}gr =~ s/["'`\x{2018}-\x{201e}]//gr =~ s{\A[./\s]+|\s+\z}{}gr;
    };
    my $is   = $plain->($path);
    my @same = grep { $plain->($_) eq $is } @{$files};
    @same = grep { my $its = $plain->($_); $is =~ m{/\Q$its\E\z} || $its =~ m{/\Q$is\E\z} } @{$files} if !@same;
    @same = grep { basename( $plain->($_) ) eq basename($is) } @{$files}                              if !@same;
    @same = grep { defined } grader::Nearest::nearest( $path, @{$files} )                             if !@same;
    return '; did you mean ' . join( ' or ', _few(@same) ) . q{?} if @same;
    my @sources = grep { grader::intake::Names::is_source($_) } @{$files};
    return @sources ? _offered(@sources) : ', and no C file at all';
}

sub _offered (@paths) { return @paths ? '; there are: ' . join( ', ', _few(@paths) ) : q{} }

sub _few (@paths) {
    splice @paths, $MOST_TOLD, @paths - $MOST_TOLD, '...' if @paths > $MOST_TOLD;
    return @paths;
}

1;
