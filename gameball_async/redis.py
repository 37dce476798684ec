"""The quota of one account shared by several processes through Redis. Needs the extra ``redis``."""

from __future__ import annotations

from .edge.redis import RedisQuota

__all__ = ["RedisQuota"]
