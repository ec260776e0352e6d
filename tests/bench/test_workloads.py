"""The prompts: built-in ones are whole and fit, a person's file is read or refused by line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from helix_app.base.errors import InputError
from helix_app.base.messages import error_text
from helix_app.bench.workloads import KINDS, OWN, SCHEMA, Prompt, built_in, from_file
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a text or bytes into a file."""

    def put(content: str | bytes) -> Path:
        path = tmp_path / "prompts.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def refusal(path: Path, kinds: tuple[str, ...] = ()) -> str:
    with pytest.raises(InputError) as caught:
        from_file(path, kinds)
    assert caught.value.exit_code == 2
    sentence = error_text(caught.value.code, caught.value.fields)
    assert str(path) in sentence
    return sentence


# --------------------------------------------------------------------------- built in


def test_all_eight_kinds_have_prompts_of_their_own() -> None:
    prompts = built_in()
    assert len(KINDS) == 8
    assert tuple(dict.fromkeys(p.kind for p in prompts)) == KINDS
    assert len({p.id for p in prompts}) == len({p.text for p in prompts}) == len(prompts)
    for kind in KINDS:
        assert sum(p.kind == kind for p in prompts) >= 5
    for prompt in prompts:
        assert prompt.id.startswith(f"{prompt.kind}-")
        assert prompt.text == prompt.text.strip() != ""


def test_prompts_with_a_schema_are_asked_for_by_name() -> None:
    prompts = built_in((SCHEMA,))
    assert len(prompts) >= 5
    for prompt in prompts:
        jsonschema.Draft202012Validator.check_schema(json.loads(prompt.schema))
    assert not any(prompt.schema for prompt in built_in())


def test_kinds_are_chosen_in_the_order_asked_for() -> None:
    prompts = built_in(("story", "chat"), 2)
    assert [p.id for p in prompts] == ["story-1", "story-2", "chat-1", "chat-2"]


@pytest.mark.model
def test_lengths_suit_the_kind_and_the_default_models_context(default_model: Path) -> None:
    tokenizer = load_tokenizer(inspect(default_model))
    lengths = {p: len(tokenizer.encode_chat((ChatMessage("user", p.text),))) for p in built_in()}
    assert max(lengths.values()) + 1024 < 8192
    for prompt, tokens in lengths.items():
        if prompt.kind == "long_context":
            assert tokens > 1500
        else:
            assert tokens < 1000


def test_a_hash_is_of_the_text_alone() -> None:
    assert Prompt("a", "1", "é").sha256 == Prompt("b", "2", "é").sha256 != Prompt("a", "1", "e").sha256


# --------------------------------------------------------------------------- from a file


def test_one_prompt_a_line(write: Write) -> None:
    path = write("\ufefffirst \n\n  second 😀\r\n\tthird\u2028still third")
    assert from_file(path) == (
        Prompt(OWN, "own-1", "first"),
        Prompt(OWN, "own-3", "second 😀"),
        Prompt(OWN, "own-4", "third\u2028still third"),
    )


def test_json_lines(write: Write) -> None:
    lines = [
        {"kind": "chat", "prompt": "one\ntwo"},
        {"prompt": "three"},
        {"prompt": "four", "id": "mine", "kind": "", "more": 1},
        {"kind": "chat", "prompt": "raw line end \u2028 inside"},
    ]
    path = write("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\nplain after all\n")
    assert from_file(path) == (
        Prompt("chat", "chat-1", "one\ntwo"),
        Prompt(OWN, "own-2", "three"),
        Prompt(OWN, "mine", "four"),
        Prompt("chat", "chat-4", "raw line end \u2028 inside"),
        Prompt(OWN, "own-5", "plain after all"),
    )


def test_kinds_filter_a_file(write: Write) -> None:
    path = write('{"kind": "a", "prompt": "x"}\n{"kind": "b", "prompt": "y"}\n')
    assert [p.id for p in from_file(path, ("b",))] == ["b-2"]
    assert "no prompt of the kinds c, d" in refusal(path, ("c", "d"))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}",
        '{"prompt": 5}',
        '{"prompt": null}',
        '{"prompt": "  "}',
        '{"text": "x"}',
        '{"prompt": "x"} {"prompt": "y"}',
        '{"a":' * 50_000,
        '{"prompt": "\\ud800"}',
        '{"prompt": "x", "kind": "a\\u001b[2Jb"}',
        '{"prompt": "x", "id": "a\\nb"}',
    ],
)
def test_a_bad_line_is_refused_by_its_number(write: Write, line: str) -> None:
    sentence = refusal(write(f"fine\n\n{line}\nfine\n"))
    assert "ine 3 " in sentence
    assert "\x1b" not in sentence


def test_two_prompts_of_one_name_are_refused(write: Write) -> None:
    assert "called x" in refusal(write('{"id": "x", "prompt": "a"}\nb\n{"id": "x", "prompt": "c"}\n'))


@pytest.mark.parametrize("content", ["", "\n \n\t\n", b"\xff\xfe\x00", b"\0\xff\xfe\n"])
def test_a_file_without_prompts_is_refused(write: Write, content: str | bytes) -> None:
    refusal(write(content))


def test_a_file_in_another_encoding_is_read(write: Write) -> None:
    for content in (b"caf\xe9\n", "caf\u00e9\n".encode("utf-16"), b"\xef\xbb\xbfcaf\xc3\xa9\n"):
        (prompt,) = from_file(write(content))
        assert prompt.text == "caf\u00e9"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refusal(tmp_path / "none.txt")
    refusal(tmp_path)
