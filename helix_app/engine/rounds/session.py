"""What a reply needs before it begins: a loaded session, the prompt as tokens, options that make sense."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.engine.control.costs import CostTable
from helix_app.engine.control.policy import AdditiveK, FixedK, KPolicy, parse_k
from helix_app.engine.control.throughput import Source, ThroughputK
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.measuring import calibration
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.sampling.filters import check_params
from helix_app.engine.sampling.grammar_compile import GrammarVocabulary, check_grammar
from helix_app.engine.text.chat_prompt import begun_reply, chat_tokens, own_fault, plain_tokens
from helix_app.engine.text.fitting import CHARACTERS_PER_TOKEN, fitted, fitted_text
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import CacheSnapshot, Notice
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest, OnFull, is_coupled

Limit = Literal["model", "default", "setting", "memory"]
_DOUBT, _DOUBT_MAX = 32, 4096  # undrafted rounds after which costs are measured again
_DOUBT_ROWS = 5  # with so many rows


@dataclass(frozen=True)
class Context:
    """The context of a loaded model.

    Attributes:
        tokens: most of one sequence, prompt and reply together.
        model: what the model itself takes.
        limit: why there are not more.
    """

    tokens: int
    model: int
    limit: Limit = "model"

    def given(self, tokens: int) -> Context:
        """The same where memory allows only so many."""
        return Context(tokens, self.model, "memory") if tokens < self.tokens else self


@dataclass
class Session:
    """A loaded target with its draft, and what was learnt about their speed.

    Attributes:
        draft: begins afresh for each reply (``Draft.fresh``).
        costs: seconds of a whole round of one reply without its draft, by rows.
        crowd_costs: the same of a round of several replies, by all their rows and the sum of their contexts.
        sources: what ``--k auto`` learnt of acceptance.
        too_costly: rounds since the last draft that decoded plainly because a draft costs more.
        doubt: such rounds after which costs are measured again.
        policies: other policies that remember.
        learned: table that replies are learnt into, None for none.
        draft_runner: of the draft model, None for a draft without one.
        notices: what prompts gave rise to and nobody was told yet (``take_notices``).
        told: codes of notices that are told once after loading.
        context: what limits the target's sequences, None where nobody chose.
        grammars: its vocabulary for replies with a grammar, once one was asked for.
        forces: whether tokens that a grammar forces are proposed; only a measurement does without.
    """

    runner: ModelRunner
    tokenizer: Tokenizer
    draft: Draft | None
    eos: frozenset[int]
    draft_runner: ModelRunner | None = None
    costs: CostTable = field(default_factory=CostTable)
    crowd_costs: CostTable = field(default_factory=CostTable)
    sources: dict[str, Source] = field(default_factory=dict)
    policies: dict[str, KPolicy] = field(default_factory=dict)
    learned: NgramTable | None = None
    too_costly: int = 0
    doubt: int = _DOUBT
    context: Context | None = None
    grammars: GrammarVocabulary | None = None
    forces: bool = True
    notices: list[Notice] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def tell_once(self, notice: Notice) -> None:
        """Have a notice told with the next events, unless it was since loading."""
        if notice.code not in self.told:
            self.told.add(notice.code)
            self.notices.append(notice)

    def take_notices(self) -> list[Notice]:
        """What is to be told now; it is told once."""
        taken, self.notices = self.notices, []
        return taken

    def policy(self, request: GenerateRequest) -> KPolicy:
        """The policy of this request; adaptive ones remember what earlier replies taught them.

        A seed asks for the same reply again. With rejection sampling the tokens depend on where drafts begin, so k
        then looks neither at the clock nor at earlier replies.
        """
        fixed = parse_k(request.k)
        if fixed is not None:
            return FixedK(fixed)
        seeded = request.sampling.seed is not None and request.sampling.temperature > 0
        if seeded and not is_coupled(request):
            return AdditiveK()
        if request.k == "auto":
            return ThroughputK(self.costs, self.sources)
        return self.policies.setdefault(request.k, AdditiveK())

    def snapshots(self, *, full: bool = False) -> Iterator[CacheSnapshot]:
        """The state of the target's pool and of the draft's, if it has one."""
        yield take_snapshot(self.runner.pool, "target", full=full)
        if self.draft_runner is not None:
            yield take_snapshot(self.draft_runner.pool, "draft", full=full)

    def release(self) -> None:
        """Free weights and caches, whoever still holds this object; it is of no use then."""
        for runner in self.runners:
            runner.release()

    @property
    def runners(self) -> tuple[ModelRunner, ...]:
        """Of the target, and of a draft model or a copy in fewer bits; each once."""
        found = (self.runner, self.draft_runner, self.draft.runner if self.draft is not None else None)
        return tuple({id(runner): runner for runner in found if runner is not None}.values())

    def clear_caches(self) -> None:
        """Forget cached prefixes of target and draft, so that the next prompt runs from its first token."""
        for runner in (self.runner, self.draft_runner):
            if runner is not None:
                runner.pool.clear_cache()

    def remeasure(self) -> None:
        """Measure a verification pass again if drafting was too costly for long: the machine may have been busy.

        For between replies; takes three passes of the target, and ever more rarely while they only confirm.
        """
        single = self.costs.expect(1, 0)
        pool = self.runner.pool
        if self.too_costly < self.doubt or pool.free_blocks < len(pool.windows) or single is None:
            return
        self.too_costly = 0
        proportion = calibration.proportion_now(self.runner, _DOUBT_ROWS)
        if calibration.doubtful(self.runner, self.costs, _DOUBT_ROWS, proportion):
            self.costs.replace(_DOUBT_ROWS, proportion * single)
            self.doubt = _DOUBT
        else:
            self.doubt = min(2 * self.doubt, _DOUBT_MAX)

    def plain_tokens_per_second(self, context: int) -> float | None:
        """What plain decoding reaches at this context, as measured; None while unknown."""
        seconds = self.costs.expect(1, context)
        return 1.0 / seconds if seconds else None


@dataclass
class LoadedModel:
    """What runs, and what was last told of it."""

    session: Session
    ready: ModelReady


@dataclass(frozen=True)
class Prompt:
    """What a reply follows.

    Attributes:
        ids: its tokens; a begun reply is the end of them.
        left_out: how many of the request's messages are not in it.
        opens: it ends inside reasoning.
    """

    ids: list[int]
    left_out: int = 0
    opens: bool = False


def prompt_tokens(session: Session, request: GenerateRequest) -> list[int]:
    """The token ids that the reply follows. Raises as ``prompt_of``."""
    return prompt_of(session, request).ids


def prompt_of(session: Session, request: GenerateRequest) -> Prompt:
    """The prompt of a request, without what it lets be left out of a conversation that has become too long.

    Raises:
        InputError: nothing to send, more than the context takes, or a chat template that refuses it.
    """
    limit = session.runner.max_tokens
    asked = begun_reply(request.messages)[0]
    question = request.text if request.raw else (asked[-1].content if asked else "")
    answered = not request.raw and bool(asked) and asked[-1].role == "tool"  # a tool may have nothing to say
    if not question.strip() and not answered:
        raise InputError("prompt_empty")
    prompt = (
        _prompt_text(session, request, limit) if request.raw and request.prompt else _messages(session, request, limit)
    )
    if len(prompt.ids) >= limit:
        raise _too_long(session, limit, len(prompt.ids))
    if not prompt.ids:
        raise InputError("prompt_empty")
    return prompt


def _prompt_text(session: Session, request: GenerateRequest, limit: int) -> Prompt:
    if len(request.prompt) > limit * CHARACTERS_PER_TOKEN:
        raise _too_long(session, limit, len(request.prompt) // CHARACTERS_PER_TOKEN, counted=False)
    return Prompt(session.tokenizer.encode(request.prompt, add_bos=True))


def _messages(session: Session, request: GenerateRequest, limit: int) -> Prompt:
    tokenizer = session.tokenizer.with_template(request.template)

    def encode(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        if request.raw:
            return plain_tokens(tokenizer, messages)
        try:
            return chat_tokens(tokenizer, messages, request.thinking, request.tools)
        except InputError as exc:
            raise own_fault(exc) if request.template else exc from exc.__cause__

    drop = request.on_full == "drop_oldest"
    fit = fitted_text if request.raw else fitted
    found = fit(encode, request.messages, limit, request.max_tokens, drop=drop)
    if found.ids is None:
        characters = sum(len(message.content) for message in found.messages)
        raise _too_long(session, limit, characters // CHARACTERS_PER_TOKEN, counted=False)
    if found.notice is not None:
        session.tell_once(found.notice)
    return Prompt(found.ids, found.left_out, not request.raw and session.tokenizer.ends_in_thought(found.ids))


def _too_long(session: Session, limit: int, tokens: int, *, counted: bool = True) -> InputError:
    """Which limit a prompt is over: the model's own, or one that can be raised."""
    context = (session.context or Context(limit, limit)).given(limit)
    told = f"{tokens:,}" if counted else reason_of("over", n=f"{limit:,}")
    if context.limit == "model" or tokens >= context.model:
        return InputError("prompt_too_long", tokens=told, limit=f"{max(limit, context.model):,}")
    code = f"prompt_too_long_{context.limit}"
    return InputError(code, tokens=told, limit=f"{limit:,}", model=f"{context.model:,}")


