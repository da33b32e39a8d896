"""Times to event of patients, and reading them from a file.

What the values of a row of patient data must be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import Location, Problem, raise_if_any
from hemodel.survival.tables import RowProblems, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

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
        _check_weight(rows, values["weight"])
    if "strategy" in columns:
        empty = np.array([name is None or not str(name).strip() for name in columns["strategy"]], dtype=np.bool_)
        rows.add("strategy", empty, lambda _: "the strategy is empty", "Name the strategy of every patient")
    return values, rows.problems


def _check_weight(rows: RowProblems, weight: Array) -> None:
    if weight.size and not weight.any():
        why, todo = "Patients without weight say nothing", "Give the weights, or leave the column out"
        rows.problems.append(Problem(rows.whole, "every weight is 0", why, todo))
        return
    rows.add(
        "weight",
        (weight <= 0.0) | np.isinf(weight),
        lambda i: f"the weight is {weight[i]:g}",
        "Correct it, or leave the row out",
        "A weight is a number above 0",
    )


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


ALL_PATIENTS = "all"
FEWEST_EVENTS = 2


@dataclass(frozen=True, eq=False)
class PatientData:
    """Times to event of n patients of one strategy; make it with `patients`.

    Attributes
    ----------
    time : array (n,)
        Time at which follow-up ended, above 0, in any one unit.
    event : array (n,)
        1 if it ended with the event, 0 if it was censored.
    entry : array (n,)
        Time at which observation began (left truncation), 0 or more and before `time`.
    weight : array (n,)
        Statistical weight of each patient, such as the inverse of a probability, above 0; only the ratio of two
        weights means anything.
    """

    time: Array
    event: Array
    entry: Array
    weight: Array

    @property
    def n_patients(self) -> float:
        """Number of patients."""
        return float(self.weight.sum())

    @property
    def n_events(self) -> float:
        """Number of events."""
        return float((self.weight * self.event).sum())

    @property
    def is_weighted(self) -> bool:
        """Whether some patients have another weight than others."""
        return bool(np.ptp(self.weight) > 0.0)

    @property
    def has_weights(self) -> bool:
        """Whether some weight is other than 1."""
        return bool((self.weight != 1.0).any())

    @property
    def effective_size(self) -> float:
        """Effective sample size, (sum of weights)^2 / sum of squared weights; Kish L (1965), Survey Sampling."""
        return float(self.weight.sum() ** 2 / (self.weight**2).sum())


def patients(
    time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, weight: ArrayLike | None = None
) -> PatientData:
    """Return the data of patients: entry is 0 and the weight 1 where they are not given."""
    times = np.asarray(time, dtype=np.float64)
    return PatientData(
        time=times,
        event=np.asarray(event, dtype=np.float64),
        entry=np.zeros_like(times) if entry is None else np.asarray(entry, dtype=np.float64),
        weight=np.ones_like(times) if weight is None else np.asarray(weight, dtype=np.float64),
    )


def pooled(data: Sequence[PatientData]) -> PatientData:
    """Return the patients of several strategies as one."""
    return PatientData(
        time=np.concatenate([each.time for each in data]),
        event=np.concatenate([each.event for each in data]),
        entry=np.concatenate([each.entry for each in data]),
        weight=np.concatenate([each.weight for each in data]),
    )


def to_effective_size(data: Mapping[str, PatientData]) -> dict[str, PatientData]:
    """Return patients with weights whose sum over all strategies is the effective sample size.

    One factor for all, so that estimates stay as they are; sums over patients, such as a log-likelihood, then grow with
    what is known. Weights that are all the same become 1.
    """
    every = pooled(list(data.values()))
    factor = every.effective_size / every.weight.sum()
    same = not every.is_weighted
    return {
        name: replace(some, weight=np.ones_like(some.weight) if same else factor * some.weight)
        for name, some in data.items()
    }


def read_patients(
    path: Path,
    *,
    time: str,
    event: str,
    strategy: str | None = None,
    entry: str | None = None,
    weight: str | None = None,
) -> dict[str, PatientData]:
    """Read patients from a CSV file with a header, one row a patient.

    Parameters
    ----------
    path : Path
        File with values separated by commas, in UTF-8.
    time, event : str
        Columns with the time (above 0) and with 1 for an event, 0 for censored.
    strategy, entry, weight : str, optional
        Columns with the strategy's name, the time of entry and the weight.

    Returns
    -------
    dict from strategy to PatientData
        In the order in which the strategies appear; under ``all`` without a column
        of strategies.

    Raises
    ------
    InputError
        With every problem of the file, by row (the header is row 1) and column.
    """
    given = {"time": time, "event": event, "strategy": strategy, "entry": entry, "weight": weight}
    wanted = {role: name for role, name in given.items() if name is not None}
    table = read_table(path, todo="Give a header and one row for each patient.")
    found = table.need(tuple(dict.fromkeys(wanted.values())), (), rows="Give one row for each patient.")
    columns = {role: found[name] for role, name in wanted.items()}
    data, problems = check_rows(columns, lambda i, role: table.where(i, wanted[role]), table.whole)
    raise_if_any(problems)
    return data


def check_rows(
    columns: Columns,
    locate: Locate,
    whole: Location,
) -> tuple[dict[str, PatientData], list[Problem]]:
    """Check the rows of a file or sheet, and group them by strategy.

    Parameters
    ----------
    columns : dict from column to sequence of raw values
        ``time`` and ``event``; optionally ``strategy``, ``entry`` and ``weight``. Values
        are numbers, text or None, as they stand in the file. Weights that are all the same are no weights.
    locate : function of (index of the row from 0, column) to Location
    whole : Location
        Of the file or sheet, for problems of no one row.

    Returns
    -------
    data : dict from strategy to PatientData
        Empty if there are problems.
    problems : list of Problem
        At most 20 of one kind by row, then how many more there are.
    """
    values, problems = check_values(columns, locate, whole)
    if problems:
        return {}, problems
    if "weight" in values and not np.ptp(values["weight"]):
        values.pop("weight")
    names = [str(name).strip() for name in columns.get("strategy", [ALL_PATIENTS] * values["time"].size)]
    data = {}
    for name in dict.fromkeys(names):
        rows = np.array([each == name for each in names])
        data[name] = patients(**{role: column[rows] for role, column in values.items()})
    return data, [problem for name, some in data.items() for problem in _too_few_events(name, some, whole)]


def _too_few_events(name: str, data: PatientData, whole: Location) -> list[Problem]:
    events = int(data.event.sum())
    if events >= FEWEST_EVENTS:
        return []
    return [
        Problem(
            whole,
            f"strategy {name} has {events} {'event' if events == 1 else 'events'} among {data.time.size} patients",
            "No curve can be estimated with fewer than 2",
            "Check that 1 stands for an event and 0 for a censored time",
        )
    ]
