// handover.h: sizes that mean something to handover.c.

#ifndef TRACE_HANDOVER_H
#define TRACE_HANDOVER_H

enum { HANDED_FIRST = 3000, HANDED_THEN = 3001, HANDED_DONE = 3002, HANDED_MOVED = 5000 };

#endif
