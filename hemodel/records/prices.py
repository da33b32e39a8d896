"""The shape of the price thresholds in results.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class VialPrice(Entry):
    """One vial of a drug in the workbook."""

    id: str
    size_mg: float
    price: float = Field(description="currency per vial, in the workbook")


class PriceAt(Entry):
    """The price at which something is met."""

    met: str = Field(description="in words")
    prices: dict[str, float] | None = Field(description="currency per vial, by id; null where there is none")
    share: float | None = Field(description="of the workbook's price; null where that is 0 or there is no price")
    discount: float | None = Field(description="1 - share; below 0 where the price may rise")
    cost_saved: float | None = Field(description="incremental costs at the workbook's price minus those at this price")


class PriceThreshold(PriceAt):
    """The price at which the ICER meets a threshold."""

    threshold: float
    probabilistic: PriceAt | None = Field(
        description="of the means of the draws; null without them, or where the workbook's price is 0"
    )


class FrontierPrice(PriceAt):
    """The price at which the intervention lies on the extended efficiency frontier of the other strategies."""

    slope: float | None = Field(description="ICER of the last segment of that frontier")


class PriceCurve(Entry):
    """The ICER by price of the first vial, for a chart."""

    price: list[float]
    icer: list[float | None]


class DrugPriceEntry(Entry):
    """One drug of one intervention; all vials of the drug are scaled together."""

    intervention: str
    comparator: str
    drug: str
    given_in_comparator: bool = Field(description="the effect of the price is then net of the comparator's")
    assumed: bool = Field(description="the source of a price is an assumption")
    vials: list[VialPrice]
    qalys: float = Field(description="increment")
    costs_at_price_0: float = Field(description="increment")
    icer_at_price_0: float | None
    verdict_at_price_0: str
    icer: float | None = Field(description="at the workbook's price")
    verdict: str
    thresholds: list[PriceThreshold]
    frontier: FrontierPrice
    curve: PriceCurve | None
