"""Sizes for people, everywhere alike: decimal units, three digits that matter."""

from __future__ import annotations


def size_text(value: int | float) -> str:
    """Bytes as ``640 kB``, ``98.4 MB``, ``145 MB`` or ``1.6 GB``."""
    amount = float(value)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit in ("B", "kB") or amount >= 99.95 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.0f} GB" if amount >= 99.95 else f"{amount:.1f} GB"
