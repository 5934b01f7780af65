"""One cell's story, from the ledger or from the frame alone."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.prices import Price, PriceTable
from respan_lab.results import Results
from respan_lab.results.price_words import arithmetic, cost_rows
from respan_lab.wire import Usage

PRICES = {"m": {"input": 1.0, "output": 5.0, "cached_input": 0.1}}


class Stub(httpx.AsyncBaseTransport):
    """Gives what a list has, one after the other; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def handle_async_request(self, request):
        if request.method == "GET":  # the list of models
            return httpx.Response(404)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answered(text="Hi", *, cached=400, **more):
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 1000, "completion_tokens": 20}
    usage["prompt_tokens_details"] = {"cached_tokens": cached}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "x", "model": "m", "choices": choices, "usage": usage, **more}
    return httpx.Response(200, json=body)


def asked(tmp_path, *answers, prompt="Say {{ w }}", w="yes", **how):
    client = lab.Client("k", base_url="https://gateway.test", transport=Stub(*answers))
    how = {"retries": 0, "prices": PRICES, "stream": False, "progress": False, **how}
    return lab.compare(
        {"say": prompt},
        "m",
        [{"w": w, "expected": "x"}],
        client=client,
        store=tmp_path / "ledger.db",
        name="try",
        **how,
    )


def story(r, key=None):
    found = r.explain(key or r.df["key"][0])
    return {part.title: part.rows for part in found.parts}, repr(found)


def test_an_answer_is_told_whole(tmp_path):
    busy = httpx.Response(429, json={"detail": "slow"}, headers={"retry-after": "0"})
    r = asked(tmp_path, busy, answered(), retries=1, params={"temperature": 0})
    parts, text = story(r)
    assert text.splitlines()[0] == "m · say · item 0 · run 0: ok"
    told = dict(parts["Asked"])
    assert told["key"] == r.df["key"][0]
    assert told["run"] == f"{r.manifest['run_id']} (try)"
    assert (told["model"], told["template"], told["var_w"]) == ("m", "say", "yes")
    assert (told["temperature"], told["expected"]) == ("0", "x")
    assert parts["Messages"] == [("user", "Say yes")]
    (_, first), (_, second) = parts["Attempts"]
    assert "HTTP 429, RateLimitError" in first
    assert "HTTP 200" in second
    assert "UTC" in second
    names = [name for name, _ in parts["Times"]]
    assert names[:2] == ["waited here before it was sent", "latency, to the last byte"]
    assert "earlier attempts, and waits between" in names
    assert ("text", "Hi") in parts["Answer"]


def test_the_price_adds_up_in_the_open(tmp_path):
    parts, _ = story(asked(tmp_path, answered()))
    assert parts["Cost"] == [
        ("cost", "$0.000740, by the price table: the gateway reported none"),
        ("", "600 prompt tokens x $1.00 per million = $0.000600"),
        ("", "400 cached prompt tokens x $0.100 per million = $0.0000400"),
        ("", "20 completion tokens x $5.00 per million = $0.000100"),
        ("sum", "$0.000740"),
    ]
    parts, _ = story(asked(tmp_path, answered(cost=0.5), w="no"))
    assert parts["Cost"][0] == ("cost", "$0.500, as the gateway reported it")
    assert "reckoned otherwise" in parts["Cost"][-1][1]


def test_an_unknown_price_is_not_zero(tmp_path):
    parts, _ = story(asked(tmp_path, answered(), prices=None))
    assert parts["Cost"][0] == ("cost", "not known")
    assert parts["Cost"][-1][0] == "note"


counts = st.integers(0, 10**7)
dollars = st.floats(0, 1000)


@given(counts, counts, counts, counts, dollars, dollars, dollars | st.none())
def test_the_arithmetic_is_that_of_the_price_table(
    prompt, cached, written, completion, read, write, less
):
    names = ("prompt_tokens", "cached_tokens", "cache_write_tokens")
    row = dict(zip(names, (prompt, cached, written), strict=True))
    row["completion_tokens"] = completion
    own = {"input": read, "output": write}
    if less is not None:
        own |= {"cached_input": less, "cache_write": less}
    cost, _ = PriceTable({"m": own}).cost(Usage(**row), "m")
    _, total = arithmetic(row, Price(read, write, less, less))
    assert total == pytest.approx(cost)


def test_a_cached_answer_has_no_arithmetic():
    row = {"cost": 0.0, "cost_source": "gateway", "cached": True, "prompt_tokens": 9}
    assert ("why", "a response cache answered") in cost_rows(row, Price(1, 2))


def test_what_may_be_billed_says_what_to_do(tmp_path):
    r = asked(tmp_path, httpx.ReadError("hung up"))
    parts, _ = story(r)
    (_, known), (_, look), (_, again) = parts["What is known, and what to do"]
    assert "no answer reached us" in known
    assert r.df["key"][0] in look
    assert "client.logs" in look
    assert 'maybe_billed="resend"' in again
    assert any("hung up" in text for _, text in parts["Attempts"])
    assert parts["Cost"][0] == ("cost", "not known")


def test_what_was_refused_says_so(tmp_path):
    r = asked(tmp_path, httpx.Response(400, json={"detail": "too odd"}))
    parts, _ = story(r)
    assert "not billed" in parts["What is known, and what to do"][0][1]
    assert "too odd" in str(parts["Attempts"])


