"""What a window is about: what it tells, and when."""

from __future__ import annotations

import pytest

from helix_app.base.settings import Settings
from helix_app.gui.routing import Router
from helix_app.gui.state import Model, State, load_choice
from helix_app.protocol import events
from tests.gui import fake


def told(state: State, *names: str) -> list[str]:
    """Which of these signals came, in order."""
    heard: list[str] = []
    for name in names:
        getattr(state, name).connect(lambda name=name: heard.append(name))
    return heard


def test_who_hears_of_settings_can_read_them(state: State) -> None:
    seen: list[tuple[int, int | None]] = []
    state.settings_changed.connect(lambda: seen.append((state.settings.top_k, state.seed)))
    state.change(top_k=7)
    state.set_settings(Settings(top_k=9), 42)
    state.change(top_k=8)
    assert seen == [(7, None), (9, 42), (8, 42)]


def test_the_catalog_is_not_known_before_it_comes(state: State) -> None:
    heard = told(state, "catalog_changed", "devices_changed")
    assert (state.known, state.items, state.devices) == (False, (), ())
    state.set_catalog(())
    assert (state.known, heard) == (True, ["catalog_changed"])


def test_a_load_is_made_of_the_settings_and_what_was_picked_for_it(state: State) -> None:
    heard = told(state, "settings_changed", "load_began", "model_changed")
    state.set_model(Model(fake.ready()))
    choice = state.begin_load({"target": "another", "dtype": "int4"})
    assert (choice.target, choice.dtype) == ("another", "int4")
    assert state.loading == choice == state.choice()
    assert (state.asked.target, state.settings.target) == ("another", Settings().target)  # in effect once it is there
    assert state.ready is None
    assert heard == ["model_changed", "load_began", "model_changed"]
    state.set_model(Model(fake.ready()))
    assert (state.loading, state.asked) == (None, state.settings)
    assert state.choice() == load_choice(state.settings)


def test_only_a_change_of_who_has_the_engine_is_told(state: State) -> None:
    heard = told(state, "occupied_changed")
    state.begin("compare")
    state.begin("compare")
    assert state.occupied == "compare"
    state.end("benchmark")
    assert heard == ["occupied_changed"]
    state.end("compare")
    assert (state.occupied, len(heard)) == (None, 2)


@pytest.mark.parametrize(
    ("work", "why"),
    [("reply", "busy_writing"), ("compare", "bench_compare_running"), ("benchmark", "bench_running")],
)
def test_why_nothing_can_be_measured(state: State, work: str, why: str) -> None:
    assert state.refusal("busy_writing") == ""
    state.begin(work)  # type: ignore[arg-type]
    assert state.refusal("busy_writing") == why
    state.end(work)  # type: ignore[arg-type]
    state.begin_load({})
    assert state.refusal("busy_writing") == "bench_load_running"


def test_a_reply_that_was_given_up_is_of_another_conversation(state: State) -> None:
    state.set_elsewhere(["before"])
    assert not state.is_current("before")
    assert state.is_current("now")


def test_events_reach_all_who_take_their_kind_in_order() -> None:
    router, heard = Router(), []
    router.add({events.Forgotten: lambda event: heard.append(("first", event))})
    router.add({events.Forgotten: lambda event: heard.append(("second", event))})
    event = events.Forgotten(3)
    router.route(event)
    router.route(events.TextDelta("r", "text"))
    router.route(object())
    assert heard == [("first", event), ("second", event)]
