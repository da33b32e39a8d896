"""Write the samples that hemodel and R's voi are compared on: python tests/reference/voi/samples.py.

Two made-up problems and draws of the shipped example, with a fixed seed, rounded to six digits.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.load import load
from hemodel.analyses.psa.draws import probabilistic, sample

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray

HERE = Path(__file__).parent
WORKBOOK = HERE.parents[2] / "inputs" / "imforte_us.xlsx"
SEED = 20_140_326
DRAWS = {"linear": 2000, "nonlinear": 2000, "example": 1000}

Columns = dict[str, "FloatArray"]


def linear(rng: np.random.Generator) -> Columns:
    """Two options: the increments are sums of independent normal inputs."""
    x = {name: rng.standard_normal(DRAWS["linear"]) for name in ("x1", "x2", "x3")}
    zero = np.zeros(DRAWS["linear"])
    effect = 0.5 + 0.3 * x["x1"] + 0.2 * x["x2"]
    cost = 11_000 + 3000 * x["x3"] + 1000 * x["x1"]
    return {**x, "effect.a": zero, "effect.b": effect, "cost.a": zero, "cost.b": cost}


def nonlinear(rng: np.random.Generator) -> Columns:
    """Three options: products of inputs and a logistic curve; chance of response, effect, utility, costs."""
    n = DRAWS["nonlinear"]
    response = rng.beta(12, 28, n)
    log_odds_ratio = rng.normal(0.5, 0.4, n)
    harm = rng.beta(4, 36, n)
    utility = rng.beta(18, 12, n)
    years = rng.gamma(16, 0.5, n)
    price = rng.gamma(25, 400, n)
    odds = response / (1 - response) * np.exp(log_odds_ratio)
    better = odds / (1 + odds)
    both = 1 / (1 + np.exp(-(np.log(odds) + 0.35 - 2.5 * harm)))
    columns = {
        "response": response,
        "log_odds_ratio": log_odds_ratio,
        "harm": harm,
        "utility": utility,
        "years": years,
        "price": price,
    }
    effects = {
        "effect.a": years * utility * response,
        "effect.b": years * utility * (better - 0.3 * harm),
        "effect.c": years * utility * (both - 0.8 * harm),
    }
    costs = {
        "cost.a": 4000 * (1 - response),
        "cost.b": price + 4000 * (1 - better) + 9000 * harm,
        "cost.c": 1.6 * price + 4000 * (1 - both) + 15_000 * harm,
    }
    return {**columns, **effects, **costs}


def example() -> Columns:
    """Draws of the shipped example; an input with several numbers, such as a curve, is several columns."""
    model = load(WORKBOOK)
    drawn = sample(probabilistic(model, DRAWS["example"], 1), model)
    columns: Columns = {}
    for id_, values in drawn.inputs.items():
        if values.ndim == 1:
            columns[id_] = values
        else:
            columns |= {f"{id_}.{j}": values[:, j] for j in range(values.shape[1])}
    for name, of in (("effect", drawn.effects), ("cost", drawn.costs)):
        columns |= {f"{name}.{strategy}": of[:, j] for j, strategy in enumerate(drawn.strategies)}
    return columns


def write(name: str, columns: Columns) -> None:
    """Write columns to a compressed CSV, the same bytes for the same columns."""
    rows = [",".join(columns), *(",".join(f"{v:.6g}" for v in row) for row in zip(*columns.values(), strict=True))]
    data = ("\n".join(rows) + "\n").encode()
    (HERE / f"{name}.csv.gz").write_bytes(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    numbers = np.random.default_rng(SEED)
    write("linear", linear(numbers))
    write("nonlinear", nonlinear(numbers))
    write("example", example())
