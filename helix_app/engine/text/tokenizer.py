"""Text to tokens and back.

The tokenizers of folders are read by ``transformers``; those of GGUF files are built from the file's own vocabulary.
What was made is cached, because making it takes up to seconds.
"""

from __future__ import annotations

import functools
import json
import logging
import shutil
import weakref
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tokenizers

from helix_app.base.errors import InputError, ModelFileError
from helix_app.base.files import replacing
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process import paths
from helix_app.base.replies.tool_calls import MARKS
from helix_app.engine.text.continuation import continuing
from helix_app.engine.text.thinking import Marks, Thinking, find_marks, find_thinking, switched
from helix_app.engine.text.tools import Tools, find_tools, plain_messages, read_tools, uses_tools
from helix_app.engine.text.vocabulary.byte_level import byte_level_bpe as _byte_level_bpe
from helix_app.engine.text.vocabulary.sentencepiece import sentencepiece_bpe as _sentencepiece_bpe
from helix_app.engine.text.vocabulary.token_bytes import token_bytes
from helix_app.modelfiles.gguf.gguf_file import GgufHeader, short_name
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.modelfiles.stamps import versions
from helix_app.modelfiles.tokens import tokenizer_files
from helix_app.modelfiles.tokens.special_tokens import special_id, template_tokens, vocabulary
from helix_app.protocol.requests import ChatMessage

log = logging.getLogger(__name__)
_VERSION = 4  # of what is cached
_BUILDERS = {"gpt2": _byte_level_bpe, "llama": _sentencepiece_bpe, "gemma4": _sentencepiece_bpe}
_CONTEXT = 16  # prompt tokens that may be needed to tell how the first token of a continuation reads
_MARK_TAIL = 24  # tokens at the end of a prompt in which a mark of reasoning may stand
_HELLO = (ChatMessage("user", "Hello"),)


@dataclass(frozen=True)
class TokenizerInfo:
    """What the vocabulary alone does not tell.

    Attributes:
        special: texts of special tokens by the names that chat templates use, such as ``unk_token``.
        split: tokens that are never written as such, and what is written instead; the ids are the keys.
        spelled: tokens that read as others do, and those; the ids are the keys.
        unknown_cut: how the file calls its way of cutting text, where a family was guessed.
        guessed_cut: that family, "" where nothing was guessed.
    """

    chat_template: str | None
    bos_token: str
    eos_token: str
    bos_token_id: int | None
    add_bos: bool
    special: dict[str, str] = field(default_factory=dict)
    split: dict[str, list[int]] = field(default_factory=dict)
    spelled: dict[str, list[int]] = field(default_factory=dict)
    unknown_cut: str = ""
    guessed_cut: str = ""


