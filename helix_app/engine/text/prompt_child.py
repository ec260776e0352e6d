"""Prompts are looked at in a process of their own, with the model's own tokenizer.

On a thread of the window, or of a server, reading a vocabulary and making tokens of a long text would each hold the
interpreter for a tenth of a second, and a chat template that a person is writing may never come to its end: a process
is ended then.
"""

from __future__ import annotations

import logging
import threading
import time
from multiprocessing.connection import Connection

from helix_app.base.failures import failure
from helix_app.base.process.answering import AnsweringProcess, answer_all
from helix_app.protocol.conversations.prompts import PromptAsked, PromptCounted
from helix_app.protocol.events import Failed

log = logging.getLogger(__name__)

START_SECONDS = 60.0  # a busy computer may take so long to start a process and to read a vocabulary
PATIENCE_SECONDS = 10.0  # for a prompt; with a template that never ends it is over then
POLL_SECONDS = 0.1  # how late it is seen that nobody waits any more


class PromptChild:
    """Looks at prompts in a process that is started for the first one. Used by one thread, but for ``stop``."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._process = AnsweringProcess(serve, "helix-prompts")
        self._target = ""  # whose vocabulary it has read
        self._over = threading.Event()

    def __call__(self, asked: PromptAsked) -> PromptCounted:
        """The answer. Never raises."""
        try:
            pipe = self._process.pipe()
            pipe.send(asked)
            known = asked.target == self._target
            if not self._answered(pipe, self._patience if known else START_SECONDS):
                self.close()
                code = "template_endless" if known and asked.template else "prompt_uncounted"
                return PromptCounted(asked.number, failed=Failed(code))
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            log.info("the process that counts prompts ended: %s", error)
            self.close()
            return PromptCounted(asked.number, failed=Failed("prompt_uncounted", str(error)))
        self._target = asked.target
        return answer if isinstance(answer, PromptCounted) else PromptCounted(asked.number, failed=answer)

    def _answered(self, pipe: Connection, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not pipe.poll(POLL_SECONDS):
            if self._over.is_set() or time.monotonic() > end:
                return False
        return True

    def stop(self) -> None:
        """Let nobody wait for an answer any more; from any thread."""
        self._over.set()

    def close(self) -> None:
        """End the process; the next prompt starts another one."""
        self._process.close()
        self._target = ""


def serve(pipe: Connection) -> None:
    """The process: an answer to every prompt, until the pipe ends."""
    look = Examiner()

    def answer(asked: PromptAsked) -> PromptCounted | Failed:
        try:
            return look(asked)
        except Exception as error:  # a file that is gone, or whatever a tokenizer raises
            return failure(error)

    answer_all(pipe, answer)


class Examiner:
    """Looks at prompts with the tokenizer of one model at a time, kept until another one is asked for."""

    def __init__(self) -> None:
        self._target = ""

    def __call__(self, asked: PromptAsked) -> PromptCounted:
        """The answer. Raises HelixError where the model has no tokenizer to be read."""
        # what takes a second to import is for this process alone
        from helix_app.engine.text.examine import examine
        from helix_app.engine.text.tokenizer import load_tokenizer
        from helix_app.modelfiles.model_path import inspect

        if asked.target != self._target:
            self._tokenizer = load_tokenizer(inspect(asked.target))
            self._target = asked.target
        return examine(self._tokenizer, asked)
