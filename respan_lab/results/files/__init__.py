"""Files of a run: one writer for each format, and how they are read again."""

from .exporting import FORMATS, export
from .loading import LOADED, read_file

__all__ = ["FORMATS", "LOADED", "export", "read_file"]
