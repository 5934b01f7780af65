"""Every field and every header of the contract has its effect, over a real socket."""

from __future__ import annotations

import fields_cache
import fields_openai
import fields_records
import fields_routing
import headers_all
import pytest
from contract_stage import Stage
from contract_table import FIELDS, HEADERS
from field_effects import OF_FIELDS, OF_HEADERS

SHOWN = (fields_openai, fields_routing, fields_cache, fields_records, headers_all)


@pytest.mark.parametrize("name", FIELDS)
def test_field(stage: Stage, name: str) -> None:
    OF_FIELDS[name](stage)


@pytest.mark.parametrize("name", HEADERS)
def test_header(stage: Stage, name: str) -> None:
    OF_HEADERS[name](stage)


def test_every_field_of_the_table_is_shown_and_no_other() -> None:
    assert OF_FIELDS.keys() == FIELDS.keys()
    assert OF_HEADERS.keys() == HEADERS.keys()
    homes = {
        effect.__module__ for effect in (*OF_FIELDS.values(), *OF_HEADERS.values())
    }
    assert homes == {module.__name__ for module in SHOWN}
