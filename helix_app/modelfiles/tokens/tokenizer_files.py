"""The tokenizer's files of a Hugging Face folder: what they hold as a whole, and which ends they name.

Read as JSON, for a folder is looked at without transformers. What cannot be read counts as absent here: loading the
tokenizer says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helix_app.base import texts
from helix_app.base.errors import ModelFileError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.modelfiles.tokens.special_tokens import END_NAMES

log = logging.getLogger(__name__)
_VERSION = 1  # of what is cached
_MOST_ID = 1 << 22  # the largest vocabularies known have a quarter of a million tokens
_SUFFIXES = (".json", ".jinja", ".model", ".tiktoken", ".vocab", ".bpe")
_NAMES = ("merges.txt", "vocab.txt")
_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt")
_TEMPLATES = ("chat_templates", "additional_chat_templates")
_END_KEYS = ("eos_token", "eot_token", "eom_token")


@dataclass(frozen=True)
class TokenizerFiles:
    """What a folder's tokenizer says without being loaded.

    Attributes:
        digest: of everything the tokenizer is made from; changes with any of it.
        ends: ids of the tokens it calls ends.
        markers: ids of added tokens with a usual name of an end, by text.
    """

    digest: str
    ends: tuple[int, ...] = ()
    markers: dict[str, int] = field(default_factory=dict)


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """What a folder's tokenizer says, from the cache when none of its files has changed."""
    digest = _digest(folder)
    kept = paths.cache_dir() / "headers" / f"tokenizer-{digest}-{_VERSION}.json"
    try:
        raw = json.loads(kept.read_text(encoding="utf-8"))
        return TokenizerFiles(digest, tuple(raw["ends"]), dict(raw["markers"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    ends, markers = _ends(folder)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({"ends": ends, "markers": markers}), encoding="utf-8")
        replacing.replace(part, kept)
    except OSError as exc:
        log.info("tokenizer facts not kept: %s", exc)
    return TokenizerFiles(digest, tuple(ends), markers)


def check(folder: Path) -> None:
    """Refuse a folder without a vocabulary, and ids that no vocabulary has: libraries make tables as long as the
    largest, whatever is in them.

    Raises:
        ModelFileError: there is no vocabulary, or an id is negative or far too large.
    """
    if not any(file.name in _VOCABULARIES or file.suffix in _SUFFIXES[2:] for file in folder.iterdir()):
        raise ModelFileError("tokenizer_missing", path=folder)
    tokenizer, config = _object(folder / "tokenizer.json"), _object(folder / "tokenizer_config.json")
    model = tokenizer.get("model")
    words = model.get("vocab") if isinstance(model, dict) else None
    ids: list[Any] = list(words.values()) if isinstance(words, dict) else []
    for name in ("vocab.json", "added_tokens.json"):
        ids += _object(folder / name).values()
    ids += _added(tokenizer, config, {}).values()
    wrong = next((i for i in ids if isinstance(i, int) and not 0 <= i <= _MOST_ID), None)
    if wrong is not None:
        raise ModelFileError("tokenizer_unreadable", path=folder, detail=f"a token with the number {wrong}")


def _digest(folder: Path) -> str:
    """A hash of the names and contents of all files that a tokenizer may be made from."""
    files = [file for file in folder.iterdir() if file.suffix in _SUFFIXES or file.name in _NAMES]
    for name in _TEMPLATES:
        files += (folder / name).glob("*.jinja")
    whole = hashlib.sha256()
    for file in sorted(files):
        try:
            content = hashlib.sha256(file.read_bytes()).digest()
        except OSError:
            continue
        name = file.relative_to(folder).as_posix()
        whole.update(name.encode("utf-8", "surrogateescape") + b"\0" + content)
    return whole.hexdigest()[:32]


def _ends(folder: Path) -> tuple[list[int], dict[str, int]]:
    """Ids of the tokens that are called ends, and of added tokens with a usual name of one."""
    config, tokenizer = _object(folder / "tokenizer_config.json"), _object(folder / "tokenizer.json")
    added = _added(tokenizer, config, _object(folder / "added_tokens.json"))
    ends = []
    for source in (config, _object(folder / "special_tokens_map.json")):
        for key in _END_KEYS:
            value = source.get(key)
            text = value.get("content") if isinstance(value, dict) else value
            if isinstance(text, str) and text:
                ends.append(_id(text, added, tokenizer, folder))
        if ends:
            break
    return [i for i in ends if i is not None], {name: i for name, i in added.items() if name in END_NAMES}


def _added(tokenizer: dict[str, Any], config: dict[str, Any], plain: dict[str, Any]) -> dict[str, int]:
    """Ids of the tokens that were added to the vocabulary, by text."""
    found: dict[str, int] = {name: i for name, i in plain.items() if isinstance(i, int)}
    decoder = config.get("added_tokens_decoder")
    for number, entry in decoder.items() if isinstance(decoder, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("content"), str) and str(number).isdecimal():
            found[entry["content"]] = int(number)
    listed = tokenizer.get("added_tokens")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("content"), str) and isinstance(entry.get("id"), int):
            found[entry["content"]] = entry["id"]
    return found


def _id(text: str, added: dict[str, int], tokenizer: dict[str, Any], folder: Path) -> int | None:
    """The id of a token, wherever the folder keeps it."""
    if text in added:
        return added[text]
    model = tokenizer.get("model")
    words = model.get("vocab") if isinstance(model, dict) else _object(folder / "vocab.json")
    if isinstance(words, list):  # a unigram model: texts and scores in the order of their ids
        named = ((i, entry[0]) for i, entry in enumerate(words) if isinstance(entry, list) and entry)
        words = {word: i for i, word in named if isinstance(word, str)}
    found = words.get(text) if isinstance(words, dict) else None
    return found if isinstance(found, int) else None


def _object(file: Path) -> dict[str, Any]:
    try:
        raw = texts.parse_json(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}
