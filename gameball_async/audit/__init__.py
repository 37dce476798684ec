"""
The check of rows as a whole: what no row shows by itself, such as an id that comes twice, or amounts that look like money.

`looks` is the table of what is looked at for each kind; `tally` counts, and `findings` says what was found.
`seen` keeps digests of the rows in a private SQLite file, and `check` reads rows through all of it.
"""
