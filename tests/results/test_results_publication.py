from __future__ import annotations

from html.parser import HTMLParser

import pytest
from great_tables import GT

from respan_lab.errors import ConfigError

ATTACK = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"' $x^2$ **b**"


class Page(HTMLParser):
    """Collects the tags, the cells and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.text, self.inside = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        self.text += data
        if self.inside:
            self.rows[-1][-1] += data


@pytest.fixture
def three(call, failed, results_of):
    """Forty items: b and c are close, a is far below; c's price is unknown."""
    right = {"a": lambda i: i < 4, "b": lambda i: i < 34, "c": lambda i: i != 7}
    rows = [
        call(model, i, score_s=fn(i), score_t=0.5, cost=None if model == "c" else 0.001)
        for model, fn in right.items()
        for i in range(40)
    ]
    return results_of([*rows, failed("a", 40)], name="Messages")


def row_of(page, model):
    return next(row for row in page.rows if row[:1] == [model])


def test_what_may_be_best_is_marked_and_explained(three):
    table = three.table(metric="s")
    assert isinstance(table, GT)
    page = Page(table.as_raw_html())
    assert "†" not in "".join(row_of(page, "a"))
    assert "0.850 [0.71–0.93] †" in row_of(page, "b")
    assert "0.975 [0.87–1.00] †" in row_of(page, "c")
    assert "† may be best: no other row was shown to be better" in page.text
    assert page.text.count("t, mean") == 0


def test_a_metric_that_is_no_score_marks_its_own_column(three):
    page = Page(three.table(metric="cost").as_raw_html())
    assert [cell for cell in row_of(page, "b") if "†" in cell] == ["0.00100 †"]
    assert "†" not in "".join(row_of(page, "c"))


def test_units_stand_in_the_heading_and_missing_is_a_dash(three):
    page = Page(three.table().as_raw_html())
    headings = [cell.strip() for row in page.rows[:4] for cell in row]
    assert {"cost, US$", "latency, s", "tokens per call"} <= set(headings)
    assert {"per call", "total", "p50", "in", "out"} <= set(headings)
    assert "–" in row_of(page, "c")
    assert "0.00100" in row_of(page, "b")
    assert "41 (1 error)" in row_of(page, "a")
    assert "Messages" in page.text


def test_nothing_is_marked_where_nothing_was_compared(three, call, results_of):
    assert "†" not in three["a"].table().as_raw_html()
    assert "†" not in three.table(by="status").as_raw_html()
    assert "†" not in results_of([call()]).table().as_raw_html()


def test_it_says_what_the_models_are(call, results_of):
    r = results_of([call("sim/small", score_s=True)])
    assert "simulated" in Page(r.table().as_raw_html()).text
    r = results_of([call("sim/small"), call("local/smollm2-135m")])
    page = Page(r.table().as_raw_html())
    assert "simulated" in row_of(page, "sim/small")
    assert "135M-parameter local model" in row_of(page, "local/smollm2-135m")


def test_hostile_names_are_only_text(call, results_of):
    rows = [
        call(ATTACK, 0, prompt=ATTACK, param_p=ATTACK) | {f"score_{ATTACK}": True},
        call(ATTACK + "2", 0, prompt=ATTACK) | {f"score_{ATTACK}": False},
    ]
    r = results_of(rows, name=ATTACK, labels={ATTACK: ATTACK})
    page = Page(r.table()._repr_html_())
    assert {"script", "img", "b", "strong"}.isdisjoint(page.tags)
    assert "<script>alert(1)</script>" in page.text
    assert r.table()._repr_html_().startswith('<div class="tex2jax_ignore')


def test_the_same_run_gives_the_same_table(three):
    assert three.table().as_raw_html() == three.table().as_raw_html()


def test_unknown_names_are_refused(three):
    with pytest.raises(ConfigError, match="metric='nope'"):
        three.table(metric="nope")
    with pytest.raises(ConfigError, match="by='modle'"):
        three.table(by="modle")


def test_where_there_is_no_html_its_rows_are_a_text(three):
    rows = repr(three.table()).splitlines()
    assert len(rows) == len(three.summary())
    assert all(
        model in row for model, row in zip(three.summary().model, rows, strict=True)
    )
