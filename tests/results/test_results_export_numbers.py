"""One run in every format has the same figures, read by other programs."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from respan_lab.results.wording import figure, money, seconds

MODELS = ("sim/small", "sim/large_2", "a|b & c%")
SCORES = {"sim/small": 0.3, "sim/large_2": 0.9, "a|b & c%": 0.8}
FIGURES = (
    *("prompt_tokens", "completion_tokens", "cost", "latency"),
    *("time_to_first_token", "score_right", "score_tone"),
)


@pytest.fixture(scope="module")
def rows():
    """Forty items, three models; some calls failed."""
    made = []
    for at, model in enumerate(MODELS):
        for item in range(40):
            row = {"key": f"{model}-{item}", "run_id": "run-1", "model": model}
            row |= {"asked_model": model, "prompt": "short", "item": item, "run": 0}
            row |= {"choice": 0, "status": "error", "error_type": "ServerError"}
            if (item + at) % 20:
                row |= {
                    "status": "ok",
                    "error_type": None,
                    "answered_model": model,
                    "output": f"=answer {item}",
                    "prompt_tokens": 40 + item,
                    "completion_tokens": 7 * at + item,
                    "cost": (0.1 + 0.2) * 10.0**-at / (item + 1),
                    "latency": 0.123456789 * (at + 1) + item / 97,
                    "time_to_first_token": 1e-3 * (item + 1) / 3,
                    "score_right": (item * 7 % 40) / 40 < SCORES[model],
                    "score_tone": item / 39,
                }
            made.append(row)
    return made


@pytest.fixture(scope="module")
def run(rows):
    from respan_lab.results import Results, build_frame

    frame = build_frame(rows, models=MODELS, prompts=["short"])
    return Results(frame, {"name": "try", "run_id": "run-1"})


@pytest.fixture(scope="module")
def files(run, tmp_path_factory):
    """The run in every format."""
    folder = tmp_path_factory.mktemp("files") / "made" / "as needed"
    kinds = ("csv", "parquet", "xlsx", "html", "tex", "md", "jsonl")
    return {kind: run.export(folder / f"run.{kind}") for kind in kinds}


def from_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    truth = {"True": 1.0, "False": 0.0, "": None}
    return [
        tuple(truth[row[n]] if row[n] in truth else float(row[n]) for n in FIGURES)
        for row in rows
    ]


def from_xlsx(path):
    head, *rows = load_workbook(path)["calls"].iter_rows(values_only=True)
    places = [head.index(name) for name in FIGURES]
    return [tuple(row[at] for at in places) for row in rows]


def from_parquet(path):
    columns = pq.read_table(path).to_pydict()
    return list(zip(*(columns[name] for name in FIGURES), strict=True))


def from_jsonl(path):
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [tuple(row[name] for name in FIGURES) for row in rows]


def test_every_call_has_the_same_figures_in_all(rows, files):
    expected = [tuple(row.get(name) for name in FIGURES) for row in rows]
    assert from_csv(files["csv"]) == expected
    assert from_xlsx(files["xlsx"]) == expected
    assert from_parquet(files["parquet"]) == expected
    assert from_jsonl(files["jsonl"]) == expected


def markdown_rows(text):
    """Read the tables of a page of Markdown: a list of rows each."""
    tables, table = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            plain = [re.sub(r"\\(.)", r"\1", cell).strip() for cell in cells]
            table.append([re.sub(r"&#(\d+);", entity, one) for one in plain])
        elif table:
            tables.append([table[0], *table[2:]])
            table = []
    return tables


def entity(found):
    return chr(int(found[1]))


BODY = r"\\toprule(.*?)\\bottomrule"
WORDS = {
    r"\raggedright{}": "",
    r"\allowbreak{}": "",
    r"\textdagger{}": "†",
    r"\textbar{}": "|",
    r"\textless{}": "<",
    "--": "–",
    r"\$": "$",
    r"\_": "_",
    r"\%": "%",
    r"\&": "&",
}


def latex_rows(text):
    """Read the tables of a page of LaTeX: a list of rows each, parts put together."""
    summary, pairs = [], []
    for page in re.findall(r"\\begin\{table\}(.*?)\\end\{table\}", text, re.DOTALL):
        parts = [latex_part(one) for one in re.findall(BODY, page, re.DOTALL)]
        if "comparisons" in page:
            pairs += [row for part in parts for row in part[bool(pairs) :]]
        else:
            summary += parts
    n_keys = summary[0][0].index("calls")
    first, *others = summary
    wide = [
        row + [cell for part in others for cell in part[at][n_keys:]]
        for at, row in enumerate(first)
    ]
    return [wide, pairs]


def latex_part(body):
    body = body.replace(r"\tabularnewline", r"\\")
    lines = [one.strip() for one in body.split(r"\\") if one.strip()]
    rows = [re.split(r"(?<!\\)&", one.replace(r"\midrule", "")) for one in lines]
    return [[plain_latex(cell) for cell in row] for row in rows]


def plain_latex(cell):
    for word, sign in WORDS.items():
        cell = cell.replace(word, sign)
    return cell.strip()


class Tables(HTMLParser):
    """Reads the tables of a page: a list of rows each."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.depth = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.depth = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.depth = False

    def handle_data(self, data):
        if self.depth:
            self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def tables(files):
    """The tables of the three pages, by format."""
    texts = {kind: files[kind].read_text("utf-8") for kind in ("md", "tex", "html")}
    return {
        "md": markdown_rows(texts["md"]),
        "tex": latex_rows(texts["tex"]),
        "html": Tables(texts["html"]).tables,
    }


