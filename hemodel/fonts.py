"""Fonts: how wide text is, which of this machine hold the characters of charts, and what none of them holds."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew and others."""
SCRIPTS = {
    "CJK": ("Chinese", "\u4e2d\u56fd\u836f", "Noto Sans CJK"),
    "HIRAGANA": ("Japanese", "\u3042\u6f22", "Noto Sans CJK"),
    "KATAKANA": ("Japanese", "\u30a2\u6f22", "Noto Sans CJK"),
    "HANGUL": ("Korean", "\ud55c\uae00", "Noto Sans CJK"),
    "THAI": ("Thai", "\u0e01\u0e44", "Noto Sans Thai"),
    "DEVANAGARI": ("Hindi", "\u0915\u0939", "Noto Sans Devanagari"),
    "BENGALI": ("Bengali", "\u0995", "Noto Sans Bengali"),
    "TAMIL": ("Tamil", "\u0b95", "Noto Sans Tamil"),
}
"""By the first word of a character's Unicode name: what it is called, samples, and a font that holds it."""
FIRST_FOREIGN, SIGNS = 0x0900, range(0x1E00, 0x2C00)
"""Characters before the first, and letters with accents and signs, are in the base font."""
_USELESS = ("lastresort", "last resort", "blank", "notdef")
_TASTE = ("sans", "gothic", "hei", "ui")
"""Fonts of which boxes are drawn; words in names of fonts that look like the base font."""

_LETTERS = {0.24: "ijl|'", 0.3: "ftI.,:;/! []", 0.34: "r()-", 0.5: "cksvxyzJ", 0.61: "FLTZ+<>=", 0.82: "mwMWGOQ%@"}
_WIDTHS = {letter: width for width, letters in _LETTERS.items() for letter in letters}


@lru_cache(maxsize=20_000)
def line_width(text: str) -> float:
    """Return about how wide a line of text is in Arial, in sizes of the font: for cells of Excel and Word."""
    return sum(_WIDTHS.get(letter, 0.68 if letter.isupper() else 0.56) for letter in text)


@cache
def families() -> tuple[str, ...]:
    """Return the base font and, for each script beyond it, the first font of this machine that holds its samples."""
    found = [BASE]
    for _, samples, preferred in SCRIPTS.values():
        fonts = sorted(_files(), key=lambda font: (not font[0].startswith(preferred), not _plain(font[0]), font))
        own = next((name for name, path in fonts if all(_holds(path, each) for each in samples)), None)
        found += [] if own is None or own in found else [own]
    return tuple(found)


def missing(texts: Iterable[str]) -> list[str]:
    """Return the characters of texts that no font of `families` holds, in order."""
    foreign = sorted({each for text in texts for each in text if ord(each) >= FIRST_FOREIGN and ord(each) not in SIGNS})
    if not foreign:
        return []
    used = [path for name, path in _files() if name in families()]
    return [each for each in foreign if not any(_holds(path, each) for path in used)]


def missing_words(texts: Iterable[str]) -> list[str]:
    """Say which characters of texts charts cannot show, and what to install; nothing where they show all."""
    without = missing(texts)
    if not without:
        return []
    scripts = dict.fromkeys(unicodedata.name(each, "").split(" ")[0] for each in without)
    known = [SCRIPTS[each] for each in scripts if each in SCRIPTS]
    names = list(dict.fromkeys(name for name, *_ in known)) or ["some signs"]
    fonts = list(dict.fromkeys(font for *_, font in known)) or ["one that holds them"]
    shown, text = " ".join(without[:3]), " and ".join(names)
    what = (
        f"Charts cannot show text in {text} (for example {shown}): no font of this machine has it,"
        " and boxes stand for it."
    )
    todo = f"Install {' and '.join(fonts)} and run again. Tables, pages and workbooks are not affected."
    return [f"{what} {todo}"]


@cache
def _files() -> tuple[tuple[str, str], ...]:
    """Return the upright fonts of ordinary weight, by name, with their files."""
    from matplotlib.font_manager import fontManager

    plain = {
        font.name: str(font.fname)
        for font in fontManager.ttflist
        if font.style == "normal" and str(font.weight) in {"400", "normal", "regular", "book"}
    }
    return tuple(sorted((n, path) for n, path in plain.items() if not any(word in n.lower() for word in _USELESS)))


def _plain(name: str) -> bool:
    return any(word in name.lower() for word in _TASTE)


@cache
def _holds(path: str, character: str) -> bool:
    from matplotlib.font_manager import get_font

    try:
        return bool(get_font(path).get_char_index(ord(character)))
    except (OSError, RuntimeError):
        return False
