"""The contract as types: what is sent, what comes back. Pure: no I/O and no clock."""

from __future__ import annotations

from .choice import Choice, ToolCall
from .completion import Completion
from .failure import redact, status_error
from .openai_params import OPENAI_FIELDS, OpenAIParams
from .params import ChatParams, check_params
from .request import ChatRequest, chat_request
from .respan_params import RESPAN_FIELDS, RespanParams
from .signature import params_doc, params_signature
from .sse import ServerSentEvent, SSEDecoder
from .stream import Chunk, StreamAssembler
from .text import clean, clean_tree
from .timing import Attempt, Timing
from .usage import Usage

__all__ = [
    "OPENAI_FIELDS",
    "RESPAN_FIELDS",
    "Attempt",
    "ChatParams",
    "ChatRequest",
    "Choice",
    "Chunk",
    "Completion",
    "OpenAIParams",
    "RespanParams",
    "SSEDecoder",
    "ServerSentEvent",
    "StreamAssembler",
    "Timing",
    "ToolCall",
    "Usage",
    "chat_request",
    "check_params",
    "clean",
    "clean_tree",
    "params_doc",
    "params_signature",
    "redact",
    "status_error",
]
