"""Pictures as values of a template's variables."""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError

__all__ = ["MAX_BYTES", "Image", "image"]

MAX_BYTES = 20 * 1024 * 1024
_FORMATS = "PNG, JPEG, GIF or WebP"


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """A picture that can stand in a template's variable. Made by `image`.

    Attributes:
        url: What is sent: a data URL that holds the picture, or the given URL.
        source: Where it came from, for people: a file's name, a URL, or a size.
    """

    url: str
    source: str

    def part(self) -> dict[str, Any]:
        """Give the picture as a part of a message's content.

        >>> image("https://example.org/cat.png").part()
        {'type': 'image_url', 'image_url': {'url': 'https://example.org/cat.png'}}
        """
        return {"type": "image_url", "image_url": {"url": self.url}}

    def __repr__(self) -> str:
        return f"<image {self.source}>"


def image(source: Any) -> Image:
    """Make a picture usable as the value of a template's variable.

    Where the template prints the variable, the message's content becomes a list of
    parts with the picture in its place.

    Args:
        source: A path to a PNG, JPEG, GIF or WebP file of at most 20 MB; the bytes of
            one; a PIL image, sent as PNG; or an `http(s)` or `data:` URL, which is
            passed on as it is and never fetched.

    Raises:
        ConfigError: The file does not exist, is too large, or is not such a picture.

    Example:
        >>> image("https://example.org/cat.png")
        <image https://example.org/cat.png>
    """
    if isinstance(source, Image):
        return source
    if isinstance(source, bytes | bytearray | memoryview):
        return _inline(bytes(source), "from memory")
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        return Image(source, _short(source))
    if isinstance(source, str) and source.lower().startswith("data:"):
        return _from_data_url(source)
    if isinstance(source, str | os.PathLike):
        return _from_file(Path(os.fspath(source)))
    if callable(getattr(source, "save", None)):
        return _from_pil(source)
    raise ConfigError(
        f"no picture can be made of {type(source).__name__!r}: give a path, a URL, "
        "bytes or a PIL image"
    )


def _from_file(path: Path) -> Image:
    try:
        size = path.stat().st_size
        _check_size(size, repr(str(path)))
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"the picture {_short(str(path))!r} cannot be read: {error}"
        ) from error
    return _inline(content, path.name)


def _from_pil(picture: Any) -> Image:
    buffer = io.BytesIO()
    try:
        picture.save(buffer, format="PNG")
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"the picture cannot be written as PNG: {error}; convert it first, for "
            'example with .convert("RGB")'
        ) from error
    return _inline(buffer.getvalue(), "from memory")


def _from_data_url(url: str) -> Image:
    head, comma, _ = url.partition(",")
    media_type = head[len("data:") :].partition(";")[0].lower()
    if not comma or not media_type.startswith("image/"):
        raise ConfigError(
            f"{_short(url)!r} is not a picture's data URL: it should begin "
            '"data:image/png;base64,"'
        )
    _check_size(len(url) * 3 // 4, "the data URL")
    return Image(url, f"{media_type}, {len(url)} characters")


def _inline(content: bytes, source: str) -> Image:
    _check_size(len(content), f"the picture {source!r}")
    media_type = _media_type(content)
    if media_type is None:
        raise ConfigError(
            f"the picture {source!r} is not {_FORMATS}: it begins {content[:8]!r}"
        )
    encoded = base64.b64encode(content).decode("ascii")
    return Image(
        f"data:{media_type};base64,{encoded}",
        f"{source}, {media_type}, {len(content)} bytes",
    )


def _media_type(content: bytes) -> str | None:
    """Tell the format from the first bytes; a file's name may lie."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def _check_size(n_bytes: int, what: str) -> None:
    if n_bytes > MAX_BYTES:
        raise ConfigError(
            f"{what} has {n_bytes} bytes, and at most {MAX_BYTES} are sent: "
            "make it smaller"
        )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
