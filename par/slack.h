// slack.h: what lies between the end of a block of pages and the end of its last page, and how an overrun is seen
// there.
//
//     | the caller's bytes              | slack: mark, 4 times ... 2 times |
//     ^ start, of a page                ^ end                              ^ of the same page
//
// Nearly every such block has some slack, for its length is rarely a multiple of a page. What it held when the block
// was handed out or resized must be there when the block is freed or resized. What is right behind the end tells an
// overrun; the end of the page also what is written in front of the next block. The mark follows from the address, and
// none of its bytes is zero, so a string that is one byte too long is seen, and one that brought another block's slack
// along. But a page of which all slack is zero was given up by its owner, who may have rounded his length up as the
// kernel does (madvise): that is no overrun, and so one by zeros up to the end of the page goes unseen.
//
// Where nothing was written before, a mark costs a page that the program may never come to. So of fresh memory a few
// blocks get one, 64 of those whose owners have not come to their end so far (256 KiB); of others the zeros that are
// there must stay. Memory that is not fresh is read first, and gets a mark only where it holds something. Of a program
// that does not come to the end of its long blocks only a few are looked at, for a look costs a page fault there.

#ifndef PAR_SLACK_H
#define PAR_SLACK_H

#include <stdbool.h>
#include <stddef.h>

// What the slack of a block holds.
enum slack {
    SLACK_UNKNOWN,  // nothing that must stay
    SLACK_FRESH,    // zeros, as all that is mapped behind it
    SLACK_ZEROS,
    SLACK_MARK,
    SLACK_MARK_BEFORE_ZEROS,  // a mark; all that is mapped behind its page holds zeros
    SLACK_FIRST_MARK,         // the same, in a page that nobody else was seen to need
};

// The caller's part of a block of pages: what he asked for; or all of its last page, where nobody looks behind it.
struct used {
    size_t bytes;
    enum slack slack;
};

// Notes, and writes where it must, what lies behind a block that gets so many bytes, 1 or more. behind: SLACK_FRESH
// where that is known to be so; else SLACK_UNKNOWN. start: at the beginning of a page. The caller owns the block.
struct used slack_seal(char* start, size_t bytes, enum slack behind);

// What lies behind a block that gets so many bytes in place of those it has: SLACK_FRESH where that is known, as long
// as nothing else was mapped behind it; else SLACK_UNKNOWN.
enum slack slack_behind(struct used used, size_t bytes);

// Whether that is still there, where it is not SLACK_UNKNOWN. It may learn something of it, and sets that. The caller
// owns the block.
bool slack_is_whole(const char* start, struct used* used);

#endif
