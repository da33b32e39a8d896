"""What a payer's reference case changes in a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs.changes import Change, apply_changes, same
from hemodel.inputs.dictionary import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hemodel.inputs.cells import RawWorkbook, Scalar
    from hemodel.payers.profile import Profile, ProfileItem, RateStep


THRESHOLD = "settings.threshold.{threshold}"
DECISION = "settings.decision_threshold"
TRIGGER, TRIGGER_YEARS = "budget.trigger", "budget.trigger_years"
NOT_CHECKED = "not checked against the primary text"


@dataclass(frozen=True)
class Applied:
    """What is set for a payer.

    Attributes
    ----------
    changes : tuple of Change
        Only of what differs from the workbook, before any other change.
    rate : float or None
        Units of the workbook's currency for one unit of the payer's; 1 for the same
        currency, None where the workbook has no exchange rate.
    currency : str
        Of the workbook.
    """

    changes: tuple[Change, ...]
    rate: float | None
    currency: str


def exchange_rate_id(code: str) -> str:
    """Return the id of the row with the exchange rate of a currency."""
    return f"settings.exchange_rate.{code.lower()}"


def reference_case(profile: Profile, raw: RawWorkbook, later: Iterable[Change] = ()) -> Applied:
    """Return what a payer's reference case changes in a workbook.

    Discount rates and their steps; thresholds and the one for decisions; the trigger of the budget
    impact where the workbook has rows on it. Steps and thresholds of the workbook that the
    profile does not name are cleared. Amounts are converted to the workbook's currency; without its
    exchange rate they are left alone.

    Parameters
    ----------
    raw : RawWorkbook
        As read, before any change.
    later : iterable of Change
        Changes made after these, which can bring the exchange rate.
    """
    own = _values(raw)
    final = _values(apply_changes(raw, later)[0])
    currency = str(final.get("settings.currency") or "")
    rate = _rate(profile.currency.value, currency, final)
    wanted = dict(_discounting(profile, own))
    origins = {id_: _origin(profile, "discount") for id_ in wanted}
    if rate is not None:
        amounts = dict(_amounts(profile, own, rate, budget=any(id_.startswith("budget.") for id_ in final)))
        origins |= {id_: _origin(profile, "threshold" if "threshold" in id_ else "budget_trigger") for id_ in amounts}
        wanted |= amounts
    changes = [
        Change(id_, value, origins[id_], reference_case=True)
        for id_, value in wanted.items()
        if not same(own.get(id_), value)
    ]
    return Applied(tuple(changes), rate, currency)


def _origin(profile: Profile, field: str) -> str:
    """Name the payer, and say so where what it sets was not checked."""
    unchecked = any(name.startswith(field) for name in profile.unchecked if name != "discount_scenarios")
    return f"payer {profile.code}{f' ({NOT_CHECKED})' if unchecked else ''}"


def _values(raw: RawWorkbook) -> dict[str, Scalar]:
    return {row.id: row.cells["value"].value for row in raw.rows if row.cells["value"].value is not None}


def _rate(code: str, currency: str, values: Mapping[str, Scalar]) -> float | None:
    if code == currency:
        return 1.0
    found = values.get(exchange_rate_id(code))
    return float(found) if isinstance(found, (int, float)) and found > 0 else None


def _discounting(profile: Profile, own: Mapping[str, Scalar]) -> Iterator[tuple[str, Scalar]]:
    streams: tuple[tuple[str, float, ProfileItem[tuple[RateStep, ...]] | None], ...] = (
        ("costs", profile.discount_rate_costs.value, profile.discount_steps_costs),
        ("effects", profile.discount_rate_effects.value, profile.discount_steps_effects),
    )
    for stream, rate, item in streams:
        base = f"settings.discount_rate_{stream}"
        steps: Sequence[RateStep] = () if item is None else item.value
        named = {f"{base}_from_year_{step.year}": step.rate for step in steps}
        yield base, rate
        yield from ((id_, None) for id_ in own if id_.startswith(f"{base}_from_year_") and id_ not in named)
        yield from named.items()


def _amounts(profile: Profile, own: Mapping[str, Scalar], rate: float, *, budget: bool) -> Iterator[tuple[str, Scalar]]:
    if profile.thresholds is not None:
        wanted = {amount: amount * rate for amount in profile.thresholds.value.values}
        held = {id_: value for id_, value in own.items() if _is_threshold(id_)}
        yield from ((id_, None) for id_, value in held.items() if not any(same(value, w) for w in wanted.values()))
        for amount, value in wanted.items():
            if not any(same(value, other) for other in held.values()):
                yield _threshold_id(amount, profile.currency.value, rate), value
        yield DECISION, profile.thresholds.value.decision * rate
    if profile.budget_trigger is not None and budget:
        yield TRIGGER, profile.budget_trigger.value.amount * rate
        yield TRIGGER_YEARS, profile.budget_trigger.value.years


def _is_threshold(id_: str) -> bool:
    found = match(id_)
    return found is not None and found[0].pattern == THRESHOLD


def _threshold_id(amount: float, currency: str, rate: float) -> str:
    """Name a threshold by its amount in the payer's currency, a comma of its decimals as an underscore."""
    name = f"{amount:.15g}".replace(".", "_")
    return THRESHOLD.format(threshold=name if rate == 1 else f"{name}_{currency.lower()}")
