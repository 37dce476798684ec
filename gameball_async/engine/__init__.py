"""Joins decisions and edges, with anyio alone."""
