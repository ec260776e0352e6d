"""A program that writes replies one at a time as they are asked for: `generate` kept open, or the window by itself.

``bench window`` runs it as ``python -m helix_app.cli.benching.trial`` and talks to it in lines of JSON. The first line
that it reads is an object: ``blocks`` of the cache (so that its map is that large) and either ``generate``, the options
of that command, or ``window`` with ``seed`` and ``origins`` (whether the tokens' origins are shown); the settings are
those in the configuration folder. It answers ``{"ready": true}`` once the model is loaded. Each further line has a
``prompt``, sent as a person would send it in a new chat, and is answered by ``text``, ``metrics`` (of ``Finished``)
and, by the window, ``frames`` (of its own meter), ``shown`` and ``platform``. ``error`` is the last answer, with exit
code 1. The end of its input ends the program.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, replace
from typing import Any

from helix_app.base import messages, settings as settings_store
from helix_app.base.errors import HelixError
from helix_app.base.process import logs
from helix_app.protocol.events import Event, Failed, Finished
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadChoice, LoadRequest

SETTLE_MS = 300  # the window is quiet for so long before a message is sent, and after a reply
SIZE = 1280, 800


def main() -> int:
    """Run it. Returns the exit code."""
    asked = json.loads(sys.stdin.readline())
    logs.setup(verbose=False)
    return _window(asked) if "window" in asked else _terminal(asked)


def _tell(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _explain(event: Failed) -> dict[str, Any]:
    return {"error": f"{messages.error_text(event.code, event.fields)} {event.detail}".strip()}


# ----------------------------------------------------------------------- the terminal


def _terminal(asked: dict[str, Any]) -> int:
    """``generate``, with the engine in this process as it has it, but prompt after prompt."""
    from helix_app.cli import main as cli
    from helix_app.cli.replies import load_events, reply_events
    from helix_app.cli.requests import request_of
    from helix_app.engine.engine import Engine
    from helix_app.hub.resolve import to_load_request

    args = cli.build_parser().parse_args(["generate", "--json", *asked["generate"]])
    engine, cancel = Engine(), threading.Event()
    try:
        load = to_load_request(LoadChoice(args.target, args.draft, args.device, args.dtype, args.context, learn=False))
        load_events(engine.stream(replace(load, cache_tokens=int(asked["blocks"]) * 16), cancel))
        _tell({"ready": True})
        for line in sys.stdin:
            request = request_of(args, json.loads(line)["prompt"])
            finished, _ = reply_events(engine.stream(request, cancel), show=False)
            _tell({"text": finished.text, "metrics": asdict(finished.metrics)})
    except HelixError as problem:
        _tell({"error": messages.error_text(problem.code, problem.fields)})
        return 1
    finally:
        engine.close()
    return 0


# ------------------------------------------------------------------------- the window


def _window(asked: dict[str, Any]) -> int:
    from PySide6.QtCore import QObject, QTimer, Signal

    from helix_app import app as root
    from helix_app.base.process import heap

    class Lines(QObject):
        """Reads standard input on a thread of its own; an empty line stands for its end."""

        came = Signal(str)

        def read(self) -> None:
            while line := sys.stdin.readline():
                self.came.emit(line)
            self.came.emit("")

    class Trial:
        """Sends one message after the other."""

        def __init__(self) -> None:
            self.code = 0
            self._loaded = False

        def on_line(self, line: str) -> None:
            """Another message, or the end."""
            if not line:
                self._end()
                return
            window.chat.new_chat()
            window.chat.composer.clear()
            window.chat.composer.insert(json.loads(line)["prompt"])
            QTimer.singleShot(SETTLE_MS, self._send)

        def _send(self) -> None:
            """Send what is typed, once its tokens are counted, as they are long before a person presses Enter."""
            if window.counting.settled:
                window.chat.send()
            else:
                QTimer.singleShot(SETTLE_MS, self._send)

        def on_events(self, batch: list[Event]) -> None:
            """What the engine says, after the window has heard it."""
            for event in batch:
                if isinstance(event, ModelReady) and not self._loaded:
                    self._loaded = True
                    QTimer.singleShot(SETTLE_MS, lambda: _tell({"ready": True}))
                elif isinstance(event, Finished):
                    QTimer.singleShot(SETTLE_MS, lambda finished=event: self._finish(finished))
                elif isinstance(event, Failed):
                    self.code = 1
                    _tell(_explain(event))
                    self._end()

        def _finish(self, event: Finished) -> None:
            frames = window.help.frames.last()
            _tell(
                {
                    "text": event.text,
                    "metrics": asdict(event.metrics),
                    "frames": frames.as_dict() if frames is not None else None,
                    "shown": dict(window.help.facts()),
                    "platform": application.platformName(),
                }
            )

        def _end(self) -> None:
            window.close()
            application.quit()

    application = root.make_application(sys.argv[:1])
    chosen = settings_store.load()
    hub = root.make_hub(chosen)

    def resolve(choice: LoadChoice) -> LoadRequest:
        return replace(hub.resolve(choice), cache_tokens=int(asked["blocks"]) * 16)

    app = root.build(chosen, hub=replace(hub, resolve=resolve))
    heap.set_aside()
    window = app.window
    window.resize(*SIZE)
    window.live.show()
    window.actions_.origins.setChecked(bool(asked["window"]["origins"]))
    window.settings_changed.disconnect()  # a trial changes nobody's settings
    window.state.set_settings(window.settings, int(asked["window"]["seed"]))
    trial, lines = Trial(), Lines()
    app.controller.events.connect(trial.on_events)
    lines.came.connect(trial.on_line)
    threading.Thread(target=lines.read, name="helix-trial", daemon=True).start()
    app.start()
    application.exec()
    app.controller.shutdown()
    return trial.code


if __name__ == "__main__":
    try:
        code = main()
    except (HelixError, OSError, ImportError, ValueError, KeyError) as problem:
        _tell({"error": f"{type(problem).__name__}: {problem}"})
        code = 1
    sys.exit(code)
