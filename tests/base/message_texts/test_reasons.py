"""Reasons inside sentences: English wherever they are kept, and in the window's language where they are shown."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from helix_app.base import messages
from helix_app.base.errors import DeviceError, HelixError, ModelFileError
from helix_app.base.language import ENGLISH, Language, speak
from helix_app.base.message_texts.filling import sentence
from helix_app.base.message_texts.reasons import REASONS, Reason, fields_of, reason_in, reason_of
from helix_app.modelfiles.model_path import inspect
from helix_app.store.chats.reading import read

SOURCES = Path(messages.__file__).parents[1]


@pytest.fixture
def foreign() -> Iterator[None]:
    """A language that puts every text of its catalogue into brackets."""
    known = {*REASONS.values(), *messages.ERRORS.values(), *messages.NOTICES.values()}
    speak(Language("xx", lambda _context, text: f"[{text}]" if text in known else text, comma=True))
    yield
    speak(ENGLISH)


def test_a_reason_is_its_english_words_and_knows_more() -> None:
    made = reason_of("cuda_none", library="ROCm", other="not in the sentence")
    assert made == "PyTorch finds no ROCm device"
    assert made.fields == (("library", "ROCm"),)
    assert reason_of("device_lost", said="x").code == ""
    assert pickle.loads(pickle.dumps(made)).fields == made.fields


def test_it_is_english_also_where_it_is_made_in_another_language(foreign: None) -> None:
    assert reason_of("bytes_of", size="1,234", needed="2,000") == "1,234 of 2,000 bytes"


def test_errors_and_notices_say_it_in_the_language_in_effect(foreign: None) -> None:
    has = reason_of("bytes_of", size="1,234", needed="2,000")
    error = ModelFileError("model_corrupt", path="/m/x.gguf", reason=reason_of("file_cut", has=has))
    assert error.fields["reason"] == "it is cut off, with 1,234 of 2,000 bytes"
    said = messages.error_text(error.code, error.as_event().fields)
    assert "[it is cut off, with [1.234 of 2.000 bytes]]" in said
    notice = messages.notice_text("fallback_cpu", fields_of(device="X", reason=reason_of("device_lost")))
    assert "X could not be used ([it stopped working])" in notice
    assert messages.reason_text(error.fields) == "[it is cut off, with [1.234 of 2.000 bytes]]"


def test_a_whole_error_can_be_the_reason(foreign: None) -> None:
    why = DeviceError(device="cuda", reason=reason_of("cuda_silent", library="CUDA"), problem="raised")
    told = fields_of(draft="Small", reason=messages.error_reason(why.code, why.fields))
    assert "[The device cuda is not available here ([the CUDA driver does not answer])." in messages.notice_text(
        "draft_skipped", told
    )


def test_a_reason_is_handed_on() -> None:
    error = HelixError("device_unavailable", reason=reason_of("device_silent", problem="E_FAIL"), device="x")
    taken = reason_in(error.fields, "reason")
    assert isinstance(taken, Reason)
    assert (taken.code, dict(taken.fields)) == ("device_silent", {"problem": "E_FAIL"})
    again = HelixError(error.code, **error.fields)
    assert again.fields == error.fields
    assert reason_in({"reason": "an old one"}, "reason") == "an old one"


def test_what_no_table_knows_is_shown_as_it_came(foreign: None) -> None:
    fields = {"device": "X", "reason": "of a later version", "reason.code": "later", "reason.n": "3"}
    assert "X could not be used (of a later version)" in messages.notice_text("fallback_cpu", fields)


def test_every_reason_is_given_somewhere_and_no_other_one() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "reasons.py"]
    whole = "\n".join(texts)
    given = set(re.findall(r'reason_of\(\s*"(\w+)"', whole))
    assert given <= set(REASONS)
    made = {code for code in REASONS if code.startswith("directml_")}  # by the name of the problem
    assert {code for code in set(REASONS) - given - made if f'"{code}"' not in whole} == set()
    assert not set(REASONS) & set(messages.ERRORS)
    assert all(name.isidentifier() for text in REASONS.values() for _, name, _, _ in Formatter().parse(text) if name)


def test_a_file_that_is_cut_off_is_told_in_the_language(tmp_path: Path, foreign: None) -> None:
    file = tmp_path / "x.gguf"
    file.write_bytes(b"GGUF\x03\x00\x00\x00\x01")
    with pytest.raises(ModelFileError) as caught:
        inspect(file)
    assert "[it is cut off, with [9 bytes, which end inside its header]]" in messages.error_text(
        caught.value.code, caught.value.fields
    )


def test_the_place_of_what_is_wrong_in_a_file_is_told_in_the_language(tmp_path: Path, foreign: None) -> None:
    file = tmp_path / "chats.json"
    file.write_text('[{"messages": [{"role": "user", "content": 3}]}]', encoding="utf-8")
    with pytest.raises(HelixError) as caught:
        read(file)
    assert caught.value.fields["reason"] == "conversation 1: message 1 has no text"
    said = messages.error_text(caught.value.code, caught.value.fields)
    assert "[conversation 1: [message 1 [has no text]]]" in said


def test_a_count_can_be_a_reason(foreign: None) -> None:
    error = HelixError("prompt_too_long", tokens=reason_of("over", n="4,096"), limit="4,096")
    assert error.fields["tokens"] == "over 4,096"
    assert "The prompt has [over 4.096] tokens, but" in messages.error_text(error.code, error.fields)


def test_a_number_before_a_noun_with_a_capital_is_no_sentence() -> None:
    assert sentence("{n} Köpfe über {k}", {"n": "3", "k": "2"}) == "3 Köpfe über 2"
    assert sentence("{hint} Try again.", {"hint": "It is so"}) == "It is so. Try again."
