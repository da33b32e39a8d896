"""Linear algebra on one thread: small matrices are slower on several, and their rounding depends on how many."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Give a context in which the libraries of linear algebra use one thread; afterwards they use what they did."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit
