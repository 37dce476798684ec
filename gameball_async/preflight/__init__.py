"""
Checks the user's own account before a migration, and keeps the findings for later imports.

What the answers mean is decided in `learned`, `facts` and `judging`, what an import does about it in `findings`:
plain functions over values. `probing` asks Gameball through clients; `findings` reads and writes the file, too.
"""
