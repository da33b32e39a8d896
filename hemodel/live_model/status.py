"""Checks of the live model, by formula: what must hold whatever is entered, and what to know after an edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import Formula, as_formula, call, when
from hemodel.live_model.sheet import Sheet, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

SHEET = "Model checks"
FIRST_ROW = 8
PASSES, FAILS = "ok", "look"


@dataclass(frozen=True)
class Check:
    """One check: what is looked at, the number found, whether it is as it should be, and what to do if not."""

    subject: str
    found: Formula
    passes: Formula
    meaning: str


@dataclass(frozen=True)
class CheckSheet:
    """The sheet of checks, and how many of them do not pass."""

    sheet: Sheet
    failing: Formula
    message: Formula


def at_most(subject: str, found: Formula, limit: float, meaning: str) -> Check:
    """Return a check that a number is no larger than a limit, up or down."""
    return Check(subject, found, call("ABS", np.abs, found) <= limit, meaning)


def add_checks(checks: Sequence[Check]) -> CheckSheet:
    """Return the sheet with one row a check, and a line that sums them up."""
    purpose = "Each line is a formula over the model as it stands. A line that says look tells what to do."
    sheet = Sheet(SHEET, "Checks", purpose, frozen=(FIRST_ROW, 0))
    table = Table(sheet, FIRST_ROW, len(checks))
    table.add("What is checked", [check.subject for check in checks], "text")
    table.add_each("Found", [check.found for check in checks], "number")
    status = table.add_each("Status", [when(check.passes, PASSES, FAILS) for check in checks], "check")
    table.add("If it says look", [check.meaning for check in checks], "note")
    failing = Formula(f'COUNTIF({status.range.text},"{FAILS}")', int(np.sum(status.value == FAILS)))
    count = sheet.write(3, 1, failing, "count")
    sheet.write(3, 0, "Checks that do not pass", "label")
    some = as_formula("Look at the sheet Model checks: some of the checks do not pass.")
    message = when(count.equals(0), "All checks pass.", some)
    sheet.write(4, 0, message, "verdict")
    return CheckSheet(sheet, count, sheet.reference(4, 0, message.value))
