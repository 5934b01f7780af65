"""The embedded gateway."""

from .gateway import Gateway
from .server import Served

__all__ = ["Gateway", "Served"]
