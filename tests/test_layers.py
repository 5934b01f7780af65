"""Imports point down; what is heavy loads when it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "respan_lab"

# Each room, and the rooms it may import at any depth of nesting.
LAYERS: dict[str, set[str]] = {}
for _rooms in (
    {"errors", "_version"},
    {"wire", "prompts", "transport"},
    {"prices", "storage"},
    {"money"},
    {"client", "gateway"},
    {"ledger"},
    {"evaluators", "plots"},
    {"results"},
    {"experiment"},
    {"widgets", "demo", "serve", "cli", "pandas"},
):
    _below = set(LAYERS)
    LAYERS.update({room: set(_below) for room in _rooms})
LAYERS["cli"] |= {"demo", "serve"}
# The one door between the two: a client without a key opens an embedded gateway.
EXCEPTIONS = {("client/default.py", "gateway")}


def _imports(path: Path) -> list[str]:
    """The rooms of ours a file imports when it runs, wherever in it."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = []
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        assert node.level or not module.startswith("respan_lab"), (
            f"{path}: imports inside the package are relative"
        )
        if node.level == depth:
            names = [module] if module else [alias.name for alias in node.names]
            found += [name.split(".")[0] for name in names]
    return found


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _running(node)


FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    room = name.split("/")[0].removesuffix(".py")
    for imported in _imports(path):
        if imported != room and (name, imported) not in EXCEPTIONS:
            assert imported in LAYERS[room], f"{room} may not import {imported}"


def test_client_and_gateway_meet_only_inside_a_function() -> None:
    tree = ast.parse((PACKAGE / "client/default.py").read_text(encoding="utf-8"))
    assert not [node for node in tree.body if "gateway" in _module(node)]


HEAVY = {
    "matplotlib": {"plots/"},
    "ipywidgets": {"widgets/"},
    "anywidget": {"widgets/"},
    "starlette": {"gateway/"},
    "aiohttp": {"transport/"},
    "xllamacpp": {"gateway/providers/local/"},
    "great_tables": set(),
    "xlsxwriter": set(),
    "python_calamine": set(),
    "pandas": {"results/", "experiment/", "plots/", "pandas.py"},
}


@pytest.mark.parametrize("library", sorted(HEAVY))
def test_a_heavy_library_is_imported_at_module_level_only_in_its_room(
    library: str,
) -> None:
    for path in FILES:
        name = path.relative_to(PACKAGE).as_posix()
        if any(name.startswith(room) for room in HEAVY[library]):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            assert library not in _roots(node), f"{name} loads {library} with itself"


def _roots(node: ast.AST) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return {name.split(".")[0] for name in [*names, _module(node)]}


def _module(node: ast.AST) -> str:
    if isinstance(node, ast.ImportFrom) and not (node.level and not node.module):
        return node.module or ""
    return ""


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, respan_lab; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    roots = {name.split(".")[0] for name in done.stdout.split()}
    heavy = {*HEAVY, "genai_prices", "respan_gateway", "httpx", "pydantic", "tqdm"}
    assert not roots & heavy


def test_every_public_name_is_there_and_sorted() -> None:
    import respan_lab

    assert respan_lab.__all__ == sorted(respan_lab.__all__)
    for name in respan_lab.__all__:
        assert getattr(respan_lab, name) is not None
    assert dir(respan_lab) == respan_lab.__all__
