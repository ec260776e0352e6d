"""What a folder's tokenizer says without being loaded: its ends, and a digest that every file of it counts for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from helix_app.base.process import paths
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.tokens.tokenizer_files import read_tokenizer_files
from tests.engine.text.made.files import byte_level, byte_names, write_folder
from tests.modelfiles.test_cache_keys import model, own_home as own_home, rewritten


def folder(path: Path, **files: Any) -> Path:
    """A folder of 258 tokens: the bytes, <|a|>, which is added, and <|b|>, which is an ordinary word."""
    words = [*byte_names(), "<|a|>", "<|b|>"]
    backend = byte_level(words)
    backend.add_special_tokens(["<|a|>"])
    made = write_folder(
        path, backend, config=files.pop("config", {}), tokenizer_config=files.pop("tokenizer_config", {})
    )
    for name, content in files.items():
        (made / f"{name}.json").write_text(json.dumps(content))
    return made


@pytest.mark.parametrize(
    ("files", "ends"),
    [
        ({"config": {"eos_token_id": 256}}, (256,)),
        ({"config": {"eos_token_id": [257, 256]}}, (257, 256)),
        ({"tokenizer_config": {"eos_token": "<|a|>"}}, (256,)),
        ({"tokenizer_config": {"eos_token": {"content": "<|a|>", "lstrip": False}}}, (256,)),
        ({"tokenizer_config": {"eos_token": "<|b|>"}}, (257,)),  # an ordinary word that the tokenizer calls its end
        ({"tokenizer_config": {"eot_token": "<|b|>"}}, (257,)),
        ({"special_tokens_map": {"eos_token": "<|b|>"}}, (257,)),
        ({"special_tokens_map": {"eos_token": {"content": "<|b|>"}}}, (257,)),
        ({"generation_config": {"eos_token_id": [256, 257]}}, (256, 257)),
        ({"config": {"eos_token_id": 256}, "tokenizer_config": {"eos_token": "<|b|>"}}, (256, 257)),
        ({"tokenizer_config": {"eos_token": "no such token"}}, ()),
        ({"tokenizer_config": {"eos_token": None}}, ()),
        ({"tokenizer_config": {"eos_token": ["<|a|>"]}}, ()),
        (
            {
                "tokenizer": {"model": {"vocab": [[["<|b|>"], 0], 3, [], ["<|b|>", 0]]}},
                "tokenizer_config": {"eos_token": "<|b|>"},
            },
            (3,),
        ),
        ({"config": {"eos_token_id": None}}, ()),
    ],
)
def test_every_file_of_a_folder_may_name_ends(files: dict[str, Any], ends: tuple[int, ...], tmp_path: Path) -> None:
    assert inspect(folder(tmp_path / "m", **files)).config.eos_token_ids == ends


def test_a_folder_without_tokenizer_json_names_its_end_too(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", tokenizer_config={"eos_token": "<|a|>"})
    (made / "tokenizer.json").unlink()
    assert inspect(made).config.eos_token_ids == ()
    (made / "vocab.json").write_text(json.dumps({"<|a|>": 7}))
    assert inspect(made).config.eos_token_ids == (7,)
    (made / "added_tokens.json").write_text(json.dumps({"<|a|>": 8, "<|im_end|>": 9}))
    assert inspect(made).config.eos_token_ids == (8, 9)


# --------------------------------------------------------------------------- other states of the files


@pytest.mark.parametrize(
    "name", ["special_tokens_map.json", "added_tokens.json", "generation_config.json", "merges.txt"]
)
def test_every_file_that_a_tokenizer_may_read_counts(name: str, tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    before = inspect(folder).key
    (folder / name).write_text("{}")
    assert inspect(folder).key != before
    assert inspect(folder).key == inspect(folder).key


def test_a_named_template_counts(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    before = inspect(folder).key
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tools.jinja").write_text("x")
    assert inspect(folder).key != before


def test_ends_are_read_again_when_a_file_changes(tmp_path: Path) -> None:
    backend = byte_level([*byte_names(), "<|a|>", "<|b|>"])
    backend.add_special_tokens([AddedToken("<|a|>"), AddedToken("<|b|>")])
    folder = write_folder(tmp_path / "m", backend, tokenizer_config={"eos_token": "<|a|>"})
    assert inspect(folder).config.eos_token_ids == (256,)
    file = folder / "tokenizer_config.json"
    rewritten(file, lambda: file.write_text(file.read_text().replace("<|a|>", "<|b|>")))
    assert inspect(folder).config.eos_token_ids == (257,)


def test_what_only_reads_as_json_elsewhere_harms_nothing(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    for name, text in (("added_tokens.json", "[1]"), ("special_tokens_map.json", "{"), ("notes.txt", "x")):
        (folder / name).write_text(text)
    assert inspect(folder).config.eos_token_ids == ()
    (folder / "vocab.json").mkdir()
    assert inspect(folder).config.eos_token_ids == ()


# --------------------------------------------------------------------------- the reading itself


def test_facts_are_kept_and_read_anew_where_that_is_spoilt(tmp_path: Path) -> None:
    made = folder(tmp_path / "m", tokenizer_config={"eos_token": "<|b|>"}, added_tokens={"<|im_end|>": 300})
    first = read_tokenizer_files(made)
    assert (first.ends, first.markers) == ((257,), {"<|im_end|>": 300})
    (kept,) = (paths.cache_dir() / "headers").glob("tokenizer-*.json")
    for content in ('{"ends": [1], "markers": {}}', "{", "[]", "{}", '{"ends": 3, "markers": {}}'):
        kept.write_text(content)
        told = read_tokenizer_files(made)
        assert told.digest == first.digest
        assert told.ends == ((1,) if "[1]" in content else first.ends)
    kept.unlink()
    kept.mkdir()  # what cannot be kept costs time alone
    assert read_tokenizer_files(made) == first


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        ({"type": "BPE", "vocab": {"<|x|>": 4}}, (4,)),
        ({"type": "Unigram", "vocab": [["a", 0.0], ["<|x|>", -1.0]]}, (1,)),
        ({"type": "Unigram", "vocab": [["a", 0.0], 7]}, ()),
        ({"type": "BPE", "vocab": {"<|x|>": "4"}}, ()),
        (None, ()),
    ],
)
def test_an_end_is_found_in_the_words_of_any_kind_of_model(tmp_path: Path, words: Any, ends: tuple[int, ...]) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": words}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|x|>"}))
    assert read_tokenizer_files(tmp_path).ends == ends


def test_the_config_s_own_list_of_added_tokens_counts(tmp_path: Path) -> None:
    added = {"7": {"content": "<|im_end|>"}, "seven": {"content": "<|eot_id|>"}, "8": "junk", "9": {"content": 3}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    assert read_tokenizer_files(tmp_path).markers == {"<|im_end|>": 7}


def test_an_empty_folder_says_nothing(tmp_path: Path) -> None:
    told = read_tokenizer_files(tmp_path)
    assert (told.ends, told.markers) == ((), {})
