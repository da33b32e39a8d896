"""Every amount of the live model, recalculated by LibreOffice, against the engine run on the same inputs.

The engine is the outside check: it shares no arithmetic with the formulas. For an edited live model it is run on the
edited file itself, so that the edit has to reach formulas and reader alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from live.chosen import DRAWN, EDITED, SCENARIO_NAMES, WRITTEN, marked
from live.engine import differing
from live.results import amounts, shown

if TYPE_CHECKING:
    from live.batch import Cases

RELATIVE = 1e-9
LEAST = {"life_years": 1e-3, "qalys": 1e-3, "costs": 1.0}
"""Smaller amounts are compared to 1e-12 years or 1e-9 of the currency: differences of numbers near 1 have no more."""
WELL = "All checks pass."
FOLLOWS = "All checks pass. Inputs were edited: the engine's values no longer apply."


@pytest.mark.parametrize("name", marked([*WRITTEN, *SCENARIO_NAMES, *DRAWN]))
def test_the_model_is_the_engine(live: Cases, name: str) -> None:
    """Life-years, QALYs and costs by component and in total, undiscounted and discounted; and the engine beside them.

    A draw is looked at as the base case is: its inputs and the engine's results are stored in the file.
    """
    case = live[name]
    lines = shown(case.book, case.strategies, case.bands)
    assert differing(amounts(lines), case.engine, RELATIVE, LEAST) == []
    assert case.book.errors() == []
    for key, line in lines.items():
        assert line.engine == pytest.approx(case.engine[key][1], rel=1e-13, abs=1e-13)
        assert line.comparison == "equal", key
    assert case.book.cell("Model results", "A5") == WELL


@pytest.mark.parametrize("name", marked(EDITED))
def test_the_model_follows_edits(live: Cases, name: str) -> None:
    """The same of an edited file, where the engine's stored results are still those before.

    That is said where they differ, and fails no check: the checks that do are of what formulas cannot follow.
    """
    case, before = live[name], live[live[name].of]
    lines = shown(case.book, case.strategies, case.bands)
    assert differing(amounts(lines), case.engine, RELATIVE, LEAST) == []
    assert case.book.errors() == []
    assert differing(case.engine, before.engine, 1e-6, LEAST) != []  # an edit that changes nothing would prove nothing
    for key, line in lines.items():
        assert line.engine == pytest.approx(before.engine[key][1], rel=1e-13, abs=1e-13)
        close = abs(line.discounted - line.engine) <= RELATIVE * max(abs(line.engine), LEAST[key[0]])
        assert line.comparison == ("equal" if close else "edited: engine value no longer applies"), key
    assert case.book.cell("Model results", "A5") == FOLLOWS
