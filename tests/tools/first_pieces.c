// first_pieces.c: how many full pieces of a heap it takes until new ones get huge pages, also when all were given back.
//
// Linked with par/density.c and par/os.c. Exit status: 1 with a line that says after which step another verdict came.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "par/density.h"
#include "par/os.h"
#include "par/page_map.h"

static struct density density;

static void expect(enum density_verdict wanted, const char* step) {
    enum density_verdict verdict = density_of_next(&density, 1, true);
    if (verdict == wanted) return;
    printf("%s: the verdict is %d, not %d\n", step, (int)verdict, (int)wanted);
    exit(1);
}

static char* full_piece(void) {
    char* piece = os_map(SLOT_BYTES, SLOT_BYTES);
    if (piece == NULL) exit(3);
    density_watch(&density, piece);
    memset(piece, 1, SLOT_BYTES);
    return piece;
}

int main(void) {
    expect(DENSITY_LOW, "nothing is there");
    char* first = full_piece();
    expect(DENSITY_LOW, "one piece is full");
    char* second = full_piece();
    expect(DENSITY_HIGH, "two pieces are full");
    density_forget(&density, first, true);
    density_forget(&density, second, true);
    expect(DENSITY_LOW, "all were given back");
    return 0;
}
