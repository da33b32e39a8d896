"""What ids and choices of the inputs are printed as, and what abbreviations stand for.

A document for readers holds neither ids nor words of the workbook's drop-downs: every text of it goes through
`Printed`, which puts labels in their place.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from hemodel.inputs.dictionary import kinds
from hemodel.views.shared.words import ENDPOINTS, FAMILIES, RELATIONS, TIME_ON_TREATMENT, family_in_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.report import ReportResults
    from hemodel.inputs.dictionary import Kind
    from hemodel.views.shared.words import Names


CHOICES = {
    **{name: f"{words[:1].lower()}{words[1:]}" for name, words in RELATIONS.items()},
    **{name: family_in_text(name) for name in FAMILIES},
    "independent": "independent",
    "life_table": "mean of the two boundaries of a cycle",
    "per_cycle": "in every cycle",
    "cap_pfs": "progression-free survival is capped at overall survival",
    "lift_os": "overall survival is lifted to progression-free survival",
    "time_to_death": "time to death",
    "latin_hypercube": "Latin hypercube",
    "sobol": "Sobol",
    "with_treatment": "lasts with treatment",
    "excess_hazard": "excess hazard",
    "eq5d_3l": "EQ-5D-3L",
    "eq5d_5l": "EQ-5D-5L",
    "eq5d_5l_uk_2026": "EQ-5D-5L, UK 2026",
    "age_adjusted": "fall with age",
    "age_adjusted_capped": "fall with age, capped at the general population's",
    "time_to_event": "time to event",
    "moment_matching": "moment matching",
    "importance_sampling": "importance sampling",
    "dirichlet": "Dirichlet",
    "pfs": "PFS",
    "os": "OS",
}
"""Choices of the dictionary, and the like, in words; one of a single plain word, such as yes, is its own."""
ID = "Id"
"""Heading of a column of ids."""
_WORDS_TOO = {"exp", "gamma"}
"""Choices that are words, or parts of formulas, in a text; they are choices only where nothing else stands."""
_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_{}]+)+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_ELSEWHERE = re.compile(r"://|/|@|\.(?:xlsx|csv|toml|json|md|docx|html)\b")
"""What a word that leads to another place, such as an address or a file, holds."""
_COLUMNS = ("value", "low", "high", "se", "n", "distribution", "time", "use_in_fit", "weight", "value_set")
"""Columns that an id may end in."""


class Printed:
    """What the texts of a run are printed as: labels and names for ids, words for choices."""

    def __init__(self, results: ReportResults, names: Names) -> None:
        """Take the labels and names from the results."""
        drugs = {id_: names.drug(id_) for id_ in results.drug_names}
        on_drugs = {f"{TIME_ON_TREATMENT}{id_}": names.endpoint(f"{TIME_ON_TREATMENT}{id_}") for id_ in drugs}
        strategies = {id_: names.strategy(id_) for id_ in results.strategies}
        self._named = {**drugs, **on_drugs, **strategies}
        self._labels = {entry.id: self._names(entry.label) for entry in results.inputs}

    def __call__(self, text: str) -> str:
        """Return a text as it is printed: an id or a choice alone, or within a sentence."""
        alone = text.strip()
        if alone in self._labels:
            return self._labels[alone]
        if alone == ID:
            return "Input"
        if alone in CHOICES:
            words = ENDPOINTS.get(alone, CHOICES[alone])
            return words[:1].upper() + words[1:]
        return " ".join(word if _ELSEWHERE.search(word) else self._word(word) for word in text.split(" "))

    def _word(self, word: str) -> str:
        return self._names(_ID.sub(lambda hit: self._label(hit[0]), word))

    def _label(self, id_: str) -> str:
        """Return the label of the row, or of the kind of row, that an id is of; anything else as it is."""
        head, _, column = id_.rpartition(".")
        if id_ in self._labels:
            return f"“{self._labels[id_]}”"
        if head in self._labels and column in _COLUMNS:
            return f"“{self._labels[head]}” ({column.replace('_', ' ')})"
        return next((f"“{kind.label}”" for pattern, kind in _patterns() if pattern.fullmatch(id_)), id_)

    def _names(self, text: str) -> str:
        """Return a text with names for ids of strategies and drugs, and words for choices."""
        return _NAME.sub(lambda hit: self._name(hit[0]), text)

    def _name(self, word: str) -> str:
        if word in CHOICES and word not in _WORDS_TOO:
            return CHOICES[word]
        return self._named.get(word, word.replace("_", " ")) if "_" in word else word


@cache
def _patterns() -> list[tuple[re.Pattern[str], Kind]]:
    """Return every kind of row with what its ids look like, open names filled in or not."""
    return [(re.compile(re.sub(r"\\{\w+\\}", r"({?\\w+}?)", re.escape(kind.pattern))), kind) for kind in kinds()]


ABBREVIATIONS = {
    "AIC": "Akaike information criterion",
    "CI": "confidence interval",
    "EVPI": "expected value of perfect information",
    "EVPPI": "expected value of partial perfect information",
    "evLYG": "equal value of life-years gained",
    "ICER": "incremental cost-effectiveness ratio",
    "NHB": "net health benefit",
    "NMB": "net monetary benefit",
    "OS": "overall survival",
    "PFS": "progression-free survival",
    "QALY": "quality-adjusted life-year",
    "SE": "standard error",
}
_ABBREVIATED = re.compile(r"\b(" + "|".join(ABBREVIATIONS) + r")s?\b")


def abbreviations(texts: Iterable[str]) -> tuple[str, ...]:
    """Return a note that explains the abbreviations in some texts; none where there are none."""
    used = sorted({hit[1] for text in texts for hit in _ABBREVIATED.finditer(text)}, key=str.lower)
    told = "; ".join(f"{short}: {ABBREVIATIONS[short]}" for short in used)
    return (f"{told}.",) if told else ()
