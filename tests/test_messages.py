"""Every sentence for people: whole, ending in one full stop, whatever its fields hold."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from helix_app import messages

TABLES = {
    "errors": (messages.ERRORS, messages.error_text),
    "notices": (messages.NOTICES, messages.notice_text),
    "findings": (messages.FINDINGS, messages.finding_text),
}
ALL = [(table, code) for table, (texts, _) in TABLES.items() for code in texts]
WRONG = re.compile(r"\.\s*\.|[.!?…] \.|\.\)[.,;]|\.[,;:]|\s[.,;:)](?:\s|$)|\(\s|\(\)|  |[!?]\.")
VALUES = ("the driver is old", "Update it.", "It ended. Start it again.", "Why?", "Stop!", " spaced. ", "")


def names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("table", "code"), ALL, ids=lambda text: text)
def test_one_full_stop_whatever_is_filled_in(table: str, code: str, value: str) -> None:
    texts, told = TABLES[table]
    sentence = told(code, dict.fromkeys(names(texts[code]), value))
    assert not WRONG.search(sentence), sentence
    assert sentence.rstrip("`")[-1] in ".?!", sentence


def test_what_a_field_says_is_kept() -> None:
    fields = {"device": "DirectML 1", "reason": "version 2.4.1 is not here. Install it again."}
    assert messages.notice_text("fallback_cpu", fields) == (
        "DirectML 1 could not be used (version 2.4.1 is not here. Install it again), so Helix runs on the CPU."
    )
    assert messages.error_text("bad_input", {"hint": "Use 1 or more"}) == "That cannot be used. Use 1 or more."
    assert messages.error_text("model_not_found", {"path": "/m/x.gguf"}).startswith("There is no model at /m/x.gguf. C")
    assert messages.finding_text("directml_crashed", {"reason": "It ended."}).startswith("It ended. Update the driver")


def test_a_missing_field_is_a_dash() -> None:
    assert "(–)" in messages.error_text("device_unavailable", {"device": "x"})


def test_every_sentence_ends_with_a_next_step() -> None:
    for code, text in messages.ERRORS.items():
        told = messages.error_text(code, dict.fromkeys(names(text), "It is so."))
        assert len(re.findall(r"[.?!](?:\s|$)", told)) >= 2, code
