"""The exception of the survival package, with the ids of what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import HemodelError

if TYPE_CHECKING:
    from collections.abc import Iterable


class SurvivalError(HemodelError):
    """A curve or a reported statistic that cannot be used.

    Parameters
    ----------
    message : str
        What is wrong and what would help.
    ids : iterable of str
        The statistics and curve settings concerned, for example
        ``curve.os.new_drug.family``, so that a caller can name their cells.
    parts : iterable of SurvivalError
        The separate problems, where several were found together. Empty for one.
    """

    def __init__(self, message: str, ids: Iterable[str] = (), parts: Iterable[SurvivalError] = ()) -> None:
        """Keep the message, the ids and the parts."""
        super().__init__(message)
        self.ids: tuple[str, ...] = tuple(ids)
        self.parts: tuple[SurvivalError, ...] = tuple(parts)


def raise_together(errors: Iterable[SurvivalError]) -> None:
    """Raise one `SurvivalError` that lists all of ``errors``; return if there are none."""
    found = tuple(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        ids = tuple(dict.fromkeys(name for error in found for name in error.ids))
        raise SurvivalError("\n".join(str(error) for error in found), ids, found)
