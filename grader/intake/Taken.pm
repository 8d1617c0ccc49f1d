package grader::intake::Taken;

# What of a submission is not taken, by its name: version control, what was built, and what editors and archivers drop. It is the same
# for a folder and for an archive, so the way in which somebody hands in changes nothing.
#
# Pure: it looks at names alone.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(basename);

my $NO_FOLDER    = qr/\A(?:[.]git|[.]svn|__MACOSX|build|[.]vscode|[.]idea)\z/;
my $BUILD_FOLDER = qr/\Abuild\z/;
my $NO_FILE      = qr/\A[.]_|~\z|\A[.]?#|[.]sw[op]\z/;

# Whether a folder, or a file, of this name or path stays where it is.
sub is_no_folder ($path) { return basename($path) =~ $NO_FOLDER }
sub is_no_file   ($path) { return basename($path) =~ $NO_FILE }

# Whether a folder is one of those for what was built. Sources in it are told: some hand in nothing else.
sub is_for_built ($path) { return basename($path) =~ $BUILD_FOLDER }

# The folder that keeps a file from being taken, the outermost one; undef when none does.
sub folder_not_taken ($path) {
    my @parts = split m{/}, $path;
    for my $last ( 0 .. $#parts - 1 ) {
        return join q{/}, @parts[ 0 .. $last ] if is_no_folder( $parts[$last] );
    }
    return;
}

1;
