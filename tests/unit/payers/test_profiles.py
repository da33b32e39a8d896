"""Profiles of payers: those shipped, the user's own, and every refusal in its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from hemodel.errors import InputError
from hemodel.payers.profile import FIELDS, LABELS, SeverityWeight, ThresholdBands
from hemodel.payers.reading import all_profiles, find_profile, find_profiles, read_profile, shipped
from hemodel.payers.words import words

RATES = {
    "AU": (0.05, 0.05),
    "BE": (0.03, 0.015),
    "BR": (0.05, 0.05),
    "CA": (0.015, 0.015),
    "CN": (0.05, 0.05),
    "DE": (0.03, 0.03),
    "DK": (0.035, 0.035),
    "ES": (0.03, 0.03),
    "FI": (0.03, 0.03),
    "FR": (0.025, 0.025),
    "GB-ENG": (0.035, 0.035),
    "GB-SCT": (0.035, 0.035),
    "IE": (0.04, 0.04),
    "IT": (0.03, 0.03),
    "JP": (0.02, 0.02),
    "KR": (0.045, 0.045),
    "NL": (0.03, 0.015),
    "NO": (0.04, 0.04),
    "NZ": (0.035, 0.035),
    "PL": (0.05, 0.035),
    "PT": (0.04, 0.04),
    "SE": (0.03, 0.03),
    "TW": (0.03, 0.03),
    "US-ICER": (0.03, 0.03),
}
"""Rates for costs and effects at the start, from the table of reference cases that the profiles were made from."""
RATES_CHECKED = {"GB-ENG", "NL", "SE", "NO", "CN", "JP", "KR", "BR"}
"""Whose rates were seen in a primary source, from the same table."""
STEPS = {"FR": [(30, 0.015)], "NO": [(40, 0.03), (75, 0.02)], "DK": [(35, 0.025), (70, 0.015)]}

SMALLEST = """
code = "XX"
jurisdiction = "Nowhere"
body = "Nobody"
table_set = "generic"
[currency]
value = "EUR"
source = "made up"
date = 2026
[discount_rate_costs]
value = 0.04
source = "made up"
date = 2026-04-01
[discount_rate_effects]
value = 0.02
source = "made up"
date = 2026
checked = true
"""


def field(name: str, value: str) -> str:
    return f'[{name}]\nvalue = {value}\nsource = "made up"\ndate = 2026\n'


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_profile(text, "mine.toml")
    return str(caught.value)


def test_every_jurisdiction_has_a_profile_with_its_rates() -> None:
    found = {code: one.profile for code, one in shipped().items()}

    assert {c: (p.discount_rate_costs.value, p.discount_rate_effects.value) for c, p in found.items()} == RATES
    assert {c for c, p in found.items() if p.discount_rate_costs.checked} == RATES_CHECKED
    assert {c for c, p in found.items() if p.discount_rate_effects.checked} == RATES_CHECKED
    for name in ("discount_steps_costs", "discount_steps_effects"):
        steps = {code: getattr(profile, name) for code, profile in found.items()}
        assert {c: [(s.year, s.rate) for s in item.value] for c, item in steps.items() if item is not None} == STEPS


def test_england() -> None:
    profile = shipped()["GB-ENG"].profile

    assert profile.thresholds is not None
    assert profile.thresholds.value.values == (25000, 35000)
    assert profile.modifier is not None
    weight = profile.modifier.value
    assert isinstance(weight, SeverityWeight)
    assert (weight.absolute, weight.proportional, weight.weights) == ((12, 18), (0.85, 0.95), (1, 1.2, 1.7))
    assert profile.shortfall_discounted is not None
    assert profile.shortfall_discounted.value
    assert profile.budget_trigger is not None
    assert (profile.budget_trigger.value.amount, profile.budget_trigger.value.years) == (20_000_000, 3)
    assert profile.unchecked == (
        "value_sets",
        "half_cycle_correction",
        "value_of_information",
        "budget_years",
        "budget_discounted",
    )


@pytest.mark.parametrize(
    ("code", "measure", "starts", "thresholds"),
    [
        ("NL", "proportional", (0.10, 0.41, 0.71), (20000, 50000, 80000)),
        ("NO", "absolute", (0, 4, 8, 12, 16, 20), (275000, 385000, 495000, 605000, 715000, 825000)),
    ],
)
def test_bands(code: str, measure: str, starts: tuple[float, ...], thresholds: tuple[float, ...]) -> None:
    modifier = shipped()[code].profile.modifier

    assert modifier is not None
    assert not modifier.checked
    assert isinstance(modifier.value, ThresholdBands)
    assert (modifier.value.measure, modifier.value.starts, modifier.value.thresholds) == (measure, starts, thresholds)


@pytest.mark.parametrize("code", sorted(RATES))
def test_every_field_can_be_said_and_an_unchecked_one_says_why(code: str) -> None:
    profile = shipped()[code].profile

    for name, item in profile.items():
        assert words(item.value, profile.currency.value, name), name
        assert item.source
        assert item.checked or item.note, name
    assert set(LABELS) == set(FIELDS)


def test_the_page_lists_what_is_not_checked() -> None:
    """Each row of the table of docs/payers.md, from the profiles."""
    page = (Path(__file__).parents[3] / "docs" / "payers.md").read_text(encoding="utf-8").splitlines()
    profiles = [found.profile for found in shipped().values()]
    rows = [
        f"| {p.code} | {p.jurisdiction}, {p.body} | {'; '.join(LABELS[name].lower() for name in p.unchecked)} |"
        for p in profiles
    ]

    assert page[-len(rows) :] == rows


def test_a_field_is_not_checked_unless_the_file_says_so() -> None:
    profile = read_profile(SMALLEST, "mine.toml")

    assert profile.unchecked == ("currency", "discount_rate_costs")
    assert str(profile.discount_rate_costs.date) == "2026-04-01"
    assert profile.thresholds is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALLEST + "[horison]", "mine.toml, horison: nothing reads horison. Did you mean horizon?"),
        (
            SMALLEST.replace("checked = true", "chekced = true"),
            "mine.toml, discount_rate_effects.chekced: nothing reads chekced. Did you mean checked?",
        ),
        (
            SMALLEST.replace('value = "EUR"\nsource = "made up"\n', 'value = "EUR"\n'),
            "mine.toml, currency.source: there is no source. Add it.",
        ),
        (SMALLEST.replace('body = "Nobody"\n', ""), "mine.toml, body: there is no body. Add it."),
        (
            SMALLEST.replace("0.04", "4"),
            (
                "mine.toml, discount_rate_costs.value: it is 4: input should be less than or equal to 1."
                " Was a percentage entered? 4% is 0.04."
            ),
        ),
        (
            SMALLEST.replace("2026-04-01", '"last year"'),
            (
                "mine.toml, discount_rate_costs.date: it is 'last year'."
                " It must be a year such as 2026, or a day such as 2026-04-01."
            ),
        ),
        (
            SMALLEST.replace("generic", "NIICE"),
            (
                "mine.toml, table_set: it is 'NIICE'. It must be one of: NICE, CDA-AMC, PBAC, ICER, generic."
                " Did you mean NICE?"
            ),
        ),
        (
            SMALLEST + field("probabilistic_analysis", '"requird"'),
            (
                "mine.toml, probabilistic_analysis.value: it is 'requird'. It must be one of: required, expected,"
                " recommended, not stated, not asked. Did you mean required?"
            ),
        ),
        (
            SMALLEST + field("thresholds", "{ values = [35000, 25000], decision = 25000 }"),
            "mine.toml, thresholds.value.values: the numbers must rise.",
        ),
        (
            SMALLEST + field("modifier", '{ kind = "wieght", words = "w" }'),
            (
                "mine.toml, modifier.value.kind: it is 'wieght'. It must be one of: none, qualitative, weight, bands,"
                " information. Did you mean weight?"
            ),
        ),
        (
            SMALLEST
            + field(
                "modifier",
                '{ kind = "weight", absolute = [12, 18], proportional = [0.85, 0.95], weights = [1, 1.2],'
                ' boundary = "higher", words = "w" }',
            ),
            "mine.toml, modifier.value: absolute has 2 limits, which part 3 weights; there are 2.",
        ),
        (
            SMALLEST
            + field(
                "modifier", '{ kind = "bands", measure = "absolute", starts = [0], thresholds = [1, 2], words = "w" }'
            ),
            "mine.toml, modifier.value: there are 1 starts and 2 thresholds; each band has one of each.",
        ),
        (
            SMALLEST
            + field(
                "modifier", '{ kind = "bands", measure = "absolute", starts = [0], thresholds = [1], words = "w" }'
            ),
            "mine.toml: the modifier rests on a shortfall; say under shortfall_discounted whether it is discounted.",
        ),
        ("code = ", "mine.toml: this is not valid TOML"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    assert refusal(text).startswith(said), refusal(text)


def test_all_problems_of_a_file_at_once() -> None:
    text = SMALLEST.replace("0.04", "4").replace('body = "Nobody"\n', "") + "[horison]"

    assert len(refusal(text).splitlines()) == 3


def test_the_users_own_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payers").mkdir()
    (tmp_path / "payers" / "XX.toml").write_text(SMALLEST)
    (tmp_path / "payers" / "FR.toml").write_text(SMALLEST.replace('code = "XX"', 'code = "FR"'))
    (tmp_path / "payers" / "notes.toml").write_text("no profile")
    (tmp_path / "mine.toml").write_text(SMALLEST)
    (tmp_path / "models").mkdir()
    beside = find_profile("xx", tmp_path / "models" / "model.xlsx")
    instead = find_profile("FR", tmp_path / "models" / "model.xlsx")

    assert (beside.profile.code, beside.file, beside.replaces, beside.shipped) == ("XX", "XX.toml", False, False)
    assert (instead.profile.jurisdiction, instead.file, instead.replaces) == ("Nowhere", "FR.toml", True)
    assert find_profile(str(tmp_path / "mine.toml")).profile.code == "XX"
    assert [one.profile.code for one in all_profiles()] == sorted([*RATES, "XX"])


def test_no_such_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payers").mkdir()
    (tmp_path / "payers" / "YY.toml").write_text(SMALLEST)
    with pytest.raises(InputError) as caught:
        find_profiles(["GB-ENH", "absent.toml", "YY"], tmp_path / "model.xlsx")

    assert str(caught.value).splitlines() == [
        "--payer GB-ENH: there is no payer GB-ENH. Did you mean GB-ENG?",
        "absent.toml: there is no such file. Check the path.",
        "YY.toml, code: code is XX, and the file is named YY. Make them the same.",
    ]
