"""Which tests are nearest to which module that decides: they run in a moment, and must notice a change to it."""

from __future__ import annotations

__all__ = ["NEAREST"]

_SHARED = ("limits/shared/test_shared_permits.py",)
_EFFORT = ("jobs/test_effort_rules.py", "jobs/test_effort.py")
_CHUNKS = ("bulk/test_chunks.py", "bulk/test_chunks_bounds.py")
_OUTCOMES = (
    "bulk/test_outcomes_words.py",
    "bulk/test_outcomes_ids.py",
    "bulk/test_outcomes.py",
    "bulk/test_judging.py",
)
_STATE = ("bulk/test_state_steps.py", "bulk/test_state.py")
_JOURNAL = ("journal/test_frames.py", "journal/test_contents.py", "journal/test_left.py")

NEAREST: dict[str, tuple[str, ...]] = {
    "limits/windows": (
        "limits/test_windows.py",
        "limits/test_windows_manners.py",
        "limits/test_windows_credit.py",
        "limits/shared/test_shared_permits.py",
    ),
    "limits/trips": ("limits/test_trips_learned.py",),
    "limits/uplink": ("limits/test_uplink.py", "limits/test_uplink_room.py"),
    "limits/queue": ("limits/test_queue.py", "limits/test_queue_turns.py"),
    "limits/retry": ("limits/test_retry.py",),
    "limits/backoff": ("limits/test_retry.py",),
    "limits/shared": _SHARED,
    "limits/contact": ("limits/test_contact.py",),
    "limits/exchange": _SHARED,
    "jobs/schedule": ("jobs/test_schedule_rules.py", "jobs/test_schedule.py", *_EFFORT),
    "jobs/effort": (*_EFFORT, "jobs/test_schedule.py"),
    "jobs/pace": ("jobs/test_pace.py",),
    "jobs/watched": ("jobs/test_watched_words.py", "jobs/test_watched.py"),
    "bulk/chunks": _CHUNKS,
    "bulk/waiting": ("bulk/test_waiting.py",),
    "bulk/in_flight": ("bulk/test_in_flight.py",),
    "bulk/outcomes": _OUTCOMES,
    "bulk/matching": ("bulk/test_matching.py", *_OUTCOMES),
    "bulk/refusals": ("bulk/test_refusals.py", "bulk/test_refusals_each.py"),
    "bulk/repeats": ("bulk/test_repeats.py",),
    "bulk/state": _STATE,
    "journal/records": _JOURNAL,
    "journal/folding": _JOURNAL,
    "journal/state": _JOURNAL,
}
"""By the module's path in the package, without its suffix: test files, in `tests/`."""
