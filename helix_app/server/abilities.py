"""What the engine and the loaded model can do beyond writing text; the rest is refused by the name of its field."""

from __future__ import annotations

from helix_app.protocol.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.errors import ApiError, of_field

GRAMMARS = False
TOOLS = False


def call_style(ready: ModelReady) -> str:
    """How the model writes calls of tools; "" where it has no way that is known."""
    return ""


def check_abilities(
    request: GenerateRequest, ready: ModelReady, *, forced: bool = False, one_call: bool = False
) -> None:
    """Raise ApiError for what cannot be done.

    Args:
        forced: the reply must call a tool.
        one_call: it may call one at most.
    """
    if request.grammar is not None and not GRAMMARS:
        raise of_field("response_format", "replies of a given form are not supported yet")
    if any(message.role == "tool" or message.tool_calls for message in request.messages) and not TOOLS:
        raise ApiError(400, "api_tools", param="messages", field="messages[].tool_calls")
    if request.tools and not TOOLS:
        raise ApiError(400, "api_tools", param="tools", field="tools")
    if forced or one_call:
        raise ApiError(400, "api_tools", param="tool_choice", field="tool_choice" if forced else "parallel_tool_calls")
