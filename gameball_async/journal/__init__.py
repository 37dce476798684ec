"""
What survives a kill: one file that holds every acknowledged state of a run.

`records` says what a frame holds, `folding` adds them up, `state` says what is left to do, `account` what became of
each row, `settle` ends doubt by hand.
`file` owns the bytes on disk, `journal` writes them, `opening` and `retry` start runs from them.
"""
