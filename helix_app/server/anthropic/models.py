"""What ``/v1/messages`` takes."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Union

from pydantic import ConfigDict, Field

from helix_app.protocol.requests import ChatMessage, Grammar, SamplingParams
from helix_app.server.http.errors import of_field
from helix_app.server.http.fields import (
    DEFAULTS,
    Body,
    CacheControl,
    Count,
    Priority,
    Seed,
    StopTexts,
    Temperature,
    TopK,
    TopP,
)

_EAGER = "of no effect: arguments come as they are written"
_EFFORT = "of no effect: a model that reasons does as much of it as it does by itself"


class TextBlock(Body):
    """Text."""

    type: Literal["text"]
    text: str
    cache_control: CacheControl | None = None
    citations: None = None


class ThinkingBlock(Body):
    """Reasoning of an earlier turn; it is left out of the prompt, as templates do."""

    type: Literal["thinking"]
    thinking: str
    signature: str = ""


class RedactedBlock(Body):
    """The same as another service wrote it, unreadable."""

    type: Literal["redacted_thinking"]
    data: str


class Caller(Body):
    """Who made a call: the model itself."""

    type: Literal["direct"]


class ToolUseBlock(Body):
    """A call that the model made."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]
    caller: Caller | None = None
    cache_control: CacheControl | None = None


class ToolResultBlock(Body):
    """What a tool answered."""

    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[TextBlock] = ""
    is_error: bool | None = None
    cache_control: CacheControl | None = None


Block = Annotated[
    Union[TextBlock, ThinkingBlock, RedactedBlock, ToolUseBlock, ToolResultBlock], Field(discriminator="type")
]


class Message(Body):
    """A turn. A last one of the assistant's is continued."""

    role: Literal["user", "assistant", "system"]
    content: str | Annotated[list[Block], Field(min_length=1)]


class InputSchema(Body):
    """A JSON schema of an object."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
    type: Literal["object"]


class Tool(Body):
    """A function the model may call."""

    type: Literal["custom"] | None = None  # first, for of a tool of Anthropic's own this is what is wrong
    name: Annotated[str, Field(min_length=1, max_length=128)]
    description: str | None = None
    input_schema: InputSchema
    strict: Literal[False] | None = None
    defer_loading: Literal[False] | None = None
    allowed_callers: list[Literal["direct"]] | None = None
    eager_input_streaming: Annotated[bool, Field(description=_EAGER)] | None = None
    cache_control: CacheControl | None = None

    def as_json(self) -> str:
        """In OpenAI's form, which the engine takes."""
        function = {"name": self.name, "parameters": self.input_schema.model_dump()}
        if self.description is not None:
            function["description"] = self.description
        return json.dumps({"type": "function", "function": function}, ensure_ascii=False)


class ChoiceAuto(Body):
    """The model calls tools or not."""

    type: Literal["auto", "any", "none"]
    disable_parallel_tool_use: bool | None = None


class ChoiceTool(Body):
    """The model calls this one."""

    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: bool | None = None


class ThinkingOff(Body):
    """The model does not reason."""

    type: Literal["disabled"]


class ThinkingFree(Body):
    """The model reasons, if it is one that does. Its reasoning is told as it is, not as a summary."""

    type: Literal["adaptive"]
    display: Literal["summarized"] | None = None


class ThinkingOn(Body):
    """The model reasons first, in at most so many tokens. That is refused where the reply has room for more."""

    type: Literal["enabled"]
    budget_tokens: Count
    display: Literal["summarized"] | None = None


ThinkingChoice = Annotated[Union[ThinkingOff, ThinkingFree, ThinkingOn], Field(discriminator="type")]


class JsonFormat(Body):
    """JSON by a schema."""

    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(Body):
    """The form of the answer. The effort is taken because agents send it, and is of no effect."""

    effort: Annotated[Literal["low", "medium", "high", "xhigh", "max"], Field(description=_EFFORT)] | None = None
    format: JsonFormat | None = None


class ClearThinking(Body):
    """Drop the reasoning of earlier turns. Of no effect: it is left out of the prompt anyway, as templates do."""

    type: Literal["clear_thinking_20251015"]
    keep: Any = None


class ContextManagement(Body):
    """What is to be taken out of a conversation."""

    edits: list[ClearThinking] | None = None


class Metadata(Body):
    """Taken, and of no effect."""

    user_id: str | None = None


