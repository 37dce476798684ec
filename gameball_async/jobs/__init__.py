"""
Follows jobs from their submission to their end, with one poll loop for any number of watchers.

`schedule` decides which job is asked about next.
`watch` asks, `changes` hands out transitions as an async iterator, `submit` makes a job of a chunk.
"""
