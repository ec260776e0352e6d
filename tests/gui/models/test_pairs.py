"""The list of drafts has every installed model, and says what speaks against those that cannot be one."""

from __future__ import annotations

from dataclasses import replace

from helix_app.base.message_texts import fit as words
from helix_app.gui.models.dialogs.pair_dialog import PairDialog
from helix_app.gui.models.pairs import EXAMINE
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.pairs import PairAsked, Verdict, VerdictsAsked, VerdictsFound
from tests.gui import fake
from tests.gui.fake import record
from tests.gui.models.fit_views import GEMMA, LARGE, OTHER_WORDS, SMALL, with_models


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
    assert (choices[GEMMA.id].enabled, choices[GEMMA.id].detail) == (True, "re-encoded")
    assert "first at token 0" in choices[GEMMA.id].tip
    assert choices[SMALL.id].enabled
    assert choices[LARGE.id].enabled
    assert choices[LARGE.id].detail == "as large as the target"
    actions = {action.text().partition("\t")[0]: action for action in window.toolbar.draft.menu_actions()}
    assert actions[GEMMA.name].isEnabled()
    assert "first at token 0" in actions[GEMMA.name].toolTip()


def test_a_model_that_cannot_be_read_cannot_be_picked(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    broken = Verdict(GEMMA.path, "model_not_found", (("path", GEMMA.path),))
    window.on_event(VerdictsFound(fake.here(fake.SMOL).path, (broken,)))
    choice = next(choice for choice in window.toolbar.draft.choices() if choice.value == GEMMA.id)
    assert (choice.enabled, choice.detail) == (False, "cannot be used")
    assert GEMMA.path in choice.tip


def test_a_draft_that_is_re_encoded_is_shown_as_such(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    window.toolbar.draft.pick(GEMMA.id)
    window.on_event(fake.ready(draft="reencoded", draft_name=GEMMA.name, draft_file=GEMMA.path))
    assert "re-encoded" in window.toolbar.draft.shown()


def test_an_answer_to_an_older_question_is_ignored(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    window.on_event(VerdictsFound("/models/older.gguf", ()))
    assert {choice.value: choice for choice in window.toolbar.draft.choices()}[GEMMA.id].detail == "re-encoded"
    assert OTHER_WORDS.draft == GEMMA.path


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
    assert (question.draft, question.probe, question.cache_tokens) == (SMALL.path, False, None)
    window.state.change(cache_tokens=16_384)
    dialog.look()
    assert asked[-1] == replace(question, cache_tokens=16_384)
    dialog.draft_chosen.emit(SMALL.id)
    assert loads[-1].draft == SMALL.id
    dialog.reject()
    assert stops


def test_heads_are_listed_as_drafts_and_not_as_targets(make_window) -> None:
    window: MainWindow = make_window()
    with_models(window)
    head = replace(fake.here(fake.BIG), id="/heads/eagle", name="EAGLE head", path="/heads/eagle", head=True)
    window.on_event(CatalogChanged((fake.here(fake.SMOL), head)))
    verdict = Verdict(head.path, head=True)
    window.on_event(VerdictsFound(fake.here(fake.SMOL).path, (verdict,)))
    (choice,) = [choice for choice in window.toolbar.draft.choices() if choice.value == head.id]
    assert (choice.enabled, choice.detail) == (True, "head for this model")
    assert choice.tip == words.verdict_text(verdict)
    assert head.id not in {choice.value for choice in window.toolbar.target.choices()}
    window.toolbar.draft.pick(head.id)
    window.on_event(fake.ready(draft="head", draft_name=head.name, draft_file=head.path))
    assert window.toolbar.draft.shown() == "EAGLE head (head)"
