"""Measurements of the client. They are run by hand, never as tests: see ``python -m benchmarks``."""
