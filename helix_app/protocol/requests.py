"""What goes into the engine and the hub: frozen dataclasses of primitives (see ``events.py``, which gives them too)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union

from helix_app.protocol.bench import BenchRequest

Mode = Literal["speculative", "autoregressive"]
Verify = Literal["auto", "rejection", "coupled"]
OnFull = Literal["stop", "drop_oldest"]
StopAt = Literal["never", "short", "tight"]


@dataclass(frozen=True)
class LoadRequest:
    """Load a target and, if asked, a draft.

    Attributes:
        target: file (``.gguf``) or folder (safetensors) of the target model.
        target_name: what people call it ("SmolLM2 135M Instruct").
        draft: ``auto``, ``none``, ``ngram``, ``mtp``, ``self-int4``, ``self-int8`` or the path of a draft model
            or head.
        draft_name: what people call the draft model; ignored for other drafts.
        draft_required: a draft that cannot be used is an error; False makes it a notice and takes ``draft_instead``.
        draft_instead: ``auto``, or the path of a draft model.
        device: ``auto``, ``directml``, ``cuda`` or ``cpu``, or an adapter by its number: ``directml:1``.
        dtype: ``auto``, ``packed``, ``float32``, ``bfloat16``, ``float16`` or ``int4``.
        context_length: most tokens of one sequence; None takes the model's own, ``settings.DEFAULT_CONTEXT`` at most.
            Where memory allows fewer, fewer are given, with a notice.
        context_required: a context that the model does not take is an error; False gives the nearest that it takes.
        ngram_table: file of a table that the n-gram draft may ask (``drafts/ngrams/ngram_table.py``); empty for none.
        learned_table: file of the table that replies are learnt into and that it asks first; empty for none.
        cache_tokens: tokens that the cache holds for all sequences together; None is one context.
        installed: paths of models on this computer, among which another quantisation of the target may be.
        names: (path, what people call it) of those of them that the catalog knows.
        stop_at: of a load that would take too much memory: ``short`` refuses one that does not fit, ``tight`` one that
            leaves little room, too; ``Fit`` says what it would take. ``never`` tries it.
        check_only: only find out whether it would load, from headers and vocabularies; answered by ``Checked``.
    """

    target: str
    target_name: str = ""
    draft: str = "auto"
    draft_name: str = ""
    draft_required: bool = True
    draft_instead: str = "auto"
    device: str = "auto"
    dtype: str = "auto"
    context_length: int | None = None
    context_required: bool = False
    cache_tokens: int | None = None
    ngram_table: str = ""
    learned_table: str = ""
    installed: tuple[str, ...] = field(default=(), compare=False)
    names: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    stop_at: StopAt = "never"
    check_only: bool = False


@dataclass(frozen=True)
class UnloadRequest:
    """Free the loaded models and their caches."""


@dataclass(frozen=True)
class DevicesRequest:
    """List the devices a model can run on; answered by ``DevicesFound``, which is empty when it was cancelled."""


@dataclass(frozen=True)
class ChatMessage:
    """One message of a conversation.

    Attributes:
        role: ``tool`` is the answer of a tool that the assistant called.
        tool_calls: of an assistant message, a JSON list as in OpenAI's messages; empty for none.
        tool_call_id: of a tool's answer, which call it answers.
        name: who says it, for a chat template that reads it; empty for nobody in particular.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: str = ""
    tool_call_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Grammar:
    """What a reply must look like. JSON is written on one line, with a space after commas and colons.

    Attributes:
        kind: ``json_object`` is any JSON object, its ``text`` empty; ``lark`` is llguidance's form of Lark.
        text: the schema as JSON, the regular expression or the grammar.
    """

    kind: Literal["json_object", "json_schema", "regex", "lark"]
    text: str = ""


