package tests::hostile::Source;

# The text of hostile submissions: a submission is handed in as one file, so the allocator of heap.h is put in where it
# is included, and locked.h likewise.

use v5.32;
use warnings;
use feature 'signatures';
no warnings 'experimental::signatures';

use File::Basename qw(dirname);

my $FOLDER = dirname(__FILE__);

sub read_file ($path) {
    open my $file, '<:raw', $path or die "$path cannot be read: $!\n";
    local $/ = undef;
    return scalar <$file>;
}

sub write_file ( $path, $content ) {
    open my $file, '>:raw', $path or die "$path cannot be written: $!\n";
    print {$file} $content;
    close $file or die "$path cannot be written: $!\n";
    return;
}

# The same text, with heap.h and locked.h in the place of the lines that include them.
sub whole ($text) {
    return $text =~ s{^#include "\.\./(\w+\.h)"\n}{whole( read_file("$FOLDER/$1") )}gemr;
}

# A right allocator, as the content of a par_alloc.c.
sub right () {
    return whole(<<'END');
// par_alloc.c: a right allocator, in a submission that is hostile in another way.

#include "../heap.h"
#include "xmalloc.h"

void* xmalloc(size_t bytes) { return heap_take(bytes); }
void xfree(void* block) { heap_give(block); }
void* xrealloc(void* block, size_t bytes) { return heap_resize(block, bytes); }
END
}

1;
