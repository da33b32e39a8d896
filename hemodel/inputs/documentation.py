"""The page that documents every kind of input, from the dictionary."""

from __future__ import annotations

from pathlib import Path

from hemodel.inputs.dictionary import Kind, columns, kinds, sheets

PAGE = Path("docs") / "inputs.md"
_REQUIRED = {"once": "yes", "each": "for each", "some": "at least one", "optional": "no"}


def inputs_page() -> str:
    """Return the page in Markdown: the columns, then each sheet with its kinds of input."""
    lines = [
        "# Inputs",
        "",
        "Every kind of row a workbook can hold. Names in braces are yours, in lower case with underscores.",
        "This page is written from `hemodel/inputs/data/dictionary.csv` by `python -m hemodel.inputs.documentation`.",
        "",
        "## Columns",
        "",
        "| column | in `--set` and scenarios | holds |",
        "|---|---|---|",
    ]
    lines += [f"| {c.header} | `.{c.name}` | {c.definition} |" for c in columns().values() if c.name != "id"]
    for sheet in sheets().values():
        lines += ["", f"## {sheet.name}", "", f"{sheet.purpose}.", ""]
        lines += ["| id | holds | unit | allowed | distributions | required |", "|---|---|---|---|---|---|"]
        lines += [_line(kind) for kind in kinds() if kind.sheet == sheet.name]
    return "\n".join(lines) + "\n"


def _line(kind: Kind) -> str:
    distributions = ", ".join(kind.distributions)
    cells = (f"`{kind.pattern}`", f"{kind.label}. {kind.definition}", kind.unit, _allowed(kind), distributions)
    return "| " + " | ".join((*cells, _REQUIRED[kind.required])) + " |"


def _allowed(kind: Kind) -> str:
    if kind.type == "choice":
        return ", ".join(f"`{choice}`" for choice in kind.choices)
    if kind.type == "reference":
        return f"the name of a row of kind {kind.choices[0]}"
    if not kind.numeric:
        return "text"
    whole = "whole " if kind.type == "integer" else ""
    if kind.minimum is not None and kind.maximum is not None:
        return f"{whole}{kind.minimum:g} to {kind.maximum:g}"
    return f"{whole}{kind.minimum:g} or more" if kind.minimum is not None else f"{whole}any number"


if __name__ == "__main__":
    PAGE.write_text(inputs_page(), encoding="utf-8")
