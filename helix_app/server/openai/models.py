"""What ``/v1/chat/completions`` and ``/v1/completions`` take."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Union

from pydantic import Field, field_validator

from helix_app.protocol.requests import ChatMessage, Grammar, SamplingParams
from helix_app.server.http.fields import (
    CACHED,
    DEFAULTS,
    Body,
    CacheControl,
    Count,
    Hints,
    MinP,
    Penalty,
    Priority,
    Repetition,
    Seed,
    StopText,
    StopTexts,
    Temperature,
    TopK,
    TopP,
)

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
_MAX_BIAS = 1024  # entries


class Padding(Body):
    """Whether a stream hides how long its pieces are, which nothing here does."""

    include_obfuscation: Literal[False] = False


class StreamOptions(Padding):
    """What a stream tells beside its text."""

    include_usage: bool = False


class Sampling(Body):
    """How tokens are chosen. What is left out is as Helix's own settings have it by default."""

    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    min_p: MinP | None = None
    repetition_penalty: Repetition | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: Annotated[dict[str, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=_MAX_BIAS)] | None = (
        None
    )
    seed: Seed | None = None

    @field_validator("logit_bias")
    @classmethod
    def _ids(cls, value: dict[str, float] | None) -> dict[str, float] | None:
        if any(not (key.isascii() and key.isdigit() and len(key) < 10) for key in value or ()):
            raise ValueError('its keys are ids of tokens, such as "42"')
        return value

    def params(self, index: int = 0) -> SamplingParams:
        """The same for the engine. The ``index``-th reply of a request has a seed of its own."""

        def chosen(value: Any, default: Any) -> Any:
            return default if value is None else value

        return SamplingParams(
            temperature=float(chosen(self.temperature, DEFAULTS.temperature)),
            top_k=chosen(self.top_k, DEFAULTS.top_k),
            top_p=float(chosen(self.top_p, DEFAULTS.top_p)),
            min_p=float(chosen(self.min_p, DEFAULTS.min_p)),
            repetition_penalty=float(chosen(self.repetition_penalty, DEFAULTS.repetition_penalty)),
            presence_penalty=float(chosen(self.presence_penalty, 0.0)),
            frequency_penalty=float(chosen(self.frequency_penalty, 0.0)),
            logit_bias=tuple((int(key), float(value)) for key, value in (self.logit_bias or {}).items()),
            seed=None if self.seed is None else (self.seed + index) % 2**63,
        )


class Common(Sampling, Hints):
    """What chats and completions share."""

    model: str
    n: Annotated[int, Field(ge=1, le=16)] | None = None
    stop: StopText | StopTexts | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    priority: Priority = 0

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


# ------------------------------------------------------------------ messages


class TextPart(Body):
    """A piece of text."""

    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: Annotated[dict[str, Any], Field(description=CACHED)] | None = None


Content = Union[str, list[TextPart]]
Name = Annotated[str, Field(max_length=512, description="who says it, for a chat template that reads it")]


def text_of(content: Content | None) -> str:
    """Its text as a whole."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.text for part in content)


class SystemMessage(Body):
    """What the model is told before."""

    role: Literal["system", "developer"]
    content: Content
    name: Name | None = None


class UserMessage(Body):
    """What the person says."""

    role: Literal["user"]
    content: Content
    name: Name | None = None


class CalledFunction(Body):
    """A function and its arguments as JSON."""

    name: str
    arguments: str


class ToolCall(Body):
    """A call that the model made."""

    id: str
    type: Literal["function"]
    function: CalledFunction
    index: Annotated[int, Field(description="of no effect, as it stands in a stream: their order tells")] | None = None


class AssistantMessage(Body):
    """What the model said. Its reasoning is left out of the prompt, as templates do with earlier turns."""

    role: Literal["assistant"]
    content: Content | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    refusal: None = None
    audio: None = None
    function_call: None = None
    annotations: Annotated[list[Any], Field(max_length=0)] | None = None
    name: Name | None = None


class ToolMessage(Body):
    """What a tool answered."""

    role: Literal["tool"]
    tool_call_id: str
    content: Content
    name: Name | None = None


Message = Annotated[Union[SystemMessage, UserMessage, AssistantMessage, ToolMessage], Field(discriminator="role")]


def chat_message(message: SystemMessage | UserMessage | AssistantMessage | ToolMessage) -> ChatMessage:
    """The same for the engine."""
    text, name = text_of(message.content), message.name or ""
    if isinstance(message, ToolMessage):
        return ChatMessage("tool", text, tool_call_id=message.tool_call_id, name=name)
    if isinstance(message, AssistantMessage):
        calls = [call.model_dump(exclude={"index"}) for call in message.tool_calls or ()]
        return ChatMessage("assistant", text, tool_calls=json.dumps(calls) if calls else "", name=name)
    return ChatMessage("user" if message.role == "user" else "system", text, name=name)


# ------------------------------------------------------------------ form of the reply


class FormatText(Body):
    """Any text."""

    type: Literal["text"]


class FormatObject(Body):
    """A JSON object."""

    type: Literal["json_object"]


class NamedSchema(Body):
    """A JSON schema. It is always kept to; ``strict`` asks for nothing more."""

    name: str
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class FormatSchema(Body):
    """JSON by a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class FormatGrammar(Body):
    """Text by a regular expression, or a grammar in Lark's form. Helix's own."""

    type: Literal["regex", "lark"]
    value: Annotated[str, Field(min_length=1, max_length=100_000)]


Format = Annotated[Union[FormatText, FormatObject, FormatSchema, FormatGrammar], Field(discriminator="type")]


def grammar_of(form: FormatText | FormatObject | FormatSchema | FormatGrammar | None) -> Grammar | None:
    """What the engine is told to keep to."""
    if form is None or isinstance(form, FormatText):
        return None
    if isinstance(form, FormatObject):
        return Grammar("json_object")
    if isinstance(form, FormatSchema):
        return Grammar("json_schema", json.dumps(form.json_schema.schema_))
    return Grammar(form.type, form.value)


# ------------------------------------------------------------------ bodies


class FunctionSpec(Body):
    """A function the model may call."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Body):
    """A tool; functions are the only kind."""

    type: Literal["function"]
    function: FunctionSpec


class ChosenName(Body):
    """A function by its name."""

    name: str


class ChosenFunction(Body):
    """The one function to call."""

    type: Literal["function"]
    function: ChosenName


class TemplateOptions(Body):
    """Variables of the chat template."""

    enable_thinking: bool


class ChatBody(Common):
    """A conversation to go on with. One that ends with the assistant's own words is continued after them."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: Format | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenFunction | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: Effort | None = None
    chat_template_kwargs: TemplateOptions | None = None
    modalities: list[Literal["text"]] | None = None
    service_tier: Literal["auto", "default"] | None = None
    store: Literal[False] | None = None

    @property
    def thinking(self) -> bool | None:
        """Whether the model is to reason; None leaves it to its template."""
        if self.chat_template_kwargs is not None:
            return self.chat_template_kwargs.enable_thinking
        return None if self.reasoning_effort is None else self.reasoning_effort != "none"

    @property
    def forced(self) -> str | None:
        """The function to call, "" for any, None where none must be called."""
        if isinstance(self.tool_choice, ChosenFunction):
            return self.tool_choice.function.name
        return "" if self.tool_choice == "required" else None


class CompletionBody(Common):
    """Text to go on with, as it stands."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=64)]
    max_tokens: Count | None = 16
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: Literal[False] | None = None
    best_of: Literal[1] | None = None
    suffix: Literal[""] | None = None

    @property
    def prompts(self) -> list[str]:
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt
