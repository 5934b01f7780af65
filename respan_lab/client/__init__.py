"""The client of the gateway contract."""

from .client import Client
from .stream import AsyncChatStream, ChatStream

__all__ = ["AsyncChatStream", "ChatStream", "Client"]
