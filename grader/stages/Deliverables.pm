package grader::stages::Deliverables;

# The last stage: the other parts of the submission, beside the code, are there and are more than the template.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename);

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
    my $complaint = _complaint( $job, $wanted );
    return { verdict => 'pass' } if !defined $complaint;
    return { verdict => 'fail', diag => [$complaint], hint => "hand in the $name as a plain file beside the code" };
}

sub _complaint ( $job, $wanted ) {
    my $intake = $job->intake;
    my %wanted = map { $_ => 1 } @{ $wanted->{files} };
    my ($path) = grep { $wanted{ basename($_) } } $intake->files;
    return 'there is none of ' . join ', ', @{ $wanted->{files} } if !defined $path;

    my $full = $intake->folder . "/$path";
    return "$path is empty"                                         if !-s $full;
    return "$path is marked as a program (chmod -x takes that off)" if -x $full;
    my $text = $intake->text($path);
    return "$path is no PNG picture" if $path =~ /[.]png\z/i && index( $text, $PNG_HEAD ) != 0;
    return                           if !$wanted->{words};

    my $own = _words($text) - _words_shared( $text, $job->report_template );
    return if $own >= $wanted->{words};
    return "$path holds $own words that are not the template's, and at least $wanted->{words} are wanted";
}

sub _words ($text) { return scalar( () = $text =~ /[[:alpha:]]{2,}/g ) }

# The words of those lines that stand in the template as well.
sub _words_shared ( $text, $template ) {
    my %known = map { s/\s+//gr => 1 } split /\n/, $template;
    my $words = 0;
    for my $line ( split /\n/, $text ) { $words += _words($line) if $known{ $line =~ s/\s+//gr } }
    return $words;
}

1;
