// far_data.h: keeps large tables away from the small variables.
//
// The linker lays out what begins as zero file by file, so the small variables of a file would lie behind the large
// table of another one, on a page of their own, and a short process feels each page that it touches. Common symbols are
// laid out behind all others. They have external linkage.

#ifndef PAR_FAR_DATA_H
#define PAR_FAR_DATA_H

#define FAR_DATA __attribute__((common))

#endif
