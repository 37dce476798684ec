"""
A run's result as one page that can be shared: figures, charts, what to do now.

Decisions, without any I/O, are in `figures`, `series` and `reasons`.
What needs the extra ``report`` is in `charts` (matplotlib) and `render` (Jinja2, and the file).
"""