class Tokenizer:
    """A model's tokenizer.

    Attributes:
        info: template and special tokens.
        size: number of tokens with a text.
        marks: texts before and after a model's reasoning; empty where nothing says that it reasons.
        tools: what its template says of them.
    """

    def __init__(self, backend: tokenizers.Tokenizer, info: TokenizerInfo) -> None:
        self._backend = backend
        self.info = info
        self.size = backend.get_vocab_size(with_added_tokens=True)
        self._split = {int(i): ids for i, ids in info.split.items()}
        self._spelled = {int(i): ids for i, ids in info.spelled.items()}
        template = info.chat_template or ""
        self.marks: Marks = find_marks(template, lambda text: backend.token_to_id(text) is not None)
        self.tools: Tools = find_tools(template, lambda text: backend.token_to_id(text) is not None)
        marks = (*self.marks, *MARKS.get(self.tools.style, ()))
        self._marking = _special_in(backend, marks)  # as other special tokens they would have no text
        if self._marking:
            plain = continuing(backend)
            self._spelled |= {i: plain.encode(text, add_special_tokens=False).ids for text, i in self._marking.items()}

    def prepare(self) -> None:
        """Import and compile what the first chat needs, so that it does not wait for it."""
        if self.info.chat_template:
            try:
                self.encode_chat(_HELLO)
            except InputError:
                log.info("the chat template refuses a plain message", exc_info=True)
            _ = self.thinking

    def with_template(self, template: str) -> Tokenizer:
        """The same vocabulary with another chat template; this one itself for an empty one."""
        return Tokenizer(self._backend, replace(self.info, chat_template=template)) if template else self

    def encode(self, text: str, *, add_bos: bool = False) -> list[int]:
        """Token ids of a text. With ``add_bos`` the BOS token comes first where the model wants one."""
        ids = _replaced(self._backend.encode(_whole_characters(text), add_special_tokens=False).ids, self._split)
        if add_bos and self.info.add_bos and self.info.bos_token_id is not None and ids[:1] != [self.info.bos_token_id]:
            ids.insert(0, self.info.bos_token_id)
        return ids

    def encode_placed(self, text: str, *, add_bos: bool = False) -> list[tuple[int, int, int]]:
        """The ids that ``encode`` gives, each with where its text begins and ends; -1 for an added BOS."""
        found = self._backend.encode(_whole_characters(text), add_special_tokens=False)
        placed = [(new, *place) for i, place in zip(found.ids, found.offsets) for new in self._split.get(i, (i,))]
        bos = self.info.bos_token_id
        if add_bos and self.info.add_bos and bos is not None and [i for i, *_ in placed[:1]] != [bos]:
            placed.insert(0, (bos, -1, -1))
        return placed

    def encode_continued(self, text: str) -> list[int]:
        """Token ids of what a model wrote already, to follow those of ``encode_chat``.

        No space is put before it, and what looks like a special token stays text, but for the marks of reasoning. The
        ids that were really generated may have been others: several sequences of tokens can read alike, and the space
        that sentencepiece models like to begin a reply with is not shown.
        """
        return _replaced(self._continuing.encode(_whole_characters(text), add_special_tokens=False).ids, self._split)

    @functools.cached_property
    def _continuing(self) -> tokenizers.Tokenizer:
        return continuing(self._backend, self._marking)

    def encode_chat(
        self, messages: Sequence[ChatMessage], thinking: bool | None = None, tools: Sequence[str] = ()
    ) -> list[int]:
        """Token ids of a conversation in the model's chat template, up to where its reply begins.

        Args:
            thinking: for the template's switch, if it has one; None leaves it alone.
            tools: descriptions of functions as JSON.

        Raises:
            InputError: the model has no template, or its template refuses these messages, or knows no tools.
        """
        return self.encode(self._rendered(messages, thinking, tools), add_bos=True)

    def chat_text(self, messages: Sequence[ChatMessage], thinking: bool | None = None) -> str:
        """A conversation in the chat template, as ``encode_chat`` makes tokens of it. Raises as that."""
        return _whole_characters(self._rendered(messages, thinking))

    def _rendered(self, messages: Sequence[ChatMessage], thinking: bool | None, tools: Sequence[str] = ()) -> str:
        template = self.info.chat_template
        if not template:
            raise InputError("no_chat_template")
        if not self.tools.given and uses_tools(messages, tools):
            raise InputError("template_no_tools")
        from helix_app.engine.text.template import render  # 50 ms that a raw prompt need not wait for

        plain, described = plain_messages(messages), read_tools(tools)
        special = {"bos_token": self.info.bos_token, "eos_token": self.info.eos_token, **self.info.special}
        try:
            return render(template, plain, special, switched(template, thinking), described)
        except Exception as exc:  # a template is a program of the model's author: it may raise anything
            hint = reason_of("hint_template")
            raise InputError("bad_input", hint=hint, detail=f"{type(exc).__name__}: {exc}") from exc

    @functools.cached_property
    def thinking(self) -> Thinking:
        """What the chat template says of the model's reasoning."""

        def prompt(on: bool | None) -> str:
            try:
                return self._rendered(_HELLO, on)
            except InputError:
                return ""

        template = self.info.chat_template
        return find_thinking(template, self.marks, prompt) if template else Thinking(self.marks)

    def ends_in_thought(self, ids: Sequence[int]) -> bool:
        """Whether a prompt ends inside a block of reasoning that it has opened."""
        mark = self.marks[0]
        return bool(mark) and self.decode(ids[-_MARK_TAIL:]).rstrip().endswith(mark)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of tokens, special tokens left out. Incomplete characters show as U+FFFD."""
        return self._backend.decode(_replaced(ids, self._spelled), skip_special_tokens=True)

    @functools.cached_property
    def special_ids(self) -> frozenset[int]:
        """The tokens that are no text, such as those that begin and end messages."""
        added = self._backend.get_added_tokens_decoder()
        return frozenset(i for i, token in added.items() if token.special)

    def token_text(self, token_id: int) -> str:
        """What a token looks like on its own, special tokens included."""
        text = self._backend.decode(_replaced([token_id], self._spelled), skip_special_tokens=False)
        return text or self.token(token_id)

    @functools.cached_property
    def fingerprint(self) -> int:
        """A number that differs between vocabularies: of every 61st token's text and their count."""
        names = "\0".join(self.token(i) for i in range(0, self.size, 61))
        return zlib.crc32(names.encode("utf-8", "surrogateescape")) << 32 | self.size

    def token_bytes(self) -> tuple[list[bytes], list[int]]:
        """The bytes that each token stands for, and which tokens are special (see ``vocabulary/token_bytes.py``)."""
        return token_bytes(self._backend, self.size, self._spelled)

    def token_id(self, text: str) -> int | None:
        """The token that is exactly this entry of the vocabulary."""
        found = self._backend.token_to_id(text)
        return found if found is not None and found < self.size else None

    def token(self, token_id: int) -> str:
        """A token's raw entry in the vocabulary, empty beyond it."""
        return self._backend.id_to_token(token_id) or ""


