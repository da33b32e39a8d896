"""What results.json says of a file of draws: its name, hash and design, how many draws it has, and of which inputs."""

from __future__ import annotations

import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import by_hand
from published import agree

from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.psa.given_file import read_draws

if TYPE_CHECKING:
    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.psa.given import GivenDraws, GivenFile
    from hemodel.model.evaluate import Model

SEED = 1
NAME = "of_another_tool.csv"
VALUES = {
    "utility.progressed": [0.4 + 0.01 * i for i in range(20)],
    "end_of_life.cost": [8000.0 + 350.0 * i for i in range(20)],
}
TEXT = "\n".join([",".join(VALUES), *(f"{one!r},{other!r}" for one, other in zip(*VALUES.values(), strict=True)), ""])


DESIGNS = {"design.csv": "sobol", NAME: "random"}
"""By file; that of the first stands in design.toml beside it."""


@cache
def made(name: str = NAME) -> tuple[Model, GivenDraws]:
    model = by_hand.model()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(TEXT.encode())
        if DESIGNS[name] != "random":
            Path(folder, "design.toml").write_text(f'sampling = "{DESIGNS[name]}"\n', encoding="utf-8")
        return model, read_draws(path, model, SEED)


@cache
def drawn() -> Psa:
    model, given = made()
    return probabilistic(model, given.file.draws, SEED, given=given)


def records() -> list[GivenFile]:
    return [made(name)[1].file for name in DESIGNS]


def compare(found: GivenFile) -> None:
    name = found.name if found.name in DESIGNS else NAME
    of_file = {"name": name, "sampling": DESIGNS[name]}
    expected = of_file | {"sha256": sha256(TEXT.encode()).hexdigest(), "draws": 20, "inputs": list(VALUES)}
    agree(found, expected, words=None)
