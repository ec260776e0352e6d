"""How many tokens a prompt has, by the model's own tokenizer in this process."""

from __future__ import annotations

import threading

from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.engine.text.chat_prompt import chat_tokens
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.http.errors import of_failed


class PromptCounter:
    """Reads the tokenizer of a model when it is first asked, and again when the model is another one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = ""
        self._tokenizer: Tokenizer | None = None

    def count(self, target_file: str, request: GenerateRequest) -> int:
        """Tokens of the prompt; for any thread, one at a time. Raises ApiError for a conversation that is refused."""
        with self._lock:
            try:
                if self._tokenizer is None or target_file != self._file:
                    self._tokenizer, self._file = load_tokenizer(inspect(target_file)), target_file
                return len(chat_tokens(self._tokenizer, request.messages, request.thinking, request.tools)[0])
            except HelixError as error:
                raise of_failed(failure(error)) from error
