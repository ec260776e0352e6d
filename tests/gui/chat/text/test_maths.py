"""Formulas and footnotes in Markdown: what becomes one, what stays text, and that nothing is swallowed."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from helix_app.gui.chat.text.markdown import MarkdownStream, parse
from helix_app.gui.chat.text.units import Unit

LONG = 20_000


def shown(body: str) -> str:
    """A body with formulas as ⟨source⟩ and what is still being written as ⟪source⟫."""
    body = re.sub(r'<img src="formula:[di]:([^"]*)"/>', lambda found: f"⟨{unquote(found.group(1))}⟩", body)
    return re.sub(r'<span class="tex">(.*?)</span>', r"⟪\1⟫", body)


def units(source: str) -> list[tuple[str, str]]:
    return [(unit.kind, shown(unit.body)) for unit in parse(source)]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (r"so \(a^2\) is", r"so ⟨\(a^2\)⟩ is"),
        ("**$x$** and *$y_1$*", "<strong>⟨$x$⟩</strong> and <em>⟨$y_1$⟩</em>"),
        ("[$x$](https://example.org)", '<a href="https://example.org">⟨$x$⟩</a>'),
        ("`$x$` is $x$", "<code>$x$</code> is ⟨$x$⟩"),
        ("$a*b*c$", "⟨$a*b*c$⟩"),
        ("$5 and $10", "$5 and $10"),
        (r"\$5$ or \$6$", "$5$ or $6$"),
        (r"f \) or \] is", r"f \) or \] is"),
        (r"a \* b", "a * b"),
        ("<details>$x$</details>", "&lt;details&gt;⟨$x$⟩&lt;/details&gt;"),
        ("see [^1] and[^note]", "see <sup>1</sup> and<sup>note</sup>"),
        ("a set [^a-z]+ or [^x]", "a set [^a-z]+ or [^x]"),
    ],
)
def test_in_a_line(source: str, body: str) -> None:
    assert units(source) == [("text", body)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("$$x$$", [("math", "⟨$$x$$⟩")]),
        ("so\n\\[\na\n\\]\nand", [("text", "so"), ("math", "⟨\\[\na\n\\]⟩"), ("text", "and")]),
        ("so $$x$$, and", [("text", "so"), ("math", "⟨$$x$$⟩,"), ("text", "and")]),
        ("**so $$x$$ and**", [("text", "<strong>so</strong>"), ("math", "⟨$$x$$⟩"), ("text", "<strong>and</strong>")]),
        ("$$\na\n- b\n= c\n===\n# d\n$$", [("math", "⟨$$\na\n- b\n= c\n===\n# d\n$$⟩")]),
        ("$$a$$\n---\nb", [("math", "⟨$$a$$⟩"), ("rule", ""), ("text", "b")]),
        ("Title\n===\n$$a$$", [("heading", "Title"), ("math", "⟨$$a$$⟩")]),
        ("# On $$x$$", [("heading", "On ⟨$$x$$⟩")]),
        ("```math\nx\n```", [("math", "⟨$$\nx\n$$⟩")]),
        ("```math\nx", [("code", "x")]),
        ("```latex\n$x$\n```", [("code", "$x$")]),
        ("    $$x$$", [("code", "$$x$$")]),
        ("$$\na\n\nb\n$$ c", [("text", "$$<br/>a"), ("text", "b<br/>⟪$$ c⟫")]),
        ("\\begin{align}\na\n\\end{align}", [("math", "⟨\\begin{align}\na\n\\end{align}⟩")]),
        ("[^1]: One $x$.\n[^2]: Two.", [("note", "<sup>1</sup> One ⟨$x$⟩."), ("note", "<sup>2</sup> Two.")]),
    ],
)
def test_over_lines(source: str, found: list[tuple[str, str]]) -> None:
    assert units(source) == found


def test_in_lists_quotations_and_tables() -> None:
    items = "1. so\n   $$\n   a\n   - b\n   $$\n2. lazy\n\\[\nc\n\\]\n\n"
    made = parse(items + "> $$\n> d\n> $$\n\n| a | b |\n|--|--|\n| $x$ | $$y$$ |")
    found = [(unit.kind, shown(unit.body), unit.marker, unit.indent, unit.quote) for unit in made[:-1]]
    assert found == [
        ("text", "so", "1.", 1, 0),
        ("math", "⟨$$\na\n- b\n$$⟩", "", 1, 0),
        ("text", "lazy", "2.", 1, 0),
        ("math", "⟨\\[\nc\n\\]⟩", "", 1, 0),
        ("math", "⟨$$\nd\n$$⟩", "", 0, 1),
    ]
    assert '<td align="left">⟨$x$⟩</td><td align="left">⟨$$y$$⟩</td>' in shown(made[-1].body)


def test_a_formula_does_not_leave_its_list_item() -> None:
    assert units("- a $$x\n- b $$\n- c") == [("text", "a $$x"), ("text", "b $$"), ("text", "c")]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (r"so \[ a \\ b_1 *c*", r"so ⟪\[ a \\ b_1 *c*⟫"),
        ("so $$\na\n- b", "so ⟪$$<br/>a<br/>- b⟫"),
        (r"so $\frac{a}{b", r"so ⟪$\frac{a}{b⟫"),
        ("costs $5 and *more*", "costs $5 and <em>more</em>"),
    ],
)
def test_what_is_still_being_written_is_its_source(source: str, body: str) -> None:
    assert units(source) == [("text", body)]


@pytest.mark.parametrize("opener", ["$$", r"\[", r"\(", "$"])
def test_one_that_is_never_closed_swallows_nothing(opener: str) -> None:
    *_, bold, item = units(f"so {opener} a\n\n**bold**\n- item")
    assert (bold, item) == (("text", "<strong>bold</strong>"), ("text", "item"))
    assert parse(f"so {opener} a\n- item")[-1].marker == ("" if opener in ("$$", r"\[") else "•")  # it might go on
    assert parse(f"so {opener} a\n- item\n\nb")[-2].marker == "•"
    assert parse(f"so {opener} a\n\nb")[0] == Unit("text", body=f"so {opener} a")  # and keeps its backslash


@pytest.mark.parametrize("filling", ["word ", "a + b\n", "- b\n", r"\( "])
def test_one_that_is_never_closed_costs_no_more_than_text(filling: str) -> None:
    costs = []
    for length in (LONG // 2, LONG):
        source = "$$" + filling * (length // len(filling))
        made = MarkdownStream()
        for start in range(0, len(source), 400):
            made.feed(source[start : start + 400])
        costs.append(made.parsed_chars)
        assert made.units == parse(source)
    assert costs[1] < 2.6 * costs[0]  # not with the square of the length


def test_finished_formulas_are_not_parsed_again() -> None:
    made = MarkdownStream()
    costs = []
    for _ in range(100):
        before = made.parsed_chars
        made.feed("So $x$ is\n\n$$\n\\frac{a}{b}\n$$\n\n")
        costs.append(made.parsed_chars - before)
    assert max(costs[50:]) <= max(costs[:10])
    assert len(made.done) == 199
