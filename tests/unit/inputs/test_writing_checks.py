"""What the cells of an input workbook accept, kind by kind."""

from __future__ import annotations

import pytest

from hemodel.inputs.dictionary import Kind, kind_of, kinds, sheets
from hemodel.inputs.writing_checks import Names, names_in, validation


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.pattern)
def test_no_message_is_cut_short(kind: Kind) -> None:
    names = Names(("a", "b"), ("os", "pfs"), ("infusion",))
    for column in sheets()[kind.sheet].columns:
        options = validation(kind, column, names)
        assert len(options["input_message"]) <= 255
        assert len(options["error_message"]) <= 255
        assert not options["input_message"].endswith("...")
        assert not options["error_message"].endswith("...")


def test_a_list_too_long_for_a_cell_is_left_out_rather_than_cut() -> None:
    names = Names(tuple(f"strategy_number_{number}" for number in range(20)), (), ())
    options = validation(kind_of("curve.{endpoint}.{strategy}.reference"), "value", names)
    assert options["validate"] == "any"


def test_names_come_from_the_rows_that_define_them() -> None:
    ids = ["strategy.b.name", "strategy.a.name", "strategy.b.role", "curve.os.a.family", "administration.infusion.cost"]
    ids += ["utility.progressed.c", "survival.pfs.a.median", "nothing.of.this.kind"]
    assert names_in([{"id": id_} for id_ in ids]) == Names(("b", "a"), ("os",), ("infusion",))


def test_a_value_of_zero_or_one_is_written_without_decimals() -> None:
    options = validation(kind_of("utility.progressed"), "value", Names((), (), ()))
    assert (options["minimum"], options["maximum"]) == (-0.594, 1)
    assert options["error_message"] == ("Enter a number from -0.594 to 1. Progressed: Utility while progressed.")
