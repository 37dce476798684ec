"""
Gameball as a destination of dlt: ``dlt.pipeline("shop", destination=gameball())``.

`tables` decides what a table means: its kind, its columns, whether its write disposition can be had.
`loading` sends load files, `journals` keeps and reads what they leave behind, `destination` and `outcomes` are what dlt is given.
"""

from .destination import gameball
from .loading import DoubtfulRows
from .outcomes import outcomes

__all__ = ["DoubtfulRows", "gameball", "outcomes"]