def _replaced(ids: Sequence[int], others: dict[int, list[int]]) -> list[int]:
    """The ids with some of them replaced by several."""
    return [new for i in ids for new in others.get(i, (i,))] if others else list(ids)


def _special_in(backend: tokenizers.Tokenizer, marks: Sequence[str]) -> dict[str, int]:
    """The special tokens that marks are made of."""
    if not any(marks):
        return {}
    special = {token.content: i for i, token in backend.get_added_tokens_decoder().items() if token.special}
    return {text: i for text, i in special.items() if any(text in mark for mark in marks)}


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

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int] = ()) -> None:
        """``before`` is the text that the tokens continue, if they do: a space at their begin then belongs to it."""
        self._tokenizer = tokenizer
        self._ids = _tail(tokenizer, before)
        self._start = 0  # of the window
        self._read = len(self._ids)  # tokens before this index are already text

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


def _tail(tokenizer: Tokenizer, ids: Sequence[int]) -> list[int]:
    """The last few ids that have a text, from the begin of a character on: bytes that are none spoil those after."""
    found: list[int] = []
    for count in range(1, min(len(ids), _CONTEXT) + 1):
        text = tokenizer.decode(ids[-count:])
        if text and not text.startswith("\ufffd"):
            return list(ids[-count:])
        if text and not found:
            found = list(ids[-count:])
    return found


# --------------------------------------------------------------------------- loading

_in_use: weakref.WeakValueDictionary[Path, Tokenizer] = weakref.WeakValueDictionary()  # by where they are cached


def load_tokenizer(files: ModelFiles) -> Tokenizer:
    """The tokenizer of a model: one that is in use already, or from the cache if it was converted before.

    Raises:
        ModelFileError: there is none, or it cannot be read.
    """
    key = short_name(f"{files.key}|{versions('transformers', 'tokenizers')}|{_VERSION}")
    folder = paths.cache_dir() / "tokenizers" / key
    known = _in_use.get(folder) or _from_cache(folder)
    if known is None:
        known = _converted(files, folder)
    _in_use[folder] = known
    return known


def _converted(files: ModelFiles, folder: Path) -> Tokenizer:
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
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = replacing.new_folder(folder.parent, ".part-")
        tokenizer._backend.save(str(part / "tokenizer.json"))
        (part / "helix.json").write_text(json.dumps(asdict(tokenizer.info)), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        replacing.replace(part, folder)
    except Exception as exc:  # tokenizers raises bare Exception for a full disk
        log.info("tokenizer cache not written: %s", exc)
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _from_gguf(header: GgufHeader) -> Tokenizer:
    meta = header.metadata
    kind, tokens = meta.get("tokenizer.ggml.model"), vocabulary(meta)
    if not tokens:
        raise ModelFileError("tokenizer_unreadable", path=header.path, detail="no tokens in the file")
    if kind not in _BUILDERS:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_tokenizer", kind=kind))
    built, special = _BUILDERS[kind](meta, tokens), template_tokens(meta)
    found = built.found
    info = TokenizerInfo(
        chat_template=meta.get("tokenizer.chat_template"),
        bos_token=special.get("bos_token", ""),
        eos_token=special.get("eos_token", ""),
        bos_token_id=special_id(meta, "bos"),
        add_bos=bool(meta.get("tokenizer.ggml.add_bos_token", built.add_bos)),
        special=special,
        split={str(i): list(ids) for i, ids in built.split.items()},
        spelled={str(i): list(ids) for i, ids in built.spelled.items()},
        unknown_cut=found.name if found is not None and found.guess else "",
        guessed_cut=found.guess if found is not None else "",
    )
    return Tokenizer(built.backend, info)


def _from_folder(path: Path) -> Tokenizer:
    tokenizer_files.check(path)
    if (path / "tokenizer.json").is_file() and not (path / "tokenizer.model").is_file():
        tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))  # a damaged one is refused before long imports
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
        special={name: text for name, text in made.special_tokens_map.items() if isinstance(text, str)},
    )
    return Tokenizer(backend, info)
