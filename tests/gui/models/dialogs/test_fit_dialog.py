"""A load that would take too much memory asks first."""

from __future__ import annotations

from dataclasses import replace

from helix_app.gui.models.dialogs.fit_dialog import FitDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.models.fit import Way
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.models.fit_views import FIT

STOPPED = Failed("load_short", fields=(("model", "Qwen"), ("need", "5.6 GB"), ("free", "4.1 GB")), kept=True)


def stopped(window: MainWindow) -> FitDialog:
    window.toolbar.target.pick("/x/big.gguf")
    window.on_event(FIT)
    window.on_event(STOPPED)
    (dialog,) = (d for d in window.findChildren(FitDialog) if d.isVisible())
    return dialog


def test_only_a_load_that_was_stopped_asks(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.toolbar.target.pick("/x/big.gguf")
    assert loads[-1].stop_at == "tight"
    window.on_event(fake.ready())
    assert not window.findChildren(FitDialog)
    window.toolbar.target.pick("/x/other.gguf")
    window.on_event(FIT)
    window.on_event(Failed("model_not_found", fields=(("path", "/x"),), kept=True))
    assert not window.findChildren(FitDialog)
    assert window.chat.error.isVisible()


def test_leaving_it_changes_nothing(window: MainWindow) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    dialog = stopped(window)
    assert not window.chat.error.isVisible()
    assert window.state.ready is not None
    dialog.leave.click()
    assert (len(loads), saved) == (1, [])


def test_loading_anyway_is_the_same_load(window: MainWindow) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    stopped(window).anyway.click()
    assert (loads[-1].target, loads[-1].stop_at) == ("/x/big.gguf", "never")
    window.on_event(fake.ready())
    assert saved[-1].target == "/x/big.gguf"


def test_each_way_is_one_click(window: MainWindow) -> None:
    loads = record(window.load_requested)
    for index, (name, value) in enumerate(
        (("context_length", 8192), ("draft", "none"), ("target", "/models/qwen2.5-1.5b-instruct-q4_k_m.gguf"))
    ):
        dialog = stopped(window)
        assert len(dialog.ways) == 3
        dialog.ways[index].click()
        assert getattr(loads[-1], name) == value
        assert loads[-1].stop_at == "tight"
        window.on_event(Failed("load_cancelled", kept=True))


def test_the_dialog_loads_what_it_shows(window: MainWindow) -> None:
    loads = record(window.load_requested)
    dialog = stopped(window)
    window.models.load(target="/x/other.gguf", draft="none")
    dialog.anyway.click()
    assert (loads[-1].target, loads[-1].draft, loads[-1].stop_at) == ("/x/big.gguf", "auto", "never")


def test_a_model_in_fewer_bits_goes_to_the_device_that_was_chosen(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.state.change(devices={"/x/big.gguf": "cpu"}, device="auto")
    dialog = stopped(window)
    window.models.load(target="/x/other.gguf")
    dialog.ways[2].click()
    assert (loads[-1].target, loads[-1].device) == ("/models/qwen2.5-1.5b-instruct-q4_k_m.gguf", "cpu")


def test_a_smaller_pool_is_one_click_and_a_shorter_context_takes_the_pool_with_it(window: MainWindow) -> None:
    loads = record(window.load_requested)
    window.state.change(cache_tokens=65_536)
    ways = (Way("pool", "40960", 1), Way("context", "8192", 1))
    for index, (context, pool) in enumerate(((None, 40_960), (8192, None))):
        window.toolbar.target.pick("/x/big.gguf")
        assert loads[-1].cache_tokens == 65_536
        window.on_event(replace(FIT, ways=ways))
        window.on_event(STOPPED)
        (dialog,) = (d for d in window.findChildren(FitDialog) if d.isVisible())
        dialog.ways[index].click()
        assert (loads[-1].context_length, loads[-1].cache_tokens) == (context, pool)
        window.on_event(Failed("load_cancelled", kept=True))
