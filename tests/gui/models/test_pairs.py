"""The list of drafts has every installed model, and says what speaks against those that cannot be one."""

from __future__ import annotations

from helix_app.gui.models.pair_dialog import PairDialog
from helix_app.gui.models.pairs import EXAMINE
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.pairs import PairAsked, VerdictsAsked, VerdictsFound
from tests.gui.fake import record
from tests.gui.models.fit_views import GEMMA, LARGE, NO_PAIR, SMALL, with_models


def test_verdicts_are_asked_for_once_for_each_question(make_window) -> None:
    window: MainWindow = make_window()
    asked = record(window.toolbar.pairs.asked)
    with_models(window)
    assert [type(question) for question in asked] == [VerdictsAsked]
    assert asked[0].drafts == (GEMMA.path, SMALL.path, LARGE.path)
    window.toolbar.pairs.on_state_changed()
    assert len(asked) == 1


def test_every_installed_model_is_listed_with_its_reason(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    choices = {choice.value: choice for choice in window.toolbar.draft.choices()}
    assert not choices[GEMMA.id].enabled
    assert "first at token 0" in choices[GEMMA.id].tip
    assert choices[SMALL.id].enabled
    assert choices[LARGE.id].enabled
    assert choices[LARGE.id].detail == "as large as the target"
    actions = {action.text().partition("\t")[0]: action for action in window.toolbar.draft.menu_actions()}
    assert not actions[GEMMA.name].isEnabled()
    assert "first at token 0" in actions[GEMMA.name].toolTip()


def test_an_answer_to_an_older_question_is_ignored(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    window.on_event(VerdictsFound("/models/older.gguf", ()))
    assert not {choice.value: choice for choice in window.toolbar.draft.choices()}[GEMMA.id].enabled
    assert NO_PAIR.draft == GEMMA.path


def test_the_dialog_opens_from_the_list_and_sets_the_draft(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    asked, stops = record(window.toolbar.pairs.asked), record(window.toolbar.pairs.stop_requested)
    loads = record(window.load_requested)
    window.toolbar.draft.pick(EXAMINE)
    (dialog,) = window.findChildren(PairDialog)
    assert dialog.chosen == SMALL  # the first that can be one
    question = asked[-1]
    assert isinstance(question, PairAsked)
    assert (question.draft, question.probe) == (SMALL.path, False)
    dialog.draft_chosen.emit(SMALL.id)
    assert loads[-1].draft == SMALL.id
    dialog.reject()
    assert stops
