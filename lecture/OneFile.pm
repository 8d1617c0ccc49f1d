package lecture::OneFile;

# A page as one file: it holds its data, its styles and its scripts, and needs no network.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use JSON::PP       ();

my $FOLDER = dirname(__FILE__);

sub html (%of) {
    my %part = (
        styles  => join( "\n", map { _file($_) } @{ $of{styles} } ),
        data    => _inline( JSON::PP->new->utf8->canonical->encode( $of{data} ) ),
        scripts => join( "\n", map { "<script>\n" . _file($_) . "\n</script>" } @{ $of{scripts} } ),
    );
    my $page = _file( $of{template} );
    $page =~ s/\{\{(\w+)\}\}/$part{$1} \/\/ die "$of{template} asks for '$1', which is not made\n"/eg;
    return $page;
}

# Text within a script element must not end that element. JSON has < in strings only.
sub _inline ($json) { return $json =~ s/</\\u003c/gr }

sub _file ($name) {
    open my $file, '<', "$FOLDER/$name" or die "cannot read lecture/$name: $!\n";
    local $/ = undef;
    return <$file>;
}

1;

__END__

=head1 NAME

lecture::OneFile - a page with all that it needs inside

=head1 FUNCTIONS

=head2 html(template => FILE, styles => [FILES], scripts => [FILES], data => VALUE)

The page, as bytes, not characters: the template with its C<{{styles}}>, C<{{data}}> and C<{{scripts}}> filled in. Files are
named from lecture/.

=cut
