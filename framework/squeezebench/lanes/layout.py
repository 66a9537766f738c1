"""Where the variables of a block are: one flat array, row by row, a row having one number a lane.

All offsets but that of the variable are constants, and all rows are parts of one array: only then does the compiler see
that what a loop writes cannot be what it reads, and use the processor's vector instructions.
"""

from __future__ import annotations

__all__ = ["LANES", "NEW", "POINT", "ROWS", "SIZE", "SLOPE", "K", "Y"]

#: Points in a block: two of the widest vectors that processors have. With one, the compiler unrolls the loop over the
#: lanes before it can vectorise it; with four, a block of order 3 no longer fits into the fastest cache.
LANES = 16

#: Rows of each variable: its value at the start of the step; the point at which a slope is taken, which after the step
#: is the new value; the slope taken last; the 16 slopes of the step; the new value while more slopes are taken; the
#: sizes of the step, which are the same for all variables.
Y, POINT, SLOPE, K, NEW, SIZE = 0, 1, 2, 3, 19, 20
#: Number of rows: row r of variable i begins at (i ROWS + r) LANES. Odd, because the same row of all variables
#: must not fall on the same few lines of the cache: with 20 rows, order 4 takes 2.5 times as long.
ROWS = 21
