"""Saved prompts over REST: `/api/prompts/` and what lies below it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from ...wire import clean
from ..failure import GatewayFailure
from ..store.prompts import VERSION_FIELDS
from .fields import check_version
from .listing import filtered, ordered

if TYPE_CHECKING:
    from ..exchange import Exchange
    from ..gateway import Gateway

__all__ = [
    "change_prompt",
    "change_version",
    "commit_version",
    "create_prompt",
    "create_version",
    "delete_prompt",
    "delete_version",
    "deploy_version",
    "list_prompts",
    "list_versions",
    "show_prompt",
    "show_version",
]

_PAGE_SIZE = 100
_MOST_PROMPTS, _MOST_VERSIONS = 100, 500
_PAGING = ("page", "page_size")


async def create_prompt(gateway: Gateway, exchange: Exchange) -> None:
    """Make a prompt without any version."""
    body = await _body(exchange, ("name", "description"))
    name = _text(body, "name")
    made = await gateway.prompts.create(
        "Untitled" if name is None else name,
        description=_text(body, "description") or "",
    )
    await _answer(exchange, made, 201)


async def list_prompts(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with a page of prompts; the body, if any, holds `filters`."""
    body = await _body(exchange, ("filters",))
    query = _query(exchange, (*_PAGING, "sort_by"))
    found = filtered(await gateway.prompts.prompts(), body.get("filters"))
    found = ordered(found, query.get("sort_by", "-id"))
    await _answer(exchange, _page(exchange, query, found, _MOST_PROMPTS))


