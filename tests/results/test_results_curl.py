"""A cell's request as a command: it says the same, and holds no credential."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.ledger.packing import unpacked
from respan_lab.results import Results
from respan_lab.results.curl import as_command

SECRET = "sk-very-secret-1"
# In place of curl: shows its arguments, each with a NUL after it, then its input.
SHOW = "curl() { printf '%s\\0' \"$@\"; cat; }\n"


class Stub(httpx.AsyncBaseTransport):
    """Answers everything, and keeps what it was asked."""

    def __init__(self, **more):
        self.more, self.bodies = more, []

    async def handle_async_request(self, request):
        if request.method == "GET":  # the list of models
            return httpx.Response(404)
        self.bodies.append(json.loads(request.content))
        choices = [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}]
        return httpx.Response(200, json={"model": "m", "choices": choices, **self.more})


def asked(
    tmp_path, transport, model="m", *, channel="top", prompt="Say {{ w }}", **how
):
    client = lab.Client(
        SECRET, base_url="https://gw.test", transport=transport, channel=channel
    )
    how = {"stream": False, "progress": False, "store": tmp_path / "l.db", **how}
    return lab.compare(prompt, model, [{"w": "it's"}], client=client, **how)


def in_shell(command):
    """Give curl's arguments and input, as bash understands the command."""
    done = subprocess.run(
        ["bash"],
        input=f"export RESPAN_API_KEY=a-key\n{SHOW}{command}\n".encode(),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    *arguments, body = done.stdout.split(b"\0")
    return [each.decode() for each in arguments], body


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(), values | st.just("JSON\n$(id) `id` 'JSON'\\")))
def test_the_shell_gives_the_body_as_it_is(body):
    body = {f"_{name}_": value for name, value in body.items()}  # no credential's name
    command = as_command("u", body)
    arguments, given_body = in_shell(command)
    text = command.partition("<<'JSON'\n")[2].removesuffix("JSON")
    assert given_body == text.encode()  # to the byte
    assert arguments[-2:] == ["--data-binary", "@-"]
    assert "Authorization: Bearer a-key" in arguments


@given(st.text(st.characters(codec="utf-8")))
def test_the_body_means_what_was_sent(text):
    command = as_command("u", {"messages": [{"role": "user", "content": text}]})
    body = command.partition("<<'JSON'\n")[2].removesuffix("JSON")
    assert json.loads(body) == {"messages": [{"role": "user", "content": text}]}
    assert not set(command) & {chr(c) for c in (*range(9), 0x1B, 0x7F, 0x9B, 0x202E)}


def test_a_body_of_any_length_is_taken():
    body = {"messages": "x" * 500_000}
    assert json.loads(in_shell(as_command("u", body))[1]) == body


@pytest.mark.parametrize("channel", ["top", "params"])
def test_it_is_the_request_of_the_cell(tmp_path, channel):
    stub = Stub()
    r = asked(tmp_path, stub, channel=channel, params={"temperature": 0})
    arguments, body = in_shell(r.curl(r.df["key"][0][:8]))
    assert json.loads(body) == stub.bodies[0]
    assert arguments[1:] == [
        "https://gw.test/api/chat/completions",
        "-H",
        "Authorization: Bearer a-key",
        "-H",
        "Content-Type: application/json",
        "--data-binary",
        "@-",
    ]


def test_the_key_of_idempotency_is_left_out_and_said_so(tmp_path):
    r = asked(tmp_path, Stub())
    comments = [x for x in r.curl(r.df["key"][0]).splitlines() if x.startswith("#")]
    assert "Idempotency-Key is left out" in comments[0]
    assert "billed anew" in comments[0]


def test_an_embedded_gateway_is_asked_where_it_would_be_served(tmp_path):
    with lab.Gateway(home=tmp_path, sim_time_scale=0) as gateway:
        client = lab.Client(gateway=gateway)
        r = lab.compare("Hi", "sim/small", client=client, progress=False)
    command = r.curl(r.df["key"][0])
    assert "respan-lab serve" in command
    arguments, body = in_shell(command)
    assert arguments[0] == "-sSN"
    assert arguments[1] == "http://127.0.0.1:8787/api/chat/completions"
    assert not any("Authorization" in each for each in arguments)
    assert json.loads(body)["stream"] is True


