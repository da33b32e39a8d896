"""Payers on the command line: the list, one profile in full, and the reference case of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analyses.modifiers import BY_WEIGHT
from hemodel.analyses.reference_case import STATUSES
from hemodel.formats import display
from hemodel.payers.profile import FIELDS, LABELS
from hemodel.payers.words import rate, words
from hemodel.publish.console_tables import NO_BREAK_SPACE, WIDTH, text_table, wrapped
from hemodel.views.payer import MARK, NOT_CHECKED, counts, of_whom

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.reference_case import ReferenceCaseEntry
    from hemodel.analyses.results import Results
    from hemodel.payers.profile import Profile
    from hemodel.payers.reading import FoundProfile


@dataclass(frozen=True)
class PayerLine:
    """A run for a payer in one line: cells of a list of several, and its folder."""

    cells: tuple[str, ...]
    target: Path


def payer_line(results: Results, target: Path) -> PayerLine | None:
    """Return a run in one line; None without a payer."""
    payer = results.payer
    if payer is None:
        return None
    first = results.incremental[0]
    ratio = first.verdict if first.icer is None else display(first.icer, "icer", results.currency)
    severity = payer.severity
    weighed = "" if severity is None or severity.kind != BY_WEIGHT else f"{severity.weight:g}"
    statuses = [entry.status for entry in payer.reference_case]
    numbers = (str(statuses.count(status)) for status in STATUSES)
    return PayerLine((payer.code, ratio, weighed, *numbers, str(len(payer.not_checked))), target)


def payer_lines(lines: Iterable[PayerLine]) -> str:
    """Return runs for several payers, one a line."""
    headers = ("Payer", "ICER", "Weight", "Met", "Departs", "Missing", "To judge", "Not checked")
    listed = list(lines)
    text = text_table(headers, [line.cells for line in listed], WIDTH).replace(NO_BREAK_SPACE, " ")
    where = [f"Written to {line.target}" for line in listed]
    return "\n".join([text, *where, "The reference case of each is in tables/reference_case.csv of its folder."])


_MODIFIERS = {"weight": "weight", "bands": "thresholds", "qualitative": "in words", "information": "shown", "none": ""}


def payer_list(found: Iterable[FoundProfile]) -> str:
    """Return all payers: code, jurisdiction, rates, thresholds, modifier and fields that are not checked."""
    headers = ("Code", "Jurisdiction", "Rates", "Thresholds", "Modifier", "Not checked")
    rows = [_line(one) for one in found]
    return "\n".join(
        [
            text_table(headers, rows, WIDTH, words=True),
            "Rates: costs / effects; + means later steps. hemodel payers CODE prints a profile in full.",
            "Not checked: fields that were not compared with the primary text, of all fields.",
        ]
    )


def _line(one: FoundProfile) -> tuple[str, ...]:
    profile = one.profile
    steps = profile.discount_steps_costs is not None or profile.discount_steps_effects is not None
    rates = f"{rate(profile.discount_rate_costs.value)} / {rate(profile.discount_rate_effects.value)}"
    return (
        profile.code,
        profile.jurisdiction + ("" if one.shipped else f" ({one.file})"),
        f"{rates}{' +' if steps else ''}",
        _thresholds(profile),
        "" if profile.modifier is None else _MODIFIERS[profile.modifier.value.kind],
        f"{len(profile.unchecked)} of {len(list(profile.items()))}",
    )


def _thresholds(profile: Profile) -> str:
    if profile.thresholds is None:
        return ""
    values = profile.thresholds.value.values
    shown = values if len(values) <= 2 else (values[0], values[-1])
    return f"{' to '.join(f'{value:,.10g}' for value in shown)} {profile.currency.value}"


def profile_text(one: FoundProfile) -> str:
    """Return one profile in full: every field, its value, whether it was checked, source and date."""
    profile = one.profile
    guideline = f"\n{profile.guideline}" if profile.guideline else ""
    lines = [f"{profile.code}: {profile.jurisdiction} ({profile.body}){guideline}"]
    lines += [f"File: {one.file}. Tables of the dossier: {profile.table_set}."]
    for name, item in profile.items():
        mark = "checked" if item.checked else "NOT CHECKED against the primary text"
        lines += ["", f"{LABELS[name]} ({name}): {words(item.value, profile.currency.value, name)}"]
        lines += [f"  {mark}; {item.source}; {item.date}"]
        lines += [f"  {item.note}"] if item.note else []
    absent = [LABELS[name].lower() for name in FIELDS if getattr(profile, name) is None]
    if absent:
        lines += ["", f"Not in this profile: {', '.join(absent)}."]
    return "\n".join(lines)


def reference_case_text(payer: PayerResult) -> str:
    """Return what of a payer's reference case a run does not meet, for the screen."""
    lines = [f"Reference case of {of_whom(payer)}. {counts(payer)}"]
    for status in ("missing", "departs"):
        lines += [_unmet(entry) for entry in payer.reference_case if entry.status == status]
    judged = [entry.label.lower() for entry in payer.reference_case if entry.status == "to judge"]
    lines += [f"To judge: {', '.join(judged)}; see tables/reference_case.csv"] if judged else []
    told = [NOT_CHECKED] if any(not entry.checked for entry in payer.reference_case) else []
    return "\n".join(wrapped(line) for line in (*lines, *told))


def _unmet(entry: ReferenceCaseEntry) -> str:
    found = f"; here {entry.found}" if entry.found else ""
    return f"{entry.status.capitalize()}: {entry.label}{'' if entry.checked else MARK}: {entry.asked}{found}"
