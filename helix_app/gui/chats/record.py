"""What is kept beside the text of a reply: how it was written, and its figures. No widgets."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from statistics import median

import msgspec

from helix_app.base.replies.thinking import part
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.writing import Writing, writing_of
from helix_app.protocol.events import Failed, Finished, FinishReason, RunMetrics
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, Mode, OnFull, SamplingParams, Verify

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """How a reply was written.

    Attributes:
        draft: kind or name of the draft; empty for none.
        device, dtype: where the model ran, and in which number format.
        exact_rows: as in ``ModelReady``.
        metrics, reason: as in ``Finished``; None and empty for a reply that never came to its end.
        plain_round, plain_rounds: median seconds of the rounds that drafted nothing, and how many there were.
        failed: why it ended, where that was an error.
        marks, opens, thought_seconds, thought_tokens: as in ``Writing``.
        template, thinking, on_full, grammar: as in ``GenerateRequest``.
        left_out: as in ``PrefillDone``.
        plain: it continued a text, in which nobody asks and nobody answers.
        edited: a person wrote its text anew, from the begin or as far as the model did not go on with it.
    """

    mode: Mode = "speculative"
    k: str = "auto"
    verify: Verify = "auto"
    max_tokens: int = 0
    sampling: SamplingParams = field(default_factory=SamplingParams)
    stop: tuple[str, ...] = ()
    draft: str = ""
    device: str = ""
    dtype: str = ""
    exact_rows: bool = False
    metrics: RunMetrics | None = None
    reason: FinishReason | None = None
    plain_round: float = 0.0
    plain_rounds: int = 0
    failed: Failed | None = None
    marks: tuple[str, str] = ("", "")
    opens: bool = False
    thought_seconds: float = 0.0
    thought_tokens: int = 0
    template: str = ""
    thinking: bool | None = None
    on_full: OnFull = "stop"
    left_out: int = 0
    edited: bool = False
    plain: bool = False
    grammar: Grammar | None = None

    def request(self, messages: tuple[ChatMessage, ...], request_id: str) -> GenerateRequest:
        """The request that it answered."""
        return GenerateRequest(
            request_id,
            messages,
            mode=self.mode,
            k=self.k,
            verify=self.verify,
            max_tokens=self.max_tokens,
            sampling=self.sampling,
            stop=self.stop,
            template=self.template,
            thinking=self.thinking,
            on_full=self.on_full,
            raw=self.plain,
            grammar=self.grammar,
        )

    def finished(self, request_id: str, text: str) -> Finished | None:
        """The event that it ended with; None when it never came."""
        if self.metrics is None or self.reason is None:
            return None
        return Finished(request_id, self.reason, text, (), self.metrics)

    @property
    def by_hand(self) -> bool:
        """Whether the end of the text is a person's, so that a model can go on from there."""
        return self.edited and self.reason is None and self.failed is None


def record_of(writing: Writing, ready: ModelReady | None, end: Finished | Failed) -> Record:
    """The record of a reply that ended so."""
    request, plain_rounds = writing.request, writing.plain_rounds
    talk, known = writing.conversation, writing.message_id in writing.conversation
    before = from_text(talk.message(writing.message_id).details) if known and writing.begun else None
    return Record(
        request.mode,
        request.k,
        request.verify,
        request.max_tokens,
        request.sampling,
        request.stop,
        draft="" if ready is None else ready.draft_label,
        device="" if ready is None else ready.device,
        dtype="" if ready is None else ready.dtype,
        exact_rows=ready is not None and ready.exact_rows,
        metrics=end.metrics if isinstance(end, Finished) else None,
        reason=end.reason if isinstance(end, Finished) else None,
        plain_round=median(plain_rounds) if plain_rounds else 0.0,
        plain_rounds=len(plain_rounds),
        failed=end if isinstance(end, Failed) else None,
        marks=writing.marks,
        opens=writing.opens,
        thought_seconds=round(writing.thought_seconds, 3),
        thought_tokens=writing.thought_tokens,
        template=request.template,
        thinking=request.thinking,
        on_full=request.on_full,
        left_out=writing.left_out,
        edited=before is not None and before.edited,
        plain=request.raw if before is None else before.plain,
        grammar=request.grammar,
    )


def rewritten(before: str, record: Record, answer: str) -> tuple[str, Record]:
    """A reply of this text with a person's answer in place of its own: the text, and its record.

    What the model thought stays before it, closed if it was not, and so do the marks that tell the two apart.
    """
    parted = part(before, record.marks, record.opens)
    kept = before + record.marks[1] if parted.open else before[: len(before) - len(parted.answer)]
    thought = (record.thought_seconds, record.thought_tokens)
    return kept + answer, Record(
        marks=record.marks,
        opens=record.opens,
        thought_seconds=thought[0],
        thought_tokens=thought[1],
        edited=True,
        plain=record.plain,
        grammar=record.grammar,
    )


def begun_text(writing: Writing) -> str:
    """What is known of a reply before its first word, where that decides how it is shown: JSON, or empty."""
    request = writing.request
    record = Record(marks=writing.marks, opens=writing.opens, plain=request.raw, grammar=request.grammar)
    return to_text(record) if request.raw or request.grammar is not None or writing.opens else ""


def writing_on(
    request: GenerateRequest, conversation: Conversation, message_id: str, ready: ModelReady | None
) -> Writing:
    """A reply that this model is about to write further. Its thought stands between the marks of who began it."""
    message = conversation.message(message_id)
    writing = replace(writing_of(request, conversation, message_id, ready, message.text), was=message.state)
    record = from_text(message.details)
    if record is None:
        return writing
    seconds, tokens = record.thought_seconds, record.thought_tokens
    return replace(writing, marks=record.marks, opens=record.opens, thought_seconds=seconds, thought_tokens=tokens)


def context_tokens(conversation: Conversation) -> int:
    """Tokens that a conversation took at the end of its last reply; 0 where nobody counted them."""
    for message in reversed(conversation.path()):
        record = from_text(message.details)
        if record is not None and record.metrics is not None:
            return (record.metrics.prompt_tokens or 0) + (record.metrics.tokens_generated or 0)
    return 0


def to_text(record: Record) -> str:
    """As JSON."""
    return msgspec.json.encode(record).decode()


def from_text(details: str) -> Record | None:
    """The record that JSON holds; None for an empty text, or one that a later Helix wrote otherwise."""
    if not details:
        return None
    try:
        return msgspec.json.decode(details, type=Record)
    except msgspec.DecodeError as error:
        log.warning("a reply without its figures: %s", error)
        return None
