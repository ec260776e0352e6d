"""Text to tokens and back.

Tokenizers come from ``transformers`` and chat templates are rendered by it; the converted tokenizer is cached,
because conversion takes seconds. One exception: byte-level BPE tokenizers in GGUF files are built here with the
``tokenizers`` library from the file's own vocabulary and merges, since transformers 5.13 gives every Llama-family
GGUF the GPT-2 pre-tokenizer (so "1234" is cut in another way than the model was trained on) and swaps BOS and EOS.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers

from helix_app import paths
from helix_app.errors import InputError, ModelFileError
from helix_app.events import ChatMessage
from helix_app.modelfiles.gguf_file import GgufHeader
from helix_app.modelfiles.model_path import ModelFiles

log = logging.getLogger(__name__)
_VERSION = 2  # of what is cached
_CONTROL, _USER_DEFINED = 3, 4  # GGUF token types

_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_IGNORE_MERGES = ("llama-bpe", "llama3", "llama-v3")


@dataclass(frozen=True)
class TokenizerInfo:
    """What the vocabulary alone does not tell."""

    chat_template: str | None
    bos_token: str
    eos_token: str
    bos_token_id: int | None
    add_bos: bool


class Tokenizer:
    """A model's tokenizer.

    Attributes:
        info: template and special tokens.
        size: number of tokens with a text.
    """

    def __init__(self, backend: tokenizers.Tokenizer, info: TokenizerInfo) -> None:
        self._backend = backend
        self.info = info
        self.size = backend.get_vocab_size(with_added_tokens=True)

    def prepare(self) -> None:
        """Import and compile what the first chat needs, so that it does not wait for it."""
        if self.info.chat_template:
            try:
                self.encode_chat((ChatMessage("user", "Hello"),))
            except InputError:
                log.info("the chat template refuses a plain message", exc_info=True)

    def encode(self, text: str, *, add_bos: bool = False) -> list[int]:
        """Token ids of a text. With ``add_bos`` the BOS token comes first where the model wants one."""
        ids = list(self._backend.encode(_whole_characters(text), add_special_tokens=False).ids)
        if add_bos and self.info.add_bos and self.info.bos_token_id is not None and ids[:1] != [self.info.bos_token_id]:
            ids.insert(0, self.info.bos_token_id)
        return ids

    def encode_chat(self, messages: Sequence[ChatMessage]) -> list[int]:
        """Token ids of a conversation in the model's chat template, up to where its reply begins.

        Raises:
            InputError: the model has no template, or its template refuses these messages.
        """
        if not self.info.chat_template:
            raise InputError("no_chat_template")
        from transformers.utils.chat_template_utils import render_jinja_template

        plain = [{"role": m.role, "content": m.content} for m in messages]
        try:
            rendered, _ = render_jinja_template(
                conversations=[plain],
                chat_template=self.info.chat_template,
                add_generation_prompt=True,
                bos_token=self.info.bos_token,
                eos_token=self.info.eos_token,
            )
        except Exception as exc:  # a template is a program of the model's author: it may raise anything
            hint = "The model's chat template refuses this conversation."
            raise InputError("bad_input", hint=hint, detail=f"{type(exc).__name__}: {exc}") from exc
        return self.encode(rendered[0], add_bos=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of tokens, special tokens left out. Incomplete characters show as U+FFFD."""
        return self._backend.decode(list(ids), skip_special_tokens=True)

    def token_text(self, token_id: int) -> str:
        """What a token looks like on its own, special tokens included."""
        text = self._backend.decode([token_id], skip_special_tokens=False)
        return text or self.token(token_id)

    @functools.cached_property
    def fingerprint(self) -> int:
        """A number that differs between vocabularies: of every 61st token's text and their count."""
        names = "\0".join(self.token(i) for i in range(0, self.size, 61))
        return zlib.crc32(names.encode("utf-8", "surrogateescape")) << 32 | self.size

    def token(self, token_id: int) -> str:
        """A token's raw entry in the vocabulary, empty beyond it."""
        return self._backend.id_to_token(token_id) or ""


def _whole_characters(text: str) -> str:
    """The text with its surrogates joined, or replaced where one stands alone (half an emoji, a broken argument)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class StreamDecoder:
    """Turns tokens into text as they come, never splitting a character.

    Text is the difference between decoding a window of tokens with and without the new ones, because a token's
    text can depend on its neighbours; the window moves on at every complete character.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = 0  # of the window
        self._read = 0  # tokens before this index are already text

    def push(self, ids: Sequence[int]) -> str:
        """Text that these tokens complete; empty while a character is still in pieces."""
        self._ids.extend(ids)
        before = self._tokenizer.decode(self._ids[self._start : self._read])
        now = self._tokenizer.decode(self._ids[self._start :])
        if len(now) <= len(before) or now.endswith("\ufffd"):
            return ""
        self._start, self._read = self._read, len(self._ids)
        return now[len(before) :]

    def flush(self) -> str:
        """What is left at the end, broken characters included."""
        before = self._tokenizer.decode(self._ids[self._start : self._read])
        now = self._tokenizer.decode(self._ids[self._start :])
        self._start = self._read = len(self._ids)
        return now[len(before) :]


