"""
A release rehearsed: ``python -m tests.release`` builds it, and installs and uses what was built in every way that we name.

What is judged of a wheel, a page or a file of pins is decided by plain functions in `building` and `installing`. Commands are run
by `desk`, with nothing of this source tree in their surroundings.
"""
