"""Numbers stored as text: the one way to read them, or why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemodel.inputs.cells import other_reading, read_number, trimmed, why_no_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("6833", 6833),
        ("6,833", 6833),
        ("6 833", 6833),
        ("6\u00a0833", 6833),
        ("6\u202f833.5", 6833.5),
        ("1'234", 1234),
        ("1\u2019234\u2019567", 1234567),
        ("-12,345,678.25", -12345678.25),
        ("\u22120.5", -0.5),
        ("+.5", 0.5),
        ("5.", 5),
        ("1.234", 1.234),
        ("1e-3", 0.001),
        (" 0.7\u00a0\u200b", 0.7),
    ],
)
def test_one_way_to_read_it(text: str, number: float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "why", "todo"),
    [
        ("1,5", "decimal sign is a point", "enter 1.5 as"),
        ("6,83", "decimal sign is a point", "enter 6.83 as"),
        ("0,833", "decimal sign is a point", "enter 0.833 as"),
        (",5", "decimal sign is a point", "enter 0.5 as"),
        ("1.234,56", "decimal sign is a point", "enter 1234.56 as"),
        ("1 234,5", "decimal sign is a point", "enter 1234.5 as"),
        ("-0,5", "decimal sign is a point", "enter -0.5 as"),
        ("1.234.567", "a number has one of it", "Enter 1234567 as"),
        ("12%", "percentage stored as text", "Enter 0.12 as"),
        ("3.5 %", "percentage stored as text", "Enter 0.035 as"),
        ("2026-02-01 00:00:00", "the cell holds a date", "enter it again"),
        ("1,23,456", "A number belongs here", "Enter a number"),
        ("6,833 500", "A number belongs here", "Enter a number"),
        ("6833 USD", "A number belongs here", "Enter a number"),
        ("$6,833", "A number belongs here", "Enter a number"),
        ("high", "A number belongs here", "Enter a number"),
        ("nan", "A number belongs here", "Enter a number"),
        ("1_000", "A number belongs here", "Enter a number"),
        ("", "A number belongs here", "Enter a number"),
        ("%", "A number belongs here", "Enter a number"),
    ],
)
def test_no_way_to_read_it_and_why(text: str, why: str, todo: str) -> None:
    assert read_number(text) is None
    found = why_no_number(text)
    assert why in found[0]
    assert todo in found[1]


@settings(derandomize=True, max_examples=200)
@given(st.integers(-(10**12), 10**12), st.sampled_from([",", " "]))
def test_whole_numbers_in_groups_are_read_back(number: int, separator: str) -> None:
    """Python's own format writes the groups."""
    assert read_number(f"{number:,}".replace(",", separator)) == number


@settings(derandomize=True, max_examples=200)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_read_back(number: float) -> None:
    assert read_number(repr(number)) == number


def test_what_only_looks_empty_is_trimmed() -> None:
    assert trimmed("\ufeff\u00a0 utility.progressed\u200b\t") == "utility.progressed"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("2.000", "2000 if the point parts thousands"),
        ("1.234", "1234 if the point parts thousands"),
        ("-12.345", "-12345 if the point parts thousands"),
        ("1,234", "1.234 if a decimal comma is meant"),
        (" 12,345 ", "12.345 if a decimal comma is meant"),
        ("0.123", ""),
        ("1.23", ""),
        ("1.2345", ""),
        ("1234.567", ""),
        ("1,234,567", ""),
        ("1,234.5", ""),
        ("1 234", ""),
        ("1234", ""),
    ],
)
def test_the_second_reading_of_one_sign_before_three_digits(text: str, other: str) -> None:
    assert other_reading(text) == other
