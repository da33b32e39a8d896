"""How tests are shared out between processes: those of one file stay together, and so do all of the live model."""

from __future__ import annotations

import pytest

TOGETHER = "live"
"""The folder whose tests share the workbooks they write and recalculate."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = TOGETHER if item.path.parent.name == TOGETHER else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
