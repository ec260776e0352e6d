"""The window on its own: it sends one message as a person would, and tells how the reply went.

``bench window`` runs it as ``python -m helix_app.trial``, with a JSON object on standard input: ``prompt``, ``seed``,
``blocks`` (of the cache, so that its map is that large) and ``origins`` (whether the tokens' origins are shown). The
settings are those in the configuration folder. One JSON object comes on standard output: ``text``, ``metrics`` (of
``Finished``), ``frames`` (of the window's own meter) and ``shown``; or ``error``, with exit code 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from helix_app import logs, messages, settings as settings_store
from helix_app.errors import HelixError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from helix_app.app import App
    from helix_app.events import Event, LoadChoice, LoadRequest

SETTLE_MS = 300  # after loading, so that the window is painted before the message is sent
SIZE = 1280, 800


def main() -> int:
    """Run it. Returns the exit code."""
    asked = json.load(sys.stdin)
    logs.setup(verbose=False)
    from helix_app import app as root
    from helix_app.gui import heap

    application = root.make_application(sys.argv[:1])
    chosen = settings_store.load()
    hub = root.make_hub(chosen)

    def resolve(choice: LoadChoice) -> LoadRequest:
        return replace(hub.resolve(choice), cache_tokens=int(asked["blocks"]) * 16)

    app = root.build(chosen, hub=replace(hub, resolve=resolve))
    heap.set_aside()
    trial = Trial(app, application, asked)
    trial.start()
    application.exec()
    app.controller.shutdown()
    sys.stdout.write(json.dumps(trial.told, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return 1 if "error" in trial.told else 0


class Trial:
    """One message in a window.

    Attributes:
        told: what is printed at the end.
    """

    def __init__(self, app: App, application: QApplication, asked: dict[str, Any]) -> None:
        self._app, self._application, self._asked = app, application, asked
        self._sent = False
        self.told: dict[str, Any] = {"error": "the window was closed"}
        app.controller.events.connect(self.on_events)

    def start(self) -> None:
        """Open the window with everything shown and load the model."""
        window = self._app.window
        window.resize(*SIZE)
        window.live.show()
        window.preferences.seed = int(self._asked["seed"])
        window.actions_.origins.setChecked(bool(self._asked["origins"]))
        window.settings_changed.disconnect()  # a trial changes nobody's settings
        self._app.start()

    def on_events(self, batch: list[Event]) -> None:
        """What the engine says, after the window has heard it."""
        from PySide6.QtCore import QTimer

        from helix_app.events import Failed, Finished, ModelReady

        for event in batch:
            if isinstance(event, ModelReady) and not self._sent:
                self._sent = True
                QTimer.singleShot(SETTLE_MS, self._send)
            elif isinstance(event, Finished):
                self._finish(event.text, asdict(event.metrics))
            elif isinstance(event, Failed):
                self._end({"error": f"{messages.error_text(event.code, event.fields)} {event.detail}".strip()})

    def _send(self) -> None:
        chat = self._app.window.chat
        chat.composer.clear()
        chat.composer.insert(self._asked["prompt"])
        chat.send()

    def _finish(self, text: str, metrics: dict[str, Any]) -> None:
        window = self._app.window
        frames = window.help.frames.last()
        self._end(
            {
                "text": text,
                "metrics": metrics,
                "frames": frames.as_dict() if frames is not None else None,
                "shown": dict(window.help.facts()),
                "platform": self._application.platformName(),
            }
        )

    def _end(self, told: dict[str, Any]) -> None:
        self.told = told
        self._app.window.close()
        self._application.quit()


if __name__ == "__main__":
    try:
        code = main()
    except (HelixError, OSError, ImportError, ValueError, KeyError) as problem:
        sys.stdout.write(json.dumps({"error": f"{type(problem).__name__}: {problem}"}) + "\n")
        code = 1
    sys.exit(code)
