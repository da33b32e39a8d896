"""What a payer's profile holds: the reference case of one body, each field with source, date and whether checked.

The values are in one TOML file per jurisdiction (`hemodel/payers/data/`, or the user's own); none are here.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterator


T = TypeVar("T")

Text = Annotated[str, Field(min_length=1)]
Rate = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(gt=0)]
Year = Annotated[int, Field(gt=0)]
Day = date | Annotated[int, Field(ge=1900, le=2100)]
CODE = r"[A-Z][A-Z0-9-]*"
"""What a payer's code looks like."""
Asked = Literal["required", "expected", "recommended", "not stated", "not asked"]
"""How strongly something is asked for; not stated: the profile's sources do not tell."""
Outcome = Literal["QALY", "life-years", "evLYG", "benefit of the indication"]
ValueSet = Literal["eq5d_3l", "eq5d_5l", "eq5d_5l_uk_2026", "other"]
"""Value sets of utilities, as in the rows of a workbook."""
Report = Literal["net health benefit", "price threshold", "stepped results", "efficiency frontier"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    if list(values) != sorted(set(values)):
        message = "the numbers must rise"
        raise ValueError(message)
    return values


Rising = Annotated[tuple[float, ...], AfterValidator(_rising)]


class ProfileItem(_Part, Generic[T]):
    """One field of a profile.

    `source` is where it comes from, `date` the year or day of that text, and `checked`
    whether it was compared with the primary text; it was not unless the file says so.
    """

    value: T
    source: Text
    date: Day
    checked: bool = False
    note: str = ""


class RateStep(_Part):
    """A rate that applies after so many years."""

    year: Year
    rate: Rate


class Pair(_Part):
    """Two rates of one scenario."""

    costs: Rate
    effects: Rate


class Thresholds(_Part):
    """Thresholds at which net benefit is shown, and the one for decisions [currency per QALY]."""

    values: Annotated[tuple[Money, ...], Field(min_length=1), AfterValidator(_rising)]
    decision: Money


class Horizon(_Part):
    """How long the model runs: until nearly all have died, or as long as differences last."""

    length: Literal["lifetime", "long enough", "not stated"]
    words: Text


class Years(_Part):
    """A number of years, or a range of it."""

    least: Year
    most: Year | None = None


class Trigger(_Part):
    """Net budget impact in any one of the first so many years above which the payer acts [currency per year]."""

    amount: Money
    years: Year


class NoModifier(_Part):
    """Every QALY counts the same; or what is weighed is not a number."""

    kind: Literal["none", "qualitative"]
    words: Text


class SeverityWeight(_Part):
    """QALYs weighed by the shortfall of current care, the greater of two tests.

    `weights` has one number more than `absolute` and `proportional` have limits; a value on a limit
    takes the weight above it.
    """

    kind: Literal["weight"]
    absolute: Rising
    proportional: Rising
    weights: Rising
    boundary: Literal["higher"]
    words: Text

    @model_validator(mode="after")
    def _one_weight_more(self) -> SeverityWeight:
        for name, limits in (("absolute", self.absolute), ("proportional", self.proportional)):
            if len(self.weights) != len(limits) + 1:
                needed = len(limits) + 1
                message = f"{name} has {len(limits)} limits, which part {needed} weights; there are {len(self.weights)}"
                raise ValueError(message)
        return self


class ThresholdBands(_Part):
    """A threshold by the shortfall of current care: that of the last band whose start is not above it."""

    kind: Literal["bands"]
    measure: Literal["absolute", "proportional"]
    starts: Rising
    thresholds: Annotated[tuple[Money, ...], Field(min_length=1)]
    words: Text

    @model_validator(mode="after")
    def _as_many(self) -> ThresholdBands:
        if len(self.starts) != len(self.thresholds):
            message = (
                f"there are {len(self.starts)} starts and {len(self.thresholds)} thresholds; each band has one of each"
            )
            raise ValueError(message)
        return self


class ProfileInformation(_Part):
    """Lists of numbers that are shown and used for nothing."""

    kind: Literal["information"]
    lists: dict[str, tuple[float, ...]]
    words: Text


Modifier = Annotated[NoModifier | SeverityWeight | ThresholdBands | ProfileInformation, Field(discriminator="kind")]


class RequiredScenario(_Part):
    """A scenario that must be there, recognised by what it changes.

    Attributes
    ----------
    sets : mapping from pattern to value
        Each of these ids (``*`` for any letters) is set to its value.
    changes : tuple of str
        Patterns of ids, one of which is changed.
    """

    name: Text
    words: Text
    sets: dict[str, float | str] = {}
    changes: tuple[str, ...] = ()


class Profile(_Part):
    """The reference case of one payer. A field that is None is not in the profile."""

    code: Annotated[str, Field(pattern=f"^{CODE}$")]
    jurisdiction: Text
    body: Text
    guideline: str = ""
    table_set: Literal["NICE", "CDA-AMC", "PBAC", "ICER", "generic"]

    currency: ProfileItem[Annotated[str, Field(pattern=r"^[A-Z]{3}$")]]
    discount_rate_costs: ProfileItem[Rate]
    discount_rate_effects: ProfileItem[Rate]
    discount_steps_costs: ProfileItem[tuple[RateStep, ...]] | None = None
    discount_steps_effects: ProfileItem[tuple[RateStep, ...]] | None = None
    discount_scenarios: ProfileItem[tuple[Pair, ...]] | None = None
    thresholds: ProfileItem[Thresholds] | None = None
    threshold_rule: ProfileItem[Text] | None = None
    modifier: ProfileItem[Modifier] | None = None
    shortfall_discounted: ProfileItem[bool] | None = None
    perspective: ProfileItem[Text] | None = None
    outcomes: ProfileItem[tuple[Outcome, ...]] | None = None
    utilities: ProfileItem[Text] | None = None
    value_sets: ProfileItem[tuple[ValueSet, ...]] | None = None
    horizon: ProfileItem[Horizon] | None = None
    half_cycle_correction: ProfileItem[Asked] | None = None
    one_way_analysis: ProfileItem[Asked] | None = None
    probabilistic_analysis: ProfileItem[Asked] | None = None
    value_of_information: ProfileItem[Asked] | None = None
    required_scenarios: ProfileItem[tuple[RequiredScenario, ...]] | None = None
    reports: ProfileItem[tuple[Report, ...]] | None = None
    price_base: ProfileItem[Text] | None = None
    budget_years: ProfileItem[Years] | None = None
    budget_discounted: ProfileItem[bool] | None = None
    budget_trigger: ProfileItem[Trigger] | None = None
    software: ProfileItem[Text] | None = None

    @model_validator(mode="after")
    def _shortfall(self) -> Profile:
        uses = self.modifier is not None and self.modifier.value.kind in {"weight", "bands"}
        if uses and self.shortfall_discounted is None:
            message = "the modifier rests on a shortfall; say under shortfall_discounted whether it is discounted"
            raise ValueError(message)
        return self

    def items(self) -> Iterator[tuple[str, ProfileItem[Any]]]:
        """Give each field that the profile has, with its name, in the order of the class."""
        for name in FIELDS:
            item = getattr(self, name)
            if item is not None:
                yield name, item

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Names of the fields that were not compared with the primary text."""
        return tuple(name for name, item in self.items() if not item.checked)


HEAD = ("code", "jurisdiction", "body", "guideline", "table_set")
"""What a profile says about itself."""
FIELDS = tuple(name for name in Profile.model_fields if name not in HEAD)
"""The fields that carry a value, source, date and checked."""
LABELS = {
    "currency": "Currency",
    "discount_rate_costs": "Discount rate, costs",
    "discount_rate_effects": "Discount rate, effects",
    "discount_steps_costs": "Later rates, costs",
    "discount_steps_effects": "Later rates, effects",
    "discount_scenarios": "Rates in scenarios",
    "thresholds": "Thresholds",
    "threshold_rule": "Rule of the thresholds",
    "modifier": "Modifier",
    "shortfall_discounted": "Shortfall discounted",
    "perspective": "Perspective",
    "outcomes": "Outcomes",
    "utilities": "Utilities",
    "value_sets": "Value sets of utilities",
    "horizon": "Time horizon",
    "half_cycle_correction": "Half-cycle correction",
    "one_way_analysis": "One-way analysis",
    "probabilistic_analysis": "Probabilistic analysis",
    "value_of_information": "Value of information",
    "required_scenarios": "Scenarios",
    "reports": "Results to be shown",
    "price_base": "Price base",
    "budget_years": "Budget impact, years",
    "budget_discounted": "Budget impact, discounting",
    "budget_trigger": "Budget impact, trigger",
    "software": "Software",
}
"""What the fields are called."""