def check_request(request: GenerateRequest) -> None:
    """Raise InputError for options that are wrong or that this version does not have."""
    check_params(request.sampling)
    parse_k(request.k)
    if request.verify not in ("auto", "rejection", "coupled"):
        raise InputError("option_invalid", option="verify", value=request.verify, hint="Use rejection or coupled.")
    if request.mode not in ("speculative", "autoregressive"):
        hint = "Use speculative or autoregressive."
        raise InputError("option_invalid", option="mode", value=request.mode, hint=hint)
    if type(request.max_tokens) is not int or request.max_tokens < 1:
        raise InputError("option_invalid", option="max-tokens", value=request.max_tokens, hint="Use 1 or more.")
    if not isinstance(request.stop, tuple) or not all(isinstance(stop, str) for stop in request.stop):
        raise InputError("option_invalid", option="stop", value=request.stop, hint="Give a list of texts.")
    if request.thinking is not None and type(request.thinking) is not bool:
        raise InputError("option_invalid", option="thinking", value=request.thinking, hint="Use True, False or None.")
    if not isinstance(request.template, str):
        raise InputError("option_invalid", option="template", value=request.template, hint="Give a chat template.")
    if request.on_full not in get_args(OnFull):
        raise InputError("option_invalid", option="on-full", value=request.on_full, hint="Use stop or drop_oldest.")
    for text in (
        request.prompt,
        *(text for m in request.messages for text in (m.content, m.tool_calls, m.tool_call_id, m.name)),
    ):
        if not isinstance(text, str):
            raise InputError("option_invalid", option="prompt", value=text, hint="Give a text.")
    if not isinstance(request.tools, tuple) or not all(isinstance(tool, str) for tool in request.tools):
        raise InputError("option_invalid", option="tools", value=request.tools, hint="Give a list of texts, each JSON.")
    if request.grammar is not None:
        check_grammar(request.grammar)
    if request.tools and request.raw:
        hint = "A plain text has no place for tools: give messages instead."
        raise InputError("option_invalid", option="tools", value="with a raw prompt", hint=hint)
    if type(request.alternatives) is not int or request.alternatives < 0 or type(request.logprobs) is not bool:
        hint = "Use a whole number from 0 of alternatives, and True or False for log probabilities."
        value = f"{request.alternatives}, {request.logprobs}"
        raise InputError("option_invalid", option="logprobs", value=value, hint=hint)


def common_prefix(a: Sequence[int], b: Sequence[int], most: int) -> int:
    """Length of the common beginning, at most ``most``; bisection over slices, which compare fast."""
    low, high = 0, min(most, len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
