"""What the cells of an input workbook accept, kind by kind."""

from __future__ import annotations

import pytest

from hemodel.inputs.cell_formats import Choices, RowNames, choices_in, names_in, validation
from hemodel.inputs.dictionary import Kind, kind_of, kinds, sheets


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.pattern)
def test_no_message_is_cut_short(kind: Kind) -> None:
    offered = Choices(RowNames(("a", "b"), ("os", "pfs"), ("infusion",)))
    for column in sheets()[kind.sheet].columns:
        options = validation(kind, column, offered)
        assert len(options["input_message"]) <= 255
        assert len(options["error_message"]) <= 255
        assert not options["input_message"].endswith("...")
        assert not options["error_message"].endswith("...")


def test_a_list_too_long_for_a_cell_is_taken_from_a_range() -> None:
    """20 names of 17 or 18 characters with commas are 369 characters; a cell's list holds 255."""
    offered = choices_in([{"id": f"strategy.strategy_number_{number}.name"} for number in range(20)])
    options = validation(kind_of("curve.{endpoint}.{strategy}.reference"), "value", offered)
    assert options["validate"] == "list"
    assert options["source"] == "=Lists!$A$2:$A$21"
    assert options["error_message"].startswith("Choose a name from the list. Reference strategy: ")


def test_the_longest_list_that_a_cell_holds_stays_in_the_cell() -> None:
    """Excel's limit is 255 characters with the commas: 127 + 1 + 127 fits, one more does not."""
    kind = kind_of("curve.{endpoint}.{strategy}.reference")
    for extra, source in (("", ["a" * 127, "b" * 127]), ("b", "=Lists!$A$2:$A$3")):
        offered = choices_in([{"id": f"strategy.{'a' * 127}.name"}, {"id": f"strategy.{'b' * 127}{extra}.name"}])
        assert validation(kind, "value", offered)["source"] == source


def test_names_come_from_the_rows_that_define_them() -> None:
    ids = ["strategy.b.name", "strategy.a.name", "strategy.b.role", "curve.os.a.family", "administration.infusion.cost"]
    ids += ["utility.progressed.c", "survival.pfs.a.median", "nothing.of.this.kind"]
    assert names_in([{"id": id_} for id_ in ids]) == RowNames(("b", "a"), ("os",), ("infusion",))


def test_a_value_of_zero_or_one_is_written_without_decimals() -> None:
    options = validation(kind_of("utility.progressed"), "value", Choices(RowNames((), (), ())))
    assert (options["minimum"], options["maximum"]) == (-1.1, 1)
    assert options["error_message"] == ("Enter a number from -1.1 to 1. Progressed: Utility while progressed.")
