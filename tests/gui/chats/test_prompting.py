"""What a conversation changes of prompt and sampling: only what is valid counts, and files of presets."""

from __future__ import annotations

import json

import pytest

from helix_app.base.settings import Settings
from helix_app.gui.chats.prompting import (
    LONGEST_SCHEMA,
    Prompting,
    form_of,
    from_text,
    presets_from_text,
    presets_to_text,
    stops_of,
    to_text,
)
from helix_app.protocol.requests import Grammar


def test_it_comes_back_and_is_applied() -> None:
    own = Prompting({"system_prompt": "Sei kurz. 🙂", "temperature": 0.0, "max_tokens": 7}, 5, ("\n\n", "END"), False)
    assert from_text(to_text(own)) == own
    settings = own.applied(Settings(top_k=3))
    assert (settings.system_prompt, settings.temperature, settings.max_tokens, settings.top_k) == (
        "Sei kurz. 🙂",
        0.0,
        7,
        3,
    )
    assert to_text(Prompting()) == ""
    assert not Prompting()
    assert Prompting(seed=0)


@pytest.mark.parametrize(
    "text", ["", "no json", "[1]", "null", '{"temperature": "hot"}', '{"top_p": 9}', '{"k": "auto"}']
)
def test_what_is_not_valid_is_left_out(text: str) -> None:
    assert from_text(text) == Prompting()


@pytest.mark.parametrize(("seed", "kept"), [(0, 0), (7, 7), (-1, None), (2**31, None), (True, None), ("7", None)])
def test_seeds(seed: object, kept: int | None) -> None:
    assert from_text(json.dumps({"seed": seed})).seed == kept


def test_stop_texts() -> None:
    assert stops_of(["a", "", "a", "b", 7, "x" * 201]) == ("a", "b")
    assert len(stops_of([str(n) for n in range(99)])) == 16
    assert stops_of("abc") == ()


def test_files_of_presets() -> None:
    presets = {"Brief": to_text(Prompting({"max_tokens": 50})), "Plain": ""}
    assert presets_from_text(presets_to_text(presets)) == presets
    wild = {"format": "helix-presets", "presets": {"x" * 99: {"temperature": 0.5, "evil": 1}, " ": {}}}
    assert presets_from_text(json.dumps(wild)) == {"x" * 60: '{"temperature": 0.5}'}
    for text in ("", "[]", "{}", '{"format": "other", "presets": {}}', '{"format": "helix-presets"}'):
        with pytest.raises(ValueError):
            presets_from_text(text)


def test_template_and_policy_come_back() -> None:
    own = Prompting({"on_full": "drop_oldest"}, template="{{ messages }}\n")
    assert from_text(to_text(own)) == own
    assert own.applied(Settings()).on_full == "drop_oldest"
    assert Prompting(template="x")
    for template in ("  \n", 7, "x" * 100_001):
        assert from_text(json.dumps({"template": template})) == Prompting()
    assert from_text('{"on_full": "forget"}') == Prompting()
    assert presets_from_text(presets_to_text({"a": to_text(own)})) == {"a": to_text(own)}


@pytest.mark.parametrize("form", [Grammar("json_object"), Grammar("json_schema", '{"type": "object"}')])
def test_the_form_of_replies_comes_back(form: Grammar) -> None:
    own = Prompting(form=form)
    assert own
    assert from_text(to_text(own)) == own


@pytest.mark.parametrize("schema", [None, 7, {}, "x" * (LONGEST_SCHEMA + 1)])
def test_what_is_no_form_leaves_replies_free(schema: object) -> None:
    assert form_of(schema) is None
