"""Benchmarks: one command each, with JSON on stdout."""
