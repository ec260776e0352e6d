"""Units of a Markdown text: what the tokens of a block become."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from helix_app.gui.chat.text.units import DONE, TABLE_ROWS, TODO, Flattener, Span, Unit, closing, list_items, table_rows


def tokens(source: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").parse(source)


def units(source: str) -> list[Unit]:
    return Flattener().units(Span(0, tokens(source)))


def test_a_token_is_closed_where_its_depth_ends() -> None:
    made = tokens("> - one\n>   - two\n\nafter")
    assert [made[closing(made, index)].type for index in (0, 1)] == ["blockquote_close", "bullet_list_close"]
    end = closing(made, 0)
    assert made[end + 1].type == "paragraph_open"
    alone = tokens("---")
    assert closing(alone, 0) == 0  # it has no body


@pytest.mark.parametrize(
    ("source", "numbers"),
    [("- a\n- b", [None, None]), ("1. a\n1. b\n1. c", [1, 2, 3]), ("7. a\n2. b", [7, 8]), ("0. a", [0])],
)
def test_items_are_counted_from_the_first_number(source: str, numbers: list[int | None]) -> None:
    opener, *rest = tokens(source)
    assert [number for number, _ in list_items(opener, rest[:-1])] == numbers


def test_rows_of_a_table_know_their_lines_and_sides() -> None:
    rows = table_rows(tokens("| a | b |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |"))
    assert [line for line, _ in rows] == [0, 2, 3]
    assert rows[0][1].count("<th") == 2
    assert '<td align="left">1</td><td align="right">2</td>' in rows[1][1]


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_table_goes_on_in_another_one_with_the_same_head(more: int) -> None:
    source = "| a |\n|---|\n" + "".join(f"| {n} |\n" for n in range(TABLE_ROWS + more))
    parts = units(source)
    assert len(parts) == 1 + more
    assert all(part.body.count("<th") == 1 for part in parts)
    assert [part.tight for part in parts] == [False, True][: 1 + more]


def test_where_each_part_of_a_list_stands() -> None:
    found = units("- one\n\n  more\n  > said\n  - deep\n")
    assert [(unit.body, unit.marker, unit.indent, unit.quote, unit.tight) for unit in found] == [
        ("one", "•", 1, 0, False),
        ("more", "", 1, 0, True),
        ("said", "", 1, 1, True),
        ("deep", "•", 2, 0, True),
    ]
    assert found[2].quote_indent == 1


def test_an_item_that_begins_with_code_still_shows_its_mark() -> None:
    mark, code = units("1. ```py\n   x = 1\n   ```")
    assert (mark.kind, mark.marker, mark.body) == ("text", "1.", "")
    assert (code.kind, code.language, code.body) == ("code", "py", "x = 1")


def test_lists_in_lists_down_to_the_sixth() -> None:
    found = units("\n".join("  " * depth + f"- d{depth + 1}" for depth in range(6)) + "\n- back")
    assert [(unit.body, unit.indent) for unit in found] == [(f"d{depth}", depth) for depth in range(1, 7)] + [
        ("back", 1)
    ]
    found = units("\n".join("   " * depth + f"1. d{depth + 1}" for depth in range(6)))
    assert [(unit.body, unit.marker, unit.indent) for unit in found] == [(f"d{n}", "1.", n) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("- [ ] do", [(TODO, "do")]),
        ("* [x] done\n* [X] **too**", [(DONE, "done"), (DONE, "<strong>too</strong>")]),
        ("- [ ] a\n  - [x] b", [(TODO, "a"), (DONE, "b")]),
        ("3. [x] third", [("3.", f"{DONE} third")]),
        ("- [x](https://example.org)", [("•", '<a href="https://example.org">x</a>')]),
        ("- [ ]", [("•", "[ ]")]),
        ("- `[x]` a", [("•", "<code>[x]</code> a")]),
        ("[x] no item", [("", "[x] no item")]),
    ],
)
def test_tasks(source: str, found: list[tuple[str, str]]) -> None:
    assert [(unit.marker, unit.body) for unit in units(source)] == found


@pytest.mark.parametrize(
    ("source", "kind", "body", "language"),
    [
        ("```python title=x\ncode\n\n```", "code", "code\n", "python"),
        ("    indented", "code", "indented", ""),
        ("***", "rule", "", ""),
        ("## *Title*", "heading", "<em>Title</em>", ""),
        ("a  b `c<d` ![cat](x.png)", "text", "a &nbsp;b <code>c&lt;d</code> <i>[cat]</i>", ""),
    ],
)
def test_kinds_of_units(source: str, kind: str, body: str, language: str) -> None:
    (unit,) = units(source)
    assert (unit.kind, unit.body, unit.language) == (kind, body, language)
