"""
Only what changed: rows that equal what an earlier run, or an earlier input, has applied are not sent.

Which rows those are is decided in `rows.content`.
What was applied last for each id is read, kept in a temporary database, so that memory does not grow with it,
and looked up by `comparison`, in worker threads.
"""
