"""
Rows in, from models, mappings or files, and the rows that did not succeed out again.

A row becomes an item or a fault in the modules that check; none of them does I/O.
`feed` reads the caller's rows, `files` and `records` read files, `rejects` writes one.
"""
