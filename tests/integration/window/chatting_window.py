"""A window that is made to write a long reply, in a process of its own, and says what it has been given so far.

Each line on stdout is JSON: ``{"text": all of the reply so far, "at": seconds}`` when text came, ``{"kept": true}``
once the store has been asked to keep some of it.
"""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QTimer

from helix_app.app import build, make_application
from helix_app.base.settings import Settings
from helix_app.protocol.conversations.chats import GrowMessage
from helix_app.protocol.events import TextDelta
from helix_app.protocol.models.loading import ModelReady

QUESTION = "Write a long story about a fox and a bear."


def say(**values: object) -> None:
    """One line."""
    print(json.dumps(values), flush=True)


def main(model: str, process: str = "child") -> int:
    """Load, ask, and go on until somebody ends it."""
    application = make_application(["chatting"])
    settings = Settings(
        target=model,
        draft="ngram",
        device="cpu",
        max_tokens=100_000,
        theme="light",
        temperature=0.0,
        engine_process="thread" if process == "thread" else "child",
    )
    app = build(settings)
    text = ""

    def on_events(batch: list[object]) -> None:
        nonlocal text
        for event in batch:
            if isinstance(event, ModelReady):
                app.window.chat.composer.editor.setPlainText(QUESTION)
                QTimer.singleShot(0, app.window.chat.send)
            elif isinstance(event, TextDelta):
                text += event.text
                say(text=text, at=time.monotonic())

    app.controller.events.connect(on_events)
    app.window.chats_asked.connect(lambda asked: say(kept=True) if isinstance(asked, GrowMessage) else None)
    app.start()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
