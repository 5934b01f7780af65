"""Who is beaten by nobody: the front of quality and what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Point", "front_of"]


@dataclass(frozen=True, slots=True)
class Point:
    """A group with what it takes and its quality.

    Attributes:
        name: The group's.
        look: Which look it has.
        x: Dollars or seconds, less being better; NaN if unknown.
        y: The score; NaN if unknown.
        low: The lower end of its interval; NaN if unknown.
        high: The upper end.
        sign: 1 if a high score is good, -1 if a low one is.
        on_front: What is shown of it; None if that is not known.
    """

    name: str
    look: int
    x: float
    y: float
    low: float
    high: float
    sign: int = 1
    on_front: bool | None = None

    def is_shown_below(self, other: Point) -> bool:
        """Whether the other costs no more, and is better by the intervals."""
        ends = (self.low, self.high, other.low, other.high)
        if other is self or other.x > self.x or any(one != one for one in ends):
            return False
        return other.low > self.high if self.sign > 0 else other.high < self.low

    def is_below(self, other: Point) -> bool:
        """Whether the other is no worse in both by the means, and better in one."""
        mine, others = self.sign * self.y, self.sign * other.y
        no_worse = other.x <= self.x and others >= mine
        return no_worse and (other.x < self.x or others > mine)


def front_of(points: Sequence[Point]) -> list[Point]:
    """Give the points that no other is above by the means, the cheapest first."""
    front = [p for p in points if not any(p.is_below(other) for other in points)]
    return sorted(front, key=lambda point: (point.x, point.y))
