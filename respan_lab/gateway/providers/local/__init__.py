"""Small real models that run on this machine, offline once they are fetched."""

from .catalogue import CATALOGUE, Weights
from .provider import LocalProvider
from .weights import cached, pull, pull_all

__all__ = ["CATALOGUE", "LocalProvider", "Weights", "cached", "pull", "pull_all"]
