"""Sizes and shares for people: the one place that knows units. Sizes are decimal, as download pages state them."""

from __future__ import annotations

from helix_app.base.language import number


def size_text(value: int | float, *, exact: bool = False) -> str:
    """Bytes as ``640 kB``, ``98.4 MB``, ``145 MB`` or ``1.6 GB``; ``exact``: with a decimal always, for lists."""
    amount = float(value)
    for unit in ("bytes" if exact else "B", "kB", "MB", "GB"):
        if amount < (999.95 if exact else 999.5) or unit == "GB":
            break
        amount /= 1000
    if unit in ("B", "bytes"):
        return f"{amount:.0f} {unit}"
    whole = not exact and (unit == "kB" or amount >= 99.95)
    return number(f"{amount:.0f} {unit}" if whole else f"{amount:.1f} {unit}")


def percent_text(share: float, digits: int = 0, *, signed: bool = False) -> str:
    """A share of 1 as ``36 %``, with so many ``digits`` after the point, and its sign where it is ``signed``."""
    return number(f"{100 * share:{'+' if signed else ''}.{digits}f} %")
