"""The tokenizer, the ends and the reasoning of Gemma 4, against transformers' own tokenizer class."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import gguf
import pytest
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage
from tests.engine.text.made.files import BYTE, CONTROL, NORMAL, USER_DEFINED, write_gguf
from tests.engine.text.made.texts import TEXTS

_SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
_CONTROLS = ["<|turn>", "<turn|>", "<|think|>"]
_VISIBLE = ["<|channel>", "<channel|>", "<|tool_response>", "</s>"]  # which the converter calls user-defined
# the turns, the switch and the reasoning of the family's template
_TEMPLATE = r"""{{- bos_token -}}
{%- if (enable_thinking is defined and enable_thinking) or messages[0].role == 'system' -%}
    {{- '<|turn>system\n' -}}
    {%- if enable_thinking is defined and enable_thinking -%}{{- '<|think|>\n' -}}{%- endif -%}
    {%- if messages[0].role == 'system' -%}{{- messages[0].content | trim -}}{%- endif -%}
    {{- '<turn|>\n' -}}
{%- endif -%}
{%- for m in messages if m.role != 'system' -%}
    {{- '<|turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' -}}
    {{- m.content.split('<channel|>')[-1] | trim + '<turn|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|turn>model\n' -}}
    {%- if not (enable_thinking is defined and enable_thinking) -%}{{- '<|channel>thought\n<channel|>' -}}{%- endif -%}
{%- endif -%}"""


@functools.cache
def trained() -> dict[str, Any]:
    """Pieces and merges learnt from texts of many scripts."""
    made = tokenizers.Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split("\n", "isolated")
    bytes_of = [f"<0x{b:02X}>" for b in range(256)]
    special = [*_SPECIAL, *_CONTROLS, *_VISIBLE, *bytes_of]
    trainer = trainers.BpeTrainer(vocab_size=1400, special_tokens=special, show_progress=False)
    made.train_from_iterator([text.replace("𝄞", "") for text in TEXTS] * 3, trainer)
    model: dict[str, Any] = json.loads(made.to_str())["model"]
    return model


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the kind gemma4."""
    model = trained()
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    kinds = {**dict.fromkeys([*_SPECIAL, *_CONTROLS], CONTROL), **dict.fromkeys(_VISIBLE, USER_DEFINED)}
    types = [BYTE if token.startswith("<0x") else kinds.get(token, NORMAL) for token in tokens]

    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
        writer.add_add_space_prefix(False)
        writer.add_bos_token_id(2)
        writer.add_unk_token_id(3)

    file = tmp_path_factory.mktemp("gemma4") / "model.gguf"
    return write_gguf(file, tokens, types, kind="gemma4", eos=1, template=_TEMPLATE, edit=edit)


@pytest.fixture(scope="module")
def made(path: Path) -> Tokenizer:
    return load_tokenizer(inspect(path))


def test_it_cuts_as_that_of_transformers(made: Tokenizer) -> None:
    from transformers import GemmaTokenizer

    model = trained()
    theirs = GemmaTokenizer(model["vocab"], [tuple(pair) for pair in model["merges"]], add_bos_token=False)
    theirs.add_tokens(_VISIBLE)
    for text in (*TEXTS, "a\n\n\nb \n c", "𝄞 beyond", " <|channel>thought\nx<channel|> </s>"):
        ids = made.encode(text)
        assert ids == theirs(text, add_special_tokens=False).input_ids, text
        assert made.decode(ids) == text


def test_prompts_begin_with_bos_and_replies_end_at_any_of_three(made: Tokenizer, path: Path) -> None:
    vocab = trained()["vocab"]
    assert made.encode("a", add_bos=True)[0] == vocab["<bos>"]
    ends = {vocab[name] for name in ("<eos>", "<turn|>", "<|tool_response>")}
    assert set(inspect(path).config.eos_token_ids) == ends, "</s> strikes text through"


def test_reasoning_is_marked_and_switched(made: Tokenizer) -> None:
    thinking = made.thinking
    assert thinking.marks == ("<|channel>thought", "<channel|>")
    assert (thinking.switch, thinking.opens, thinking.opens_when) == ("enable_thinking", False, (False, False))
    vocab, asked = trained()["vocab"], (ChatMessage("system", "Be kind."), ChatMessage("user", "Hi"))
    on, off = (made.encode_chat(asked, thinking=thinks) for thinks in (True, False))
    assert on.count(vocab["<bos>"]) == off.count(vocab["<bos>"]) == 1
    assert vocab["<|think|>"] in on
    assert vocab["<|think|>"] not in off
    assert off[-1] == vocab["<channel|>"]
