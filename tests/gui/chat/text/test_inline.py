"""What stands in a line, as HTML, and where a paragraph is cut."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from helix_app.gui.chat.text.inline import Part, inline_html, parts, picture, source_html
from helix_app.gui.chat.text.maths import install


def inline(source: str) -> Token:
    plain = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough").disable("reference")
    return next(token for token in install(plain).parse(source) if token.type == "inline")


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a  b `c<d` ![cat](x.png)", "a &nbsp;b <code>c&lt;d</code> <i>[cat]</i>"),
        ("**a** ~~b~~\nc", "<strong>a</strong> <s>b</s><br/>c"),
        ('[a](https://example.org/?a=1&b="2")', '<a href="https://example.org/?a=1&amp;b=%222%22">a</a>'),
        ("so $x$", "so " + picture("$x$", display=False)),
        ("so $$x$$", "so " + picture("$$x$$", display=False)),
        ("a[^1]", "a<sup>1</sup>"),
    ],
)
def test_html(source: str, html: str) -> None:
    assert inline_html(inline(source)) == html


def test_the_source_of_a_formula_is_text() -> None:
    assert source_html("$a<b$\n c") == '<span class="tex">$a&lt;b$<br/> c</span>'


X = picture("$$x$$", display=True)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a\nb", [Part("text", "a<br/>b")]),
        ("$$x$$", [Part("math", X)]),
        ("a\n$$x$$\nb", [Part("text", "a"), Part("math", X), Part("text", "b")]),
        ("$$x$$. b", [Part("math", X + "."), Part("text", "b")]),
        ("$$x$$ $$x$$", [Part("math", X), Part("math", X)]),
        ("$$x$$.5", [Part("math", X), Part("text", ".5")]),
        ("*a $$x$$ b*", [Part("text", "<em>a</em>"), Part("math", X), Part("text", "<em>b</em>")]),
        ("**$$x$$**", [Part("math", X)]),
        ("a\n[^1]: b\nc", [Part("text", "a"), Part("note", "<sup>1</sup> b<br/>c")]),
        ("[^1]: $$x$$", [Part("note", "<sup>1</sup>"), Part("math", X)]),
    ],
)
def test_parts_of_a_paragraph(source: str, found: list[Part]) -> None:
    assert parts(inline(source)) == found