@dataclass(frozen=True)
class SamplingParams:
    """How a token is chosen. The neutral value of each filter switches it off.

    Attributes:
        temperature: 0 is greedy.
        top_k: keep the k most probable tokens; 0 keeps all.
        top_p: keep the smallest set of tokens with at least this mass; 1 keeps all.
        min_p: drop tokens under min_p times the largest probability; 0 keeps all.
        repetition_penalty: divides positive and multiplies negative logits of tokens seen; 1 is off.
        seed: fixes the random numbers of the reply; None draws a new seed, reported in the result.
        presence_penalty: taken from the logits of tokens that the reply has already; 0 is off.
        frequency_penalty: the same, as often as the reply has them.
        logit_bias: (token id, number added to its logit).
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Written:
    """What an interrupted reply had already; it goes on after this.

    Attributes:
        token_ids: of the reply.
        prompt_tokens, cached_tokens: as ``PrefillDone`` told them.
        rounds: drafted, accepted and emitted tokens and the seconds of each round.
        seconds, first_token_seconds: since the request.
        plain_seconds: that plain decoding would have taken for the tokens of the rounds; None where nobody knows.
    """

    token_ids: tuple[int, ...]
    prompt_tokens: int
    cached_tokens: int
    rounds: tuple[tuple[int, int, int, float], ...]
    seconds: float
    first_token_seconds: float
    plain_seconds: float | None = None


@dataclass(frozen=True)
class GenerateRequest:
    """Write one reply.

    Attributes:
        request_id: echoed by every event of this reply.
        messages: the conversation so far; the model's chat template is applied. The last message is from the user, or
            from the assistant: then its text, unless empty, is continued as it stands, and everything that is told of
            this reply (text, tokens, figures) is only what is new.
        raw: a text is continued as it stands, by no chat template: ``prompt``, or where that is empty the contents of
            the messages, one right after the other (``text``).
        prompt: that text; without ``raw`` unused.
        k: ``auto``, ``additive`` or ``fixed:N``.
        verify: ``rejection`` keeps the target's distribution; ``coupled`` also ties the text to the seed, whatever is
            drafted; ``auto`` is coupled when there is a seed.
        alternatives: how many best alternatives each emitted token carries.
        logprobs: whether each carries its own log probability; with alternatives it does anyway.
        priority: among several requests, higher ones go first.
        written: what was written before an engine that died; its text is sent again as the first ``TextDelta``.
        cold: begin as the first reply after loading would: no cached prefix is taken, nothing that was learnt from
            replies is asked, and this one is neither learnt nor kept in the cache, where other prefixes stay. For
            measurements that must not depend on what came before.
        thinking: switches the reasoning of a model whose template knows a switch (``ModelReady.thinking_switch``); None
            leaves it to the template.
        grammar: what the reply must look like, together with what of it there is already; None leaves it free. Where
            the model reasons first it holds for what follows. A reply that is complete ends as by its own end token.
        tools: functions that the model may call, each as the JSON of OpenAI's ``tools``; given to the chat template.
        template: a chat template in place of the model's own; empty for that one.
        on_full: what becomes of a conversation that leaves too little of the context for a reply: ``stop`` fails where
            the prompt itself does not fit, ``drop_oldest`` leaves out whole turns, the oldest first, but never a system
            message nor the turn that is to be answered, and of a text in messages its first tokens, as many as are too
            many (``engine/text/fitting.py``); ``PrefillDone`` tells how much.
    """

    request_id: str
    messages: tuple[ChatMessage, ...] = ()
    prompt: str = ""
    raw: bool = False
    mode: Mode = "speculative"
    k: str = "auto"
    verify: Verify = "auto"
    max_tokens: int = 512
    sampling: SamplingParams = field(default_factory=SamplingParams)
    stop: tuple[str, ...] = ()
    alternatives: int = 0
    logprobs: bool = False
    priority: int = 0
    written: Written | None = None
    cold: bool = False
    thinking: bool | None = None
    grammar: Grammar | None = None
    tools: tuple[str, ...] = ()
    template: str = ""
    on_full: OnFull = "stop"

    @property
    def text(self) -> str:
        """What is continued with ``raw``."""
        return self.prompt or "".join(message.content for message in self.messages)


def is_coupled(request: GenerateRequest) -> bool:
    """Whether the reply is a function of seed and position alone: asked for, or by default when a seed is given."""
    return request.verify == "coupled" or (request.verify == "auto" and request.sampling.seed is not None)


Request = Union[LoadRequest, UnloadRequest, DevicesRequest, GenerateRequest, BenchRequest]


@dataclass(frozen=True)
class LoadChoice:
    """What a person picked in the toolbar. The hub turns names into paths and makes a LoadRequest of it.

    Attributes:
        target: catalog id, or path of a ``.gguf`` file or model folder.
        draft: ``auto``, ``none``, ``ngram``, ``mtp``, ``self-int4``, ``self-int8``, a catalog id or a path.
        learn: whether replies are learnt on this computer, for better n-gram drafts.
        draft_required: as in ``LoadRequest``.
        cache_tokens, stop_at: as in ``LoadRequest``.
    """

    target: str
    draft: str = "auto"
    device: str = "auto"
    dtype: str = "auto"
    context_length: int | None = None
    learn: bool = False
    cache_tokens: int | None = None
    draft_required: bool = True
    stop_at: StopAt = field(default="never", compare=False)  # how it is loaded, not what


@dataclass(frozen=True)
class ArmChoice:
    """One side of a comparison.

    Attributes:
        mode, k, verify: as in ``GenerateRequest``.
        draft, dtype, target: as in ``LoadChoice``; empty for the person's own choice.
    """

    mode: Mode = "speculative"
    draft: str = ""
    k: str = "auto"
    verify: Verify = "auto"
    dtype: str = ""
    target: str = ""


@dataclass(frozen=True)
class CompareRequest:
    """One prompt written twice, by two arms one after the other on an engine that does nothing else.

    Attributes:
        request_id: echoed by every event of the comparison; the replies are called ``{request_id}-0`` and ``-1``.
        own: the load a person chose; an arm changes its target, draft and dtype.
        loaded: whether that is loaded now.
        plain: what is loaded has no chat template: it continues the contents of the messages.
        raw: whatever is loaded continues them.
        text: what a model without a chat template continues in place of them, in pieces; empty where that is them.
        messages, sampling, max_tokens, template, thinking, on_full, grammar: the same for both arms, as in
            ``GenerateRequest``.
    """

    request_id: str
    own: LoadChoice
    arms: tuple[ArmChoice, ArmChoice]
    messages: tuple[ChatMessage, ...]
    sampling: SamplingParams = field(default_factory=SamplingParams)
    max_tokens: int = 256
    loaded: bool = True
    plain: bool = False
    raw: bool = False
    template: str = ""
    thinking: bool | None = None
    on_full: OnFull = "stop"
    grammar: Grammar | None = None
    text: tuple[ChatMessage, ...] = ()


@dataclass(frozen=True)
class CatalogItem:
    """One model people can choose: an entry of the catalog or a file they opened before.

    Attributes:
        id: catalog id, or the path of a file opened by hand.
        size_bytes: of the model file.
        download_bytes: what has to be fetched; 0 when it is already on this computer.
        path: where it is, empty when it is not on this computer yet.
        summary: one sentence for people.
        memory_gb: the least memory that it runs in with a context of 8,192 tokens and its draft; 0 where nobody has
            said.
        draft: id of the model that drafts best for it; empty where no model does and n-grams serve.
        architecture: as its file says; empty where that is not known.
        head: it is a draft head, which can only draft.
    """

    id: str
    name: str
    size_bytes: int
    download_bytes: int
    licence: str
    summary: str
    path: str = ""
    memory_gb: int = 0
    draft: str = ""
    architecture: str = ""
    head: bool = False


@dataclass(frozen=True)
class DeviceItem:
    """One device people can choose.

    Attributes:
        value: what settings and requests call it: ``directml:1``, ``cuda:0``, ``cpu``.
        kind: ``directml``, ``cuda`` or ``cpu``.
        memory_bytes: memory of its own, None where nobody says.
        discrete: a card of its own rather than a part of the processor; None where nothing tells.
    """

    value: str
    kind: str
    name: str
    memory_bytes: int | None = None
    discrete: bool | None = None
