package grader::stages::Deliverables;

# The last stage: the other parts of the submission, beside the code, are there and are more than the template.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename);
use grader::deliverables::Picture;
use grader::deliverables::Written;
use grader::intake::Places;

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
    my ( $complaint, $hint ) = _complaint( $job, $name, $wanted );
    return { verdict => 'pass' } if !defined $complaint;
    return { verdict => 'fail', diag => [$complaint], hint => $hint };
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
        my @complaint = _complaint_of( $job, $path, $wanted ) or return;
        push @complaints, \@complaint;
    }
    return @{ $complaints[0] };
}

sub _order ( $left, $right ) {
    my ( $is_left_old, $is_right_old ) = map { grader::intake::Places::is_handed_out($_) ? 1 : 0 } $left, $right;
    return $is_left_old <=> $is_right_old || ( $left =~ tr{/}{} ) <=> ( $right =~ tr{/}{} ) || $left cmp $right;
}

# Result: what is wrong with a file, and what to do; nothing when it is right.
sub _complaint_of ( $job, $path, $wanted ) {
    my $intake = $job->intake;
    my $full   = $intake->folder . "/$path";
    return ( "$path is empty",               'save it once more, and look into what you hand in' ) if !-s $full;
    return ( "$path is marked as a program", "chmod -x $path takes that off" )                     if -x $full;
    my $bytes = $intake->text($path);
    if ( $path =~ /[.]png\z/i ) {
        my $complaint = grader::deliverables::Picture::complaint($bytes);
        return ( "$path $complaint", 'save the graph as a PNG picture in which it can be read' ) if defined $complaint;
    }
    return if !$wanted->{words};
    return _too_little( $path, $bytes, $wanted->{words}, $job->report_template );
}

sub _too_little ( $path, $bytes, $wanted, $template ) {
    my ( $own, $is_utf8 ) = grader::deliverables::Written::count( $bytes, $template );
    return if $own >= $wanted;
    my $short = "$path holds $own words that are not the template's, and at least $wanted are wanted";
    return ( $short,
        'answer its questions in sentences of your own; a word that comes again and again counts a few times' )
      if $is_utf8;
    return ( "$short; it is not UTF-8: save it as UTF-8", 'in another code its words may not be seen' );
}

# What was left out, or handed in instead, is named: a file whose name begins like one of those that are wanted. In what was not
# unpacked there may be one.
sub _missing ( $name, $wanted, $intake ) {
    my $all    = join ', ', @{ $wanted->{files} };
    my $plain  = "hand in the $name as a plain file beside the code";
    my %is_it  = map { lc($_) => 1 } @{ $wanted->{files} };
    my ($lost) = grep { $is_it{ lc basename( $_->{path} ) } } $intake->left_out;
    return ( "there is none of $all: $lost->{told}", $lost->{told} =~ /bytes/ ? 'make it smaller' : $plain ) if $lost;
    my %stem   = map       { lc(s/[.].*//r) => 1 } @{ $wanted->{files} };
    my @near   = sort grep { $stem{ lc( basename($_) =~ s/[\W_\d].*//r ) } } $intake->files;
    my @unread = $intake->unread;
    return ( "no $name can be seen: $unread[0]", $plain ) if !@near && @unread;
    return ( "there is none of $all",            $plain ) if !@near;
    my $found = join ', ', @near;
    return (
        "there is none of $all, but $found: is that the $name?",
        'it must have one of those names, and be what its ending says'
    );
}

1;
