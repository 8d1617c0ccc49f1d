// Counts the blocks in use of one size class, over all threads. Any thread may ask; that takes no block.
//
// Each block in use is of one class. Which classes there are is the allocator's choice, within these rules:
//   - what xmalloc(bytes) gives is of the class of `bytes`, always;
//   - a class is a range of numbers of bytes; the largest is at most twice the smallest and 128 more;
//   - a block that xrealloc(block, bytes) has made is of the class of `bytes` or of one above: one that begins at twice
//     `bytes` and 128 or below (it may have room to grow), or the one it was of before, or any between (it need not
//     give back what it no longer needs).
//
// bytes: 1 to 32,768.
// Result: how many blocks of the class of `bytes` are in use: taken, by whichever thread, which may have ended, and
//         not freed since, by whichever thread. Exact when no other call is running.
size_t xcount(size_t bytes);
