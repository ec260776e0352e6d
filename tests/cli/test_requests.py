"""Options as requests: what the reply must look like, read once and checked before anything is loaded."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from helix_app.base.errors import InputError
from helix_app.cli import main as cli
from helix_app.cli.requests import read_grammar, request_of
from helix_app.protocol.requests import Grammar


def parsed(*args: str) -> argparse.Namespace:
    return cli.build_parser().parse_args(["generate", "--prompt", "the cat", *args])


def test_a_grammar_is_read_from_its_option(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"type": "integer"}\n', encoding="utf-8")
    assert read_grammar(parsed("--json-schema", str(path))) == Grammar("json_schema", '{"type": "integer"}\n')
    assert read_grammar(parsed("--regex", "a+")) == Grammar("regex", "a+")
    assert read_grammar(parsed()) is None


@pytest.mark.parametrize("text", ["{", "", '{"a"}', "[" * 100_000])
def test_a_schema_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_grammar(parsed("--json-schema", str(path)))
    assert caught.value.code == "schema_unreadable"
    assert caught.value.fields["path"] == str(path)


def test_a_request_has_what_the_options_say() -> None:
    options = parsed("--presence-penalty", "1.5", "--raw")
    options.grammar = Grammar("regex", "a+")
    request = request_of(options, "b", frequency_penalty=0.5)
    assert (request.grammar, request.prompt, request.raw) == (Grammar("regex", "a+"), "b", True)
    assert (request.sampling.presence_penalty, request.sampling.frequency_penalty) == (1.5, 0.5)
    with pytest.raises(InputError):
        request_of(parsed("--presence-penalty", "3"), "b")
    with pytest.raises(InputError):
        request_of(parsed("--regex", ""), "b", grammar=Grammar("regex", ""))


def test_a_stop_text_without_characters_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        request_of(parsed("--stop", "x", "--stop", ""), "b")
    assert (caught.value.code, caught.value.fields["option"]) == ("option_invalid", "stop")
    with pytest.raises(InputError):
        request_of(parsed(), "b", stop=[""])  # of a line of a file of prompts
