"""Benchmarks of squeezebench for asv; one file a subject."""
