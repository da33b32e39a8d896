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
        "The last column says which guideline speaks of the input: NICE's manual (PMG36) and the documents of its",
        "Decision Support Unit (DSU TSD), PBAC, CHEERS 2022 (reporting), TECH-VER 2019 (verification) and others.",
        "A log-normal is made from a value that is its mean or its median, as the column says: see",
        "[methods](methods.md#probabilistic-analysis).",
        "This page is written from `hemodel/inputs/data/dictionary.csv` by `python -m hemodel.inputs.documentation`.",
        "",
        "## Columns",
        "",
        "| column | in `--set` and scenarios | holds |",
        "|---|---|---|",
    ]
    lines += [f"| {c.header} | `.{c.name}` | {c.definition} |" for c in columns().values() if c.name != "id"]
    lines += [
        "",
        "A note accepts a warning of `hemodel check` by its name: `accepted NAME: ` and why, in three words or more",
        "([the workbook](workbook.md#what-hemodel-check-warns-about)).",
    ]
    for sheet in sheets().values():
        lines += ["", f"## {sheet.name}", "", f"{sheet.purpose}.", ""]
        lines += [
            "| id | holds | unit | allowed | distributions | required | guideline |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_line(kind) for kind in kinds() if kind.sheet == sheet.name]
    return "\n".join(lines) + "\n"


def _line(kind: Kind) -> str:
    allowed = ", ".join(f"`{choice}`" for choice in kind.choices) if kind.type == "choice" else kind.allowed
    said = {"lognormal": f"lognormal ({kind.value_is})"}
    distributions = ", ".join(said.get(name, name) for name in kind.distributions)
    cells = (f"`{kind.pattern}`", f"{kind.label}. {kind.definition}", kind.unit, allowed, distributions)
    return "| " + " | ".join((*cells, _REQUIRED[kind.required], kind.guideline)) + " |"


if __name__ == "__main__":
    PAGE.write_text(inputs_page(), encoding="utf-8")
