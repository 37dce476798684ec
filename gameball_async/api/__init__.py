"""
What Gameball's API is, as values: kinds, items, jobs, requests, answers, error codes.

Everything here decides, and nothing here does I/O, reads a clock or draws a number.
`kinds` is the one table of the batch endpoints; `requests` and `responses` are the wire in both directions.
"""
