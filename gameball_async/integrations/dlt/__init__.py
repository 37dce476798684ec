"""
Gameball as a destination of dlt: ``dlt.pipeline("shop", destination=gameball())``.

`tables` decides what a table means: its kind, its columns, whether its write disposition can be had.
`loading` sends load files, `journals` keeps and reads what they leave behind, `destination` is what dlt is given.
"""

try:
    import dlt as _dlt  # noqa: F401
except ImportError:
    raise ImportError("dlt is not installed: pip install 'gameball_async[dlt]'") from None

from .destination import gameball, outcomes
from .loading import DoubtfulRows

__all__ = ["DoubtfulRows", "gameball", "outcomes"]
