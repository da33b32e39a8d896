"""Studies from a TOML file: what is read, and every problem word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from studies_support import quantiles, two_options

from hemodel.analyses.research import Asked, research_of_file
from hemodel.errors import InputError
from hemodel.voi.net_benefit import Population
from hemodel.voi.reading import read_studies

if TYPE_CHECKING:
    from pathlib import Path

SHAPE, SCALE = quantiles(stats.gamma(50, scale=1 / 50), 1, 400), quantiles(stats.gamma(20, scale=1), 2, 400)
P = quantiles(stats.beta(5, 5), 3, 400)
SAMPLE = two_options({"shape": SHAPE, "scale": SCALE, "p": P, "zero": 0 * P + np.arange(400) % 2 - 1.0}, SCALE / 10 - 2)
TOP = "patients_per_year = 500\nhorizon = 8\ndiscount_rate = 0.03\n"
COSTS = "fixed_cost = 1000\ncost_per_patient = 10\nreports_after = 2\n"
BINARY = f'[studies.one]\nkind = "binary"\ninforms = ["p"]\nsizes = [10, 20]\nmethod = "regression"\n{COSTS}'
EVENTS = f"""[studies.two]
label = "Second trial"
kind = "time_to_event"
family = "weibull"
parameters = [["shape", "scale"]]
follow_up = 24
follow_up_from = 6
dropout = 0.1
sizes = [50]
method = "moment_matching"
recruited_share = 0.2
{COSTS}"""


def write(folder: Path, text: str) -> Path:
    path = folder / "studies.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_studies(tmp_path: Path) -> None:
    found = read_studies(write(tmp_path, TOP + BINARY + EVENTS), SAMPLE)

    assert found.population == Population(500, 8, ((0.0, 0.03),))
    one, two = found.studies
    assert (one.id, one.label, one.informs, one.sizes, one.recruited_share) == ("one", "one", ("p",), (10, 20), None)
    assert (two.label, two.informs, two.reports_after, two.recruited_share) == (
        "Second trial",
        ("shape", "scale"),
        2,
        0.2,
    )
    assert two.follow_up is not None
    assert (two.follow_up.months[0], two.follow_up.months[-1], two.follow_up.yearly_dropout) == (6, 24, 0.1)
    assert two.follow_up.survival[:, 0, -1] == pytest.approx(np.exp(-((24 / SCALE) ** SHAPE)))


def test_what_they_are_worth(tmp_path: Path) -> None:
    found = research_of_file(write(tmp_path, TOP + BINARY + EVENTS), SAMPLE, Asked((3000.0, 1000.0), "", "", 1))

    one, two = found.studies
    assert found.decision_threshold == 3000
    assert [at.threshold for at in one.at] == [1000, 3000]
    assert np.max(one.curve.evsi) < 0.1 * np.max(two.curve.evsi)
    assert two.reports == pytest.approx([2 + 50 / (0.2 * 500)])


NOTHING = """
: patients_per_year is missing. Add it.
: horizon is missing. Add it.
: discount_rate is missing. Add it.
: there is no study. Write patients_per_year = ..., horizon = ..., discount_rate = ..., and
    [studies.name] for each study.
"""
BOUNDS = """
: patients_per_year is 0. It must be above 0.
: discount_rate is 3. It must be a share, at most 1. Write 5% as 0.05.
, [studies.one]: fixed_cost is -1. It must be 0 or more.
, [studies.one]: cost_per_patient is '10'. It must be a number.
"""
WORDS = """
: 'years' is unknown.
, [studies.one]: 'hroizon' is unknown.
, [studies.one]: kind is 'yesno'. It must be one of: binary, continuous, time_to_event.
, [studies.one]: method is 'guess'. It must be one of: regression, moment_matching, importance_sampling.
"""
PROBABILITY = """
, [studies.one]: study one: scale lies between LOW and HIGH over the draws, and a binary study needs a
    probability.
"""
SIZES = """
, [studies.one]: sizes is [20, 10]. It must be whole numbers of patients per arm that increase. Write for
    example [50, 100, 200].
"""
SCALE_BELOW = """
, [studies.two]: some draws of the parameters give no survival curve. Parameters are on the natural scale of
    flexsurv, for example a positive scale.
"""
UNKNOWN_INPUT = ", [studies.one]: there is no input 'scal'. Did you mean scale?"
OTHER_KIND = ", [studies.one]: sd has a value, but the study is binary. Nothing reads it."
NO_FOLLOW_UP = ", [studies.two]: follow_up is 0. It must be above 0."
ENDS_BEFORE = ", [studies.two]: follow_up is 5 months, and follow-up begins at 6. No event would be seen."
TOO_FEW = ", [studies.two]: parameters names scale. weibull has the parameters shape, scale in this order."
ARMS = ", [studies.two]: arms is ['a', 'b']. There are 1 arms in parameters. Name each of them."
BAD_WORDS = BINARY.replace("binary", "yesno").replace("regression", "guess") + "hroizon = 3\n"
CASES = {
    "nothing": ("", NOTHING),
    "bounds": (
        TOP.replace("500", "0").replace("0.03", "3") + BINARY.replace("1000", "-1").replace("= 10\n", '= "10"\n'),
        BOUNDS,
    ),
    "words": (f"{TOP}years = 3\n{BAD_WORDS}", WORDS),
    "an input that is not there": (TOP + BINARY.replace('"p"', '"scal"'), UNKNOWN_INPUT),
    "no probability": (TOP + BINARY.replace('"p"', '"scale"'), PROBABILITY),
    "sizes that fall": (TOP + BINARY.replace("[10, 20]", "[20, 10]"), SIZES),
    "rows of another kind": (TOP + BINARY + "sd = 1\n", OTHER_KIND),
    "no follow-up": (TOP + EVENTS.replace("= 24", "= 0"), NO_FOLLOW_UP),
    "a follow-up that ends before it begins": (TOP + EVENTS.replace("= 24", "= 5"), ENDS_BEFORE),
    "a parameter too few": (TOP + EVENTS.replace('"shape", ', ""), TOO_FEW),
    "a scale below 0": (TOP + EVENTS.replace('"shape", "scale"', '"shape", "zero"'), SCALE_BELOW),
    "names of too few arms": (TOP + EVENTS + 'arms = ["a", "b"]\n', ARMS),
}


@pytest.mark.parametrize("case", CASES)
def test_problems(case: str, tmp_path: Path) -> None:
    text, wanted = CASES[case]
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_studies(path, SAMPLE)
    low, high = (f"{value:g}" for value in (SCALE.min(), SCALE.max()))
    found = [str(problem).removeprefix(str(path)) for problem in caught.value.problems]
    each = wanted.strip().replace("\n    ", " ").replace("LOW", low).replace("HIGH", high).split("\n")
    assert found == each


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_studies(tmp_path / "none.toml", SAMPLE)
    assert str(caught.value) == f"{tmp_path / 'none.toml'}: there is no such file. Check the path."


def test_no_toml(tmp_path: Path) -> None:
    path = write(tmp_path, "patients per year: 5")
    with pytest.raises(InputError) as caught:
        read_studies(path, SAMPLE)
    assert str(caught.value).startswith(f"{path}: this is not valid TOML: ")
