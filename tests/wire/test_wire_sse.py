from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.wire import ServerSentEvent, SSEDecoder

PIECES = [
    b"data: ",
    b"data:",
    b"data",
    b"event: error",
    b"event:",
    b"id: 7",
    b"retry: 3",
    b": a comment",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"\r\r",
    b"[DONE]",
    b'{"a": 1}',
    "é😀\u2028\x85".encode(),
    b"\xff\xc3",
    b"\xef\xbb\xbf",
    b" ",
    b"",
]
STREAMS = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join) | st.binary()


def decode(*chunks: bytes) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.flush()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(STREAMS, st.lists(st.integers(0, 200)))
def test_any_chunking_gives_the_same_events(stream: bytes, places: list[int]) -> None:
    assert decode(*cut(stream, places)) == decode(stream)


@given(STREAMS)
def test_byte_by_byte_gives_the_same_events(stream: bytes) -> None:
    assert decode(*(bytes([byte]) for byte in stream)) == decode(stream)


@given(STREAMS)
def test_the_three_line_ends_mean_the_same(stream: bytes) -> None:
    unified = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert decode(unified.replace(b"\n", b"\r\n")) == decode(unified)
    assert decode(unified.replace(b"\n", b"\r")) == decode(unified)
    assert decode(stream) == decode(unified)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))))
def test_what_was_framed_comes_back(texts: list[str]) -> None:
    stream = "".join(f"data: {text}\n\n" for text in texts).encode()
    assert decode(stream) == [ServerSentEvent(None, text) for text in texts]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [(None, "a")]),
        (b"data:a\n\n", [(None, "a")]),
        (b"data:  a\n\n", [(None, " a")]),
        (b"data: a\ndata: b\n\n", [(None, "a\nb")]),
        (b"data\n\n", [(None, "")]),
        (b"data:\n\n", [(None, "")]),
        (b"event: error\ndata: {}\n\ndata: x\n\n", [("error", "{}"), (None, "x")]),
        (b"event: ping\n\ndata: x\n\n", [(None, "x")]),
        (b": hello\n\n: there\ndata: x\n\n", [(None, "x")]),
        (b"id: 1\nretry: 2\nother: 3\ndata: x\n\n", [(None, "x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [(None, "x")]),
        (b"data: \xef\xbb\xbfx\n\n", [(None, "\ufeffx")]),
        ("data: a\u2028b\n\n".encode(), [(None, "a\u2028b")]),
        (b"data: \xff\n\n", [(None, "\ufffd")]),
        (b"data: no end", [(None, "no end")]),
        (b"data: no blank line\n", [(None, "no blank line")]),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_the_format_line_by_line(stream: bytes, events: list) -> None:
    assert decode(stream) == events


def test_an_event_is_out_as_soon_as_its_blank_line_is_in() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [(None, "a")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\n") == []
    assert decoder.feed(b"\n") == [(None, "b")]


def test_a_character_cut_in_two_is_whole_again() -> None:
    whole = "data: 😀\n\n".encode()
    decoder = SSEDecoder()
    assert decoder.feed(whole[:8]) == []
    assert decoder.feed(whole[8:]) == [(None, "😀")]
