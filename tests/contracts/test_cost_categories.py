"""What every declared category of costs must satisfy: inputs of the dictionary, a time when it falls, words."""

from __future__ import annotations

import pytest

from hemodel.inputs.dictionary import kinds
from hemodel.live_model.formula import Formula
from hemodel.model.costs.categories import CATEGORIES, DEATH, EACH, PROGRESSION, START, CostCategory
from hemodel.model.person_time import STATES

PATTERNS = {kind.pattern for kind in kinds()}
NAMES = [category.name for category in CATEGORIES]


@pytest.mark.parametrize("category", CATEGORIES, ids=NAMES)
def test_parts_are_inputs_and_make_the_cost(category: CostCategory) -> None:
    """The live model has a column for each part, so the cost of an item is made of the parts and of nothing else."""
    columns = {part.id.format(strategy="new"): Formula(f"A{i}", 2.0) for i, part in enumerate(category.parts)}
    for part in category.parts:
        shapes = [part.id.replace(EACH, f"{{{name}}}") for name in ("event", "resource", "treatment", "administration")]
        assert PATTERNS & set(shapes), part.id
        assert not part.named_by or part.named_by.replace(EACH, "{treatment}") in PATTERNS
    if category.parts:
        text = category.cost(columns, category.each, "new").text
        assert all(column.text in text for column in columns.values()), text


def test_names_and_times() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert {category.falls for category in CATEGORIES} == {START, PROGRESSION, DEATH, *STATES}
    assert {category.rows for category in CATEGORIES} <= {kind.group for kind in kinds()}
    assert all(category.equation.endswith(".") and category.label and category.noun for category in CATEGORIES)
