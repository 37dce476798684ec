"""
A bulk run: rows to chunks, chunks to jobs, answers to outcomes, outcomes to a report.

`chunks`, `outcomes`, `matching`, `order_doubts`, `refusals` and `report` decide.
`run` and `bulk` are the run itself, on anyio; the client's transport does its I/O.
"""
