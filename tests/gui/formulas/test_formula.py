"""Where formulas stand in a text, and where a dollar is only a dollar."""

from __future__ import annotations

import pytest

from helix_app.gui.formulas.formula import LONGEST, Formula, find, from_name, from_source, scan


def formulas(text: str) -> list[str]:
    """The closed formulas of a text, display ones marked."""
    return [
        ("D " if found.display else "") + text[found.start : found.end] for found in scan(text) if found.end is not None
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so \(a^2\) and \[b\] too", [r"\(a^2\)", r"D \[b\]"]),
        ("$x$, $y_1$ and $$z$$", ["$x$", "$y_1$", "D $$z$$"]),
        ("over\n$$\na\n- b\n$$ lines", ["D $$\na\n- b\n$$"]),
        (r"\begin{align*}a&=b\end{align*}", [r"D \begin{align*}a&=b\end{align*}"]),
        (r"$a\$b$", [r"$a\$b$"]),
        (r"\[a \\[2pt] b\]", [r"D \[a \\[2pt] b\]"]),
        (r"$$\text{if $x$}$$", [r"D $$\text{if $x$}$$"]),
        ("the $n$th of $x$s", ["$n$", "$x$"]),
        ("($x$)-($y$)", ["$x$", "$y$"]),
    ],
)
def test_formulas(text: str, found: list[str]) -> None:
    assert formulas(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "$5, $10 or $20",
        "from $5-$10 to $20/$30",
        "US$5 and A$6",
        "costs 5$ or 10$ more",
        "$ x $",
        "$x $",
        r"\$x$",
        r"\\(x\\)",
        "$HOME is not $PATH",
        "$one dollar bills and two dollar bills$",
        "`$x$` and ``\\(a`b\\)``",
        "$a `b$ c`",
        "$$$x$$$",
        "$$ $$",
        r"\(\)",
        r"\[ a \[ b",
        r"\begin{tabular}a\end{tabular}",
        "$" + "x" * (LONGEST + 1) + "$",
        "$$" + "x" * (LONGEST + 1) + "$$",
    ],
)
def test_what_is_none(text: str) -> None:
    assert formulas(text) == []


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("$$ a", True),
        (r"\[ a \\ b", True),
        (r"\( a", True),
        (r"$\frac{a", True),
        ("$5 and more", False),
        ("$x", False),
        ("$$" + "x" * (LONGEST + 9), False),
    ],
)
def test_one_that_is_still_being_written(text: str, opened: bool) -> None:
    found = find(text, 0)
    assert (found is not None and found.end is None and found.typed) == opened


def test_a_formula_is_found_within_bounds_only() -> None:
    for source in ("$x$", r"\(x\)"):
        found = find(source, 0, len(source) - 1)
        assert found is not None
        assert found.end is None
    assert find("$x$", 0, 0) is None


@pytest.mark.parametrize(
    ("source", "latex"),
    [
        (r"\( a \)", "a"),
        ("$a$", "a"),
        ("$$\na\n$$", "a"),
        (r"\[a\]", "a"),
        (r"\begin{align}a\end{align}", r"\begin{align}a\end{align}"),
    ],
)
@pytest.mark.parametrize("display", [True, False])
def test_a_formula_comes_back_from_its_name(source: str, latex: str, display: bool) -> None:
    formula = from_source(source, display)
    assert formula == Formula(latex, display, source)
    assert from_name(formula.name) == formula
    assert '"' not in formula.name
    assert from_name("https://example.org/x.png") is None
