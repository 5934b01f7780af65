"""The durable record of what was sent and what came back."""

from .calls import Answered, Begun, Busy, Intent, Settled
from .ledger import Ledger
from .plans import NewCell
from .reading import LedgerFile
from .recorded import Recorded
from .runs import Found, NewRun

__all__ = [
    "Answered",
    "Begun",
    "Busy",
    "Found",
    "Intent",
    "Ledger",
    "LedgerFile",
    "NewCell",
    "NewRun",
    "Recorded",
    "Settled",
]
