"""One figure a file, found by the file's name: each has a `FigureSpec` called ``FIGURE``."""
