"""What is said of memory and pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.base.language import ENGLISH, Language, speak
from helix_app.base.message_texts import fit as words
from helix_app.doctor.pair_trial import KINDS
from helix_app.protocol.models.fit import Way
from helix_app.protocol.pairs import Verdict
from tests.gui.models.fit_views import FACTS, FIT, OTHER_WORDS, PROBE


@pytest.mark.parametrize(
    ("level", "part"),
    [
        ("fits", "It fits: it takes 5.6 GB"),
        ("tight", "little room"),
        ("short", "does not fit"),
        ("unknown", "not known"),
    ],
)
def test_each_level_has_its_sentence(level: str, part: str) -> None:
    assert part in words.level_text(replace(FIT, level=level))  # type: ignore[arg-type]


def test_rows_add_up_and_leave_out_what_is_not_there() -> None:
    rows = dict(words.fit_rows(FIT))
    assert rows["Together"] == "5.6 GB"
    assert rows["Keys and values"] == "940.0 MB (32,768 tokens)"
    assert "Weights of the draft" in rows
    alone = replace(FIT, need=replace(FIT.need, draft_weights=0, draft_cache=0), free=None)
    assert not {"Weights of the draft", "Keys and values of the draft", "Free"} & dict(words.fit_rows(alone)).keys()


def test_ways() -> None:
    texts = [words.way_text(way) for way in (*FIT.ways, Way("pool", "1024", 10**9))]
    assert texts == [
        "A context of 8,192 tokens: 3.4 GB",
        "Without the draft: 4.0 GB",
        "The file qwen2.5-1.5b-instruct-q4_k_m.gguf: 2.9 GB",
        "A pool of 1,024 tokens for all replies: 1.0 GB",
    ]


def test_a_pair_in_rows() -> None:
    assert "In common" not in dict(words.pair_rows(FACTS))
    other = replace(FACTS, verdict=OTHER_WORDS, shared=0.3, specials=(("bos_token", "<s>", "<bos>"),), template="none")
    rows = dict(words.pair_rows(other))
    assert rows["In common"].startswith("30 %")
    assert "draft reads" in dict(words.pair_rows(replace(other, template="other")))["Chat template"]
    assert rows["Begin of text"] == "<s> in the target, <bos> in the draft"
    assert rows["Draft"].endswith("45 % of the target")


def test_numbers_are_written_once_in_the_language() -> None:
    """German writes 49.152, and a noun with a capital begins no sentence."""
    speak(Language("de", lambda _context, text: text.replace("tokens in the target", "Tokens im Ziel"), comma=True))
    try:
        rows = dict(words.pair_rows(replace(FACTS, target_vocabulary=49_152, draft_vocabulary=49_152)))
    finally:
        speak(ENGLISH)
    assert rows["Vocabulary"] == "49.152 Tokens im Ziel, 49.152 in the draft"


def test_verdicts() -> None:
    assert "They can be a pair" in words.verdict_text(Verdict("x"))
    assert "as large as the target" in words.verdict_text(Verdict("x", heavy=True))
    assert "first at token 0 ('<pad>' in the draft" in words.verdict_text(OTHER_WORDS)
    sizes = Verdict("x", fields=(("draft_size", "9"), ("target_size", "8")), differs="draft_vocab_size")
    assert "9 tokens in the draft, 8 in the target. The draft is re-encoded" in words.verdict_text(sizes)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({}, "faster than the target alone"),
        ({"measured_low": 0.8, "measured_high": 0.9}, "slower"),
        ({"measured_low": 0.9, "measured_high": 1.1}, "no clear difference"),
        ({"measured_low": None, "measured_high": None}, "faster"),
        ({"by_text": True, "kept": True}, "draft auto takes it"),
        ({"by_text": True}, "faster than the target alone"),
        ({"by_text": True, "measured_low": 0.9, "measured_high": 1.1}, "does not pay"),
        ({"by_text": True, "measured_low": 0.8, "measured_high": 0.9}, "does not pay"),
    ],
)
def test_advice(values: dict[str, object], part: str) -> None:
    assert part in words.advice(replace(PROBE, **values))  # type: ignore[arg-type]


def test_a_trial_in_rows() -> None:
    assert dict(words.probe_rows(PROBE))["Measured speed"] == "1.19x (1.07–1.31x)"
    few = dict(words.probe_rows(replace(PROBE, measured_low=None)))
    assert "too few" in few["Measured speed"]
    assert "Right by its text" in dict(words.probe_rows(replace(PROBE, by_text=True, measured=None)))
    assert [name for name in dict(words.probe_rows(PROBE)) if name.startswith("  ")] == ["  Code", "  Chat", "  Story"]
    assert set(words.KINDS) == set(KINDS)


def test_what_is_said_of_a_head() -> None:
    head = replace(FACTS, verdict=replace(FACTS.verdict, head=True), draft_vocabulary=32_000, layers=(2, 15, 27))
    assert "drafts from its hidden states" in words.verdict_text(head.verdict)
    assert words.verdict_text(replace(head.verdict, heavy=True)) == words.heavy_text()
    rows = dict(words.pair_rows(head))
    assert rows["Vocabulary"] == "32,000 of the target's 49,152 tokens"
    assert rows["Hidden states"] == "before the target's layers 2, 15, 27"
    assert "Chat template" not in rows
    assert "draft auto" in words.advice(replace(PROBE, kept=True))
