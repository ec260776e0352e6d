"""Small model files with any vocabulary, in both formats: what a tokenizer is made from, and weights that are none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import tokenizers
from tokenizers import decoders, models, pre_tokenizers

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
# of Gemma 3, which has no system role: what it says goes before the first question
GEMMA = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
"""
_HIDDEN, _INNER = 32, 32


def byte_names() -> list[str]:
    """What byte-level vocabularies call each byte (GPT-2)."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return [chr(b) if b in keep else chr(256 + rest.index(b)) for b in range(256)]


def write_gguf(
    path: Path,
    tokens: Sequence[str],
    types: Sequence[int] | None,
    *,
    arch: str = "llama",
    kind: str = "gpt2",
    pre: str | None = "gpt-2",
    merges: Sequence[str] = (),
    scores: Sequence[float] | None = None,
    eos: int | None = None,
    template: str | None = CHATML,
    rows: int | None = None,
    edit: Callable[[gguf.GGUFWriter], None] = lambda _: None,
) -> Path:
    """A GGUF file of one layer with this vocabulary. ``edit`` may write more metadata."""
    writer = gguf.GGUFWriter(str(path), arch)
    writer.add_context_length(256)
    writer.add_embedding_length(_HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model(kind)
    writer.add_token_list(list(tokens))
    if types is not None:
        writer.add_token_types(list(types))
    if kind == "gpt2":
        writer.add_token_merges(list(merges))
        if pre is not None:
            writer.add_tokenizer_pre(pre)
    else:
        writer.add_token_scores(list(scores) if scores is not None else [-float(i) for i in range(len(tokens))])
    if eos is not None:
        writer.add_eos_token_id(eos)
    if template:
        writer.add_chat_template(template)
    edit(writer)
    rng = np.random.default_rng(0)
    for name, shape in _shapes(rows or len(tokens)).items():
        writer.add_tensor(name, (rng.standard_normal(shape) * 0.2).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _shapes(rows: int) -> dict[str, tuple[int, ...]]:
    square, inner = (_HIDDEN, _HIDDEN), (_INNER, _HIDDEN)
    layer = {
        "attn_norm": (_HIDDEN,),
        "ffn_norm": (_HIDDEN,),
        "ffn_gate": inner,
        "ffn_up": inner,
        "ffn_down": inner[::-1],
    }
    layer |= {f"attn_{name}": square for name in ("q", "k", "v", "output")}
    whole = {"token_embd": (rows, _HIDDEN), "output_norm": (_HIDDEN,), "output": (rows, _HIDDEN)}
    whole |= {f"blk.0.{name}": shape for name, shape in layer.items()}
    return {f"{name}.weight": shape for name, shape in whole.items()}


def write_folder(
    folder: Path,
    backend: tokenizers.Tokenizer,
    *,
    config: dict[str, Any] | None = None,
    tokenizer_config: dict[str, Any] | None = None,
) -> Path:
    """A Hugging Face folder with this tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    size = max(backend.get_vocab(with_added_tokens=True).values()) + 1
    shape = {"vocab_size": size, "hidden_size": _HIDDEN, "intermediate_size": _INNER}
    shape |= {"num_hidden_layers": 1, "num_attention_heads": 2, "model_type": "llama"}
    (folder / "config.json").write_text(json.dumps({**shape, **(config or {})}))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", **(tokenizer_config or {})}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    backend.save(str(folder / "tokenizer.json"))
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return folder


def byte_level(tokens: Sequence[str], merges: Sequence[str] = ()) -> tokenizers.Tokenizer:
    """A byte-level tokenizer that cuts as GPT-2 does."""
    pairs = [tuple(merge.split(" ")) for merge in merges]
    backend = tokenizers.Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=pairs))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return backend
