"""Streaming Markdown: the same units however the text arrives, and no second look at what is finished."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.gui.chat.text.markdown import LONGEST_PARAGRAPH, MarkdownStream, parse
from helix_app.gui.chat.text.units import Unit
from tests.gui.fake import MARKDOWN

TRICKY = """# Title

Hello *world* <script>alert(1)</script>
| a | b |
|---|--:|
| 1 | 2 |

- one
- two

  still two
  ```py
  x = 1
  ```
- three
  1. n1
     - deep

3. x
1. y

> quote
> - in quote
lazy

~~~
open fence

~~~
---
Setext
===
para
#hash
1. list after a paragraph
"""


def stream(source: str, cuts: list[int]) -> MarkdownStream:
    """Feed a text in pieces."""
    made = MarkdownStream()
    for start, end in zip([0, *cuts], [*cuts, len(source)]):
        made.feed(source[start:end])
    return made


@pytest.mark.parametrize("source", [TRICKY, MARKDOWN], ids=["tricky", "prose"])
@pytest.mark.parametrize("seed", range(25))
def test_any_chunking_gives_the_units_of_one_parse(source: str, seed: int) -> None:
    rng = random.Random(seed)
    cuts = sorted(rng.sample(range(1, len(source)), rng.choice([1, 5, 40, 200])))
    assert stream(source, cuts).units == parse(source)


def test_one_character_at_a_time() -> None:
    assert stream(TRICKY, list(range(1, len(TRICKY)))).units == parse(TRICKY)


LINES = st.sampled_from(
    [
        "word one two",
        "- item",
        "* star",
        "1. first",
        "> quote",
        "# Head",
        "```",
        "~~~",
        "",
        "",
        "| a | b |",
        "|---|---|",
        "***",
        "**b",
        "===",
    ]
)
MATHS = st.sampled_from(
    [
        "$$",
        "\\[",
        "\\]",
        "so \\(a^2\\) and $b$",
        "$$x$$ then",
        "open \\( y",
        "price $5",
        "- [x] task $$",
        "  $$",
        "[^1]: note $z$",
        "said[^1]",
        "```math",
        "\\begin{align}",
        "\\end{align}",
        "| $a$ | $$ |",
        "> \\[",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES | MATHS, max_size=12), st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_random_documents_stream_like_one_parse(lines: list[str], steps: list[int]) -> None:
    source = "\n".join(lines)
    made, at, turn = MarkdownStream(), 0, 0
    while at < len(source):
        step = steps[turn % len(steps)]
        made.feed(source[at : at + step])
        at, turn = at + step, turn + 1
    assert made.units == parse(source)


def test_html_is_text() -> None:
    (unit,) = parse('<img src=x onerror=alert(1)> <b>bold</b> & "q"')
    assert "<img" not in unit.body
    assert "<b>" not in unit.body
    assert "&lt;img" in unit.body
    assert "&amp;" in unit.body


def test_images_become_words_and_dangerous_links_text() -> None:
    (unit,) = parse("![a cat](http://tracker/x.png) [x](javascript:alert(1)) [ok](https://example.org)")
    assert "<img" not in unit.body
    assert "tracker" not in unit.body
    assert "a cat" in unit.body
    assert unit.body.count("<a ") == 1


def test_list_items_keep_their_numbers_when_streamed() -> None:
    made = MarkdownStream()
    for number in range(30):
        made.feed(f"1. item {number}\n")
    assert [unit.marker for unit in made.units] == [f"{n}." for n in range(1, 31)]
    assert len(made.done) == 29


def test_finished_blocks_are_never_parsed_again() -> None:
    paragraph = "A paragraph of some words that goes on for a while.\n\n"
    made = MarkdownStream()
    costs = []
    for _ in range(400):
        before = made.parsed_chars
        made.feed(paragraph)
        costs.append(made.parsed_chars - before)
    assert max(costs[200:]) <= max(costs[:10])  # late text costs what early text costs
    assert len(made.done) == 399


def test_an_open_code_block_is_not_parsed_again() -> None:
    made = MarkdownStream()
    made.feed("```python\nfirst = 1\n")
    before = made.parsed_chars
    for number in range(500):
        made.feed(f"x{number} = {number}\n")
    assert made.parsed_chars == before
    made.feed("```\nafter")
    assert made.units[-1] == Unit("text", body="after")
    assert made.units[0].body.splitlines()[-1] == "x499 = 499"


def test_a_paragraph_without_end_is_laid_out_in_pieces() -> None:
    source = "word " * 10_000
    made = MarkdownStream()
    for start in range(0, len(source), 37):
        made.feed(source[start : start + 37])
    assert max(len(unit.body) for unit in made.units) <= LONGEST_PARAGRAPH
    assert [unit.body for unit in made.units] == [unit.body for unit in parse(source)]
    assert "".join(unit.body for unit in made.units).count("word") == 10_000


def test_empty_and_carriage_returns() -> None:
    made = MarkdownStream()
    made.feed("")
    made.feed("a\r")
    made.feed("\nb")
    assert made.units == parse("a\nb")


@pytest.mark.parametrize(("step", "rows", "parts"), [(1, 105, 3), (3, 170, 4), (13, 170, 4), (400, 170, 4)])
def test_a_long_table_goes_on_with_its_head(step: int, rows: int, parts: int) -> None:
    source = "before\n\n| a | b |\n|:--|--:|\n" + "".join(f"| {n} | x{n} |\n" for n in range(rows)) + "\nafter\n"
    made = MarkdownStream()
    costs = []
    for start in range(0, len(source), step):
        before = made.parsed_chars
        made.feed(source[start : start + step])
        costs.append(made.parsed_chars - before)
    assert made.units == parse(source)
    tables = [unit for unit in made.units if unit.kind == "table"]
    assert len(tables) == parts
    assert all("<th" in unit.body for unit in tables)
    assert [unit.tight for unit in tables] == [False] + [True] * (parts - 1)
    if step < 100:
        assert max(costs) < 8000


@pytest.mark.parametrize("begun", ["a\nb\n-", "a\n=", "3. a\n   -", "3. a\n   - "])
def test_a_line_in_the_making_makes_no_heading(begun: str) -> None:
    """What is above it would be large for a moment, and small again with the next letter."""
    assert all(not unit.kind.startswith("head") for unit in stream(begun, list(range(1, len(begun)))).units)


def test_a_line_of_dashes_that_ended_makes_one() -> None:
    assert stream("a\n---\n", [3]).units[0].kind.startswith("head")
