"""Names beside points, where they cover neither points nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .inert import set_text
from .style import FONT, INK

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    Boxes = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["MOST_LABELS", "Label", "place_labels"]

MOST_LABELS = 10  # more names find no room beside their points
_WORSE = 8  # times as bad as a name on a mark is a name on a name
# Where a name may stand: points to the right and up of its point, best first.
_NEAR = (
    (9, 0),
    (-9, 0),
    (8, 9),
    (8, -9),
    (-8, 9),
    (-8, -9),
    (0, 12),
    (0, -12),
)
_PLACES = tuple((x * far, y * far) for far in (1.0, 1.8, 2.8, 4.2) for x, y in _NEAR)


@dataclass(frozen=True, slots=True)
class Label:
    """A name and the point it belongs to, in data units."""

    x: float
    y: float
    text: str
    colour: str


def place_labels(
    ax: Axes, labels: Sequence[Label], *, avoid: Sequence[tuple[float, float]] = ()
) -> None:
    """Write names beside their points, each where there is most room.

    A name is tried at 32 places around its point, near ones first; the first that
    covers nothing is taken, else the one that covers least. The axes' limits must be
    final.

    Args:
        ax: The Axes.
        labels: What to write.
        avoid: Further places that should stay uncovered, in data units.
    """
    import numpy as np

    figure = ax.get_figure(root=True)
    if figure is None or not labels:
        return
    artists = [_annotate(ax, label) for label in labels]
    figure.draw_without_rendering()  # lays the figure out, so that places are known
    per_point = figure.dpi / 72
    frame = np.asarray(ax.get_window_extent().extents)
    points = [(label.x, label.y) for label in labels]
    marks = ax.transData.transform(np.asarray([*points, *avoid], dtype=float))
    radius = 5 * per_point
    taken = np.hstack([marks - radius, marks + radius])
    names = np.empty((0, 4))
    for position, artist in enumerate(artists):
        # Names must not meet; a name over a mark is merely worse than one beside it.
        others = np.vstack([np.delete(taken, position, axis=0), *[names] * _WORSE])
        box, place = _best(artist, marks[position], others, frame, per_point)
        _move(artist, place)
        names = np.vstack([names, box])


def _annotate(ax: Axes, label: Label) -> Annotation:
    artist = ax.annotate(
        label.text,
        (label.x, label.y),
        xytext=(0, 0),
        textcoords="offset points",
        annotation_clip=False,
        zorder=5,
        arrowprops={
            "arrowstyle": "-",
            "color": label.colour,
            "linewidth": 1.0,
            "shrinkA": 1,
            "shrinkB": 5,
        },
    )
    set_text(artist, size=FONT - 1, colour=INK)
    artist.set_in_layout(False)  # where it stands must not move what it stands beside
    return artist


def _best(
    artist: Annotation, mark: Boxes, taken: Boxes, frame: Boxes, per_point: float
) -> tuple[Boxes, tuple[float, float]]:
    import numpy as np

    size = np.asarray(artist.get_window_extent().size) + 2 * per_point
    boxes = [_box(mark, size, place, per_point) for place in _PLACES]
    costs = [_covered(box, taken) + 4 * _outside(box, frame) for box in boxes]
    best = int(np.argmin(np.round(costs, 1)))
    return boxes[best], _PLACES[best]


def _box(
    mark: Boxes, size: Boxes, place: tuple[float, float], per_point: float
) -> Boxes:
    """Give the box (left, bottom, right, top) a name would have at a place."""
    import numpy as np

    at = mark + np.asarray(place) * per_point
    left = at[0] - size[0] * (0.5 if place[0] == 0 else float(place[0] < 0))
    bottom = at[1] - size[1] * (0.5 if place[1] == 0 else float(place[1] < 0))
    return np.array([left, bottom, left + size[0], bottom + size[1]])


def _covered(box: Boxes, taken: Boxes) -> float:
    """Give the area, in pixels, that a box shares with others."""
    import numpy as np

    low = np.maximum(taken[:, :2], box[:2])
    high = np.minimum(taken[:, 2:], box[2:])
    return float(np.prod(np.clip(high - low, 0, None), axis=1).sum())


def _outside(box: Boxes, frame: Boxes) -> float:
    area = float(_area(box))
    return area - _covered(box, frame[None, :])


def _area(box: Boxes) -> float:
    """Give a box's area."""
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _move(artist: Annotation, place: tuple[float, float]) -> None:
    x, y = place
    artist.xyann = place
    artist.set(
        horizontalalignment="center" if x == 0 else "left" if x > 0 else "right",
        verticalalignment="center" if y == 0 else "bottom" if y > 0 else "top",
    )
    if max(abs(x), abs(y)) < 14 and artist.arrow_patch is not None:
        artist.arrow_patch.set_visible(False)
