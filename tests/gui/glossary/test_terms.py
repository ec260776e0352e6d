"""The glossary as a whole: every word once, each with a sentence and a page."""

from __future__ import annotations

import re

import pytest

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import tooltip


def test_every_term_has_one_sentence_and_a_page_and_leads_to_terms_that_exist() -> None:
    every = terms.every()
    assert len({term.key for term in every}) == len({term.name for term in every}) == len(every) > 30
    for term in every:
        assert term.tip.endswith((".", "!")), term.key
        assert not re.search(r"[.!?] [A-Z]", term.tip), f"{term.key}: more than one sentence"
        assert len(term.tip) <= 110, term.key
        assert len(term.text) > 60, term.key
        assert all(terms.find(key) is not None for key in term.see), term.key


@pytest.mark.parametrize(
    "word", ["acceptance", "k", "kv_cache", "ttft", "draft", "target", "plain", "speculative", "dtype"]
)
def test_what_people_asked_about_is_explained(word: str) -> None:
    assert terms.term(word).tip


def test_lines_of_a_tooltip_stay_lines() -> None:
    tip = tooltip(terms.term("k"), "Prompt: 5\nReply: <3")
    assert tip.startswith("<qt>Prompt: 5<br>Reply: &lt;3<br>")
