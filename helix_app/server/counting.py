"""How many tokens a prompt has, by the model's own tokenizer in a process of its own.

Making tokens of a long text holds the interpreter, and with it every reply that is being sent, and the window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from helix_app.engine.text.prompt_child import PromptChild
from helix_app.protocol.conversations.prompts import PromptAsked
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.http.errors import ApiError, of_failed

_RETRY_SECONDS = 5


class PromptCounter:
    """Counts one prompt after the other; the process begins with the first."""

    def __init__(self, make: Callable[[], PromptChild] = PromptChild) -> None:
        self._make = make
        self._lock = threading.Lock()  # guards what follows
        self._child: PromptChild | None = None
        self._number = 0

    def count(self, target_file: str, request: GenerateRequest) -> int:
        """Tokens of the prompt; for any thread, one at a time.

        Raises:
            ApiError: a conversation that is refused, or a process that does not answer.
        """
        with self._lock:
            self._child = self._child or self._make()
            self._number += 1
            counted = self._child(_asked(self._number, target_file, request))
        if counted.failed is None:
            return counted.total
        if counted.failed.code == "prompt_uncounted":
            raise ApiError(503, "prompt_uncounted", retry_after=_RETRY_SECONDS)
        raise of_failed(counted.failed)

    def close(self) -> None:
        """End the process; whoever waits for it is refused, and the next prompt begins another one."""
        child = self._child
        if child is not None:
            child.stop()
            with self._lock:
                child.close()
                self._child = None


def _asked(number: int, target_file: str, request: GenerateRequest) -> PromptAsked:
    return PromptAsked(
        number,
        target_file,
        0,
        request.messages,
        0,
        request.template,
        request.thinking,
        tools=request.tools,
        sum_only=True,
    )
