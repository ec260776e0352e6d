"""What the loaded model can do beyond writing text; the rest is refused by the name of its field."""

from __future__ import annotations

from helix_app.protocol.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.errors import ApiError


def check_tools(request: GenerateRequest, ready: ModelReady, *, forced: bool = False) -> None:
    """Raise ApiError for tools, and messages of them, that this model cannot take.

    Args:
        forced: the reply must call a tool.
    """
    if request.tools and not (ready.tools and ready.tool_style):
        raise ApiError(400, "api_tools", param="tools", field="tools")
    if any(message.role == "tool" or message.tool_calls for message in request.messages) and not ready.tools:
        raise ApiError(400, "api_tools", param="messages", field="tool_calls")
    if forced:
        raise ApiError(400, "api_tool_choice", param="tool_choice", field="tool_choice")
