"""
The command line: the only place that starts an event loop, prints, or ends the process.

What is shown is made by plain functions in `display`; everything else is the library's own surface.
"""