def test_every_page_has_the_same_summary(rows, run, tables):
    assert tables["md"][0] == tables["tex"][0] == tables["html"][0]
    head, *told = tables["md"][0]
    assert [row[0] for row in told] == list(MODELS)
    for model, row in zip(MODELS, told, strict=True):
        mine = [one for one in rows if one["model"] == model and one["status"] == "ok"]
        costs = [one["cost"] for one in mine]
        cells = dict(zip(head, row, strict=True))
        right = sum(one["score_right"] for one in mine) / len(mine)
        assert cells["right"].split()[0] == figure(right)
        assert cells["cost/call"] == money(sum(costs) / len(costs))
        assert cells["cost"] == money(sum(costs))
        latency = sorted(one["latency"] for one in mine)
        assert cells["latency p50"] == seconds((latency[18] + latency[19]) / 2)
    sheet = dict(zip(*summary_sheet(run), strict=True))
    assert sheet["score_right"] == run.summary().loc[0, "score_right"]


def summary_sheet(run):
    summary = run.summary()
    return list(summary), summary.iloc[0].tolist()


def test_the_sheet_of_the_summary_has_it_in_full(run, files):
    head, *rows = load_workbook(files["xlsx"])["summary"].iter_rows(values_only=True)
    summary = run.summary()
    assert list(head) == list(summary)
    for name, cells in zip(head, zip(*rows, strict=True), strict=True):
        assert list(cells) == [
            None if value is None or value != value else value
            for value in summary[name].astype(object).where(summary[name].notna(), None)
        ]


def test_every_format_has_the_same_comparisons(run, files, tables):
    assert tables["md"][1] == tables["tex"][1] == tables["html"][1]
    head, *sheet = load_workbook(files["xlsx"])["comparisons"].iter_rows(
        values_only=True
    )
    found = run.compare("right").to_dict("records")
    verdicts = {(row["a"], row["b"]): row["verdict"] for row in found}
    assert "better" in verdicts.values() or "worse" in verdicts.values()
    for row in found:
        same = next(
            dict(zip(head, one, strict=True))
            for one in sheet
            if one[1:4] == ("right", row["a"], row["b"])
        )
        for name in ("diff", "ci_low", "ci_high", "p_value", "p_adjusted", "n_items"):
            assert same[name] == row[name]
        assert same["verdict"] == row["verdict"]
    told = {(one[1], one[2]): one[4] for one in tables["md"][1] if one[0] == "right"}
    assert told == verdicts


def test_what_may_be_best_is_marked_alike(run, tables):
    head, *rows = tables["md"][0]
    at = head.index("right")
    marked = {row[0] for row in rows if row[at].endswith("†")}
    found = run.compare("right").to_dict("records")
    beaten = {row["a"] for row in found if row["verdict"] == "worse"}
    beaten |= {row["b"] for row in found if row["verdict"] == "better"}
    assert marked == set(MODELS) - beaten
    assert "sim/small" in beaten
    page = Tables(run.table().as_raw_html()).tables[0]
    assert {row[0] for row in page if any("†" in one for one in row[2:4])} >= marked


def test_all_say_that_some_models_are_simulated(files):
    for kind in ("md", "tex", "html", "csv", "jsonl"):
        assert "simulated" in files[kind].read_text("utf-8"), kind
    metadata = pq.read_table(files["parquet"]).schema.metadata[b"respan_lab"]
    assert json.loads(metadata)["label"] == "partly simulated"
    book = load_workbook(files["xlsx"])
    assert book.properties.description == "partly simulated"
    assert "label" in [cell.value for cell in book["calls"][1]]


@pytest.mark.deep
def test_a_browser_shows_the_same_summary(files, tables, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu"),
            *(f"--user-data-dir={tmp_path}", "--dump-dom", files["html"].as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert Tables(done.stdout).tables[:2] == tables["html"][:2]
