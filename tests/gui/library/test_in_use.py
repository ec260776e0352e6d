"""The files of a model in use have to stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.compare.arms import models_of
from helix_app.gui.library.in_use import Use, use_of
from helix_app.gui.library.page import ModelsPage
from helix_app.gui.library.wording import use_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import Model, State
from helix_app.protocol.bench_views import BenchEnded
from helix_app.protocol.events import Failed
from helix_app.protocol.library import LibraryItem
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.requests import ArmChoice, ChatMessage, CompareRequest, LoadChoice
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.library.conftest import Shown
from tests.gui.library.library_views import ITEMS, LIBRARY

SMOL, QWEN = ITEMS[:2]
DRAFT = LibraryItem("small", "Small", "/models/small/model.gguf", 1, removal="delete")
CATALOG = (replace(fake.here(fake.SMOL), draft="small"), replace(fake.here(fake.BIG), id="small", path=DRAFT.path))


def in_use(item: LibraryItem, state: State) -> bool:
    return bool(use_of(item, state))


def test_nothing_is_while_nothing_is_loaded(state: State) -> None:
    assert not in_use(SMOL, state)


def test_what_is_loaded_by_any_of_its_names(state: State, tmp_path: Path) -> None:
    folder, link = tmp_path / "model", tmp_path / "link"
    folder.mkdir()
    (folder / "x.gguf").write_bytes(b"")
    link.symlink_to(folder)
    state.change(target=str(link / "x.gguf"))
    state.set_model(Model(fake.ready(target_file=str(folder / "x.gguf"))))
    for path, used in ((folder, True), (folder / "x.gguf", True), (link, True), (tmp_path / "mod", False)):
        assert in_use(LibraryItem(str(path), "", str(path), 1), state) is used
    state.change(target="other-name")  # the engine's word counts, too
    assert in_use(LibraryItem("x", "", str(folder / "x.gguf"), 1), state)


def test_both_are_while_one_takes_the_others_place(state: State) -> None:
    state.change(target=SMOL.id)
    state.set_model(Model(fake.ready()))
    state.begin_load({"target": QWEN.id, "draft": ITEMS[2].path})
    assert [in_use(item, state) for item in ITEMS] == [True, True, True, False]


@pytest.mark.parametrize(("drafts", "used"), [("model", True), ("ngram", False)])
def test_the_draft_that_the_catalog_names(state: State, drafts: str, used: bool) -> None:
    state.set_catalog(CATALOG)
    state.change(target=SMOL.id)
    state.set_model(Model(fake.ready(draft=drafts)))
    assert in_use(DRAFT, state) is used
    assert in_use(replace(DRAFT, id=DRAFT.path), state) is used
    state.begin_load({})
    assert in_use(DRAFT, state)


def test_a_draft_that_draft_auto_found(state: State) -> None:
    state.set_model(Model(fake.ready(draft="reencoded", draft_file=DRAFT.path)))
    assert in_use(DRAFT, state)


def test_a_comparison_needs_the_models_of_its_arms_until_it_is_over(page: ModelsPage, shown: Shown) -> None:
    """Also while none of them is loaded."""
    state = shown.state
    state.change(target="other")
    shown.on_event(CatalogChanged(CATALOG))
    shown.on_event(replace(LIBRARY, items=(*ITEMS[:2], DRAFT)))
    asked = CompareRequest(
        "c", LoadChoice("other", SMOL.path), (ArmChoice(), ArmChoice(draft=DRAFT.path)), (ChatMessage("user", "x"),)
    )

    def removable() -> list[bool]:
        return [row.buttons[-1].isEnabled() for row in page.shelf.list.rows()]

    before = removable()
    page.on_remove(DRAFT)
    (box,) = page.findChildren(QMessageBox)
    state.begin("compare", models_of(asked, state.items))
    assert (in_use(SMOL, state), in_use(QWEN, state), in_use(DRAFT, state)) == (True, False, True)
    assert removable() == [False, before[1], False]
    assert not box.isVisible()
    state.end("compare")
    assert not in_use(DRAFT, state)
    assert removable() == before


def test_a_benchmark_needs_its_models_until_it_is_over(
    page: ModelsPage, shown: Shown, theme: Theme, qtbot: QtBot
) -> None:
    """Also while they are not loaded here: the benchmark has an engine of its own."""
    state = shown.state
    shown.on_event(CatalogChanged(CATALOG))
    shown.on_event(replace(LIBRARY, items=(*ITEMS[:2], DRAFT)))
    state.change(target="other")
    state.set_model(Model())
    benchmark = BenchmarkPage(theme, state)
    qtbot.addWidget(benchmark)
    benchmark.setup.target.pick(SMOL.id)
    assert [use_of(item, state) for item in (SMOL, QWEN, DRAFT)] == ["", "", ""]
    page.on_remove(DRAFT)
    (box,) = page.findChildren(QMessageBox)
    said = record(page.told)
    benchmark.run()
    assert [use_of(item, state) for item in (SMOL, QWEN, DRAFT)] == ["benchmark", "", "benchmark"]
    assert not box.isVisible()
    assert said == ["A benchmark needs Small, so its files have to stay until it is over"]
    buttons = [row.buttons[-1] for row in page.shelf.list.rows()]
    assert [button.isEnabled() for button in buttons] == [False, True, False]
    assert buttons[0].toolTip() == f"A benchmark needs {SMOL.name}, so its files have to stay until it is over"
    benchmark.on_ended(BenchEnded("failed", failed=Failed("bench_died")))
    assert [use_of(item, state) for item in (SMOL, QWEN, DRAFT)] == ["", "", ""]
    assert page.shelf.list.rows()[0].buttons[-1].toolTip() == f"Delete {SMOL.name}"


@pytest.mark.parametrize(
    ("use", "said"), [("loaded", "M is loaded, so"), ("compare", "A comparison needs M, so"), ("reply", "M is loaded")]
)
def test_why_it_cannot_be_deleted_is_told(use: Use, said: str) -> None:
    assert use_text(use, "M").startswith(said)


def test_a_comparison_says_which_models_it_needs() -> None:
    own = LoadChoice("target", "auto")
    asked = CompareRequest("c", own, (ArmChoice(), ArmChoice(target="/m/x.gguf", draft="ngram")), ())
    items = (replace(fake.here(fake.SMOL), id="target", draft="its-draft"), fake.here(fake.BIG))
    assert models_of(asked, items) == {"target", "its-draft", "/m/x.gguf"}


def test_it_cannot_be_deleted(page: ModelsPage, shown: Shown) -> None:
    shown.on_event(CatalogChanged(CATALOG))
    shown.on_event(replace(LIBRARY, items=(*ITEMS[:2], DRAFT)))

    def removable() -> list[bool]:
        return [row.buttons[-1].isEnabled() for row in page.shelf.list.rows()]

    assert removable() == [False, True, True]
    shown.models.load(target=QWEN.id)
    assert removable() == [False, False, False]


def test_a_load_that_begins_closes_the_question_about_deleting(page: ModelsPage, shown: Shown) -> None:
    asked = record(shown.library.asked)
    page.on_remove(DRAFT)
    (box,) = page.findChildren(QMessageBox)
    shown.models.load(target=QWEN.id)
    assert box.isVisible()
    shown.models.load(target=DRAFT.id)
    assert not box.isVisible()
    shown.models.load(target=DRAFT.id)  # nobody listens any more
    assert asked == []
