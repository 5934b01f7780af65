"""What can be asked of a frame of calls, the same of a run and of any such frame."""

from .comparing import Comparing
from .deciding import Deciding
from .expecting import Expecting
from .judging import Judging
from .scoring import Scoring
from .showing import Showing
from .telling import Telling
from .verbs import Verbs

__all__ = [
    "Comparing",
    "Deciding",
    "Expecting",
    "Judging",
    "Scoring",
    "Showing",
    "Telling",
    "Verbs",
]
