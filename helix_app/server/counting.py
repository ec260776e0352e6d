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
_STOPPING_SECONDS = 10


class PromptCounter:
    """Counts one prompt after the other, until it is closed; the process begins with the first."""

    def __init__(self, make: Callable[[], PromptChild] = PromptChild) -> None:
        self._make = make
        self._turn = threading.Lock()  # of whoever uses the process
        self._lock = threading.Lock()  # guards what follows
        self._child: PromptChild | None = None
        self._closed = False
        self._number = 0

    def count(self, target_file: str, request: GenerateRequest) -> int:
        """Tokens of the prompt; for any thread, one at a time.

        Raises:
            ApiError: a conversation that is refused, a process that does not answer, or the end of the server.
        """
        with self._turn:
            child = self._open()
            self._number += 1
            counted = child(_asked(self._number, target_file, request))
        if counted.failed is None:
            return counted.total
        if counted.failed.code == "prompt_uncounted":
            raise _stopping() if self._closed else ApiError(503, "prompt_uncounted", retry_after=_RETRY_SECONDS)
        raise of_failed(counted.failed)

    def _open(self) -> PromptChild:
        with self._lock:
            if self._closed:
                raise _stopping()
            self._child = self._child or self._make()
            return self._child

    def stop(self) -> None:
        """Refuse whoever waits and whoever comes; from any thread, at once."""
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            child.stop()

    def close(self) -> None:
        """Refuse everybody and end the process."""
        self.stop()
        with self._turn:
            if self._child is not None:
                self._child.close()


def _stopping() -> ApiError:
    return ApiError(503, "api_stopping", retry_after=_STOPPING_SECONDS)


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
