"""Thin I/O: HTTP and files. Edges decide nothing."""
