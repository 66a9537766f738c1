"""The command line: data on standard output, progress and warnings on standard error."""
