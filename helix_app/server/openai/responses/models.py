"""What ``/v1/responses`` takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union

from pydantic import Discriminator, Field, Tag

from helix_app.protocol.requests import ChatMessage, Grammar
from helix_app.server.http.errors import of_field
from helix_app.server.http.fields import Body, Count, Hints, Priority
from helix_app.server.openai.models import Effort, FormatGrammar, FormatObject, FormatText, Padding, Sampling

_TOLD = "of no effect: reasoning is told as it is, so there is none that is encrypted"


class InputText(Body):
    """Text of a message. ``output_text`` is what the model wrote."""

    type: Literal["input_text", "output_text"]
    text: str
    annotations: Annotated[list[Any], Field(max_length=0)] | None = None
    logprobs: Annotated[list[Any], Field(max_length=0)] | None = None
    prompt_cache_breakpoint: dict[str, Any] | None = None


Content = Union[str, list[InputText]]


class MessageItem(Body):
    """A message."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Content
    id: str | None = None
    status: str | None = None


class CallItem(Body):
    """A call that the model made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    namespace: str | None = None
    arguments: str
    id: str | None = None
    status: str | None = None


class CallOutputItem(Body):
    """What a tool answered."""

    type: Literal["function_call_output"]
    call_id: str
    output: Content
    id: str | None = None
    status: str | None = None


class ReasoningItem(Body):
    """Reasoning of an earlier turn; it is left out of the prompt, as templates do."""

    type: Literal["reasoning"]
    summary: list[Any] = Field(default_factory=list)
    content: list[Any] | None = None
    id: str | None = None
    status: str | None = None
    encrypted_content: None = None


def _kind(item: Any) -> str:
    kind = item.get("type", "message") if isinstance(item, dict) else getattr(item, "type", "")
    return kind if isinstance(kind, str) else ""


Item = Annotated[
    Union[
        Annotated[MessageItem, Tag("message")],
        Annotated[CallItem, Tag("function_call")],
        Annotated[CallOutputItem, Tag("function_call_output")],
        Annotated[ReasoningItem, Tag("reasoning")],
    ],
    Discriminator(_kind),
]


class SchemaFormat(Body):
    """JSON by a schema."""

    type: Literal["json_schema"]
    name: str
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class TextOptions(Body):
    """The form of the answer."""

    format: (
        Annotated[Union[FormatText, FormatObject, SchemaFormat, FormatGrammar], Field(discriminator="type")] | None
    ) = None


class Reasoning(Body):
    """Whether the model is to reason. No summary is made of it: it is told as it is."""

    effort: Effort | None = None
    summary: Literal["auto"] | None = None


class FlatTool(Body):
    """A function the model may call."""

    type: Literal["function"]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    defer_loading: Literal[False] | None = None
    allowed_callers: list[Literal["direct"]] | None = None

    def as_json(self, name: str) -> str:
        """In the form of chats, which the engine takes."""
        function = self.model_dump(include={"description", "parameters", "strict"}, exclude_none=True)
        return json.dumps({"type": "function", "function": {"name": name, **function}}, ensure_ascii=False)


class Namespace(Body):
    """Functions with a name in common, such as those of one MCP server; the model knows each by both names together."""

    type: Literal["namespace"]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str | None = None
    tools: Annotated[list[FlatTool], Field(max_length=128)]


def joined_name(namespace: str | None, name: str) -> str:
    """What the model calls a function of a namespace."""
    return name if not namespace else f"{namespace.removesuffix('__')}__{name}"


class ChosenTool(Body):
    """The one function to call, with the namespace that it is of."""

    type: Literal["function"]
    name: str
    namespace: str | None = None


class ResponsesBody(Sampling, Hints):
    """What to answer: a text, or items; after an earlier response, if one is named."""

    model: str
    input: str | Annotated[list[Item], Field(min_length=1)]
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: Count | None = None
    stream: bool | None = None
    stream_options: Padding | None = None
    store: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    tools: (
        Annotated[
            list[Annotated[Union[FlatTool, Namespace], Field(discriminator="type")]],
            Field(max_length=128),
        ]
        | None
    ) = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["disabled"] | None = None
    include: Annotated[list[Literal["reasoning.encrypted_content"]], Field(description=_TOLD)] | None = None
    client_metadata: (
        Annotated[dict[str, Any], Field(description="of no effect: what a program says of itself")] | None
    ) = None
    background: Literal[False] | None = None
    service_tier: Literal["auto", "default"] | None = None
    priority: Priority = 0

    def messages(self) -> list[ChatMessage]:
        """The input for the engine."""
        if isinstance(self.input, str):
            return [ChatMessage("user", self.input)]
        told: list[ChatMessage] = []
        for item in self.input:
            if isinstance(item, MessageItem):
                role = "system" if item.role == "developer" else item.role
                told.append(ChatMessage(role, text_of(item.content)))
            elif isinstance(item, CallItem):
                _add_call(told, item)
            elif isinstance(item, CallOutputItem):
                told.append(ChatMessage("tool", text_of(item.output), tool_call_id=item.call_id))
        return told

    @property
    def offered(self) -> tuple[str, ...]:
        """The tools that the model may call, as JSON."""
        functions = () if self.tool_choice == "none" else tuple(self._functions())
        return tuple(tool.as_json(joined_name(namespace, tool.name)) for _, namespace, tool in functions)

    @property
    def called(self) -> dict[str, tuple[str, str]]:
        """Namespace and name of the functions that have one, by what the model calls them."""
        found = ((namespace, tool.name) for _, namespace, tool in self._functions() if namespace)
        return {joined_name(*names): names for names in found}

    def check_names(self) -> None:
        """Raise ApiError for a function that has the same name for the model as one before it."""
        known: set[str] = set()
        for place, namespace, tool in self._functions():
            name = joined_name(namespace, tool.name)
            if name in known:
                raise of_field(place, f"there is another function {name} before it")
            known.add(name)

    def _functions(self) -> Iterator[tuple[str, str, FlatTool]]:
        """Place in the body, namespace ("" for none) and function."""
        for at, tool in enumerate(self.tools or ()):
            place = f"tools[{at}]"
            if isinstance(tool, Namespace):
                yield from ((f"{place}.tools[{n}]", tool.name, function) for n, function in enumerate(tool.tools))
            else:
                yield place, "", tool

    @property
    def forced(self) -> str | None:
        """The function to call, "" for any, None where none must be called."""
        if isinstance(self.tool_choice, ChosenTool):
            return joined_name(self.tool_choice.namespace, self.tool_choice.name)
        return "" if self.tool_choice == "required" else None

    @property
    def thinking(self) -> bool | None:
        """Whether the model is to reason; None leaves it to its template."""
        effort = None if self.reasoning is None else self.reasoning.effort
        return None if effort is None else effort != "none"

    @property
    def grammar(self) -> Grammar | None:
        """What the answer must look like."""
        form = None if self.text is None else self.text.format
        if form is None or isinstance(form, FormatText):
            return None
        if isinstance(form, FormatObject):
            return Grammar("json_object")
        if isinstance(form, SchemaFormat):
            return Grammar("json_schema", json.dumps(form.schema_))
        return Grammar(form.type, form.value)


def text_of(content: Content) -> str:
    """Its text as a whole."""
    return content if isinstance(content, str) else "".join(part.text for part in content)


def _add_call(told: list[ChatMessage], item: CallItem) -> None:
    """Calls of one turn belong to one message."""
    function = {"name": joined_name(item.namespace, item.name), "arguments": item.arguments}
    call = {"id": item.call_id, "type": "function", "function": function}
    last = told[-1] if told else None
    if last is not None and last.role == "assistant":
        calls = json.loads(last.tool_calls or "[]")
        told[-1] = ChatMessage("assistant", last.content, tool_calls=json.dumps([*calls, call]))
    else:
        told.append(ChatMessage("assistant", "", tool_calls=json.dumps([call])))
