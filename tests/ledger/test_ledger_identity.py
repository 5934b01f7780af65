"""Keys: written quickly or with care, the same question has the same one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from respan_lab.ledger.identity import Question, cell_key

ROLES = st.sampled_from(["system", "user", "assistant"])
TEXTS = st.text() | st.text('\x00\x1f"\\/\u2028é\U0001f600\ud83d')
BODIES = st.fixed_dictionaries(
    {}, optional={"model": st.text(), "max_tokens": st.integers(), "top_p": st.floats()}
)


@given(BODIES, st.lists(st.tuples(ROLES, TEXTS), max_size=4))
@example({}, [])
@example({"model": "m"}, [("user", "a\ud83d")])
def test_roles_and_texts_are_written_as_anything_else(
    body: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    question = Question("gateway", body, route_provider=None)
    messages = [{"role": role, "content": text} for role, text in said]
    flat = [each for pair in said for each in pair]
    plain = question.plain_request(flat)
    assert plain == question.request(messages)
    assert json.loads(plain)["messages"] == messages


def test_a_key_stays_what_it_was() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    how: dict[str, Any] = {"route_provider": None, "run": 0, "ordinal": 0}
    # Written down, since every answer in every ledger goes by such keys.
    assert cell_key("embedded", body, **how) == "08de7a542c53ec3b651781bbed596592"