def test_what_was_skipped_costs_nothing(call, results_of):
    row = call(status="skipped", error_type="budget", output=None, cost=None)
    parts, _ = story(results_of([row]))
    (_, known), (_, to_do), (_, left_out) = parts["What is known, and what to do"]
    assert "the budget had no room for it" in known
    assert "higher budget=" in to_do
    assert "not at hand" in left_out
    assert "Cost" not in parts
    row |= {"error_type": "402: over the monthly budget"}
    (_, known), (_, to_do), _ = story(results_of([row]))[0][
        "What is known, and what to do"
    ]
    assert "monthly" in known
    assert "budget=" not in to_do


def test_an_answer_from_before_says_whose(tmp_path):
    first = asked(tmp_path, answered())
    second = asked(tmp_path)
    parts, _ = story(second)
    assert f"asked before, by the run {first.manifest['run_id']}" in str(parts["Asked"])
    assert "in an earlier run" in str(parts["Times"])


def test_asking_again_names_the_other_times(tmp_path):
    first = asked(tmp_path, answered())
    parts, _ = story(asked(tmp_path, answered("Ho"), fresh=True))
    ((_, other),) = parts["Asked at other times"]
    assert other == f"ok, by the run {first.manifest['run_id']}"


def test_without_the_ledger_the_frame_is_told(tmp_path):
    r = asked(tmp_path, answered())
    path = r.export(tmp_path / "run.parquet")
    (tmp_path / "ledger.db").unlink()
    parts, _ = story(Results.load(path))
    assert "Messages" not in parts
    assert "ledger.db is not at hand" in str(parts["What is known, and what to do"])
    assert ("text", "Hi") in parts["Answer"]
    assert parts["Cost"][-1] == ("sum", "$0.000740")
    assert "1 attempt" in str(parts["Attempts"])


def test_a_run_of_a_ledger_tells_the_same(tmp_path):
    r = asked(tmp_path, answered())
    again = Results.load(tmp_path)
    assert story(again)[1] == story(r)[1]
    assert asyncio.run(in_a_loop(r)) == story(r)[1]


async def in_a_loop(r):
    return repr(r.explain(r.df["key"][0]))


def test_a_key_may_be_cut_short(call, results_of):
    keys = ["abcd1", "abcd2", "abce1", "x"]
    r = results_of([call(item=at, key=key) for at, key in enumerate(keys)])
    assert dict(story(r, "abce")[0]["Asked"])["key"] == "abce1"
    assert dict(story(r, "x")[0]["Asked"])["key"] == "x"
    for key in ("abc", "", 7, None):
        with pytest.raises(lab.ConfigError, match="first 4 characters"):
            r.explain(key)
    with pytest.raises(
        lab.ConfigError, match=r"2 cells have .*abcd1, abcd2; give more"
    ):
        r.explain("abcd")
    with pytest.raises(lab.ConfigError, match="no cell has the key 'abca1'; nearest:"):
        r.explain("abca1")
    with pytest.raises(lab.ConfigError, match=r"no cell has.*see r\.df"):
        r.explain("9999")
    with pytest.raises(lab.ConfigError, match="no cell has"):
        results_of([]).explain("abcd")


def test_every_choice_is_told(call, results_of):
    rows = [call(choice=at, key="k1", output=text) for at, text in enumerate("ab")]
    parts, _ = story(results_of(rows), "k1")
    assert ("text", "a") in parts["Answer, choice 0"]
    assert ("text", "b") in parts["Answer, choice 1"]


def test_of_several_runs_one_must_be_taken(tmp_path):
    old, new = asked(tmp_path, answered()), asked(tmp_path, answered("Ho"), fresh=True)
    both = lab.concat([old, new], names=["monday", "today"])
    key = old.df["key"][0]
    with pytest.raises(lab.ConfigError, match=r"in the runs 'monday', 'today'.*query"):
        both.explain(key)
    told = both.query("run_name == 'monday'").explain(key)
    assert repr(told) == repr(old.explain(key))


def test_pictures_and_calls_are_told_in_short(tmp_path):
    url = "data:image/png;base64," + "A" * 9000
    picture = {"type": "image_url", "image_url": {"url": url}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "What?"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t"}]},
        {"role": "user", "content": "x" * 9000},
    ]
    parts, text = story(asked(tmp_path, answered(), prompt=messages))
    assert parts["Messages"][0][1].startswith("What?\n")
    assert "tool_calls" in parts["Messages"][1][1]
    assert "5,000 more characters" in text
    assert len(text) < 9000


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.texts = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.texts.append(data)


def test_nothing_that_is_told_is_markup(call, results_of):
    bad = "<script>alert(1)</script><b onclick=x>$x$ \x1b[31m"
    row = call(bad, bad, key="k1", prompt=bad, output=bad, expected=bad, var_x=bad)
    row |= {f"score_{bad}": True, f"note_{bad}": bad, f"var_{bad}": bad}
    row |= {"error_type": bad, "error_message": bad, "log_id": bad, "run_id": bad}
    found = results_of([row], run_id=bad, name=bad).explain("k1")
    tags = Tags(found._repr_html_())
    assert tags.tags == {"div", "p", "strong", "table", "tbody", "tr", "td"}
    assert tags.names <= {"class", "style"}
    assert "\x1b" not in found._repr_html_() + repr(found)
    assert any("<script>" in text for text in tags.texts)
