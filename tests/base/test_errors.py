"""Expected failures: their codes, the fields of their sentences, and what the command line exits with."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from helix_app.base import errors, messages
from helix_app.base.errors import HelixError, InputError, ModelFileError
from helix_app.protocol.events import Failed

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HelixError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence_where_no_code_is_given(kind: type[HelixError]) -> None:
    assert kind().code in messages.ERRORS
    assert kind("out_of_memory").code == "out_of_memory"
    assert HelixError.code == "internal"  # a code of one error is not that of its kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_person_gave_exits_with_2_and_all_else_with_1(kind: type[HelixError]) -> None:
    persons = {"InputError", "ModelFileError", "DraftMismatchError", "RunFileError"}
    assert kind().exit_code == (2 if kind.__name__ in persons else 1)


def test_fields_are_texts_whatever_they_were() -> None:
    error = ModelFileError("model_not_found", path=Path("a/b"), size=3, reason=OSError(2, "gone"))
    assert error.fields == {"path": str(Path("a/b")), "size": "3", "reason": "[Errno 2] gone"}
    assert error.detail == ""
    assert "model_not_found" in str(error)


def test_as_an_event_it_says_the_same() -> None:
    error = InputError("option_invalid", detail="technical words", option="k", value=7)
    assert error.as_event("r1") == Failed("option_invalid", "technical words", (("option", "k"), ("value", "7")), "r1")
    assert pickle.loads(pickle.dumps(error.as_event())) == error.as_event()


def test_a_field_may_be_called_anything_but_the_detail() -> None:
    assert HelixError("internal", name="x", self_="y").fields == {"name": "x", "self_": "y"}
