package tests::lib::KitCopy;

# A copy of the kit as it is now, as somebody would have it who took what was published: with a list of checksums that fits.
# Tests of what needs such a kit do not depend on whether the list in this tree is up to date.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Glob     ();
use File::Path     qw(make_path);
use grader::kit::Pristine;

my @TOOLS = (
    qw(setup grader/services/* grader/services/*/* grader/grade-class grader/class/* grader/class/*/* handout/* handout/*/*),
    qw(packaging/check-prefix LICENSE .clang-format .gitignore tests/allocator/programs.t tests/lib/Built.pm tests/tools/* bench/*),
    qw(trace/* trace/*/* lecture/* lecture/*/*),
);

# $from: this tree. $to: a folder that does not exist.
sub make ( $from, $to ) {
    my @tools = map { substr $_, length "$from/" } grep { -f } map { File::Glob::bsd_glob("$from/$_") } @TOOLS;
    for my $file ( grader::kit::Pristine::files($from), @tools ) {
        make_path( dirname("$to/$file") );
        copy( "$from/$file", "$to/$file" ) or die "cannot copy $file: $!\n";
        chmod oct 755, "$to/$file" if -x "$from/$file";
    }
    grader::kit::Pristine::write($to);
    return $to;
}

1;
