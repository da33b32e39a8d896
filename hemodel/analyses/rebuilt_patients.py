"""Patients rebuilt from the files of a digitised curve, without a workbook."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.entries import Entry, Numbers, Real
from hemodel.errors import InputError, Location, Problem
from hemodel.survival.digitised.reading import read_digitised
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.survival.digitised.reconstruction import Reconstruction


class RebuiltEvents(Entry):
    """Events rebuilt, and the reported total."""

    rebuilt: int = Field(description="patients")
    reported: int | None = Field(description="patients; null where no total was given")


class LargestGap(Entry):
    """Where rebuilt survival is furthest from what was read."""

    value: float = Field(description="absolute difference. [proportion]")
    time: float = Field(description="[unit of time of the curve]")
    rebuilt: float = Field(description="survival. [proportion]")
    read: float = Field(description="survival. [proportion]")


class RebuiltMedian(Entry):
    """Medians; null where not reached."""

    rebuilt: Real = Field(description="[unit of time of the curve]")
    read: Real = Field(description="[unit of time of the curve]")


class RebuiltMean(RebuiltMedian):
    """Means up to the last time that both curves have."""

    horizon: float = Field(description="[unit of time of the curve]")


class RebuiltAtRisk(Entry):
    """Numbers at risk at a time."""

    time: float = Field(description="[unit of time of the curve]")
    rebuilt: float = Field(description="patients")
    printed: float = Field(description="patients")


class RebuiltInterval(Entry):
    """One interval of the risk table as rebuilt."""

    start: float = Field(description="[unit of time of the curve]")
    end: float = Field(description="[unit of time of the curve]")
    at_risk: int = Field(description="patients at its start")
    events: int = Field(description="patients with the event in it")
    censored: int = Field(description="patients who left in it without the event")


class RebuiltData(Entry):
    """The rebuilt patients."""

    time: Numbers = Field(description="of each patient. [unit of time of the curve]")
    event: list[int] = Field(description="1 for an event, 0 for censored")


class RebuiltPatients(Entry):
    """Patients rebuilt from a digitised curve, and how they compare with what was read."""

    hemodel: str = Field(description="version of hemodel")
    curve: str = Field(description="name of the file of the curve")
    risk_table: str = Field(description="name of the file of numbers at risk")
    agrees: bool = Field(description="with what was read, within the tolerances")
    disagreements: list[str] = Field(description="each beyond its tolerance")
    notes: list[str] = Field(description="what was assumed or adjusted")
    patients: int = Field(description="rebuilt")
    events: RebuiltEvents = Field(description="beside the reported total")
    largest_gap: LargestGap = Field(description="of survival")
    median: RebuiltMedian = Field(description="rebuilt and read")
    restricted_mean: RebuiltMean = Field(description="rebuilt and read")
    at_risk: list[RebuiltAtRisk] = Field(description="rebuilt and printed")
    intervals: list[RebuiltInterval] = Field(description="of the risk table")
    data: RebuiltData = Field(description="the patients")


def rebuild(curve: Path, risk: Path, events: int | None) -> Reconstruction:
    """Rebuild patients from a curve, its numbers at risk and its total of events.

    Raises
    ------
    InputError
        With every problem of the files, alone and together.
    """
    read, table = read_digitised(curve, risk, events)
    try:
        return reconstruct(read, table, events)
    except SurvivalError as error:
        where = Location(str(curve))
        raise InputError(tuple(Problem(where, str(part)) for part in (error.parts or (error,)))) from None


def disagreements(rebuilt: Reconstruction, curve: Path) -> tuple[Problem, ...]:
    """Return where the rebuilt patients do not agree with what was read."""
    todo = "Check the points read off the figure and the numbers at risk."
    return tuple(Problem(Location(str(curve)), what, todo=todo) for what in rebuilt.comparison.disagreements)


def rebuilt_patients(rebuilt: Reconstruction, curve: str, risk: str) -> RebuiltPatients:
    """Return the rebuilt patients and how they compare with what was read."""
    found, event = rebuilt.comparison, rebuilt.data.event
    at_risk = zip(found.at_risk_time, found.at_risk_rebuilt, found.at_risk_given, strict=True)
    shown = list(RebuiltInterval.model_fields)
    return RebuiltPatients(
        hemodel=metadata.version("hemodel"),
        curve=curve,
        risk_table=risk,
        agrees=found.agrees,
        disagreements=list(found.disagreements),
        notes=list(rebuilt.notes),
        patients=rebuilt.data.time.size,
        events=RebuiltEvents(rebuilt=found.events_rebuilt, reported=found.events_given),
        largest_gap=LargestGap(
            value=found.gap, time=found.gap_time, rebuilt=found.gap_survival[0], read=found.gap_survival[1]
        ),
        median=RebuiltMedian(rebuilt=found.median_rebuilt, read=found.median_read),
        restricted_mean=RebuiltMean(
            horizon=found.horizon, rebuilt=found.restricted_mean_rebuilt, read=found.restricted_mean_read
        ),
        at_risk=[RebuiltAtRisk(time=time, rebuilt=own, printed=printed) for time, own, printed in at_risk],
        intervals=[RebuiltInterval(**{name: getattr(each, name) for name in shown}) for each in rebuilt.intervals],
        data=RebuiltData(time=rebuilt.data.time, event=event.astype(int).tolist()),
    )
