"""Grammars of requests, compiled by llguidance for a model's own vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.sampling.grammar import GrammarMask, Thought, Tokens
from helix_app.protocol.requests import Grammar

if TYPE_CHECKING:
    from llguidance import LLTokenizer

_LONGEST = 256 * 1024  # characters of a grammar
_KINDS = ("json_object", "json_schema", "regex", "lark")
# one form, that of Python's json module: what the schema fixes is then forced, and no model writes white space for ever
_JSON = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def check_grammar(grammar: Grammar) -> None:
    """Raise InputError for a grammar of an unknown kind, without text, or too long."""
    if not isinstance(grammar, Grammar) or grammar.kind not in _KINDS:
        kind = getattr(grammar, "kind", grammar)
        raise InputError("option_invalid", option="grammar", value=kind, hint=f"Use {', '.join(_KINDS)}.")
    if not isinstance(grammar.text, str) or (grammar.kind != "json_object" and not grammar.text.strip()):
        raise InputError("grammar_invalid", reason=reason_of("grammar_empty"))
    if len(grammar.text) > _LONGEST:
        raise InputError("grammar_invalid", reason=reason_of("grammar_long", n=f"{_LONGEST:,}"))


class GrammarVocabulary:
    """A model's vocabulary as llguidance wants it; made once a model, which takes a second for a large one."""

    def __init__(
        self,
        texts: Sequence[bytes],
        special: Sequence[int],
        eos: frozenset[int],
        width: int,
        encode: Callable[[str], list[int]],
    ) -> None:
        """
        Args:
            texts: bytes of each token.
            special: tokens that stand for no text.
            eos: tokens that end a reply.
            width: of the target's logits.
            encode: token ids of a text that goes on with another.

        Raises:
            InputError: llguidance is not installed, or no token ends a reply.
        """
        try:
            from llguidance import LLTokenizer, TokenizerWrapper  # an extra: only replies with a grammar need it
        except ImportError as exc:
            raise InputError("grammar_missing", detail=str(exc)) from exc
        known = sorted(token for token in eos if token < len(texts))
        if not known:
            raise InputError("grammar_tokenizer")
        self._tokens = Tokens(texts, frozenset(known), width)
        silent = sorted({*(token for token in special if token < len(texts)), *known})
        wrapper = TokenizerWrapper(_Vocabulary(texts, silent, known[0], encode))
        self._vocabulary: LLTokenizer = LLTokenizer(wrapper, n_vocab=len(texts), eos_token=known)

    def mask(self, grammar: Grammar, thought: Thought) -> GrammarMask:
        """The grammar of a new reply.

        Raises:
            InputError: it is no grammar; the sentence is llguidance's own.
        """
        from llguidance import LLMatcher, LLParserLimits

        check_grammar(grammar)
        try:
            compiled = _source(grammar)
            matcher = LLMatcher(self._vocabulary, compiled, log_level=0, limits=LLParserLimits(verbose_errors=False))
        except (ValueError, RecursionError) as exc:
            raise _invalid(str(exc)) from exc
        if matcher.is_error():
            raise _invalid(matcher.get_error())
        return GrammarMask(matcher, self._tokens, thought)


class _Vocabulary:
    """What ``llguidance.TokenizerWrapper`` reads."""

    bos_token_id = None

    def __init__(
        self, tokens: Sequence[bytes], special: Sequence[int], eos: int, encode: Callable[[str], list[int]]
    ) -> None:
        self.tokens, self.special_token_ids, self.eos_token_id = tokens, special, eos
        self._encode, self._silent = encode, frozenset(special)
        self._single = {text[0]: i for i, text in enumerate(tokens) if len(text) == 1 and i not in self._silent}

    def __call__(self, text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError("a text")  # so it is asked for texts, not for bytes
        ids = self._encode(text)
        return ids if self._spells(ids, text) else [i for letter in text for i in self._spelled(letter)]

    def _spells(self, ids: Sequence[int], text: str) -> bool:
        """Whether tokens say a text to the byte: a tokenizer may compose an accent with its letter, or find a mark."""
        said = [self.tokens[i] for i in ids if i < len(self.tokens) and i not in self._silent]
        return len(said) == len(ids) and b"".join(said) == text.encode()

    def _spelled(self, letter: str) -> list[int]:
        """A letter by itself; where the tokenizer writes another one its bytes, if there are tokens for them."""
        ids, data = self._encode(letter), letter.encode()
        if self._spells(ids, letter) or not all(byte in self._single for byte in data):
            return ids
        return [self._single[byte] for byte in data]


def _source(grammar: Grammar) -> str:
    from llguidance import LLMatcher

    if grammar.kind == "regex":
        return LLMatcher.grammar_from_regex(grammar.text)
    if grammar.kind == "lark":
        return LLMatcher.grammar_from_lark(grammar.text)
    schema = json.loads(grammar.text) if grammar.kind == "json_schema" else {"type": "object"}
    if schema is True:
        schema = {}
    if not isinstance(schema, dict):
        raise ValueError("a schema is a JSON object")
    return LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=_JSON)  # type: ignore[arg-type]


def _invalid(reason: str) -> InputError:
    return InputError("grammar_invalid", reason=" ".join(reason.split())[:500].rstrip("."), detail=reason)
