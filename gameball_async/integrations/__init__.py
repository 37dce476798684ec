"""
Integrations with other tools, one room for each; nothing else in the package imports them.

Decisions and I/O are in the rooms: `dlt` is the destination for dlt.
"""
