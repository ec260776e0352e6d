"""The pictures of README.md: the real window with the real default model, in light and dark.

    python packaging/pictures.py [--output FOLDER] [--only NAME ...]

Needs Pillow, and the default model (``python -m helix_app models pull smollm2-135m-instruct``, or ``HELIX_MODELS``).
What the pictures show is written and measured while they are made: nothing is made up.
Settings and conversations are those of an empty home.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from helix_app.app import App

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1280, 800
ANIMATION_WIDTH, FRAMES_A_SECOND, SECONDS = 800, 6, 9
POLL_MS = 15
PATIENCE_SECONDS = 900.0  # for all that a scene waits for
MOST_BYTES, MOST_ANIMATION = 3_000_000, 1_500_000
QUESTIONS = (
    "Name three rivers of Europe.",
    "What is the difference between a list and a tuple in Python?",
    "Write a short poem about rain in a city.",
)
LIST = "Write a Python class for a bank account with deposit, withdraw and balance. Then use it for two accounts."
AGAIN = "Write the same class again, with a docstring for each method."
STACK = "Write a Python class for a stack with push, pop, peek and size, and show how each of them is used."

Ready = Callable[[], bool]
Scene = Iterator[Ready]  # yields what it waits for


class Photographer:
    """Drives a window through scenes and takes pictures of it."""

    def __init__(self, app: App, folder: Path) -> None:
        self.app, self.window, self.folder = app, app.window, folder
        self.frames: list[QImage] = []

    # ------------------------------------------------------------------ pictures

    def take(self, name: str) -> None:
        """The window as it is, in light and in dark."""
        if self.window.pages.current is not None and self.window.pages.current.name != "chat":
            self.window.set_focus_aside()
        for theme, end in (("light", ""), ("dark", "-dark")):
            self.window.state.change(theme=theme)
            self.settle()
            image = self.window.grab().toImage()
            save_small(image, self.folder / f"{name}{end}.png")
        self.window.state.change(theme="light")
        self.settle()

    def settle(self) -> None:
        """Let the window lay itself out and paint."""
        from PySide6.QtWidgets import QApplication

        for _ in range(6):
            QApplication.processEvents()
        self.window.live.flush()
        QApplication.processEvents()

    # ------------------------------------------------------------------ steps

    def loaded(self) -> bool:
        """Whether a model is there and nothing else runs."""
        state = self.window.state
        return state.ready is not None and state.loading is None and state.occupied is None

    def send(self, text: str, *, new: bool = True) -> None:
        """Ask something, in a new conversation or in this one."""
        if new:
            self.window.actions_.new_chat.trigger()
        self.window.chat.composer.editor.setPlainText(text)
        self.window.chat.send()

    def written(self, tokens: int) -> Ready:
        """Until the reply has so many tokens, or is over."""

        trace = self.window.desk.trace(self.window.desk.book.latest)
        return lambda: trace is None or len(trace.tokens) >= tokens or self.loaded()

    # ------------------------------------------------------------------ scenes

    def chat(self) -> Scene:
        """A reply that is being written, with the live plots beside it."""
        for question in QUESTIONS:
            self.send(question)
            yield self.loaded
        self.send(LIST)
        yield self.written(140)
        self.take("window")
        yield self.loaded

    def inspect(self) -> Scene:
        """The same reply, round by round."""
        self.window.actions_.inspect.trigger()
        page = self.window.desk.page
        yield page.isVisible
        trace = page.trace
        partial = [n for n, item in enumerate(trace.rounds) if 0 < item.accepted < len(item.proposed)]
        page.pick(partial[len(partial) // 2] if partial else len(trace.rounds) // 2)
        self.take("inspect")

    def compare(self) -> Scene:
        """One prompt with and without drafts."""
        self.window.pages.show_page("compare")
        page = self.window.compare
        yield lambda: page.own is not None
        page.setup.prompt.editor.setPlainText(STACK)
        page.setup.temperature.setValue(0.0)
        page.run()
        yield lambda: not page.running
        self.take("compare")

    def benchmark(self) -> Scene:
        """A small benchmark: three kinds, two prompts each, three rounds."""
        self.window.pages.show_page("benchmark")
        page = self.window.benchmark
        yield self.loaded
        for code, box in page.setup.kinds.items():
            box.setChecked(code in ("chat", "code", "rewrite"))
        page.setup.prompts.setValue(2)
        page.setup.repeats.setValue(3)
        page.setup.max_tokens.setValue(64)
        page.setup.run.click()
        yield lambda: not page.running
        yield lambda: page.shown is page.result
        self.take("benchmark")

    def models(self) -> Scene:
        """The models that Helix suggests, by the memory they need."""
        self.window.pages.show_page("models")
        page = self.window.library.page
        page.turn_to(page.catalogue)
        yield self.loaded
        self.take("models")

    def reply(self) -> Scene:
        """The animation: a reply from the question to its end."""
        from PySide6.QtCore import Qt

        self.window.pages.show_page("chat")
        yield self.loaded
        if self.window.chat.is_empty:
            self.send(LIST)
            yield self.loaded
        self.send(AGAIN, new=False)  # much of it stands in the reply before: drafts of n-grams find it
        begin, due = time.monotonic(), 0.0
        while time.monotonic() - begin < SECONDS and not (self.frames and self.loaded()):
            due += 1 / FRAMES_A_SECOND
            yield lambda due=due: time.monotonic() - begin >= due  # type: ignore[misc]
            image = self.window.grab().toImage()
            self.frames.append(image.scaledToWidth(ANIMATION_WIDTH, Qt.TransformationMode.SmoothTransformation))
        yield self.loaded
        save_animation(self.frames, self.folder / "reply.webp")


SCENES = ("chat", "inspect", "compare", "benchmark", "models", "reply")


def main() -> int:
    """Make the pictures. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / ".github" / "images", help="default .github/images")
    parser.add_argument("--only", nargs="+", choices=SCENES, default=SCENES, metavar="NAME", help=", ".join(SCENES))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(ROOT))
    from helix_app.base.process import paths

    models = str(paths.models_dir())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["HELIX_HOME"], os.environ["HELIX_MODELS"] = home, models
        missing = photograph(options.output, options.only)
    if missing:
        print(f"not made: {missing}")
        return 1
    total = sum(file.stat().st_size for file in options.output.iterdir())
    print(f"{options.output}: {total / 1e6:.2f} MB")
    return 0 if total <= MOST_BYTES else 1


