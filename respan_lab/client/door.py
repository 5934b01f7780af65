"""The way to one gateway: its address, its key, its transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from .._version import __version__
from ..errors import ConfigError
from ..transport import ASGITransport, OutgoingTransport

if TYPE_CHECKING:
    from ..transport import Clock
    from ..wire import ChatRequest

__all__ = ["Door", "Secret"]


class Secret:
    """A key that shows itself to nobody: not in a repr, not in a pickle.

    Example:
        >>> Secret("sk-123")
        Secret(***)
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def checked(cls, key: str | None) -> Secret | None:
        """A key that a header can carry; None without one.

        Args:
            key: As it was pasted; space around it is dropped.

        Raises:
            ConfigError: It is no text, or holds what no key has. It is not shown.
        """
        text = key.strip() if isinstance(key, str) else key
        if not text:
            return None
        if isinstance(text, str) and text.isascii() and text.isprintable():
            return cls(text)
        raise ConfigError(
            "api_key is not a key: use the text you were given, of ASCII letters, "
            "digits and punctuation only"
        )

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Any:
        raise TypeError("a key is not pickled; set RESPAN_API_KEY where it is needed")


class Door:
    """Turns requests into HTTP and hands them to a transport.

    Args:
        url: The gateway's address, ending in `/api`.
        transport: What carries the requests.
        key: Sent as a bearer token; None sends no `Authorization`.

    Attributes:
        url: As given.
        transport: As given.
        keeps_clock: Whether it starts a request's clock; one of the user's does not.
    """

    def __init__(
        self, url: str, transport: httpx.AsyncBaseTransport, key: Secret | None
    ) -> None:
        self.url = url
        self.transport = transport
        self.keeps_clock = isinstance(transport, (ASGITransport, OutgoingTransport))
        self._key = key
        self._chat = httpx.URL(url + "/chat/completions")
        # Made once: putting headers together is a twelfth of a call's CPU.
        self._common = (*self._headers().raw, (b"host", self._chat.netloc))

    def __repr__(self) -> str:
        return f"Door({self.url!r})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in any message."""
        return () if self._key is None else (self._key.reveal(),)

    async def send(self, request: ChatRequest, clock: Clock) -> httpx.Response:
        """Send a chat request; the answer's body is not read yet.

        Raises:
            httpx.RequestError: No answer came.
        """
        content = request.content
        own = [(name.encode(), text.encode()) for name, text in request.headers.items()]
        length = b"content-length", str(len(content)).encode()
        sent = httpx.Request(
            "POST",
            self._chat,
            # In no variable of its own, which a traceback with locals would show.
            headers=[*self._common, length, *own],
            stream=httpx.ByteStream(content),
            extensions={"clock": clock},
        )
        sent.read()  # so that a transport of the user's finds `.content`
        return await self.transport.handle_async_request(sent)

    async def fetch(
        self, path: str, body: Any = None, *, method: str | None = None
    ) -> httpx.Response:
        """Read a resource under the gateway's address, whole.

        Args:
            path: Begins with a slash.
            body: Sent as JSON; None sends none.
            method: The HTTP method; None is POST with a body and GET without.

        Raises:
            httpx.RequestError: No answer came.
        """
        response = await self.transport.handle_async_request(
            httpx.Request(
                method or ("GET" if body is None else "POST"),
                self.url + path,
                headers=self._headers(),
                json=body,
            )
        )
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response

    def _headers(self) -> httpx.Headers:
        headers = httpx.Headers(
            {
                "content-type": "application/json",
                "user-agent": f"respan-lab/{__version__}",
            }
        )
        if self._key is not None:
            # httpx hides this header in its repr, so a traceback that prints locals
            # shows no key; a plain dict would.
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        return headers
