"""The grammar of a reply: made for the loaded model, and begun where the reply begins."""

from __future__ import annotations

from helix_app.base.errors import InputError
from helix_app.engine.rounds.session import Session
from helix_app.engine.sampling.grammar import GrammarMask, Thought
from helix_app.engine.sampling.grammar_compile import GrammarVocabulary
from helix_app.engine.text.chat_prompt import begun_reply
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.requests import GenerateRequest


def grammar_mask(session: Session, request: GenerateRequest) -> GrammarMask | None:
    """The grammar of a new reply, past what of it there is already; None for a reply that is free.

    Raises:
        InputError: no grammar, or what is to be continued is not of it.
    """
    if request.grammar is None:
        return None
    if session.grammars is None:
        session.grammars = _vocabulary(session)
    mask = session.grammars.mask(request.grammar, _thought(session.tokenizer.with_template(request.template), request))
    begun = "" if request.raw and request.prompt else begun_reply(request.messages)[1]
    for token in session.tokenizer.encode_continued(begun) if begun else ():
        if mask.complete or not mask.consume(token):
            raise InputError("grammar_begun")
    if mask.complete:
        raise InputError("grammar_begun")
    return mask


def _vocabulary(session: Session) -> GrammarVocabulary:
    tokenizer = session.tokenizer
    texts, special = tokenizer.token_bytes()
    width = session.runner.decoder.config.vocab_size
    return GrammarVocabulary(texts[:width], special, session.eos, width, tokenizer.encode_continued)


def _thought(tokenizer: Tokenizer, request: GenerateRequest) -> Thought:
    """Whether the reply begins inside reasoning, or may."""
    thinking, (open_mark, close_mark) = tokenizer.thinking, tokenizer.marks
    if request.raw or not open_mark:
        return Thought()
    inside = thinking.opens if request.thinking is None else thinking.opens_when[request.thinking]
    open_token = tokenizer.token_id(open_mark)
    if inside:
        return Thought("inside", -1, close_mark.encode())
    if request.thinking is False or open_token is None:
        return Thought()
    return Thought("may", open_token, close_mark.encode())
