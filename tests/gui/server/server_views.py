"""The page of the local API in its states, for pictures."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.serving import ServedReplies, ServedReply, ServedRequest, ServingBegun, ServingEnded
from tests.gui.settling import load

NOON = 1_764_000_000.0
PROMPTS = (
    "Refactor this function so that it reads the file once and reports the line of the first error it finds in it.",
    "Summarise the changes since the last release in three sentences",
    "What is a paged KV cache?",
    "List the days of the week as JSON",
)


def server(window: MainWindow) -> None:
    """Nothing is served yet."""
    load(window)
    window.pages.show_page("server")


def server_running(window: MainWindow) -> None:
    """Two programs are answered."""
    server(window)
    window.on_event(ServingBegun("http://127.0.0.1:8765"))
    states = ("writing", "writing", "stopped", "done")
    window.on_event(
        ServedReplies(
            tuple(
                ServedReply(
                    str(row),
                    NOON - 40 * row,
                    PROMPTS[row],
                    states[row],
                    180 - 40 * row,
                    3.0,
                    41.0 - row,
                    0.71 - row / 10,
                )  # type: ignore[arg-type]
                for row in range(4)
            )
        )
    )
    window.server.replies.setCurrentRow(0)
    for row, (method, path, status) in enumerate(
        (
            ("GET", "/v1/models", 200),
            ("POST", "/v1/chat/completions", 200),
            ("POST", "/v1/messages", 401),
            ("POST", "/v1/messages", 200),
        )
    ):
        window.on_event(ServedRequest(NOON + row, method, path, status, 0.02 + 1.7 * row))


def server_failed(window: MainWindow) -> None:
    """The port is taken."""
    server(window)
    fields = (("host", "127.0.0.1"), ("port", "8765"))
    window.on_event(ServingEnded(Failed("server_port_taken", "", fields)))


VIEWS = (server, server_running, server_failed)
