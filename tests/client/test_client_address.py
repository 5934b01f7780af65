from __future__ import annotations

import pytest

from respan_lab.client.address import Address
from respan_lab.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        "https://api.respan.ai",
        "https://api.respan.ai/",
        "https://api.respan.ai/api",
        " https://API.respan.ai/api/ ",
    ],
)
def test_every_spelling_is_one_address(text: str) -> None:
    assert Address.parse(text) == (
        "https://api.respan.ai/api",
        "hosted",
        "api.respan.ai/api",
    )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api"),
        ("http://localhost:9/api", "http://localhost:9/api"),
        ("http://[::1]:9/", "http://[::1]:9/api"),
        ("https://gateway.example/team/api/", "https://gateway.example/team/api"),
    ],
)
def test_other_gateways_are_custom(text: str, url: str) -> None:
    address = Address.parse(text)
    assert (address.url, address.backend) == (url, "custom")


@pytest.mark.parametrize(
    "text",
    ["api.respan.ai", "ftp://host", "", "http://gateway.example", "http://10.0.0.2"],
)
def test_what_is_no_safe_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Address.parse(text)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        Address.parse("https://me:hunter2@host")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        Address.parse("http://me:hunter2@far.example")
    assert "hunter2" not in str(caught.value)
