"""JSON files beside the schemas that `hemodel schema` prints."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
from commands import invoke

if TYPE_CHECKING:
    from pathlib import Path


@cache
def schema(name: str) -> Any:
    done = invoke("schema", name)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def follow_their_schemas(folder: Path, name: str) -> None:
    """The document of a command's outputs and their manifest are what the schemas say; there is no other JSON."""
    files = {path.stem: path for path in folder.glob("*.json")}
    assert set(files) == {"results" if name == "report" else name, "manifest"}
    for stem, path in files.items():
        validator = jsonschema.Draft202012Validator(schema("manifest" if stem == "manifest" else name))
        validator.validate(json.loads(path.read_text(encoding="utf-8")))
