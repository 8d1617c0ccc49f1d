package grader::stages::Deliverables;

# The last stage: the other parts of the submission, beside the code, are there and are more than the template.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Encode         ();
use File::Basename qw(basename);
use grader::intake::Places;

my $PNG_HEAD = "\x89PNG\r\n\x1a\n";

# Result: the tests, as of grader::stages::Build::tests.
sub tests ($job) {
    my $wanted = $job->settings->{deliverables};
    return map {
        my $name = $_;
        {
            id   => $name,
            name => "the $name is there (" . join( ' or ', @{ $wanted->{$name}{files} } ) . ')',
            run  => sub { _check( $job, $name, $wanted->{$name} ) },
        };
    } sort keys %{$wanted};
}

sub _check ( $job, $name, $wanted ) {
    my $complaint = _complaint( $job, $name, $wanted );
    return { verdict => 'pass' } if !defined $complaint;
    return { verdict => 'fail', diag => [$complaint], hint => "hand in the $name as a plain file beside the code" };
}

# Some systems do not tell upper from lower case, and write names as they like. Of several files of these names one that is
# right is enough: the template often lies in another folder, in the same or in other letters. Else the one nearest to the top
# is meant, and what was handed out last.
sub _complaint ( $job, $name, $wanted ) {
    my $intake = $job->intake;
    my %wanted = map  { lc($_) => 1 } @{ $wanted->{files} };
    my @found  = grep { $wanted{ lc basename($_) } } $intake->files;
    return _missing( $name, $wanted, $intake ) if !@found;
    my @complaints;
    for my $path ( sort { _order( $a, $b ) } @found ) {
        push @complaints, _complaint_of( $job, $path, $wanted ) // return;
    }
    return $complaints[0];
}

sub _order ( $left, $right ) {
    my ( $is_left_old, $is_right_old ) = map { grader::intake::Places::is_handed_out($_) ? 1 : 0 } $left, $right;
    return $is_left_old <=> $is_right_old || ( $left =~ tr{/}{} ) <=> ( $right =~ tr{/}{} ) || $left cmp $right;
}

sub _complaint_of ( $job, $path, $wanted ) {
    my $intake = $job->intake;
    my $full   = $intake->folder . "/$path";
    return "$path is empty"                                         if !-s $full;
    return "$path is marked as a program (chmod -x takes that off)" if -x $full;
    my $text = $intake->text($path);
    return "$path is no PNG picture" if $path =~ /[.]png\z/i && index( $text, $PNG_HEAD ) != 0;
    return                           if !$wanted->{words};
    return _too_little( $path, _readable($text), $wanted->{words}, _readable( $job->report_template ) );
}

# What was handed in instead is named: a file whose name begins like one of those that are wanted. In what was not unpacked
# there may be one.
sub _missing ( $name, $wanted, $intake ) {
    my %stem   = map       { lc(s/[.].*//r) => 1 } @{ $wanted->{files} };
    my @near   = sort grep { $stem{ lc( basename($_) =~ s/[\W_\d].*//r ) } } $intake->files;
    my $all    = join ', ', @{ $wanted->{files} };
    my @unread = $intake->unread;
    return "no $name can be seen: $unread[0]" if !@near && @unread;
    return "there is none of $all"            if !@near;
    my $found = @near == 1 ? $near[0] : join ', ', @near;
    return
"there is none of $all, but $found: is that the $name? It must have one of those names, and be what its ending says";
}

# Editors on Windows write UTF-16 when they are asked for "Unicode". What is neither that nor UTF-8 is of an older code, in which
# most letters are still letters.
sub _readable ($text) {
    my $code = $text =~ /\A(?:\xff\xfe|\xfe\xff)/ ? 'UTF-16' : 'UTF-8';
    return eval { Encode::decode( $code, $text, Encode::FB_CROAK() | Encode::LEAVE_SRC() ) } // $text;
}

sub _too_little ( $path, $text, $wanted, $template ) {
    my $own = _own_words( $text, $template );
    return if $own >= $wanted;
    return "$path holds $own words that are not the template's, and at least $wanted are wanted";
}

# Scripts that put no space between words. Their words have about two letters.
my $WITHOUT_SPACES    = qr/[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]/;
my $LETTERS_OF_A_WORD = 2;

sub _words (@lines) {
    my $text    = join "\n", @lines;
    my $letters = grep { /\p{L}/ } $text =~ /$WITHOUT_SPACES/g;
    my @words   = $text =~ s/$WITHOUT_SPACES/ /gr =~ /[[:alpha:]]{2,}/g;
    return @words + int( $letters / $LETTERS_OF_A_WORD );
}

# The words of those lines that do not stand in the template as well.
sub _own_words ( $text, $template ) {
    my %known = map { s/\s+//gr => 1 } split /\n/, $template;
    return _words( grep { !$known{s/\s+//gr} } split /\n/, $text );
}

1;
