"""Several processes share the quota of one account through Redis. Needs the extra ``redis``."""

from __future__ import annotations

from .limits.redis import RedisQuota

__all__ = ["RedisQuota"]
