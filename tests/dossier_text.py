"""What a dossier says, piece by piece, and whether each of its numbers is one of the run.

Used by the tests of `hemodel report`. A number is looked for where it belongs: those of a table in the part of
results.json that the table shows, those of the text anywhere in results.json and manifest.json, rounded as printed.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from hemodel.formats import display, rough

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.formats import Kind

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NUMBER = re.compile(r"(?<![\w.])[-−]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[-+−]?\d+)?%?")
NUMBERING = re.compile(r"\b(?:Tables?|Figures?|sections?) [0-9A-Z.]*\d", re.IGNORECASE)
KINDS: tuple[Kind, ...] = ("money", "years", "months", "share", "z", "number", "value")

EXEMPT = (
    # words of the method, the same in every run
    "CHEERS 2022",
    "95% interval",
    "95% of the draws",
    "95% Monte Carlo",
    "hold 95%",
    "2.5%",
    "97.5%",
    "(1 + r)",
    "365.25 days",
    "by 10% or more",
    "At most 20",
    "The 10 inputs",
    "more than 2%",
    "within 2%",
    "fewer than 1% alive",
    "30.4375",
    "objective + 2 x",
    "Gradient: 0 at an exact optimum",
    "1 is best",
    "add up to 1",
    "between 0 and 1",
    "above 1 means longer survival",
    "SHA-256",
    # words of the evidence pack's notes
    "below 0 or above 100%",
    "-2 log-likelihood",
    "2 for each",
)
"""Numbers that are no results: exactly these phrases."""

SCOPES = {
    "base_case": ("base_case", "incremental"),
    "fully_incremental": ("base_case", "frontier"),
    "net_benefit": ("incremental",),
    "disaggregated_costs": ("base_case/*/costs", "differences/*/costs"),
    "disaggregated_qalys": ("base_case/*/qalys", "differences/*/qalys"),
    "disaggregated_life_years": ("base_case/*/life_years", "differences/*/life_years"),
    "drug_use": ("base_case/*/drug_costs", "base_case/*/administrations"),
    "survival_fit": ("fit",),
    "modelled_survival": ("base_case/*/survival",),
    "curves": ("curves",),
    "coefficients": ("coefficients",),
    "fit_quality": ("fit_quality",),
    "external": ("external", "external_model_months"),
    "dsa": ("dsa", "one_way_ranges", "decision_threshold"),
    "dsa_curves": ("dsa_curves",),
    "dsa_statistics": ("dsa_statistics", "statistic_ranges", "decision_threshold"),
    "dsa_statistics_curves": ("dsa_statistics_curves",),
    "one_way_largest": ("dsa",),
    "psa_summary": ("psa",),
    "psa_net_benefit": ("psa", "thresholds"),
    "psa_quadrants": ("psa",),
    "psa_against_base": ("psa", "decision_threshold"),
    "psa_checks": ("psa",),
    "probability_cost_effective": ("psa", "thresholds"),
    "scenarios": ("scenarios", "incremental"),
    "scenarios_moving": ("scenarios",),
    "scenario_changes": ("scenarios",),
    "inputs": ("inputs",),
    "assumptions": ("inputs",),
    "key_assumptions": ("inputs",),
    "regimens": ("inputs",),
    "settings": ("inputs", "psa"),
    "ranking": ("ranking",),
    "beyond_follow_up": ("evidence",),
    "tests_of_effects": ("evidence",),
    "death_after_progression": ("evidence",),
    "checks": ("checks",),
    "stepped": ("steps",),
    "changes": ("changes",),
    "reference_case": ("payer",),
    "severity": ("payer",),
    "severity_net_benefit": ("payer",),
    "evlyg": ("payer",),
    "price_threshold": ("prices", "thresholds"),
    "frontier_price": ("prices",),
    "budget_population": ("budget",),
    "budget_uptake": ("budget",),
    "budget_impact": ("budget",),
    "budget_cost_per_patient": ("budget",),
    "budget_by_category": ("budget",),
    "budget_one_way": ("budget", "budget_ranges"),
    "sources": (),
    "cheers": (),
}
"""Where in results.json the numbers of each table are; a table that is not named here may hold any of them."""


@dataclass(frozen=True)
class Said:
    """One piece of text: the table it stands in (empty outside tables), and which column (-1 for headings)."""

    table: str
    column: int
    text: str


def of_word(path: Path) -> list[Said]:
    """Everything a Word file says."""
    with zipfile.ZipFile(path) as packed:
        body = ET.fromstring(packed.read("word/document.xml"))[0]  # noqa: S314 - written by the test
    found, name = [], ""
    for element in body:
        if element.tag == f"{W}p":
            marks = [mark.get(f"{W}name") or "" for mark in element.iter(f"{W}bookmarkStart")]
            name = next((mark.removeprefix("_Ref_t_") for mark in marks if mark.startswith("_Ref_t_")), "")
            found.append(Said("", 0, _text(element)))
        elif element.tag == f"{W}tbl":
            for row in element.iter(f"{W}tr"):
                heading = row.find(f"{W}trPr/{W}tblHeader") is not None
                for column, cell in enumerate(row.iter(f"{W}tc")):
                    found.append(Said(name, -1 if heading else column, _text(cell)))
    return found


def _text(element: Any) -> str:
    kinds = {f"{W}{name}" for name in ("t", "br", "tab")}
    parts = [(e.text or "") if e.tag == f"{W}t" else " " for e in element.iter() if e.tag in kinds]
    return _plain("".join(parts))


def _plain(text: str) -> str:
    return " ".join(text.replace("\N{ZERO WIDTH SPACE}", "").replace("\N{NO-BREAK SPACE}", " ").split())


class _Page(HTMLParser):
    """The texts of a page, cells by table."""

    CELLS = ("td", "th")
    BLOCKS = ("p", "li", "dd", "dt", "h1", "h2", "h3", "h4", "figcaption", "code")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Said] = []
        self._table, self._column, self._open, self._parts = "", 0, "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._table = dict(attrs).get("data-table") or self._table
        self._column = -1 if tag == "tr" else self._column + 1 if tag in self.CELLS else self._column
        if tag in (*self.CELLS, *self.BLOCKS):
            self._open, self._parts = tag, ""
        elif tag == "span":
            self._parts += " "

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            inside = tag in self.CELLS
            column = -1 if tag == "th" else self._column
            self.found.append(Said(self._table if inside else "", column, _plain(self._parts)))
            self._open = ""
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self._parts += data


def of_page(path: Path) -> list[Said]:
    """Everything a page says."""
    parser = _Page()
    text = path.read_text(encoding="utf-8")
    parser.feed(re.sub(r"<(style|title)>.*?</\1>", "", text, flags=re.DOTALL))
    return parser.found


class Record:
    """The numbers and the texts of a run, from results.json and manifest.json."""

    def __init__(self, results: dict[str, Any], manifest: dict[str, Any]) -> None:
        self._results, self._manifest = results | {"statistic_ranges": _ranges(results["dsa_statistics"])}, manifest
        self._printed: dict[tuple[str, ...] | None, set[str]] = {}
        texts = {_plain(text) for whole in (results, manifest) for text in _strings(whole)}
        texts |= {text.removeprefix("assumption:").strip() for text in texts}
        texts |= {text.removeprefix("What if ").removesuffix("?") for text in texts if text.startswith("What if ")}
        versions = {text for text in texts if re.fullmatch(r"\d+\.\d+\.\d+", text)}
        with_digits = versions | {text for text in texts if re.search(r"\d", text) and re.search(r"[^\W\d]", text)}
        self._known = sorted(with_digits, key=len, reverse=True)
        self._lower = {text.lower() for text in texts}

    def unknown(self, said: list[Said]) -> list[tuple[Said, str]]:
        """Return every number that is none of the run, with where it stands."""
        return [(each, number) for each in said for number in self._numbers(each) if not self._is_known(each, number)]

    def count(self, said: list[Said]) -> int:
        """Return how many numbers are looked for."""
        return sum(1 for each in said for _ in self._numbers(each))

    def _numbers(self, said: Said) -> Iterator[str]:
        text = said.text
        if said.table == "cheers" and said.column == 0:
            return
        if said.table and text.lower() in self._lower:
            return
        text = re.sub(r"^(Table|Figure) \d+\. ", "", text)
        for phrase in EXEMPT:
            text = re.sub(rf"(?<![\d.]){re.escape(phrase)}", " ", text)
        for known in self._known:
            if known in text:
                text = text.replace(known, " ")
        yield from NUMBER.findall(NUMBERING.sub(" ", text))

    def _is_known(self, said: Said, number: str) -> bool:
        scope = SCOPES.get(said.table) if said.table else None
        return number in self._printed_of(scope)

    def _printed_of(self, scope: tuple[str, ...] | None) -> set[str]:
        if scope not in self._printed:
            parts = (
                [self._results, self._manifest]
                if scope is None
                else [_at(self._results, path.split("/")) for path in scope]
            )
            self._printed[scope] = {text for value in _numbers(parts) for text in _as_printed(value)}
            if scope is None:
                self._printed[scope] |= _as_in_headline(self._results)
        return self._printed[scope]


def _ranges(bars: list[dict[str, Any]]) -> list[float]:
    """How far apart the net benefits at both ends of each bar are."""
    return [abs(bar["nmb_high"] - bar["nmb_low"]) for bar in bars]


def _at(found: Any, path: list[str]) -> Any:
    """What stands under a path; a star stands for every key or place."""
    if not path:
        return found
    if path[0] == "*":
        return [_at(inner, path[1:]) for inner in (found.values() if isinstance(found, dict) else found)]
    return _at(found.get(path[0]) or [], path[1:])


def _as_in_headline(results: dict[str, Any]) -> set[str]:
    """Every way in which the headline may print its numbers: in two to four digits, or what the draws allow."""
    found = results["headline"]
    error = (found["draws"] or {}).get("icer_mcse")
    values = [abs(value) for value in _numbers([found, results["frontier"]])]
    texts = {rough(value, digits) for value in values for digits in (2, 3, 4)}
    return texts | {rough(value, 4, error) for value in values} | {f"{value:.0%}" for value in values if value <= 1}


def _as_printed(value: float) -> Iterator[str]:
    """Every way in which the dossier may print a number."""
    for number in (value, abs(value)):
        for kind in KINDS:
            text = display(number, kind)
            yield text
            yield text.removesuffix("%")
        yield f"{display(100 * number, 'value')}%"
        if number == int(number):
            yield f"{int(number)}"
        else:
            yield f"{number:.15g}"


def _numbers(found: Any) -> Iterator[float]:
    if isinstance(found, dict):
        for key, inner in found.items():
            yield from _numbers(inner)
            if re.fullmatch(r"\d+(\.\d+)?", str(key)):
                yield float(key)
    elif isinstance(found, (list, tuple)):
        for inner in found:
            yield from _numbers(inner)
    elif isinstance(found, (int, float)) and not isinstance(found, bool):
        yield float(found)


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for key, inner in found.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(found, (list, tuple)):
        for inner in found:
            yield from _strings(inner)
    elif isinstance(found, str):
        yield found
