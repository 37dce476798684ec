"""What users may give for a field of a model: aliases for annotations, and the named words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from .fields import Unset


class Channel(StrEnum):
    """Where a customer or an order came from (API page "Track Order")."""

    MOBILE = "mobile"
    POS = "pos"
    WEB = "web"
    CALLCENTER = "callcenter"


Text: TypeAlias = str | Unset | None
Flag: TypeAlias = bool | Unset | None
Number: TypeAlias = float | Decimal | Unset | None
Whole: TypeAlias = int | Unset | None
Day: TypeAlias = date | str | Unset | None
Moment: TypeAlias = datetime | str
Texts: TypeAlias = list[str] | tuple[str, ...] | Unset | None
Items: TypeAlias = list[Any] | tuple[Any, ...] | Unset | None
Free: TypeAlias = Mapping[str, Any] | Unset | None