def test_a_served_gateway_understands_it(tmp_path):
    with lab.Gateway(home=tmp_path, sim_time_scale=0) as gateway:
        client = lab.Client(gateway=gateway)
        r = lab.compare("Hi", "sim/small", client=client, stream=False, progress=False)
        with gateway.serve() as server:
            command = r.curl(r.df["key"][0])
            command = command.replace("http://127.0.0.1:8787", server.url)
            done = subprocess.run(
                ["bash"], input=command.encode(), capture_output=True, check=True
            )
    answer = json.loads(done.stdout)
    assert answer["choices"][0]["message"]["content"]


CREDENTIALS = {"api_key": SECRET}
HIDING = {
    "override": {"params": {"credential_override": {"m": CREDENTIALS}}},
    "customer": {"params": {"customer_credentials": {"openai": CREDENTIALS}}},
    "bare": {"params": {"customer_credentials": {"openai": SECRET}}},
    "boxed": {"params": {"respan_params": {"credential_override": {"m": CREDENTIALS}}}},
    "weighted": {
        "model": lab.Target(
            load_balance_models=[
                {"model": "m", "weight": 1, "credentials": CREDENTIALS},
                {"model": "n", "weight": 1},
            ]
        )
    },
    "group": {
        "model": lab.Target(
            load_balance_group={
                "group_id": "g",
                "models": [{"model": "m", "weight": 1, "credentials": CREDENTIALS}],
            }
        )
    },
}


@pytest.mark.parametrize("channel", ["top", "params", "header"])
@pytest.mark.parametrize("hiding", HIDING.values(), ids=HIDING)
def test_no_credential_is_told(tmp_path, hiding, channel):
    stub = Stub()
    stub.more = {"request_breakdown": {"full_request": {"n": 1}}}
    r = asked(tmp_path, stub, channel=channel, **hiding)
    key = r.df["key"][0]
    if channel != "header":
        assert SECRET in json.dumps(stub.bodies)
    told = r.explain(key)
    for text in (r.curl(key), repr(told), told._repr_html_()):
        assert SECRET not in text
        assert "credential_override" not in text


def test_a_pinned_provider_is_pinned_again(tmp_path):
    target = lab.Target(model="m", route_provider="vertex_ai")
    r = asked(tmp_path, Stub(), target)
    arguments, _ = in_shell(r.curl(r.df["key"][0]))
    assert "X-Respan-Route-Provider: vertex_ai" in arguments
    again = in_shell(Results.load(tmp_path / "l.db").curl(r.df["key"][0]))
    assert again[0] == arguments


def test_what_travelled_in_a_header_stands_in_the_body(tmp_path):
    stub = Stub()
    r = asked(tmp_path, stub, channel="header")
    _, body = in_shell(r.curl(r.df["key"][0]))
    assert "custom_identifier" not in stub.bodies[0]
    assert json.loads(body)["custom_identifier"] == r.df["key"][0]


def test_what_a_gateway_repeats_of_the_request_is_kept_without_credentials(tmp_path):
    told = {"model": "m", "credential_override": {"m": CREDENTIALS}}
    asked(tmp_path, Stub(request_breakdown={"full_request": told}))
    with closing(sqlite3.connect(tmp_path / "l.db")) as ledger:
        ((record,),) = ledger.execute("SELECT record FROM answers").fetchall()
    assert SECRET not in json.dumps(unpacked(record))


def test_without_the_ledger_it_cannot_be_told(tmp_path, call, results_of):
    r = asked(tmp_path, Stub())
    path = r.export(tmp_path / "run.parquet")
    (tmp_path / "l.db").unlink()
    with pytest.raises(lab.ConfigError, match=r"l\.db.* not at hand.*Results\.load"):
        Results.load(path).curl(r.df["key"][0])
    with pytest.raises(lab.ConfigError, match=r"was not sent; exp\.plan"):
        results_of([call(key="k1", status="skipped")]).curl("k1")


def test_the_address_of_a_killed_run_is_said_to_be_unknown(tmp_path):
    r = asked(tmp_path, Stub())
    manifest = {n: v for n, v in r.manifest.items() if n != "base_url"}
    key = r.df["key"][0]
    command = Results(r.df, manifest).curl(key)
    assert '"$RESPAN_BASE_URL/chat/completions"' in command
    assert "was killed before" in command
    hosted = Results(r.df.assign(gateway="hosted"), manifest).curl(key)
    assert "https://api.respan.ai/api/chat/completions" in hosted
