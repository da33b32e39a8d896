"""Payers on the command line: the list, one profile in full, and the reference case of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.payers.profile import FIELDS, LABELS
from hemodel.payers.words import rate, words
from hemodel.reporting.console import WIDTH, text_table
from hemodel.reporting.tables_payer import MARK, NOT_CHECKED, counts, of_whom

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.payers.profile import Profile
    from hemodel.payers.reading import Found
    from hemodel.reporting.schema_payer import PayerResult

_MODIFIERS = {"weight": "weight", "bands": "thresholds", "qualitative": "in words", "information": "shown", "none": ""}
_LONGEST = 48


def payer_list(found: Iterable[Found]) -> str:
    """Return all payers: code, jurisdiction, body, rates, thresholds, modifier and fields that are not checked."""
    headers = ("Code", "Jurisdiction", "Body", "Rates", "Thresholds", "Modifier", "Not checked")
    rows = [_line(one) for one in found]
    return "\n".join(
        [
            text_table(headers, rows, WIDTH + 20),
            "Rates: costs / effects; + means later steps. hemodel payers CODE prints a profile in full.",
            "Not checked: fields that were not compared with the primary text, of all fields.",
        ]
    )


def _line(one: Found) -> tuple[str, ...]:
    profile = one.profile
    steps = profile.discount_steps_costs is not None or profile.discount_steps_effects is not None
    rates = f"{rate(profile.discount_rate_costs.value)} / {rate(profile.discount_rate_effects.value)}"
    return (
        profile.code,
        profile.jurisdiction + ("" if one.shipped else f" ({one.file})"),
        profile.body,
        f"{rates}{' +' if steps else ''}",
        _thresholds(profile),
        "" if profile.modifier is None else _MODIFIERS[profile.modifier.value.kind],
        f"{len(profile.unchecked)} of {len(list(profile.items()))}",
    )


def _thresholds(profile: Profile) -> str:
    if profile.thresholds is None:
        return ""
    values = profile.thresholds.value.values
    shown = values if len(values) <= 2 else (values[0], values[-1])  # noqa: PLR2004
    return f"{' to '.join(f'{value:,.10g}' for value in shown)} {profile.currency.value}"


def profile_text(one: Found) -> str:
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
    """Return the reference-case table of a run for the screen."""
    lines = [f"Reference case of {of_whom(payer)}: {counts(payer)}"]
    order = {status: i for i, status in enumerate(("missing", "departs", "to judge", "met"))}
    rows = [
        (
            _short(entry.label + ("" if entry.checked else MARK)),
            _short(entry.asked),
            _short(entry.found),
            entry.status,
            entry.how,
        )
        for entry in sorted(payer.reference_case, key=lambda entry: order[entry.status])
    ]
    lines.append(text_table(("Field", "Asked", "Found", "Status", "How"), rows, WIDTH + 60))
    return "\n".join([*lines, *([NOT_CHECKED] if payer.not_checked else [])])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
