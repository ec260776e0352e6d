"""The window's composition root: the only place that knows the engine, the hub and the window, and wires them.

Nothing heavy is imported with it: the engine's child imports it again, and a missing PySide6 is told in a sentence.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

import helix_app
from helix_app.base import messages, settings as settings_store
from helix_app.base.errors import HelixError
from helix_app.base.process import heap, logs, paths, program
from helix_app.base.process.imports import import_plainly
from helix_app.base.settings import Keeper, Settings
from helix_app.protocol.events import EngineClient, Event, Failed, Notice
from helix_app.protocol.models.loading import Unloaded

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtWidgets import QApplication, QSplashScreen

    from helix_app.bridge.api.serving import Serving
    from helix_app.bridge.benchmarks import Benchmarks
    from helix_app.bridge.checkups import Checkups
    from helix_app.bridge.controller import Hub, SessionController
    from helix_app.bridge.conversations.attachments import Attachments
    from helix_app.bridge.conversations.chats import Chats
    from helix_app.bridge.conversations.prompts import Prompts
    from helix_app.bridge.inquiries import Inquiries
    from helix_app.bridge.models.library import Library
    from helix_app.bridge.models.remotes import Remotes
    from helix_app.bridge.pairs import Pairs
    from helix_app.bridge.run_files import RunFiles
    from helix_app.gui.window.main_window import MainWindow
    from helix_app.protocol.requests import LoadChoice, LoadRequest

    # answers what is asked, by its news
    Service = Union[Library, Serving, Benchmarks, Checkups, Attachments, Prompts, Remotes, Chats, Inquiries, Pairs]

log = logging.getLogger(__name__)

SMOKE_TEST_MS = 120_000  # importing torch for the first time can take long
POLL_MS = 200  # Python handles Ctrl-C only when Qt lets it run; garbage is looked for


@dataclass
class App:
    """The wired objects. They live and end together: ``start`` them, and ``window.close()`` ends them."""

    client: EngineClient
    controller: SessionController
    window: MainWindow
    run_files: RunFiles
    benchmarks: Benchmarks
    checkups: Checkups
    chats: Chats
    attachments: Attachments
    prompts: Prompts
    pairs: Pairs
    serving: Serving
    library: Library
    remotes: Remotes
    inquiries: Inquiries
    restarts: bool = False  # the program is to be started again when they have ended

    def start(self) -> None:
        """Show the window, and only then start what takes time."""
        self.window.show()
        self.controller.start()
        self.window.start()
        self.controller.look_for_devices()
        self.inquiries.start()

    def restart(self) -> None:
        """End, to be started again."""
        self.restarts = True
        self.window.close()

    def end(self) -> bool:
        """End what the window's closing has ended, if it was closed; False when a thread hangs."""
        threads = (self.controller, self.benchmarks, self.library, self.attachments)
        return False not in [one.shutdown() for one in threads]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window. Returns the exit code."""
    argv = list(sys.argv if argv is None else argv)
    program.guard_streams()
    options, rest = _parser().parse_known_args(argv[1:])
    try:
        paths.check()
    except HelixError as error:
        return _refuse(error.code, error.fields)
    logs.setup(verbose=options.verbose)
    log.info("Helix %s", helix_app.__version__)
    heap.collect_by_hand()  # before more than a thousand modules
    keeper = settings_store.Keeper()
    try:
        application = make_application([*argv[:1], *rest])
        from helix_app.gui.kit import language
        from helix_app.gui.window.splash import show_splash

        language.install(application, keeper.settings.language)  # before any text is made
        splash = show_splash(application, keeper.settings.theme)  # before what takes seconds to import and to make
        app = build(keeper.settings, keeper=keeper)
    except ImportError as error:
        log.debug("no window", exc_info=True)
        return _refuse("window_unavailable", {"reason": str(error)})
    return _run(app, application, splash, options, rest)


def build(
    settings: Settings,
    client_factory: Callable[[Settings], EngineClient] | None = None,
    hub: Hub | None = None,
    keeper: Keeper | None = None,
) -> App:
    """Make the engine's client, the controller and the window, and connect them. Needs a QApplication.

    Args:
        keeper: where settings are saved and what was wrong with them; by default those on disk.
    """
    from helix_app.bridge.api.serving import Serving
    from helix_app.bridge.benchmarks import Benchmarks
    from helix_app.bridge.checkups import Checkups, examine
    from helix_app.bridge.controller import SessionController
    from helix_app.bridge.conversations.attachments import Attachments
    from helix_app.bridge.conversations.chats import Chats
    from helix_app.bridge.conversations.prompts import Prompts
    from helix_app.bridge.inquiries import Inquiries
    from helix_app.bridge.models.library import Library
    from helix_app.bridge.models.remotes import Remotes
    from helix_app.bridge.pairs import Pairs
    from helix_app.bridge.run_files import RunFiles
    from helix_app.gui.window.dropping import Dropping
    from helix_app.gui.window.main_window import MainWindow

    client = (client_factory or make_client)(settings)
    controller = SessionController(client, hub or make_hub(settings))
    window = MainWindow(settings)
    Dropping(window)
    app = App(
        client=client,
        controller=controller,
        window=window,
        run_files=RunFiles(),
        benchmarks=Benchmarks(controller),
        checkups=Checkups(examine),
        chats=Chats(),
        attachments=Attachments(),
        prompts=Prompts(),
        pairs=Pairs(controller),
        serving=Serving(controller),
        library=Library(),
        remotes=Remotes(),
        inquiries=Inquiries(parent=window),
    )
    store = keeper or settings_store.Keeper()
    _connect_engine(app, store)
    _connect_services(app)
    _connect_run_files(app)
    if store.wrong is not None:
        controller.post(Notice(settings_store.notice_of(store.wrong), tuple(store.wrong.items())))
    return app


def make_client(settings: Settings) -> EngineClient:
    """The engine where the settings want it, and servers beside it. Neither kind imports torch here."""
    from helix_app.base.process.keys import KeyStore
    from helix_app.engine.remote.client import RemoteClient
    from helix_app.engine.remote.switch import SwitchClient

    remote = RemoteClient(KeyStore().get)
    if settings.engine_process == "thread":
        from helix_app.engine.host.client import LocalClient

        return SwitchClient(LocalClient(), remote)
    from helix_app.engine.host.parent import HostClient
    from helix_app.gui.kit.pace import by_cores

    return SwitchClient(HostClient(gather_seconds=by_cores(60, 90) / 1000), remote)


def make_hub(settings: Settings) -> Hub:
    """The catalog and downloads as the controller wants them."""
    from helix_app.base.remote import is_remote
    from helix_app.bridge.controller import Hub
    from helix_app.hub.download import download_events
    from helix_app.hub.learned import forget
    from helix_app.hub.registry import note_use
    from helix_app.hub.resolve import to_load_request
    from helix_app.hub.store import catalog_items

    chosen_before = (settings.target, settings.draft)

    def resolve(choice: LoadChoice) -> LoadRequest:
        request = to_load_request(choice)
        if not is_remote(request.target):
            note_use(request.target, *([request.draft] if os.path.isabs(request.draft) else []))
        return request

    return Hub(
        resolve=resolve,
        download=download_events,
        catalog=lambda opened: catalog_items(name for name in (*chosen_before, *opened) if os.path.isabs(name)),
        forget=forget,
    )


def make_application(argv: Sequence[str]) -> QApplication:
    """The QApplication, with name and icon. Ends the program with a sentence where there is no display."""
    from PySide6.QtCore import Qt, qInstallMessageHandler
    from PySide6.QtGui import QGuiApplication, QIcon
    from PySide6.QtWidgets import QApplication

    import_plainly()
    from helix_app.gui.kit.qt_messages import StartWatch, on_qt_message

    qInstallMessageHandler(StartWatch(lambda reason: _refuse("no_display", {"reason": reason})))
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(list(argv))
    qInstallMessageHandler(on_qt_message)
    application.setApplicationName("Helix")
    application.setApplicationDisplayName("Helix")
    application.setApplicationVersion(helix_app.__version__)
    application.setOrganizationName("Helix")
    application.setDesktopFileName("helix")
    if sys.platform == "win32":  # else the taskbar shows Python's icon
        import ctypes

        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("Helix.Helix")
    icon = paths.resource("icons", "app.svg")
    if icon.is_file():
        application.setWindowIcon(QIcon(str(icon)))
    return application


# ------------------------------------------------------------------------- details


def _connect_engine(app: App, store: Keeper) -> None:
    """What runs on the engine: replies, loads, and downloads beside them; and the settings that they follow."""
    window, controller = app.window, app.controller
    window.generate_requested.connect(controller.generate)
    window.compare_requested.connect(controller.compare)
    window.cancel_requested.connect(controller.cancel)
    window.reply_cancel_requested.connect(controller.cancel_reply)
    window.load_requested.connect(controller.load)
    window.unload_requested.connect(controller.unload)
    window.download_requested.connect(controller.download)
    window.download_cancel_requested.connect(controller.cancel_download)
    window.forget_requested.connect(controller.forget)
    window.settings_changed.connect(lambda changed: _save(store, changed, controller))
    controller.events.connect(window.on_events)
    window.library.download_requested.connect(controller.download)
    window.library.pause_requested.connect(controller.cancel_download)
    app.library.changed.connect(controller.refresh_catalog)
    app.library.fetch_requested.connect(controller.download)


def _connect_services(app: App) -> None:
    """Who answers what the window asks, each on a thread of its own. They end with the window, in this order."""
    window = app.window
    _connect(window, app.library, window.library.asked)
    _connect(window, app.serving, window.serving_requested)  # it ends before the engine that it uses
    window.closing.connect(app.controller.shutdown)
    _connect(window, app.benchmarks, window.benchmark_requested)
    _connect(window, app.checkups, window.checkup_requested)
    _connect(window, app.attachments, window.read_requested)
    _connect(window, app.prompts, window.prompt_asked)
    _connect(window, app.remotes, window.load_view.remote.asked)
    # after the controller: the end of a reply that was stopped is kept, too
    _connect(window, app.chats, window.chats_asked)
    _connect(window, app.inquiries, window.help.asked, window.load_view.machine.asked)
    window.settings_changed.connect(app.inquiries.look_for_updates)  # after they are saved
    _connect(window, app.pairs, window.toolbar.pairs.asked)
    window.toolbar.pairs.stop_requested.connect(app.pairs.stop)


def _connect(window: MainWindow, service: Service, *asked: SignalInstance) -> None:
    """A service gets what these signals ask, its news go to the window, and it ends with that."""
    for one in asked:
        one.connect(service.ask)
    service.news.connect(window.on_events)
    window.closing.connect(service.shutdown)


def _connect_run_files(app: App) -> None:
    """Runs that Inspect opens and saves."""
    desk, run_files = app.window.desk, app.run_files
    desk.open_requested.connect(run_files.open)
    desk.save_requested.connect(run_files.save)
    run_files.begun.connect(desk.on_file_begun)
    run_files.batch.connect(desk.on_file_batch)
    run_files.opened.connect(desk.on_file_opened)
    run_files.saved.connect(desk.on_file_saved)
    run_files.failed.connect(desk.on_file_failed)
    app.window.closing.connect(run_files.shutdown)


def _run(
    app: App, application: QApplication, splash: QSplashScreen, options: argparse.Namespace, rest: Sequence[str]
) -> int:
    """Run the window until it is closed, and what it opens with. Returns the exit code."""
    from helix_app.bridge.faults import watching
    from helix_app.gui.window.opening import is_file_to_open, open_file

    files = tuple(filter(is_file_to_open, rest))
    heap.set_aside()  # what is imported stays
    app.window.preferences.restart_requested.connect(app.restart)
    tell = app.window.help.faults.tell
    with _interruptible(app.window), watching(app.window, tell, asks_before=not options.smoke_test):
        if options.smoke_test:
            _smoke_test(app, application, options.picture)
        else:
            app.start()
            if files:
                open_file(app.window, files[-1])
        splash.close()
        code = application.exec()
    ended = app.end()
    if app.restarts:
        program.start_again(without=files)
    if not ended:
        logging.shutdown()
        os._exit(code or 1)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="helix-window", description="Helix, the window.")
    parser.add_argument("--version", action="version", version=f"Helix {helix_app.__version__}")
    parser.add_argument("--verbose", action="store_true", help="log everything")
    parser.add_argument("--smoke-test", action="store_true", help="open the window, start the engine, close, exit 0")
    parser.add_argument("--picture", metavar="FILE", help="with --smoke-test: save a picture of the window")
    return parser


def _smoke_test(app: App, application: QApplication, picture: str | None) -> None:
    """Have everything up once: the window painted, the engine answering. No model and no settings are touched."""
    from PySide6.QtCore import QTimer

    def on_events(batch: list[Event]) -> None:
        for event in batch:
            if isinstance(event, Unloaded):
                shown = app.window.grab()
                kept = picture is None or shown.save(picture)
                application.exit(0 if kept and not shown.isNull() else 1)
            elif isinstance(event, Failed):
                sys.stderr.write(f"{messages.error_text(event.code, event.fields)}\n{event.detail}\n")
                application.exit(1)

    app.controller.events.connect(on_events)
    app.window.show()
    QTimer.singleShot(0, application, lambda: log.info("the first window is there"))
    app.controller.start()
    app.controller.unload()
    QTimer.singleShot(SMOKE_TEST_MS, application, lambda: application.exit(1))


def _save(store: Keeper, settings: Settings, controller: SessionController) -> None:
    try:
        store.save(settings)
    except OSError as error:
        log.exception("settings not saved")
        folder = str(settings_store.settings_file().parent)
        controller.post(Notice("settings_not_saved", (("folder", folder),), str(error)))


def _refuse(code: str, fields: Mapping[str, str]) -> int:
    """Say why there is no window, where a person can see it. Returns the exit code."""
    log.info("%s: %s", code, ", ".join(fields.values()))
    program.tell(messages.error_text(code, fields))
    return 1


@contextmanager
def _interruptible(window: MainWindow) -> Iterator[None]:
    """Ctrl-C in the terminal (or a polite kill) closes the window as its button would."""
    from PySide6.QtCore import QTimer

    before = {number: signal.signal(number, lambda *_: window.close()) for number in (signal.SIGINT, signal.SIGTERM)}
    timer = QTimer()
    timer.timeout.connect(heap.collect_due)
    timer.start(POLL_MS)
    try:
        yield
    finally:
        timer.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
