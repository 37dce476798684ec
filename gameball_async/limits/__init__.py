"""
Keeps a client inside Gameball's rate limits, and decides what may be sent again.

The decisions are in `windows`, `queue`, `retry` and `shared`.
The I/O is in `dispatcher`, `calls`, `permits` and `redis`.
"""
