"""What the values of a row of patient data must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.tables import RowProblems

if TYPE_CHECKING:
    from hemodel.errors import Location, Problem
    from hemodel.survival.family import Array
    from hemodel.survival.tables import Columns, Locate

NUMERIC = ("time", "event", "entry", "weight")


def check_values(columns: Columns, locate: Locate, whole: Location) -> tuple[dict[str, Array], list[Problem]]:
    """Turn raw columns into numbers, and list what is wrong with them.

    A value may fail one check only: what is not a number is not also out of range.

    Returns
    -------
    values : dict from column to array (n,)
        The numeric columns, nan where a value is not a number.
    problems : list of Problem
    """
    rows = RowProblems(columns, locate, whole)
    values = {role: rows.numbers(role) for role in NUMERIC if role in columns}
    time, event = values["time"], values["event"]
    rows.add(
        "time",
        (time <= 0.0) | np.isinf(time),
        lambda i: f"the time is {time[i]:g}",
        "Correct it; for an event on the first day give part of a unit, for example half a day",
        "A time must be above 0, because a survival curve is 1 at time 0",
    )
    rows.add(
        "event",
        ~np.isin(event, (0.0, 1.0)) & ~np.isnan(event),
        lambda i: f"the event is {event[i]:g}",
        "Recode the column",
        "It must be 1 for an event or 0 for a censored time",
    )
    if "entry" in values:
        _check_entry(rows, values["entry"], time)
    if "weight" in values:
        weight = values["weight"]
        rows.add(
            "weight",
            (weight <= 0.0) | np.isinf(weight),
            lambda i: f"the weight is {weight[i]:g}",
            "Correct it, or leave the row out",
            "A weight is a number of patients, above 0",
        )
    if "strategy" in columns:
        empty = np.array([name is None or not str(name).strip() for name in columns["strategy"]], dtype=np.bool_)
        rows.add("strategy", empty, lambda _: "the strategy is empty", "Name the strategy of every patient")
    return values, rows.problems


def _check_entry(rows: RowProblems, entry: Array, time: Array) -> None:
    outside = (entry < 0.0) | np.isinf(entry)
    rows.add(
        "entry",
        outside,
        lambda i: f"the time of entry is {entry[i]:g}",
        "Give 0 for a patient observed from the start",
        "It must be 0 or more",
    )
    rows.add(
        "entry",
        (entry >= time) & ~outside & (time > 0.0),
        lambda i: f"the time of entry is {entry[i]:g} and follow-up ends at {time[i]:g}",
        "Correct one of the two",
        "Observation must begin before it ends",
    )
