"""What a text of a dossier returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Look = Literal["body", "key", "bullets", "code"]


@dataclass(frozen=True)
class Lines:
    """Lines of one look, or pairs of label and text.

    Lines of the look body make one paragraph. `lead` is a paragraph before the others.
    """

    lines: Sequence[str] = ()
    look: Look = "body"
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
