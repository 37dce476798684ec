"""
From the columns that people have to the columns that Gameball knows.

`rules` says what a mapping file may hold, `applied` turns a record's cells into others, `proposal`
suggests a mapping for a header: all pure. `presets` reads the mappings that come with the package.
"""
