"""What every schema that `hemodel schema` prints must hold, and how the command refuses a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from commands import hemodel, invoke
from schemas import schema

from hemodel.publish.bundle import KINDS
from hemodel.publish.schemas import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    *("results", "report", "scenarios", "dsa", "voi", "evidence", "sweep", "budget", "fit", "differences"),
    "manifest",
)


def objects(found: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry of a schema: its name and its fields."""
    for entry in (found, *found.get("$defs", {}).values()):
        if "properties" in entry:
            yield entry["title"], entry["properties"]


def test_every_file_that_is_written_has_a_schema() -> None:
    assert set(RECORDS) == set(NAMES)
    assert {kind.document.removesuffix(".json") for kind in KINDS} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_says_what_each_field_is(name: str) -> None:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    fields = [(title, field, kind) for title, own in objects(found) for field, kind in own.items()]

    assert len(fields) > 5
    assert [f"{title}.{field}" for title, field, kind in fields if not kind.get("description")] == []


def test_a_schema_refuses_what_is_not_written() -> None:
    good = {"hemodel": "0.1.0", "command": "hemodel diff a b", "python": "3.11", "libraries": {"numpy": "2"}}
    jsonschema.validate(good, schema("manifest"))
    for bad in ({**good, "more": 1}, {**good, "python": 3}, {"hemodel": "0.1.0"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema("manifest"))


@pytest.mark.parametrize("given", [(), ("runs",)])
def test_without_a_name_that_is_known_the_names_are_listed(given: tuple[str, ...]) -> None:
    done = invoke("schema", *given)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"there are {', '.join(NAMES)}" in done.stderr


def test_the_command_as_a_user_runs_it() -> None:
    done = hemodel("schema", "budget")

    assert (done.returncode, done.stderr) == (0, "")
    assert '"title": "BudgetDocument"' in done.stdout
