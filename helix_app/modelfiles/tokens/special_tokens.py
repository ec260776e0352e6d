"""Special tokens of a model: which of them there are, and which end a reply. One rule for both formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # GGUF token types
MARKERS = (CONTROL, USER_DEFINED)  # what a tokenizer adds to the words it learnt

# Names by which files end a turn or a text without saying so (llama.cpp, ``special_eog_ids``; chat templates).
END_NAMES = frozenset(
    {
        "</s>",
        "<eos>",
        "<EOT>",
        "▁<EOT>",
        "[EOT]",
        "[EOS]",
        "<|eos|>",
        "<|eot|>",
        "<|EOT|>",
        "<|eom|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<|calls|>",
        "<|flush|>",
        "<end_of_turn>",
        "<|end_of_turn|>",
        "<|endofturn|>",
        "[|endofturn|]",
        "<|END_OF_TURN_TOKEN|>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<end_of_utterance>",
        "<｜end▁of▁sentence｜>",
        "<turn|>",
        "<|tool_response>",
    }
)
# where these are, <|end|> only separates messages of one reply (the harmony format)
_HARMONY = ({"<|return|>", "<|call|>"}, {"<|calls|>", "<|flush|>"})

# GGUF's names of special ids, and what chat templates call the tokens
_TEMPLATE_NAMES = {
    "bos": "bos_token",
    "eos": "eos_token",
    "unknown": "unk_token",
    "padding": "pad_token",
    "seperator": "sep_token",  # spelled so in the format
    "cls": "cls_token",
    "mask": "mask_token",
}
_SENTENCEPIECE = ("<unk>", "<s>", "</s>")
_SENTENCEPIECE_IDS = {"unknown": 0, "bos": 1, "eos": 2}  # where a sentencepiece file does not say (llama.cpp)


def known_id(value: Any, size: int) -> int | None:
    """The id, or None when it is none or lies outside a vocabulary of ``size`` tokens."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < size:
        return None
    return value


def end_tokens(named: Iterable[Any], markers: Mapping[str, int], size: int) -> tuple[int, ...]:
    """Every token that ends a reply.

    Args:
        named: ids that the files call ends; those outside the vocabulary are as good as absent.
        markers: ids of the tokens that are no ordinary words, by text; those with a usual name count too.
        size: of the vocabulary.
    """
    names = END_NAMES & set(markers)
    if any(both <= names for both in _HARMONY):
        names -= {"<|end|>"}
    if names & {"<end_of_turn>", "<turn|>"}:  # Gemma, whose vocabulary has tags of HTML: this one strikes text through
        names -= {"</s>"}
    ids = [known_id(value, size) for value in (*named, *sorted(markers[name] for name in names))]
    return tuple(dict.fromkeys(i for i in ids if i is not None))


# --------------------------------------------------------------------------- GGUF


def vocabulary(meta: Mapping[str, Any]) -> Sequence[str]:
    """The tokens of GGUF metadata, none where there are none."""
    return meta.get("tokenizer.ggml.tokens") or []


def token_types(meta: Mapping[str, Any]) -> list[int]:
    """A type for each token. A file without types marks by name what sentencepiece would."""
    tokens = vocabulary(meta)
    types = list(meta.get("tokenizer.ggml.token_type") or [])
    if types:
        return types[: len(tokens)] + [NORMAL] * (len(tokens) - len(types))
    types = [BYTE if is_byte(token) else CONTROL if token in END_NAMES else NORMAL for token in tokens]
    for name, kind in (("bos", CONTROL), ("eos", CONTROL), ("padding", CONTROL), ("unknown", UNKNOWN)):
        token = special_id(meta, name)
        if token is not None:
            types[token] = kind
    return types


def is_byte(token: str) -> bool:
    """Whether a token is named as the one of a single byte, ``<0x0A>``."""
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")


def special_id(meta: Mapping[str, Any], name: str) -> int | None:
    """A special id of GGUF metadata by the format's name for it, None when absent or outside the vocabulary."""
    tokens = vocabulary(meta)
    found = known_id(meta.get(f"tokenizer.ggml.{name}_token_id"), len(tokens))
    if found is not None or meta.get("tokenizer.ggml.model") != "llama":
        return found
    usual = known_id(_SENTENCEPIECE_IDS.get(name), len(tokens))
    if usual is None:
        return None
    types = meta.get("tokenizer.ggml.token_type") or []
    special = types[usual : usual + 1] in ([UNKNOWN], [CONTROL]) if types else tokens[usual] == _SENTENCEPIECE[usual]
    return usual if special else None


def template_tokens(meta: Mapping[str, Any]) -> dict[str, str]:
    """The texts of special tokens, by the names that chat templates use."""
    tokens = vocabulary(meta)
    ids = {name: special_id(meta, key) for key, name in _TEMPLATE_NAMES.items()}
    return {name: tokens[i] for name, i in ids.items() if i is not None}


def gguf_end_tokens(meta: Mapping[str, Any], rows: int) -> tuple[int, ...]:
    """Every token that ends a reply of a GGUF file with so many embeddings."""
    tokens = vocabulary(meta)
    types = token_types(meta)
    markers = {token: i for i, token in enumerate(tokens) if token in END_NAMES and types[i] in MARKERS}
    named = [special_id(meta, "eos"), *(meta.get(f"tokenizer.ggml.{name}_token_id") for name in ("eot", "eom"))]
    return end_tokens(named, markers, len(tokens) or rows)
