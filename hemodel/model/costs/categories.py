"""Costs other than of drugs, by category: what each costs, and at the end of the module when it falls and its words.

A category is declared once, in `CATEGORIES`. From there the model takes what it costs and when, the live model its
formulas and the table of their parts, and pages its name, its equation in words and its place in the picture of the
model; its inputs are rows of the dictionary. Costs of an item are sums and products, so that they are calculated
with numbers, with arrays of draws and with formulas alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs.structure import Treatment
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Amount, Draws, FloatArray


START, PROGRESSION, DEATH = "start", "progression", "death"
"""When a cost falls, if it is not by time in a health state."""
EACH = "*"
"""Stands for the item, such as an adverse event, in the ids of a part of its cost."""
DRUG_CATEGORIES = {"acquisition": "Drug acquisition", "administration": "Drug administration"}
"""Names of the categories that `hemodel.model.costs.drugs` costs."""


def event_cost(draws: Mapping[str, Amount], event: str, strategy: str) -> Amount:
    """Return incidence x unit cost of an adverse event [currency]."""
    return draws[f"adverse_event.{event}.incidence.{strategy}"] * draws[f"adverse_event.{event}.unit_cost"]


def resource_cost(draws: Mapping[str, Amount], resource: str, strategy: str, state: str) -> Amount:
    """Return the cost of a resource in a year in a health state [currency per year].

    Unit cost x uses per month x 12; uses of the strategy replace the common ones.
    """
    own = f"resource.{resource}.{state}.{strategy}"
    uses = draws[own] if own in draws else draws[f"resource.{resource}.{state}"]
    return draws[f"resource.{resource}.unit_cost"] * uses * MONTHS_PER_YEAR


def treatment_cost(draws: Mapping[str, Amount], treatment: Treatment, strategy: str) -> Amount:
    """Return the mean cost of one subsequent treatment of a patient who progresses [currency per progression].

    Share x cycles x (drug cost + administrations x cost of one).
    """
    prefix = f"subsequent.{treatment.id}."
    visit = draws[f"administration.{treatment.administration}.cost"]
    cycle = draws[prefix + "drug_cost_per_cycle"] + draws[prefix + "administrations_per_cycle"] * visit
    return draws[f"{prefix}share.{strategy}"] * draws[prefix + "cycles"] * cycle


def share_progressing(draws: Mapping[str, Amount], strategy: str) -> Amount:
    """Return the share of PFS events that are progressions [proportion]."""
    return 1.0 - draws[f"pfs_events.share_deaths.{strategy}"]


def end_of_life_cost(draws: Mapping[str, Amount]) -> Amount:
    """Return the cost of care at the end of life [currency per death]."""
    return draws["end_of_life.cost"]


@dataclass(frozen=True)
class Part:
    """An input in the cost of an item: a column of the live model.

    Attributes
    ----------
    header, style, group : str
        Of the column; `style` as "money", "proportion" or "number".
    id : str
        With `EACH` and ``{strategy}`` for the item and the strategy.
    named_by : str
        Id of the cell that names the kind of administration whose cost this is.
    whole : bool
        Whether the items are shares of one whole, which is checked.
    """

    header: str
    id: str
    style: str
    group: str = ""
    named_by: str = ""
    whole: bool = False


@dataclass(frozen=True)
class CostCategory:
    """One category of costs.

    Attributes
    ----------
    name, label, noun : str
        Its key in the results, its name in tables and charts, and its name within a sentence.
    rows : str
        First part of the ids of its inputs.
    falls : str
        `START`, `PROGRESSION` (of those who progress), `DEATH`, or a health state, for each year in it.
    equation : str
        A sentence that says what is calculated.
    cost : function of (draws, item, strategy)
        Of one item; for an unnamed one where the category has no items.
    items : function of the inputs, optional
        Without it, the names of the members of its group of rows.
    item : str
        What an item is called.
    each : str or Treatment
        An item of the name `EACH`.
    parts : tuple of Part
        Empty where the cost is one input, common to all strategies.
    free : tuple of str
        Items that share in the whole and cost nothing.
    """

    name: str
    label: str
    noun: str
    rows: str
    falls: str
    equation: str
    cost: Callable[[Mapping[str, Any], Any, str], Any]
    items: Callable[[ModelInputs], Sequence[Any]] | None = None
    item: str = "Item"
    each: Any = EACH
    parts: tuple[Part, ...] = ()
    free: tuple[str, ...] = ()

    def members(self, inputs: ModelInputs) -> Sequence[Any]:
        """Return the items of a workbook: one without a name where rows have none, none where there are no rows."""
        return self.items(inputs) if self.items else inputs.members.get(self.rows, ())

    def unit_cost(self, inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
        """Return the cost of all items, (draws,), for one of what they fall on: a patient, a year, an event.

        A cost at progression falls on the share of PFS events that are progressions. [currency]
        """
        cost = sum((self.cost(draws, item, strategy) for item in self.members(inputs)), np.zeros(1))
        return share_progressing(draws, strategy) * cost if self.falls == PROGRESSION else cost


def _managed(state: str, words: str) -> CostCategory:
    return CostCategory(
        name=f"disease_management_{state}",
        label=f"Disease management, {words.lower()}",
        noun="disease management",
        rows="resource",
        falls=state,
        equation="Disease management = months in each state x uses a month x unit cost.",
        cost=lambda draws, resource, strategy: resource_cost(draws, resource, strategy, state),
        item="Resource",
        parts=(
            Part("Cost of one", f"resource.{EACH}.unit_cost", "money"),
            Part("Uses a month", f"resource.{EACH}.{state}", "number", words),
        ),
    )


CATEGORIES = (
    _managed("progression_free", "Progression-free"),
    _managed("progressed", "Progressed"),
    CostCategory(
        name="adverse_events",
        label="Adverse events",
        noun="adverse events",
        rows="adverse_event",
        falls=START,
        equation="Adverse events = incidence x cost, at the start.",
        cost=event_cost,
        item="Event",
        parts=(
            Part("Incidence", f"adverse_event.{EACH}.incidence.{{strategy}}", "proportion"),
            Part("Cost of one", f"adverse_event.{EACH}.unit_cost", "money"),
        ),
    ),
    CostCategory(
        name="subsequent_treatment",
        label="Subsequent treatment",
        noun="subsequent treatment",
        rows="subsequent",
        falls=PROGRESSION,
        equation=(
            "Subsequent treatment = patients leaving progression-free x share of these events that are progressions"
            " x share given each treatment x its cost."
        ),
        cost=treatment_cost,
        items=lambda inputs: inputs.treatments,
        item="Treatment",
        each=Treatment(EACH, EACH),
        parts=(
            Part("Share of those who progress", f"subsequent.{EACH}.share.{{strategy}}", "proportion", whole=True),
            Part("Cycles", f"subsequent.{EACH}.cycles", "number"),
            Part("Drugs a cycle", f"subsequent.{EACH}.drug_cost_per_cycle", "money"),
            Part("Administrations a cycle", f"subsequent.{EACH}.administrations_per_cycle", "number"),
            Part(
                "Cost of one administration",
                f"administration.{EACH}.cost",
                "money",
                named_by=f"subsequent.{EACH}.administration",
            ),
        ),
        free=("none",),
    ),
    CostCategory(
        name="end_of_life",
        label="End of life",
        noun="end-of-life care",
        rows="end_of_life",
        falls=DEATH,
        equation="End-of-life care = deaths x cost.",
        cost=lambda draws, _item, _strategy: end_of_life_cost(draws),
    ),
)
"""In the order of the results."""
