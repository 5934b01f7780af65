from __future__ import annotations

import base64
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from respan_lab.results.files.comparisons import comparisons, comparisons_frame

ATTACK = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload=3 $x^2$"


class Page(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.style = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if self.tags[-1:] == ["style"] and not self.style:
            self.style = data
        else:
            self.texts.append(data)


@pytest.fixture
def page_of(results_of, tmp_path):
    """Export rows and parse the page."""

    def make(rows, **manifest):
        path = results_of(rows, **manifest).export(tmp_path / "run.html")
        return Page(path.read_text(encoding="utf-8"))

    return make


def test_hostile_text_is_only_text(call, failed, page_of):
    rows = [
        call(ATTACK, ATTACK, prompt=ATTACK, output=ATTACK, expected=ATTACK)
        | {f"var_{ATTACK}": ATTACK, f"score_{ATTACK}": True, "param_p": ATTACK},
        failed(ATTACK, 1, error_message=ATTACK, error_type=ATTACK, prompt=ATTACK),
    ]
    page = page_of(rows, name=ATTACK, labels={ATTACK: ATTACK}, targets={ATTACK: {}})
    assert "script" not in page.tags
    assert {name for name, _ in page.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "style"),
        *("border", "width", "alt", "src"),
    }
    assert any(ATTACK in text for text in page.texts)


def test_nothing_is_loaded_from_elsewhere(call, page_of):
    page = page_of([call(score_s=True)])
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    assert ("http-equiv", "Content-Security-Policy") in page.attributes
    assert {"link", "script", "iframe", "object", "form"}.isdisjoint(page.tags)


def test_each_score_has_its_picture(call, page_of):
    page = page_of([call(score_a=True, score_b=0.5)])
    pictures = [value for name, value in page.attributes if name == "src"]
    alts = [value for name, value in page.attributes if name == "alt"]
    assert {
        "each group's a, with its interval",
        "each group's b, with its interval",
        "how long calls took",
    } <= set(alts)
    assert len(pictures) == len(alts)
    data = base64.b64decode(pictures[0].partition(",")[2])
    assert data.startswith(b"\x89PNG")
    assert "img" not in page_of([call(latency=None)]).tags


def test_rows_are_bounded_and_the_page_says_so(call, page_of):
    page = page_of([call(item=i) for i in range(1_003)])
    said = " ".join(page.texts)
    assert "The first 1,000 of 1,003 rows; 3 more are not shown" in said
    assert page.tags.count("tr") < 1_010


def test_long_answers_are_cut_visibly(call, page_of):
    texts = page_of([call(output="x" * 100_000)]).texts
    longest = max(texts, key=len)
    assert len(longest) <= 2_000
    assert longest.endswith("x…")


def test_invisible_characters_become_visible(call, page_of):
    said = "".join(page_of([call(output="a\x00b\u202ec\ud800")]).texts)
    assert "a␀b\\u202ec\ufffd" in said
    assert not re.search("[\x00-\x08\u202e]", said)


def test_the_page_says_what_is_simulated(call, page_of):
    assert "simulated" in page_of([call("sim/small")]).texts
    page = page_of([call("local/smollm2-135m")])
    assert "135M-parameter local model" in page.texts


def test_an_empty_run_is_a_page_too(page_of, results_of):
    assert "no calls" in page_of([]).texts


def test_two_exports_of_a_run_are_the_same(call, results_of, tmp_path):
    r = results_of([call(score_s=True)])
    first = r.export(tmp_path / "a.html").read_bytes()
    assert r.export(tmp_path / "b.html").read_bytes() == first


def test_latency_is_compared_only_where_it_was_measured(call, frame_of):
    old = [call(model, i, from_ledger=True) for model in "ab" for i in range(15)]
    new = [call(model, i) for model in "ab" for i in range(15, 30)]
    assert _metrics(frame_of(old)) == {"cost"}
    assert _metrics(frame_of([*old, *new])) == {"cost", "latency"}


def _metrics(frame):
    return set(comparisons_frame(comparisons(frame))["metric"])


@pytest.mark.deep
def test_no_column_is_cut_on_paper(call, results_of, tmp_path):
    chromium, to_text = shutil.which("chromium"), shutil.which("pdftotext")
    if chromium is None or to_text is None:
        pytest.skip("needs Debian's: apt-get install chromium poppler-utils")
    long = ("output", "var_a", "var_b", "var_c", "var_d", "var_e")
    words = dict.fromkeys(long, "many words of an answer " * 9)
    rows = [call(item=i, tokens_per_second=12.3, **words) for i in range(3)]
    rows = [
        row | {"expected": "more words " * 9, "score_long_name": True} for row in rows
    ]
    page = results_of(rows).export(tmp_path / "run.html")
    paper = tmp_path / "run.pdf"
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path}", f"--print-to-pdf={paper}"]
    subprocess.run([*command, page.as_uri()], check=True, timeout=120)
    done = subprocess.run(
        [to_text, "-layout", paper, "-"], capture_output=True, text=True, check=True
    )
    calls = done.stdout.partition("Calls")[2]
    assert calls.count("12.3") == 3