def photograph(folder: Path, names: Sequence[str]) -> str:
    """Start the window and go through scenes; what stopped it, empty for nothing."""
    from PySide6.QtCore import QTimer

    from helix_app.app import build, make_application
    from helix_app.base.settings import Settings
    from helix_app.gui.kit import language

    application = make_application(["pictures"])
    language.install(application, "en")
    app = build(Settings(theme="light", language="en", temperature=0.0, max_tokens=320, better_model_told=True))
    app.window.resize(WIDTH, HEIGHT)
    photographer = Photographer(app, folder)
    state = {"waited": time.monotonic(), "failed": ""}

    def scenes() -> Scene:
        yield photographer.loaded
        app.window.resize(WIDTH, HEIGHT)
        for name in names:
            state["failed"] = name
            yield from getattr(photographer, name)()
        state["failed"] = ""

    running = scenes()
    waits = next(running)

    def step() -> None:
        nonlocal waits
        if not waits() and time.monotonic() - state["waited"] < PATIENCE_SECONDS:
            return
        if not waits():
            application.quit()
            return
        state["waited"] = time.monotonic()
        timer.stop()  # grabbing lets events through
        try:
            waits = next(running)
            timer.start()
        except StopIteration:
            application.quit()
        except BaseException:
            application.quit()
            raise

    timer = QTimer()
    timer.setInterval(POLL_MS)
    timer.timeout.connect(step)
    app.start()
    timer.start()
    application.exec()
    app.window.close()
    app.end()
    return str(state["failed"])


def save_small(image: QImage, file: Path) -> None:
    """As a PNG with a palette, which is a third of the size and looks the same on flat colours."""
    from PIL import Image

    made = pillow(image).convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    made.save(file, optimize=True)


def save_animation(frames: Sequence[QImage], file: Path) -> None:
    """As an animated WebP, in the best quality that keeps it small; the last frame stays for two seconds."""
    images = [pillow(frame).convert("RGB") for frame in frames]
    times = [round(1000 / FRAMES_A_SECOND)] * (len(images) - 1) + [2000]
    for quality in (80, 65, 50, 35):
        images[0].save(file, save_all=True, append_images=images[1:], duration=times, loop=0, quality=quality, method=5)
        if file.stat().st_size <= MOST_ANIMATION:
            return
    raise SystemExit(f"{file} is too large: {file.stat().st_size / 1e6:.1f} MB")


def pillow(image: QImage):  # type: ignore[no-untyped-def]
    """Qt's picture as Pillow's."""
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "BMP")
    return Image.open(io.BytesIO(bytes(buffer.data().data())))


if __name__ == "__main__":
    raise SystemExit(main())
