"""``df.lab``: what results can do, of any frame, and ``df.lab.ask``.

`import respan_lab` brings it along if pandas is loaded by then, and so does whatever
of it is used first after pandas was loaded; else import this module.

Example:
    >>> import pandas as pd
    >>> import respan_lab.pandas
    >>> frame = pd.DataFrame({"model": ["a", "b"], "item": 1, "score_good": [1, 0]})
    >>> frame.lab.summary()["score_good"].tolist()
    [1.0, 0.0]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandas.api.extensions import register_dataframe_accessor

if TYPE_CHECKING:
    import pandas as pd

    from .experiment.rowwise import Lab

__all__ = ["lab"]


def lab(df: pd.DataFrame) -> Lab:
    """What ``df.lab`` is; loaded when it is used.

    Args:
        df: Any frame.
    """
    from .experiment.rowwise import Lab

    return Lab(df)


register_dataframe_accessor("lab")(lab)
