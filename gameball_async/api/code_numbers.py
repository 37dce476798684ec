"""Reads the number of an error code. Apart from the catalogue, which few programs need."""

from __future__ import annotations


def read_code(value: object) -> int | None:
    """A code as an answer writes it (integer, whole float or digits); None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        if not (0 < len(value) <= 6 and value.isascii() and value.isdigit()):
            return None
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < 1_000_000 or value != int(value):
        return None
    return int(value)