class Conversation(Body):
    """A conversation."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    system: str | list[TextBlock] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Annotated[Union[ChoiceAuto, ChoiceTool], Field(discriminator="type")] | None = None
    thinking: ThinkingChoice | None = None
    output_config: OutputConfig | None = None
    context_management: ContextManagement | None = None
    cache_control: CacheControl | None = None
    speed: Literal["standard"] | None = None

    def chat(self) -> tuple[ChatMessage, ...]:
        """The same for the engine. Raises ApiError for blocks that stand where they make no sense."""
        system = self.system if isinstance(self.system, str) else "\n\n".join(b.text for b in self.system or ())
        told = [ChatMessage("system", system)] if system else []
        for at, message in enumerate(self.messages):
            told += _chat_messages(message, at)
        return tuple(told)

    @property
    def offered(self) -> tuple[str, ...]:
        """The tools that the model may call, as JSON."""
        if self.tool_choice is not None and self.tool_choice.type == "none":
            return ()
        return tuple(tool.as_json() for tool in self.tools or ())

    @property
    def forced(self) -> str | None:
        """The tool to call, "" for any, None where none must be called."""
        if isinstance(self.tool_choice, ChoiceTool):
            return self.tool_choice.name
        return "" if self.tool_choice is not None and self.tool_choice.type == "any" else None

    @property
    def one_call(self) -> bool:
        """Whether it may call one at most."""
        return self.tool_choice is not None and bool(self.tool_choice.disable_parallel_tool_use)

    def reasons(self, can: bool) -> bool | None:
        """Whether the model, which can reason or cannot, is to do so; None leaves it to its template."""
        if self.thinking is None or (isinstance(self.thinking, ThinkingFree) and not can):
            return None
        return not isinstance(self.thinking, ThinkingOff)

    @property
    def grammar(self) -> Grammar | None:
        """What the answer must look like."""
        form = None if self.output_config is None else self.output_config.format
        return None if form is None else Grammar("json_schema", json.dumps(form.schema_))


class MessagesBody(Conversation):
    """A conversation to go on with."""

    max_tokens: Count
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    seed: Seed | None = None
    stop_sequences: StopTexts | None = None
    stream: bool | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    priority: Priority = 0

    def check_budget(self, context_length: int) -> None:
        """Raise ApiError for fewer tokens of reasoning than the reply has room for: none can be held to them."""
        room = min(self.max_tokens, context_length or self.max_tokens) - 1  # one is left for the answer
        if isinstance(self.thinking, ThinkingOn) and self.thinking.budget_tokens < room:
            reason = (
                f"reasoning cannot be held to fewer tokens than the reply has; give {room} or more, or type adaptive"
            )
            raise of_field("thinking.budget_tokens", reason)

    def params(self) -> SamplingParams:
        """How tokens are chosen; what is left out is as Helix's own settings have it by default."""
        return SamplingParams(
            temperature=float(DEFAULTS.temperature if self.temperature is None else self.temperature),
            top_p=float(DEFAULTS.top_p if self.top_p is None else self.top_p),
            top_k=DEFAULTS.top_k if self.top_k is None else self.top_k,
            seed=self.seed,
        )


def _chat_messages(message: Message, at: int) -> list[ChatMessage]:
    if isinstance(message.content, str):
        return [ChatMessage(message.role, message.content)]
    told: list[ChatMessage] = []
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for index, block in enumerate(message.content):
        place = f"messages[{at}].content[{index}]"
        if isinstance(block, TextBlock):
            texts.append(block.text)
        elif isinstance(block, ToolResultBlock):
            if message.role != "user":
                raise of_field(place, "a tool_result stands in a message of the user")
            answer = block.content if isinstance(block.content, str) else "".join(b.text for b in block.content)
            told.append(ChatMessage("tool", answer, tool_call_id=block.tool_use_id))
        elif message.role != "assistant":
            raise of_field(place, f"a {block.type} block stands in a message of the assistant")
        elif isinstance(block, ToolUseBlock):
            function = {"name": block.name, "arguments": json.dumps(block.input, ensure_ascii=False)}
            calls.append({"id": block.id, "type": "function", "function": function})
    if texts or calls or not told:
        text = "".join(texts)
        told.append(ChatMessage(message.role, text, tool_calls=json.dumps(calls) if calls else ""))
    return told
