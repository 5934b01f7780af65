"""Each call has identifiers that no other has, in whatever process it is."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from respan_lab.gateway.record import Record

_FORKED = """
import os
from respan_lab.gateway.record import Record
child = os.fork()
os.write(1, f"{Record().log_id} ".encode())
if child:
    os.waitpid(child, 0)
"""


def test_they_are_as_long_as_the_platform_s_and_all_different() -> None:
    records = [Record() for _ in range(100)]
    found = [name for record in records for name in (record.log_id, record.request_id)]
    assert len(set(found)) == 200
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in found)


def test_a_seed_of_the_user_s_does_not_repeat_them() -> None:
    before = random.getstate()
    found = []
    for _ in range(2):
        random.seed(7)
        found.append(Record().log_id)
    random.setstate(before)
    assert found[0] != found[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_process_has_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKED], capture_output=True, text=True, check=True
    )
    found = done.stdout.split()
    assert len(set(found)) == len(found) == 2
