"""Settings of the whole suite: no keys, no deep tests unless asked for."""

from __future__ import annotations

import os
import re
import signal

import pytest
from hypothesis import settings

_KEYS = re.compile(
    r"(RESPAN|KEYWORDSAI|AWS|AZURE|GOOGLE|VERTEX)\w*|\w*_(API_KEY|API_BASE|BASE_URL|TOKEN)"
)
for _name in [name for name in os.environ if _KEYS.fullmatch(name)]:
    del os.environ[_name]

# A shell starts what it runs in the background deaf to Ctrl-C, and so would be every
# process that a test starts in order to interrupt it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, so that nobody's change fails for another's bug; the
# deep run looks further, and elsewhere each time.
settings.register_profile("short", deadline=None, derandomize=True, max_examples=200)
settings.register_profile("deep", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile("short")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="run the long versions too")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deep"):
        settings.load_profile("deep")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("--deep"):
        deep = [item for item in items if item.get_closest_marker("deep")]
        config.hook.pytest_deselected(items=deep)
        items[:] = [item for item in items if item not in deep]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test leaves behind goes to its own folder."""
    monkeypatch.setenv("RESPAN_LAB_HOME", str(tmp_path))
