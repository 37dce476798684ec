"""The quota of one account shared by several processes through Redis. Needs the extra ``redis``."""

from __future__ import annotations

from .limits.redis import RedisQuota

__all__ = ["RedisQuota"]
