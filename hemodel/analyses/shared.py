"""What several runs of one workbook have in common, worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Progress = Callable[[str, int, int], None]

T = TypeVar("T")


class Shared:
    """Results kept by name for the runs of one command, which have the same workbook, changes and options.

    Runs for several payers differ in discount rates, thresholds and the trigger of the budget impact
    only; the name of what is kept holds whatever of these it depends on.
    """

    def __init__(self) -> None:
        """Begin with nothing kept."""
        self._kept: dict[Hashable, Any] = {}

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a name, after making it if there is nothing yet."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found


def staged(progress: Progress | None, part: str, make: Callable[[], T]) -> T:
    """Return what a part of a run makes, and tell when it begins, of no known number of steps, and when it ends."""
    if progress is not None:
        progress(part, 0, 0)
    made = make()
    if progress is not None:
        progress(part, 1, 1)
    return made
