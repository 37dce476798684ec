"""
What binds this package to another tool, one room for each; nothing of the package imports it.

Decisions and I/O are in the rooms: `dlt` is the destination for dlt.
"""
