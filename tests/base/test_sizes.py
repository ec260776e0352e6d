"""Sizes and shares as people read them."""

from __future__ import annotations

import pytest

from helix_app.base.sizes import percent_text, size_text


@pytest.mark.parametrize(
    ("share", "digits", "signed", "text"),
    [
        (0.356, 0, False, "36 %"),
        (1.0, 1, False, "100.0 %"),
        (0.066, 1, True, "+6.6 %"),
        (-0.084, 1, True, "-8.4 %"),
    ],
)
def test_shares(share: float, digits: int, signed: bool, text: str) -> None:
    assert percent_text(share, digits, signed=signed) == text


def test_sizes() -> None:
    assert [size_text(n) for n in (640, 640_400, 98_400_000, 1_600_000_000)] == ["640 B", "640 kB", "98.4 MB", "1.6 GB"]
    assert size_text(5, exact=True) == "5 bytes"
