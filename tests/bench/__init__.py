"""Benchmarks: measurements as ratios in one run; run by `make bench`, never by the tests."""
