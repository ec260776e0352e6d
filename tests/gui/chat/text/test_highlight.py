"""Colours of code that grows."""

from __future__ import annotations

import pytest

from helix_app.gui.chat.text.highlight import LineColours

CODE = '''import os

def f(x: int) -> str:
    """Doc
    string."""
    return "a" + str(x)  # done

class A(Exception):
    pass

'''


@pytest.mark.parametrize("step", [1, 7, 50])
def test_growing_code_ends_with_the_colours_of_the_whole(step: int) -> None:
    code = CODE * 3
    growing, whole = LineColours("python"), LineColours("python")
    for end in range(0, len(code) + step, step):
        growing.update(code[:end])
    whole.update(code)
    assert growing.lines == whole.lines
    assert any(name == "keyword" for runs in whole.lines for _s, _n, name in runs)


def test_cost_does_not_grow_with_the_code() -> None:
    colours = LineColours("python")
    code = ""
    costs = []
    for _ in range(100):
        code += CODE
        before = colours.lexed_chars
        colours.update(code)
        costs.append(colours.lexed_chars - before)
    assert max(costs) < 10_000
    assert len(colours.lines) == code.count("\n") + 1


def test_unknown_language_is_plain_text() -> None:
    colours = LineColours("no such language")
    colours.update("x = 1\ny")
    assert colours.lines == [[], []]
