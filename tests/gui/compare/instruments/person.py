"""A person at the compare page, and an engine that answers as it is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from helix_app.gui.compare.page import ComparePage
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.requests import CompareRequest
from tests.comparing import WORDS, plain_reply, spec_reply
from tests.gui import fake

TEXT = "".join(WORDS)
SPEC = [(2, 2, WORDS[i : i + 3]) for i in range(1, 58, 3)] + [(0, 0, WORDS[58:59]), (0, 0, WORDS[59:])]
OTHER = [*WORDS[:24], "elsewhere ", *WORDS[25:]]


class CompareDriver:
    """Runs a comparison on a page, by itself or in a window."""

    def __init__(self, page: ComparePage, take: Callable[[events.Event], None] | None = None) -> None:
        """``take`` hands the page its events, as a window does."""
        self.page = page
        self.requests: list[CompareRequest] = []
        self.cancels = 0
        self._take = take or self._to_page
        page.compare_requested.connect(self.requests.append)
        page.cancel_requested.connect(self._count)

    def _to_page(self, event: events.Event) -> None:
        if isinstance(event, events.CompareArm):
            self.page.on_arm(event)
        elif isinstance(event, events.CompareDone):
            self.page.on_done(event)

    def _count(self) -> None:
        self.cancels += 1

    def run(self, prompt: str = "Say something.") -> CompareRequest:
        """Type a prompt and run."""
        self.page.setup.prompt.editor.setPlainText(prompt)
        self.page.run()
        return self.requests[-1]

    def arm(self, index: int, happened: Iterable[events.Event]) -> None:
        """Events of an arm, shown."""
        for event in happened:
            self._take(events.CompareArm(self.requests[-1].request_id, index, event))
        self.page.flush()

    def done(self, reason: str = "done", **values: object) -> None:
        """The end."""
        self._take(events.CompareDone(self.requests[-1].request_id, reason, **values))  # type: ignore[arg-type]

    def texts(self) -> list[str]:
        """What both panes show."""
        return [pane.text.shown_text() for pane in self.page.panes]


def compared(driver: CompareDriver, second: list[str] = WORDS, **values: object) -> None:
    """Run a comparison to its end: SPEC against plain decoding, which writes ``second``."""
    driver.run()
    driver.arm(0, spec_reply(SPEC, WORDS[0]))
    driver.arm(1, plain_reply(second))
    driver.done(**values)


def write(
    window: MainWindow,
    tokens: int | None = None,
    differing: int | None = None,
    failed: events.Failed | None = None,
    **values: object,
) -> None:
    """Run a comparison of a long reply in a window; with ``tokens`` the second arm has written that many so far."""
    driver = CompareDriver(window.compare, window.on_event)
    driver.run("How does a paged KV cache work, and why do you share blocks between chats?")
    words = re.split(r"(?<= )|(?<=\n)", fake.MARKDOWN)
    rounds, at, index = [], 1, 0
    while at < len(words):
        k, accepted = ((4, 2), (0, 0), (6, 5), (3, 0), (4, 4))[index % 5]
        rounds.append((k, accepted, words[at : at + accepted + 1]))
        at, index = at + accepted + 1, index + 1
    driver.arm(0, spec_reply(rounds, words[0], 0.031))
    if failed is not None:
        driver.arm(1, [failed])
    elif tokens is not None:
        driver.arm(1, plain_reply(words, 0.02)[: 2 * tokens])
        driver.page.plots.draw()
        return
    else:
        other = words if differing is None else [*words[:differing], "elsewhere ", *words[differing + 1 :]]
        driver.arm(1, plain_reply(other, 0.02))
    driver.done(logit_gap=None if differing is None else 0.0173, **values)
