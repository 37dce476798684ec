"""
Async bulk client for the Gameball loyalty API.

Start with `GameballClient`; `gameball_async.sandbox` is a server to try everything against, offline.
"""

__version__ = "0.1.0"
