"""Server-sent events from bytes, in whatever pieces they come."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SSEDecoder", "ServerSentEvent"]


class ServerSentEvent(NamedTuple):
    """One event of a stream.

    Attributes:
        event: The event's name; None if it has none.
        data: Its data lines, joined by newlines.
    """

    event: str | None
    data: str


class SSEDecoder:
    r"""Turns bytes into events; does no I/O.

    Lines end with LF, CRLF or CR. Comments, ``id`` and ``retry`` are skipped, and a
    byte-order mark at the start is dropped. Bytes that are not UTF-8 become U+FFFD.

    Example:
        >>> decoder = SSEDecoder()
        >>> decoder.feed(b'data: {"a"')
        []
        >>> decoder.feed(b": 1}\n\ndata: [DONE]\n")
        [ServerSentEvent(event=None, data='{"a": 1}')]
        >>> decoder.flush()
        [ServerSentEvent(event=None, data='[DONE]')]
    """

    __slots__ = ("_at_start", "_data", "_event", "_pieces", "_skips_lf")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # of a line whose end has not come yet
        self._data: list[str] = []
        self._event: str | None = None
        self._at_start = True
        self._skips_lf = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Take the next bytes.

        Args:
            chunk: Any number of bytes, cut anywhere.

        Returns:
            The events that became complete, in order; often none.
        """
        if b"\r" in chunk or self._skips_lf:
            chunk = self._unify(chunk)
        end = chunk.rfind(b"\n")
        if end < 0:
            if chunk:
                self._pieces.append(chunk)
            return []
        # Cut at a newline, no character is ever cut.
        block = b"".join(self._pieces) + chunk[:end] if self._pieces else chunk[:end]
        self._pieces = [chunk[end + 1 :]] if end + 1 < len(chunk) else []
        return self._read(block)

    def flush(self) -> list[ServerSentEvent]:
        """End the stream.

        Returns:
            The event that lacked its closing blank line, if there was one: servers
            that break off, or are sloppy, leave it out.
        """
        block = b"".join(self._pieces)
        self._pieces = []
        events = self._read(block) if block else []
        self._dispatch(events)
        return events

    def _unify(self, chunk: bytes) -> bytes:
        """Make every line end an LF; a CR at the end of a chunk counts at once."""
        if not chunk:
            return chunk
        if self._skips_lf and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            if not chunk:
                self._skips_lf = False
                return chunk
        self._skips_lf = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, block: bytes) -> list[ServerSentEvent]:
        text = block.decode("utf-8", "replace")
        if self._at_start:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        events: list[ServerSentEvent] = []
        for line in text.split("\n"):
            if line.startswith("data:"):
                self._data.append(line[6:] if line.startswith(" ", 5) else line[5:])
            elif not line:
                self._dispatch(events)
            elif not line.startswith(":"):
                self._read_field(line)
        return events

    def _read_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name == "event":
            self._event = value.removeprefix(" ") or None
        elif name == "data":  # without a colon: an empty line of data
            self._data.append("")

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        data = self._data
        if data:
            text = data[0] if len(data) == 1 else "\n".join(data)
            events.append(ServerSentEvent(self._event, text))
            self._data = []
        self._event = None
