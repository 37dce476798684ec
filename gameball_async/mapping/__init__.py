"""
From the columns that people have to the columns that Gameball knows.

`rules` says what a mapping file may hold, `applied` turns a record's cells into others (times by `local_times`),
`proposal` suggests a mapping for a header: all pure. The mappings that come with the package are read by `rules`.
"""
