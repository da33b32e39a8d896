"""How report.html reads in a browser: what the first screen holds, how long it is, whether anything is cut off.

A copy of the page reports its own sizes, so that nothing stands between the page and what is measured.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import WORKBOOK, invoke, whole_run

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (1280, 768, 390)
SCREEN = 800
MOST_SCREENS = 10
MEASURE = """
addEventListener("load", () => {
  const bottom = (each) => each.getBoundingClientRect().bottom + scrollY;
  const top = (text) => [...document.querySelectorAll("main *")].filter((each) => !each.children.length)
    .filter((each) => each.textContent.includes(text)).map((each) => each.getBoundingClientRect().top)[0];
  const cut = [...document.querySelectorAll("main *, nav *, header *")].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width && !each.closest(".scroll, figcaption") && box.right > innerWidth + 1;
  });
  const found = {
    width: innerWidth, scroll: document.documentElement.scrollWidth, icer: top("ICER"),
    charts: [...document.querySelectorAll(".charts img")].map(bottom), height: document.body.scrollHeight,
    main: bottom(document.querySelector(".details")), cut: cut.map((each) => each.outerHTML.slice(0, 80)),
  };
  const open = document.getElementById("open-all");
  open.click();
  found.opened = document.querySelectorAll("details.fold[open]").length;
  found.folds = document.querySelectorAll("details.fold").length;
  found.scrollOpened = document.documentElement.scrollWidth;
  const field = document.querySelector("[data-table=inputs] input");
  const rows = [...document.querySelectorAll("[data-table=inputs] tbody tr:not(.band)")];
  field.value = "utility PROGRESSED";
  field.dispatchEvent(new Event("input"));
  found.shown = rows.filter((each) => !each.hidden).map((each) => each.textContent.toLowerCase());
  found.rows = rows.length;
  parent.postMessage(JSON.stringify(found), "*");
});
"""
HOST = """<pre id="found"></pre><script>
addEventListener("message", (event) => { document.getElementById("found").append(event.data + "\\n"); });
</script>"""


def browse(folder: Path, address: str, *options: str) -> str:
    """Open a page in Chromium and return its document when it has settled."""
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files"),
        *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000", *options, address),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (whole_run(tmp_path_factory) / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def measured(page: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    return sizes(page, tmp_path_factory.mktemp("page"))


def sizes(page: str, folder: Path) -> dict[int, Any]:
    """Sizes of a page by the width of its window. [CSS pixel]"""
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    (folder / "copy.html").write_text(f"{open_page}<script>{MEASURE}</script>", encoding="utf-8")
    frames = "".join(f'<iframe src="copy.html" width="{w}" height="{SCREEN}" frameborder="0"></iframe>' for w in WIDTHS)
    (folder / "host.html").write_text(HOST + frames, encoding="utf-8")
    text = browse(folder, (folder / "host.html").as_uri(), "--dump-dom")
    (found,) = re.findall(r'<pre id="found">(.*?)</pre>', text, re.DOTALL)
    each = [json.loads(line) for line in html.unescape(found).strip().splitlines()]
    return {one["width"]: one for one in each}


def test_the_first_screen_holds_the_answer(measured: dict[int, Any]) -> None:
    """The ratio stands above the middle, and three charts whole on the screen."""
    first = measured[1280]
    assert 0 < first["icer"] < 400
    assert len(first["charts"]) == 3
    assert max(first["charts"]) <= SCREEN


def test_the_main_part_is_ten_screens_at_most(measured: dict[int, Any]) -> None:
    assert measured[1280]["main"] <= MOST_SCREENS * SCREEN


@pytest.mark.every
def test_so_is_that_of_a_payer_with_severity_and_budget(tmp_path: Path) -> None:
    done = invoke("run", WORKBOOK.with_name("imforte_england.xlsx"), "--payer", "GB-ENG", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    found = sizes((tmp_path / "out" / "report.html").read_text(encoding="utf-8"), tmp_path)[1280]
    assert found["main"] <= MOST_SCREENS * SCREEN
    assert 0 < found["icer"] < 400
    assert found["cut"] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(measured: dict[int, Any], width: int) -> None:
    """Neither as the page opens nor with everything unfolded does it scroll sideways; wide tables do in their frame."""
    found = measured[width]
    assert found["cut"] == []
    assert found["scroll"] <= width
    assert found["scrollOpened"] <= width
    assert found["opened"] == found["folds"] > 10


def test_rows_are_found_by_words(measured: dict[int, Any]) -> None:
    found = measured[1280]
    assert 0 < len(found["shown"]) < found["rows"]
    assert all("utility" in row and "progressed" in row for row in found["shown"])


def test_it_prints_without_the_details(page: str, tmp_path: Path) -> None:
    """On A4; what is folded stays folded, and no page is empty."""
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    browse(
        tmp_path, (tmp_path / "report.html").as_uri(), f"--print-to-pdf={tmp_path}/page.pdf", "--no-pdf-header-footer"
    )
    command = ["pdftotext", "-layout", str(tmp_path / "page.pdf"), "-"]
    pages = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\f")[:-1]
    assert len(pages) <= 12
    assert all(len(text.split()) > len(["1", "/", "8"]) for text in pages), "more than its number"
    assert "Dictionary of the inputs" not in "".join(pages)
    assert "not cost-effective" in " ".join(pages[0].split())
