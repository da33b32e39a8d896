"""What `hemodel diff` prints: what changed between two workbooks, and what each change does."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.analyses.differences import (
    ADDED,
    CELL,
    CHANGED,
    CITATIONS,
    COSTS_ONLY,
    FILE,
    MOVES,
    NOT_ALONE,
    REMOVED,
    ROW,
    SHEET,
    STAYS,
    UNCERTAINTY,
    WITH_OTHERS,
    WORDS,
)
from hemodel.formats import Kind, Value, display
from hemodel.publish.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.views.differences import comparison, plain, two_currencies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hemodel.analyses.differences import Compared, ComparedWorkbooks, Difference, Differences, Effect


_SHOWN = 60
_HASH = 12
_HEADINGS = {
    COSTS_ONLY: "Costs alone move, and are not compared in two currencies",
    UNCERTAINTY: "Only the uncertainty changes (draws and one-way analysis)",
    STAYS: "No effect on the base case",
    WORDS: "Text only",
    NOT_ALONE: "Listed, not tried alone",
}
Line = tuple[str, ...]


def differences_text(found: ComparedWorkbooks, target: Path | None = None) -> str:
    """Return what differs and what it does, as text; `target` is where it was written."""
    a, b = found.first.path, found.second.path
    title = f"From {a if a.name == b.name else a.name} to {b if a.name == b.name else b.name}"
    under = ", ".join(found.found.scenarios)
    lines = [f"{title}, under {under}" if under else title, ""]
    if not found.found.differences:
        lines.append("No differences.")
    else:
        lines += [*two_currencies(found.found), _counts(found.found), ""]
        for before in found.found.a.incremental:
            lines += [*_moves(found, before), ""]
        lines += _new_comparisons(found)
        lines += _others(found.found)
    lines += [f"Written to {target}"] if target is not None else []
    return "\n".join(lines).rstrip("\n").replace(NO_BREAK_SPACE, " ")


def _counts(found: Differences) -> str:
    cells = [d for d in found.differences if d.kind == CELL]
    rows = [d.what for d in found.differences if d.kind == ROW]
    inputs = len({d.id for d in cells})
    text = f"{_many(inputs, 'input')} changed (in {_many(len(cells), 'cell')}), "
    text += f"{rows.count(ADDED)} added, {rows.count(REMOVED)} removed"
    for kind in (SHEET, FILE, CITATIONS):
        count = sum(d.kind == kind for d in found.differences)
        text += f"; {count} {kind if count == 1 else _plural(kind)}" if count else ""
    return text + "."


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _plural(kind: str) -> str:
    head, _, rest = kind.partition(" ")
    return f"{head}s {rest}".strip()


def _moves(compared: ComparedWorkbooks, before: Compared) -> list[str]:
    """Return the table of one comparison: what it was, each change that moves it, groups, all together."""
    found, pair = compared.found, (before.intervention, before.comparator)
    rows: list[Line] = [("As it was", *_result(before), *[""] * 3)]
    rows += [
        (f"{_name(d)}\n  {_from_to(d)}", *_alone(d, pair))
        for d in found.differences
        if d.acts == MOVES or (d.acts == WITH_OTHERS and d.group is None)
    ]
    for group in found.groups:
        rows.append((f"Together: {group.name} ({_many(len(group.members), 'change')})", *_effect(group.effects, pair)))
    rows.append(("All changes together", *_effect(found.together, pair)))
    left = next((r for r in found.not_additive if (r.intervention, r.comparator) == pair), None)
    if left is not None and (left.icer is None or len(rows) > 1):
        moves = (_signed(left.qalys, "qaly"), _signed(left.costs, "money"), _signed(left.icer, "icer"))
        rows.append(("Not additive: all less the sum of the single ones", *[""] * 3, *moves))
    moves = ("Move in QALYs", "Move in costs", "Move in ICER")
    headers = ("Changed alone", "QALYs", f"Costs ({found.currency})", "ICER", *moves)
    return [comparison(compared, *pair), text_table(headers, rows, WIDTH)]


def _alone(each: Difference, pair: tuple[str, str]) -> Line:
    if each.acts == WITH_OTHERS:
        return ("", "", "only with all", "", "", "")
    return _effect(each.effects, pair)


def _effect(effects: Iterable[Effect], pair: tuple[str, str]) -> Line:
    own = next((e for e in effects if (e.intervention, e.comparator) == pair), None)
    if own is None:
        return ("", "", "not compared", "", "", "")
    moves = (_signed(own.move.qalys, "qaly"), _signed(own.move.costs, "money"), _signed(own.move.icer, "icer"))
    return (*_result(own), *moves)


def _result(found: Compared) -> Line:
    ratio = found.verdict if found.icer is None else display(found.icer, "icer")
    return display(found.qalys, "qaly"), display(found.costs, "money"), ratio


def _signed(value: float | None, kind: Kind) -> str:
    text = display(value, kind)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.,") else text


def _new_comparisons(found: ComparedWorkbooks) -> list[str]:
    """Say what the later workbook compares and the earlier one does not."""
    lines = []
    for own in found.found.together:
        if own.move.qalys is None:
            qalys, costs, ratio = _result(own)
            pair = comparison(found, own.intervention, own.comparator)
            lines.append(f"Only in {found.second.path.name}: {pair}: {qalys} QALYs, {costs}, ICER {ratio}")
    return [*lines, ""] if lines else []


def _others(found: Differences) -> list[str]:
    """List what has no number of its own: changes that need others, uncertainty, no effect, text."""
    lines: list[str] = []
    for group in found.groups:
        members = [d for d in found.differences if d.name in group.members and d.group is not None]
        reason = next((d.reason for d in members if d.reason), "")
        lines += [f"Together: {group.name}", *(f"  {_name(d)}: {_from_to(d)}" for d in members)]
        lines += [f"  Not one by one: {reason}.", ""]
    alone = [d for d in found.differences if d.acts == WITH_OTHERS and d.group is None]
    if alone:
        lines += [
            "Only with all changes",
            *(f"  {_name(d)}: {_from_to(d)}; alone: {d.reason}" for d in alone),
            "",
        ]
    rest = sorted((d for d in found.differences if d.acts in _HEADINGS), key=lambda d: [*_HEADINGS].index(d.acts))
    for acts, some in groupby(rest, key=lambda d: d.acts):
        shown = [f"  {_name(d)}: {_from_to(d)}" for d in some if d.group is None]
        lines += [_HEADINGS[acts], *shown, ""] if shown else []
    return lines


def _name(item: Difference) -> str:
    return item.name if item.kind in {CELL, ROW} else f"{item.kind} {item.id}"


def _from_to(item: Difference) -> str:
    if item.kind == CITATIONS:
        return item.what
    old, new = (_short(plain(value), item.kind) for value in (item.before, item.after))
    if item.what == CHANGED:
        return f"{old} -> {new}"
    return f"{item.what}, {old if item.what == REMOVED else new}"


def _short(value: Value, kind: str) -> str:
    if value is None:
        return "empty"
    if kind in {SHEET, FILE}:
        return str(value)[:_HASH]
    text = display(value, "value")
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
