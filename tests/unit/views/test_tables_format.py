from __future__ import annotations

import math

import pytest

from hemodel.formats import ABSENT, Kind, Value, decimals, display, number_format


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1055313.5569, "icer", "1,055,314"),
        (-183359.94, "money", "−183,360"),
        (-0.4, "money", "0"),
        (0.20253749, "qaly", "0.203"),
        (-0.00004, "qaly", "0.000"),
        (1.2475, "years", "1.248"),
        (0.6215, "share", "62.2%"),
        (-0.0001, "share", "0.0%"),
        (10.686, "months", "10.7"),
        (-0.3131, "z", "−0.31"),
        (0.53161, "number", "0.5316"),
        (0.5, "number", "0.5"),
        (8285.2, "number", "8,285.2"),
        (1234.5678, "number", "1,234.57"),
        (3.2e-12, "number", "3.2e-12"),
        (-1e-5, "number", "−1.0e-05"),
        (0.0, "number", "0"),
        (1e22, "number", "10,000,000,000,000,000,000,000"),
        (16570.4, "value", "16,570.4"),
        (0.1 + 0.2, "value", "0.3"),
        (20250602, "value", "20250602"),
        (150000.0, "value", "150,000"),
        (1e-7, "value", "0.0000001"),
        (241, "count", "241"),
        ("dominant", "icer", "dominant"),
        (None, "icer", ABSENT),
        (math.nan, "money", ABSENT),
        (math.inf, "months", ABSENT),
    ],
)
def test_display(value: Value, kind: Kind, text: str) -> None:
    assert display(value, kind) == text


def test_currency_stands_before_money_and_sign_before_both() -> None:
    assert display(213740.56, "money", "USD") == "USD\N{NO-BREAK SPACE}213,741"
    assert display(-5.0, "money", "EUR") == "−EUR\N{NO-BREAK SPACE}5"
    assert display(0.5, "qaly", "EUR") == "0.500"
    assert display(None, "money", "EUR") == ABSENT


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1.0, "money", "#,##0"),
        (1.0, "qaly", "#,##0.000"),
        (0.5, "share", "0.0%"),
        (2026, "value", "0"),
        (1.25, "value", "#,##0.00"),
        (3e-12, "number", "0.0E+00"),
        (0.1236, "number", "#,##0.0000"),
    ],
)
def test_number_format_has_the_decimals_of_display(value: float, kind: Kind, expected: str) -> None:
    assert number_format(value, kind) == expected


@pytest.mark.parametrize("value", [0.1, 1.5, 12.34567, 99.995, 100.004, 123456.789, 0.00012])
@pytest.mark.parametrize("kind", ["number", "value", "money", "qaly"])
def test_decimals_are_those_displayed(value: float, kind: Kind) -> None:
    assert decimals(value, kind) == len(display(value, kind).partition(".")[2])
