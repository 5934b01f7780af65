"""The embedded gateway."""

from .gateway import Gateway
from .serving.server import Served

__all__ = ["Gateway", "Served"]
