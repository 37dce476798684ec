"""
Looks at the user's own account before a migration, and keeps what it found for later imports.

`clock`, `amounts`, `judging` and `assumptions` decide what the answers mean, `obeying` what an import does about
it, and `findings` is the form of the file; all of them are plain functions over values.
`probing` asks Gameball through clients, and `file` reads and writes the file.
"""
