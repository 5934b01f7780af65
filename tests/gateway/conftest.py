from __future__ import annotations

from collections.abc import Iterator

import pytest
from gateway_upstream import Upstream
from openai import OpenAI

from respan_lab.gateway import Gateway, Served


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def gateway(upstream: Upstream) -> Iterator[Gateway]:
    """One with a provider of its own, `up`, behind a real socket."""
    entry = {
        "base_url": upstream.url,
        "api_key": "sk-upstream-secret",
        "models": ["a", "b", "c"],
    }
    prices = {"up/a": {"input": 1.0, "output": 5.0}}
    made = Gateway(providers={"up": entry}, prices=prices, seed=1)
    yield made
    made.close()


@pytest.fixture
def served(gateway: Gateway) -> Iterator[Served]:
    with gateway.serve() as server:
        yield server


@pytest.fixture
def openai(served: Served) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=f"{served.url}/api", api_key="unused", max_retries=0, timeout=20
    ) as client:
        yield client
