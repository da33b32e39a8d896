"""The command that prints the JSON Schema of what the others write."""

from __future__ import annotations

from typing import Annotated

import typer

from hemodel.cli.common import app, errors, say


@app.command()
def schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="results, report, dsa, voi, ...")] = None,
) -> None:
    """Print the JSON Schema of a kind of output file."""
    with errors():
        from hemodel.publish.schemas import json_schema

        say(json_schema(name))
