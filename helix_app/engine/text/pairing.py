"""Whether one model's tokens are those of another: what a draft model must share with its target. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from helix_app.base.errors import HelixError
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.display_name import display_name
from helix_app.modelfiles.draft_head import HeadFiles, check_head, inspect_head, is_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.modelfiles.parameters import parameter_count, read_count
from helix_app.modelfiles.part_names import model_name
from helix_app.protocol.pairs import PairFacts, Verdict

_HEAVY = 0.9  # of what a row of the target reads from which a draft costs as much as it


def difference(target: Tokenizer, draft: Tokenizer) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """How two vocabularies differ, as a code and its fields: by the first token, or in size; None where they do not."""
    for i in range(min(target.size, draft.size)):
        mine, other = target.token(i), draft.token(i)
        if mine != other:
            fields = (("token", str(i)), ("draft_token", repr(other)), ("target_token", repr(mine)))
            return "draft_vocab_mismatch", fields
    if target.size != draft.size:
        return "draft_vocab_size", (("draft_size", f"{draft.size:,}"), ("target_size", f"{target.size:,}"))
    return None


def verdict_of(target: ModelFiles, target_words: Tokenizer, draft: ModelFiles, draft_words: Tokenizer) -> Verdict:
    """How a model can draft for a target: by its tokens, or re-encoded, with the difference that asks for it."""
    heavy = read_count(draft.config) >= _HEAVY * read_count(target.config)
    differs, fields = difference(target_words, draft_words) or ("", ())
    return Verdict(str(draft.path), fields=fields, heavy=heavy, differs=differs)


def verdict_of_head(target: ModelFiles, words: Tokenizer, head: HeadFiles, called: str = "") -> Verdict:
    """How a draft head can draft for a target. Raises DraftMismatchError where it was made for another one."""
    check_head(head, target.config, words.size, called or name_of(target))
    return Verdict(str(head.path), heavy=head.parameters >= _HEAVY * read_count(target.config), head=True)


def verdicts(target: str, drafts: Iterable[str], called: str = "") -> Iterator[Verdict]:
    """A verdict for each model; one that cannot be read says why. People know the target as ``called``.

    Raises:
        HelixError: the target cannot be read.
    """
    files = inspect(Path(target))
    words = load_tokenizer(files)
    for path in drafts:
        try:
            if is_head(path):
                yield verdict_of_head(files, words, inspect_head(path), called)
                continue
            draft = inspect(Path(path))
            yield verdict_of(files, words, draft, load_tokenizer(draft))
        except HelixError as exc:
            yield Verdict(path, exc.code, tuple(exc.fields.items()))


def pair_facts(target: ModelFiles, draft: ModelFiles) -> PairFacts:
    """All that headers and vocabularies say. Raises HelixError for a tokenizer that cannot be read."""
    mine, other = load_tokenizer(target), load_tokenizer(draft)
    names = {mine.token(i) for i in range(mine.size)}
    known = sum(other.token(i) in names for i in range(other.size))
    return PairFacts(
        target_name=name_of(target),
        draft_name=name_of(draft),
        verdict=verdict_of(target, mine, draft, other),
        target_parameters=parameter_count(target.config),
        draft_parameters=parameter_count(draft.config),
        target_vocabulary=mine.size,
        draft_vocabulary=other.size,
        shared=known / max(1, other.size),
        specials=tuple(_differing(target, mine, draft, other)),
        template=_template(mine.info.chat_template, other.info.chat_template),
    )


def head_facts(target: ModelFiles, head: HeadFiles, called: str = "") -> PairFacts:
    """The same of a target and a draft head. Raises DraftMismatchError where it was made for another one."""
    words = load_tokenizer(target)
    return PairFacts(
        target_name=name_of(target),
        draft_name=head.path.name,
        verdict=verdict_of_head(target, words, head, called),
        target_parameters=parameter_count(target.config),
        draft_parameters=head.parameters,
        target_vocabulary=words.size,
        draft_vocabulary=min(head.draft_vocab, words.size),  # tables may be padded
        shared=1.0,
        template="none",
        layers=head.taken(target.config.num_layers),
    )


def name_of(files: ModelFiles) -> str:
    """What people call a model."""
    return display_name(files.path, model_name(files.path))


def _differing(
    target: ModelFiles, mine: Tokenizer, draft: ModelFiles, other: Tokenizer
) -> Iterator[tuple[str, str, str]]:
    """Special tokens that differ: of the begin, and those that end a reply."""
    if mine.info.bos_token != other.info.bos_token:
        yield "bos_token", mine.info.bos_token, other.info.bos_token
    ends, others = (
        ", ".join(words.token(i) for i in sorted(files.config.eos_token_ids))
        for files, words in ((target, mine), (draft, other))
    )
    if ends != others:
        yield "eos_token", ends, others


def _template(mine: str | None, other: str | None) -> str:
    if not mine or not other:
        return "none"
    return "same" if mine.strip() == other.strip() else "other"
