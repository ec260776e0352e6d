"""A formula of LaTeX as a drawing, by ziamath. Knows no Qt, so that it may run on any thread."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from helix_app.gui.formulas import chemistry

EM = 24.0  # size of the text in a drawing
INK = "#010203"  # stands in a drawing for the colour of the text
DEEPEST = 40  # groups in each other

# What ziamath's parser does not know, in words that it does.
_REWRITTEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\\(?:label|vspace|hspace\*?)\s*\{[^{}]*\}", ""),
        (r"\\(?:nonumber|notag|displaystyle|textstyle|limits|nolimits|mathop|allowbreak|centering)(?![A-Za-z])", " "),
        (r"\\tag\s*\{([^{}]*)\}", r"\\qquad \\text{(\1)}"),
        (r"\\tag\*\s*\{([^{}]*)\}", r"\\qquad \\text{\1}"),
        (r"\\not\s*=", r"\\neq "),
        (r"\\not\s*\\in(?![A-Za-z])", r"\\notin "),
        (r"\\[dt]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:boldsymbol|bm)(?![A-Za-z])", r"\\mathbf"),
        (r"\\(?:textrm|textnormal|mbox|textsf|texttt|textup)(?![A-Za-z])", r"\\text"),
        (r"\\operatorname\*(?![A-Za-z])", r"\\operatorname"),
        (r"\\(implies|iff)(?![A-Za-z])", r"\\;\\\1\\;"),
        (r"\\begin\s*\{alignat\*?\}\s*\{\d+\}", r"\\begin{aligned}"),
        (r"\\(begin|end)\s*\{(?:align|alignat|flalign|eqnarray|split|equation|displaymath)\*?\}", r"\\\1{aligned}"),
        (r"\\(begin|end)\s*\{(?:gather|gathered|multline)\*?\}", r"\\\1{matrix}"),
    )
)
_INTEGRALS = "∫∬∭∮∯∰"
_SIGNS = ("+", "-", "−", "±", "∓")
_ENDS = (")", "]", "}", "⟩", "|", "‖", "!")  # operators that a number may end with: what follows is no sign of one
_UNKNOWN = re.compile(r"\\[A-Za-z]+")


class UnsupportedFormula(ValueError):
    """A formula that cannot be drawn as it is meant."""


@dataclass(frozen=True)
class Drawing:
    """A formula as SVG, in text of ``EM`` pixels.

    Attributes:
        svg: the picture; what has the colour of the text is of the colour ``INK``.
        width: pixels across.
        ascent, descent: pixels above and below the baseline of the text; their sum is the height.
    """

    svg: str
    width: float
    ascent: float
    descent: float


def typeset(latex: str, display: bool) -> Drawing:
    """Draw a formula.

    Raises:
        UnsupportedFormula: it has a word or a sign that is not known here.
        Exception: whatever the library raises for what it does not understand, or where it is missing.
    """
    from ziamath import Math, config
    from ziamath.tex import tex2mml

    config.svg2 = False  # each glyph a path where it stands: Qt knows no symbols
    _check_depth(latex)
    latex = chemistry.plain(latex)
    display = display or latex.lstrip().startswith("\\displaystyle")
    for pattern, new in _REWRITTEN:
        latex = pattern.sub(new, latex)
    root = ET.fromstring(tex2mml(latex, inline=not display))
    words = [element.text for element in root.iter() if element.text]
    _check_words(words)
    _polish(root, display)
    root.set("mathcolor", INK)
    made = Math(root, size=EM)
    missing = next((sign for sign in "".join(words) if _is_drawn(sign) and not made.font.glyphindex(sign)), None)
    if missing is not None:
        raise UnsupportedFormula(f"no glyph for {missing}")
    svg = made.svgxml()
    if len(svg) == 0:
        raise UnsupportedFormula("nothing to be seen")
    for element in svg.iter():  # some lines over a formula have no colour of their own
        if element.tag in ("path", "rect") and element.get("fill") in (None, "black"):
            element.set("fill", INK)
    _left, top, width, height = (float(part) for part in svg.attrib["viewBox"].split())
    return Drawing(ET.tostring(svg, encoding="unicode"), width, -top, top + height)


def _check_depth(latex: str) -> None:
    depth = deepest = 0
    for character in latex:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise UnsupportedFormula("its groups are too deep")


def _check_words(words: Iterable[str]) -> None:
    for text in words:
        word = _UNKNOWN.search(text)
        if word is not None:
            raise UnsupportedFormula(word.group())


def _is_drawn(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign) != "Cf"


def _polish(root: ET.Element, display: bool) -> None:
    """Small integrals in a line of text, a sign beside its number, and room between the rows of a table."""
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "mo" and not display and element.text and element.text in _INTEGRALS:
            element.set("largeop", "false")
            element.set("stretchy", "false")
        if tag == "mtable":
            if element.get("rowspacing") in (None, "3pt"):
                element.set("rowspacing", "0.45em")
            if element.get("columnspacing") is None:
                element.set("columnspacing", "0.8em")
        before = ""
        for number, child in enumerate(element):
            if child.text in ("±", "∓"):
                child.tag = child.tag.replace("mi", "mo")
            is_operator = child.tag.endswith("mo")
            if is_operator and child.text in _SIGNS and before and before not in _ENDS:
                child.set("form", "prefix")
            empty = number == 0 and len(child) == 0 and not child.text  # what a column of ``aligned`` begins with
            before = (child.text or "") if is_operator else "=" if empty else ""
