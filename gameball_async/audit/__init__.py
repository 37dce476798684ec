"""
The check of rows as a whole: what no row shows by itself, such as an id that comes twice, or amounts that look like money.

`looks` is the table of what is looked at for each kind; `findings` counts, and says what was found.
`check` reads rows through all of it, and keeps digests of them in a private SQLite file.
"""
