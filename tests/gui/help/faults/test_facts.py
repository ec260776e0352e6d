"""A report is for whoever mends the fault: what it says of the window is English in every language."""

from __future__ import annotations

from collections.abc import Callable

from helix_app.gui.help.faults.facts import window_facts
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.inquiries import RedactAsked
from tests.gui import fake
from tests.gui.help.faults.test_desk import fault


def test_facts_of_a_german_window_are_english(
    speaking: Callable[[str], str], make_window: Callable[..., MainWindow]
) -> None:
    speaking("de")
    window = make_window()
    assert dict(window_facts(window, window.live, window.state))["Model"] == "none is loaded"
    window.on_event(fake.ready())
    facts = dict(window_facts(window, window.live, window.state))
    assert facts["Model"] == "SmolLM2 135M Instruct · CPU · bfloat16 · 8,192 tokens of context"
    assert facts["Engine"] == "in a process of its own"
    assert facts["Window"].endswith("language de")
    assert "live panel with 0 of 3 plots and a map of 512 blocks" in facts["Window"]
    window.live.hide()
    assert "live panel closed" in dict(window_facts(window, window.live, window.state))["Window"]
    window.on_event(fake.ready(remote="http://127.0.0.1:1/v1", device_name="127.0.0.1"))
    assert "remote, 127.0.0.1" in dict(window_facts(window, window.live, window.state))["Model"]
    asked: list[object] = []
    window.help.asked.connect(asked.append)
    window.help.faults.tell(fault())
    report = next(question for question in asked if isinstance(question, RedactAsked))
    assert "  Engine: in a process of its own" in report.lines
