"""When the first calls start: spread over the first moments, not all at once."""

from __future__ import annotations

__all__ = ["start_offset"]

# A call costs the machine about this much; a burst would make the first answers wait
# for each other and show it as latency.
_SPACING = 0.0008


def start_offset(position: int) -> float:
    """Seconds after the start of the run at which a worker makes its first call.

    Args:
        position: The worker's number, from 0.

    Example:
        >>> start_offset(0), start_offset(250)
        (0.0, 0.2)
    """
    return position * _SPACING
