package grader::kit::Pristine;

# Checks that the kit's own files are the published ones: a grade from a changed program or test means nothing. `make pristine`
# writes their checksums into grader/kit/pristine.sha256. The backends are not among them, because students replace them.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use Digest::SHA ();
use File::Glob  ();

my $LIST = 'grader/kit/pristine.sha256';

# All that takes part in a grade.
my @GRADER = map { "grader/$_*.pm" } q{}, qw(intake/ stages/ deliverables/ contract/ speed/ sandbox/ kit/ results/);
my @FILES  = (
    qw(Makefile make/*.mk xmalloc.h sys_alloc.c test.pl *_main.c programs/*.[ch] measure/*.[ch] measure/*.pm),
    @GRADER,
    qw(grader/rubrics/*.conf grader/report_template.md tests/suite/*.c tests/suite/support/*.[ch] tests/contract/*.[ch]),
    qw(tests/contract/*.syms tests/tools/announce*.[ch] tests/tools/named.c tests/tools/planted.c tests/tools/valgrind.supp),
);

# The files of a tree, relative to it.
sub files ($tree) {
    my %found;
    for my $pattern (@FILES) {
        $found{ substr $_, length("$tree/") } = 1 for grep { -f } File::Glob::bsd_glob("$tree/$pattern");
    }
    my @files = sort keys %found;
    return @files;
}

# The text of the list for a tree as it is now, as sha256sum(1) writes and checks it.
sub listing ($tree) {
    return join q{}, map { Digest::SHA->new(256)->addfile("$tree/$_")->hexdigest . "  $_\n" } files($tree);
}

# Writes the list of a tree.
sub write ($tree) {
    my $text = listing($tree);
    open my $file, '>', "$tree/$LIST.new" or die "$LIST: cannot write it: $!\n";
    print {$file} $text;
    close $file and rename "$tree/$LIST.new", "$tree/$LIST" or die "$LIST: cannot write it: $!\n";
    return;
}

# Result: what has been changed, is missing or was added, in words; nothing when the tree is as it was published.
sub changes ($tree) {
    open my $file, '<', "$tree/$LIST" or return "$LIST cannot be read";
    my %wanted = map { /\A([0-9a-f]{64})  (\S+)\n\z/ ? ( $2 => $1 ) : () } <$file>;
    close $file or return "$LIST cannot be read";
    my %is = map { /\A(\S+)  (\S+)\n\z/ ? ( $2 => $1 ) : () } split /(?<=\n)/, listing($tree);
    return (
        ( map { exists $is{$_} ? $is{$_} eq $wanted{$_} ? () : "$_ was changed" : "$_ is missing" } sort keys %wanted ),
        map { exists $wanted{$_} ? () : "$_ was added" } sort keys %is
    );
}

# Dies when a tree is not as it was published.
sub insist ($tree) {
    my @changes = changes($tree) or return;
    my $more    = @changes > 3 ? ' and ' . ( @changes - 3 ) . ' more' : q{};
    die 'the grader cannot run: its own files are not those that were published: '
      . join( ', ', grep { defined } @changes[ 0 .. 2 ] )
      . "$more; take a fresh copy of the kit, or run make pristine if the change is meant\n";
}

1;