async def show_prompt(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with a prompt, its newest version and its live one."""
    await _answer(exchange, await gateway.prompts.prompt(_id(exchange)))


async def change_prompt(gateway: Gateway, exchange: Exchange) -> None:
    """Change a prompt's name or description."""
    body = await _body(exchange, ("name", "description"))
    changed = await gateway.prompts.rename(
        _id(exchange), name=_text(body, "name"), description=_text(body, "description")
    )
    await _answer(exchange, changed)


async def delete_prompt(gateway: Gateway, exchange: Exchange) -> None:
    """Delete a prompt and its versions."""
    await gateway.prompts.delete(_id(exchange))
    await exchange.answer(204, b"")


async def list_versions(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with a page of a prompt's versions, newest first."""
    query = _query(exchange, _PAGING)
    found = await gateway.prompts.versions(_id(exchange))
    await _answer(exchange, _page(exchange, query, found, _MOST_VERSIONS))


async def create_version(gateway: Gateway, exchange: Exchange) -> None:
    """Make a draft; earlier versions become read-only."""
    body = await _body(exchange, (*VERSION_FIELDS, "description"))
    fields = await _fields({"messages": None, **body})
    made = await gateway.prompts.add_version(
        _id(exchange), fields, description=_text(body, "description") or ""
    )
    await _answer(exchange, made, 201)


async def show_version(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with a version."""
    found = await gateway.prompts.version(_id(exchange), _number(exchange))
    await _answer(exchange, found)


async def change_version(gateway: Gateway, exchange: Exchange) -> None:
    """Change a draft, or with `deploy: true` make a committed version the live one."""
    body = await _body(exchange, (*VERSION_FIELDS, "description", "deploy"))
    prompt_id, number = _id(exchange), _number(exchange)
    deploy = body.get("deploy")
    if deploy is not None and not isinstance(deploy, bool):
        raise _wrong("deploy", deploy, "true or false")
    fields = await _fields(body)
    description = _text(body, "description")
    store = gateway.prompts
    if fields or description is not None:
        if deploy:
            raise GatewayFailure(
                400,
                "a version is deployed as it was committed: send `deploy` alone, after "
                "changing and committing it",
                code="invalid_value",
                param="deploy",
            )
        changed = await store.update_version(
            prompt_id, number, fields, description=description
        )
    elif deploy:
        changed = await store.deploy(prompt_id, number)
    else:
        changed = await store.version(prompt_id, number)
    await _answer(exchange, changed)


async def delete_version(gateway: Gateway, exchange: Exchange) -> None:
    """Delete a version."""
    await gateway.prompts.delete_version(_id(exchange), _number(exchange))
    await exchange.answer(204, b"")


async def commit_version(gateway: Gateway, exchange: Exchange) -> None:
    """Make the draft read-only."""
    body = await _body(exchange, ("description",))
    done = await gateway.prompts.commit(
        _id(exchange), description=_text(body, "description")
    )
    await _answer(exchange, done, 201)


async def deploy_version(gateway: Gateway, exchange: Exchange) -> None:
    """Make a committed version the live one."""
    body = await _body(exchange, ("version",))
    number = body.get("version")
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 2**31:
        raise _wrong("version", number, "a version's number")
    await _answer(exchange, await gateway.prompts.deploy(_id(exchange), number))


async def _body(exchange: Exchange, known: Sequence[str]) -> dict[str, Any]:
    """Read the body; without one, it is an empty object."""
    await exchange.read()
    try:
        body = json.loads(exchange.content or b"{}")
    except (ValueError, RecursionError):
        body = False
    if not isinstance(body, dict):
        raise GatewayFailure(400, "the body must be a JSON object", code="invalid_json")
    for name in body:
        if name not in known:
            raise GatewayFailure(
                400,
                f"{name!r} is not a field of this call; there are {', '.join(known)}",
                code="unknown_field",
                param=name,
            )
    return body


async def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    # Templates are compiled, which may take longer than others should wait.
    return await asyncio.to_thread(check_version, body)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    text = body.get(name)
    if text is None:
        return None
    if not isinstance(text, str):
        raise _wrong(name, text, "a text")
    return clean(text)


def _id(exchange: Exchange) -> str:
    prompt_id: str = exchange.scope["path_params"]["prompt_id"]
    return prompt_id


def _number(exchange: Exchange) -> int:
    text: str = exchange.scope["path_params"]["version"]
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise _wrong("version", text, "a version's number")


def _query(exchange: Exchange, known: Sequence[str]) -> dict[str, str]:
    text = exchange.scope.get("query_string", b"").decode("latin-1")
    query = {name: values[-1] for name, values in parse_qs(text).items()}
    for name in query:
        if name not in known:
            raise GatewayFailure(
                400,
                f"{name!r} is not a parameter; there are {', '.join(known)}",
                code="unknown_field",
                param=name,
            )
    return query


def _page(
    exchange: Exchange, query: Mapping[str, str], found: list[Any], largest: int
) -> dict[str, Any]:
    page = _whole(query, "page", 1, 10**9)
    size = _whole(query, "page_size", _PAGE_SIZE, largest)
    results = found[(page - 1) * size : page * size]
    link = partial(_link, exchange, query)
    return {
        "count": len(results),  # on this page, as the platform counts
        "next": link(page + 1) if page * size < len(found) else None,
        "previous": link(page - 1) if page > 1 else None,
        "results": results,
    }


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    is_whole = text.isascii() and text.isdigit() and len(text) < 20
    if not is_whole or not 1 <= int(text) <= most:
        raise _wrong(name, text, f"a number from 1 to {most}")
    return int(text)


def _link(exchange: Exchange, query: Mapping[str, str], page: int) -> str:
    scope, host = exchange.scope, exchange.headers.get("host", "localhost")
    asked = urlencode({**query, "page": page})
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}?{asked}"


def _wrong(name: str, value: Any, allowed: str) -> GatewayFailure:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return GatewayFailure(
        400,
        f"{name} is {shown}; it must be {allowed}",
        code="invalid_value",
        param=name,
    )


async def _answer(exchange: Exchange, payload: Any, status: int = 200) -> None:
    await exchange.answer(status, json.dumps(payload).encode())
