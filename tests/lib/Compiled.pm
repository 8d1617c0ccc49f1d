package tests::lib::Compiled;

# What this tree has compiled, for a copy of it in which a test builds again: make there takes an object for its own when it was
# made of the same bytes. Before the first test `make test` has built all that a student kit builds, but for its backends.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Compare  qw(compare);
use File::Copy     qw(copy);
use File::Find     ();
use File::Path     qw(make_path);
use tests::lib::Built;
use tests::lib::Files qw(read_file);

# Only the release: whatever a test needs of another flavour is being built while the tests run.
my $PLACE = 'build/release';

# $to: the root of a tree with sources, and with nothing built. Result: how many objects it has got. What was made by other rules is made again.
sub lend ($to) {
    my $tree = tests::lib::Built::tree();
    my %same;    # path of a source => whether the two trees have the same
    my $is_same = sub ($path) { return $same{$path} //= compare( "$tree/$path", "$to/$path" ) == 0 ? 1 : 0 };
    return 0 if grep { !$is_same->($_) } 'Makefile', map { substr $_, length "$tree/" } glob "$tree/make/*.mk";

    my @rules;
    File::Find::find( { no_chdir => 1, wanted => sub { push @rules, substr $_, 1 + length $tree if /[.]d\z/ } },
        "$tree/$PLACE" );
    my $lent = 0;
    for my $rule (@rules) {
        my $object = $rule =~ s/[.]d\z/.o/r;
        my ($needs) = read_file("$tree/$rule") =~ /\A\Q$object\E: ((?:.*\\\n)*.*)/ or next;
        next if !-e "$tree/$object" || grep { !m{\A/} && !$is_same->($_) } split /[\s\\]+/, $needs;
        make_path( dirname("$to/$object") );
        for my $file ( $rule, $object ) { copy( "$tree/$file", "$to/$file" ) or die "cannot copy $file: $!\n" }
        $lent++;
    }
    return $lent;
}

1;
