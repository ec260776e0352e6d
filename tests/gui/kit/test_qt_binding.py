"""The Qt binding itself: PySide6 6.12.0 lost a reference to None at every call before Python 3.12."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtGui import QPainterPath


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal there")
def test_calls_that_return_nothing_keep_the_count_of_none() -> None:
    path = QPainterPath()
    before = sys.getrefcount(None)
    for _ in range(500):
        path.lineTo(1.0, 2.0)
    assert sys.getrefcount(None) > before - 250