# --------------------------------------------------------------------------- loading


def load_tokenizer(files: ModelFiles) -> Tokenizer:
    """The tokenizer of a model, from the cache if it was converted before.

    Raises:
        ModelFileError: there is none, or it cannot be read.
    """
    folder = paths.cache_dir() / "tokenizers" / f"{files.key}-{_VERSION}"
    cached = _from_cache(folder)
    if cached is not None:
        return cached
    try:
        made = _from_gguf(files.gguf) if files.gguf is not None else _from_folder(files.path)
    except ModelFileError:
        raise
    except Exception as exc:  # the libraries raise many kinds, down to bare Exception
        raise ModelFileError("tokenizer_unreadable", path=files.path, detail=f"{type(exc).__name__}: {exc}") from exc
    _to_cache(folder, made)
    return made


def _from_cache(folder: Path) -> Tokenizer | None:
    try:
        info = TokenizerInfo(**json.loads((folder / "helix.json").read_text(encoding="utf-8")))
        return Tokenizer(tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")), info)
    except Exception as exc:  # tokenizers raises bare Exception for a damaged file
        if folder.exists():
            log.warning("tokenizer cache unreadable, converting again: %s", exc)
        return None


def _to_cache(folder: Path, tokenizer: Tokenizer) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        tokenizer._backend.save(str(part / "tokenizer.json"))
        (part / "helix.json").write_text(json.dumps(tokenizer.info.__dict__), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    except OSError as exc:
        log.info("tokenizer cache not written: %s", exc)


def _from_gguf(header: GgufHeader) -> Tokenizer:
    meta = header.metadata
    kind = meta.get("tokenizer.ggml.model")
    tokens: list[str] = meta.get("tokenizer.ggml.tokens") or []
    if not tokens:
        raise ModelFileError("tokenizer_unreadable", path=header.path, detail="no tokens in the file")
    bos = meta.get("tokenizer.ggml.bos_token_id")
    eos = meta.get("tokenizer.ggml.eos_token_id")
    info = TokenizerInfo(
        chat_template=meta.get("tokenizer.chat_template"),
        bos_token=tokens[bos] if bos is not None else "",
        eos_token=tokens[eos] if eos is not None else "",
        bos_token_id=bos,
        add_bos=bool(meta.get("tokenizer.ggml.add_bos_token", kind == "llama")),
    )
    if kind == "gpt2":
        return Tokenizer(_byte_level_bpe(meta, tokens), info)
    from transformers import AutoTokenizer

    made: Any = AutoTokenizer.from_pretrained(str(header.path.parent), gguf_file=header.path.name)
    return Tokenizer(made.backend_tokenizer, info)


def _byte_level_bpe(meta: dict[str, Any], tokens: list[str]) -> tokenizers.Tokenizer:
    merges = [tuple(m.split(" ", 1)) for m in meta.get("tokenizer.ggml.merges") or []]
    pre = str(meta.get("tokenizer.ggml.pre", "default"))
    vocab = {token: i for i, token in enumerate(tokens)}
    backend = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=pre in _IGNORE_MERGES))  # type: ignore[arg-type]
    backend.pre_tokenizer = _pre_tokenizer(pre)
    backend.decoder = decoders.ByteLevel()
    types = meta.get("tokenizer.ggml.token_type") or []
    backend.add_special_tokens(
        [AddedToken(tokens[i], normalized=False, special=True) for i, t in enumerate(types) if t == _CONTROL]
    )
    backend.add_tokens(
        [AddedToken(tokens[i], normalized=False, special=False) for i, t in enumerate(types) if t == _USER_DEFINED]
    )
    return backend


def _pre_tokenizer(name: str) -> Any:
    """How text is cut before merging, by the name GGUF writers give it (llama.cpp, ``llm_tokenizer_bpe``)."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if name in _IGNORE_MERGES:
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_LLAMA3), "isolated"), byte_level])
    if name in ("qwen2", "deepseek-r1-qwen", "megrez"):
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_QWEN2), "isolated"), byte_level])
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if name in ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"):
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2])
    if name not in ("default", "gpt-2", "gpt2"):
        log.warning("unknown pre-tokenizer %s, using that of GPT-2", name)
    return gpt2


def _from_folder(path: Path) -> Tokenizer:
    from transformers import AutoTokenizer

    made: Any = AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    backend = getattr(made, "backend_tokenizer", None)
    if backend is None:
        raise ModelFileError("tokenizer_unreadable", path=path, detail=f"{type(made).__name__} has no fast form")
    template = made.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    probe = made("a").input_ids
    info = TokenizerInfo(
        chat_template=template,
        bos_token=made.bos_token or "",
        eos_token=made.eos_token or "",
        bos_token_id=made.bos_token_id,
        add_bos=made.bos_token_id is not None and probe[:1] == [made.bos_token_id],
    )
    return Tokenizer(backend, info)
