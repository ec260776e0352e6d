"""What a load request asks for, read and checked before anything takes memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from helix_app.base.errors import DraftMismatchError, HelixError
from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.base.messages import error_reason
from helix_app.base.process.paths import expanded
from helix_app.engine.loading.context import choose_context
from helix_app.engine.measuring import pairs
from helix_app.engine.rounds.session import Context
from helix_app.engine.text.pairing import difference
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.display_name import display_name
from helix_app.modelfiles.draft_head import HeadFiles, check_head, inspect_head, is_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.modelfiles.part_names import model_name
from helix_app.protocol.events import Notice
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import LoadRequest

SELF_BITS = {"self-int4": 4, "self-int8": 8}  # drafts that are the target in fewer bits
NEXT_TOKEN = "mtp"  # the draft that is a layer of the target's own
HEAD = "head"  # the draft that is a head made for the target
_KINDS = ("auto", "none", "ngram", NEXT_TOKEN, *SELF_BITS)  # of drafts that are no files


@dataclass(frozen=True)
class Plan:
    """What is about to be loaded.

    Attributes:
        request: as asked.
        draft: files of a draft model, None for any other draft.
        draft_kind: ``auto``, ``none``, ``ngram``, ``model``, ``reencoded`` (a model with another tokenizer), ``head``,
            ``mtp`` or one of ``SELF_BITS``.
        cache_tokens: that the cache should hold, of all sequences.
        skipped: why an optional draft is left out.
        head: files of a draft head, None for any other draft.
        measured: the draft model that was measured to gain most, for ``auto`` where the target's layer is of no use.
    """

    request: LoadRequest
    target: ModelFiles
    tokenizer: Tokenizer
    draft: ModelFiles | None
    draft_kind: str
    context: Context
    cache_tokens: int
    skipped: Notice | None = None
    head: HeadFiles | None = None
    measured: ModelFiles | None = None

    @property
    def target_name(self) -> str:
        """As people call it."""
        return self.request.target_name or model_name(self.target.path)

    @property
    def draft_name(self) -> str:
        """Of a draft model or head; empty for any other draft."""
        if self.head is not None:
            asked = expanded(self.request.draft) == self.head.path
            return (asked and self.request.draft_name) or self.head.path.name
        if self.draft is None:
            return ""
        if self.request.draft in _KINDS or self.skipped is not None:  # it was found by itself
            known = dict(self.request.names).get(str(self.draft.path))
            return known or display_name(self.draft.path, model_name(self.draft.path))
        return self.request.draft_name or model_name(self.draft.path)

    @property
    def draft_file(self) -> str:
        """Of a draft model or head: its file or folder; empty for any other draft."""
        one = self.draft or self.head
        return "" if one is None else str(one.path)

    def guesses(self) -> Iterator[Notice]:
        """What had to be guessed of the tokenizer, told at every load, for the text may suffer."""
        info = self.tokenizer.info
        if info.guessed_cut:
            code = "cut_unknown" if info.unknown_cut not in ("", "default") else "cut_unnamed"
            yield Notice(code, (("name", info.unknown_cut), ("family", info.guessed_cut)))


def plan(request: LoadRequest) -> Plan:
    """Read headers and vocabularies. Raises as ``planned``."""
    steps = planned(request)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Plan = end.value
            return made


def planned(request: LoadRequest) -> Generator[LoadProgress, None, Plan]:
    """A generator of progress that returns the plan.

    Raises:
        HelixError: what this load would end with before it needs memory.
    """
    yield LoadProgress("read_header")
    target = inspect(Path(request.target))
    yield LoadProgress("tokenizer")
    tokenizer = _tokenizer_of(target)
    skipped = None
    try:
        kind, draft, head = _draft_of(request, target, tokenizer, request.draft)
    except HelixError as exc:
        if request.draft_required:
            raise
        skipped = _skipped(request, exc)
        kind, draft, head = _draft_instead(request, target, tokenizer)
    measured, layer = None, target.config.next_token is not None
    if kind == "auto" or (kind == "model" and not request.draft_required):  # the catalogue's, which nobody tried here
        setting = pairs.Setting(request.device, request.dtype)
        found = pairs.best(target, setting, request.installed, heads=not layer)
        if isinstance(found, HeadFiles):
            kind, draft, head = HEAD, None, found  # it was tried, and so it fits
        elif found is not None and layer and kind == "auto":
            measured = found
        elif found is not None:
            kind, draft = "reencoded", found
    context = choose_context(request, target.config)
    cache_tokens = max(context.tokens, request.cache_tokens or 0)
    return Plan(request, target, tokenizer, draft, kind, context, cache_tokens, skipped, head, measured)


_Chosen = tuple[str, Union[ModelFiles, None], Union[HeadFiles, None]]  # kind, files of a model, files of a head


def _draft_of(request: LoadRequest, target: ModelFiles, tokenizer: Tokenizer, name: str) -> _Chosen:
    """The kind of a draft, and its files where it has some. Raises HelixError for one that cannot be used."""
    if name == NEXT_TOKEN and target.config.next_token is None:
        raise HelixError("draft_no_layer", path=target.path)
    if name in _KINDS:
        return name, None, None
    if is_head(name):
        head = inspect_head(name)
        check_head(head, target.config, tokenizer.size, request.target_name or model_name(target.path))
        return HEAD, None, head
    draft = inspect(Path(name))
    return _draft_kind(request, target, tokenizer, draft), draft, None


def _skipped(request: LoadRequest, error: HelixError) -> Notice:
    """What is said of a draft that is left out."""
    name = reason_of("own_layer") if request.draft == NEXT_TOKEN else request.draft_name or request.draft
    return Notice("draft_skipped", fields_of(draft=name, reason=error_reason(error.code, error.fields)), error.detail)


def _draft_instead(request: LoadRequest, target: ModelFiles, tokenizer: Tokenizer) -> _Chosen:
    """The same of what drafts where the one that was asked for cannot: of this nothing more is said."""
    try:
        return _draft_of(request, target, tokenizer, request.draft_instead)
    except HelixError:
        return "auto", None, None


def _draft_kind(request: LoadRequest, target: ModelFiles, tokenizer: Tokenizer, draft: ModelFiles) -> str:
    """How a draft model serves its target: by the target's own tokens, or re-encoded.

    Raises:
        DraftMismatchError: it would have to be re-encoded, and nobody asked for it by name.
    """
    differs = difference(tokenizer, load_tokenizer(draft))
    if differs is None:
        return "model"
    if draft.config.recurrent is not None:  # its states do not go back to where its text is read otherwise
        raise DraftMismatchError("draft_recurrent", path=draft.path)
    setting = pairs.Setting(request.device, request.dtype)
    if request.draft_required or pairs.best(target, setting, (str(draft.path),), heads=False) is not None:
        return "reencoded"
    code, fields = differs
    raise DraftMismatchError(code, **dict(fields))


def _tokenizer_of(target: ModelFiles) -> Tokenizer:
    """Its tokenizer. Raises HelixError for one that cannot be read, or has more tokens than the weights."""
    tokenizer, vocabulary = load_tokenizer(target), target.config.vocab_size
    if tokenizer.size > vocabulary:
        what = reason_of("tokens_differ", tokenizer=f"{tokenizer.size:,}", weights=f"{vocabulary:,}")
        raise HelixError("model_weights_mismatch", path=target.path, what=what)
    return tokenizer
