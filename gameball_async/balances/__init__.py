"""
Balances that come out right: customers are brought to a balance, and rows of adjustments in doubt are settled by it.

What is decided, from balances before and after, is in `points`, `plan`, `rounds` and `verdicts`.
`store` keeps a run's plan on the disk, `setting`, `settling`, `snapshot` and `looks` ask and send through the client.
"""
