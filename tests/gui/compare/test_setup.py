"""The set-up of a comparison: what a run asks for."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QMimeData

from helix_app.base.settings import Settings, changed
from helix_app.gui.chat.composing.field import LONG_PASTE
from helix_app.gui.compare import arms
from helix_app.gui.state import Model, State, load_choice
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.requests import ArmChoice, ChatMessage, GenerateRequest, Grammar, SamplingParams
from tests.gui import fake
from tests.gui.compare.instruments.person import CompareDriver
from tests.gui.fake import record
from tests.gui.settling import load, settle

OWN = load_choice(Settings(theme="light"))
RACED = GenerateRequest(
    "r",
    (
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "First?"),
        ChatMessage("assistant", "One."),
        ChatMessage("user", "Second?"),
    ),
    sampling=SamplingParams(temperature=0.2, top_k=7, seed=77),
    max_tokens=60,
)


def test_the_request_is_what_was_set_up(driver: CompareDriver, state: State) -> None:
    state.set_settings(Settings(system_prompt="Be brief.", top_k=7), None)
    driver.page.setup.seed.setText("42")
    driver.page.setup.temperature.setValue(0.3)
    driver.page.setup.max_tokens.setValue(99)
    request = driver.run("Hello.")
    assert [(m.role, m.content) for m in request.messages] == [("system", "Be brief."), ("user", "Hello.")]
    assert (request.sampling.seed, request.sampling.temperature, request.sampling.top_k) == (42, 0.3, 7)
    assert (request.max_tokens, request.loaded) == (99, True)
    assert request.arms == (ArmChoice(), ArmChoice("autoregressive"))
    assert request.own == OWN
    assert driver.page.setup.prompt.text() == "Hello."


def test_without_a_seed_one_is_drawn_for_both(driver: CompareDriver) -> None:
    driver.page.setup.seed.clear()
    assert driver.run().sampling.seed is not None


def test_presets(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.on_preset_picked("k")
    assert setup.arms() == (ArmChoice(k=arms.FIXED), ArmChoice())
    assert setup.describe(0) == "Speculative · draft auto · k 4"
    setup.on_preset_picked("custom")
    assert all(row.isVisible() for row in setup.rows)
    assert setup.arms() == (ArmChoice(k=arms.FIXED), ArmChoice())
    setup.rows[1].mode.pick("autoregressive")
    setup.rows[1].dtype.pick("float32")
    assert setup.arms()[1] == ArmChoice("autoregressive", dtype="float32")
    assert not setup.rows[1].draft.isEnabled()
    assert setup.describe(1) == "Plain · float32"


def test_a_model_of_its_own_can_be_picked_for_an_arm(driver: CompareDriver, state: State) -> None:
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    setup = driver.page.setup
    setup.on_preset_picked("custom")
    assert setup.note.isHidden()
    setup.rows[1].target.pick(fake.BIG.id)
    assert setup.arms()[1] == ArmChoice("autoregressive", target=fake.BIG.id)
    assert setup.describe(1) == f"{fake.BIG.name} · Plain"


def test_a_race_goes_on_with_the_conversation_and_can_begin_without_it(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.take(RACED)
    assert setup.before.text() == "After 2 messages of the chat"  # the system prompt is none
    request = setup.request(OWN)
    assert request.messages == RACED.messages
    assert (request.sampling, request.max_tokens) == (RACED.sampling, 60)
    setup.take(replace(RACED, template="T", thinking=False, on_full="drop_oldest", grammar=Grammar("json_object")))
    own = setup.request(OWN)
    assert (own.template, own.thinking, own.on_full) == ("T", False, "drop_oldest")
    assert own.grammar == Grammar("json_object")
    setup.take(RACED)
    setup.drop.click()
    assert not setup.before.isVisible()
    assert setup.request(OWN).messages == (ChatMessage("user", "Second?"),)
    assert setup.request(OWN).sampling.top_k == Settings().top_k


def test_a_race_of_a_first_reply_is_said_and_can_be_left(driver: CompareDriver) -> None:
    setup = driver.page.setup
    assert setup.before.isHidden()
    assert setup.drop.isHidden()
    setup.take(replace(RACED, messages=RACED.messages[3:], template="T", grammar=Grammar("json_object")))
    assert setup.before.isVisible()
    assert (setup.before.text(), setup.drop.text()) == ("As the chat asked it", "Begin anew")
    setup.drop.click()
    assert setup.before.isHidden()
    assert setup.drop.isHidden()
    request = setup.request(OWN)
    assert (request.template, request.grammar, request.sampling.top_k) == ("", None, Settings().top_k)
    setup.take(RACED)
    assert setup.drop.text() == "Begin without them"


def test_a_race_of_a_text_is_of_that_text_to_its_last_space(driver: CompareDriver) -> None:
    pieces = (ChatMessage("user", "Once "), ChatMessage("assistant", "upon"), ChatMessage("user", " a "))
    driver.page.setup.take(replace(RACED, messages=pieces, raw=True))
    request = driver.page.setup.request(OWN)
    assert (request.raw, request.plain) == (True, False)
    assert "".join(message.content for message in request.messages) == "Once upon a "


def test_a_model_without_a_chat_template_is_said_to_have_none(driver: CompareDriver, state: State) -> None:
    state.set_model(Model(fake.ready(chat_template=False)))
    assert driver.page.setup.request(OWN).plain


def test_a_race_is_between_the_reply_as_it_was_and_plain_decoding(driver: CompareDriver) -> None:
    setup = driver.page.setup
    setup.take(RACED)
    assert (setup.preset.value, setup.arms()) == ("modes", (ArmChoice(), ArmChoice("autoregressive")))
    setup.take(replace(RACED, k="fixed:3"))
    assert (setup.preset.value, setup.arms()) == (arms.CUSTOM, (ArmChoice(k="fixed:3"), ArmChoice("autoregressive")))
    assert all(row.isVisible() for row in setup.rows)


def test_what_cannot_be_run_is_offered_with_its_reason(driver: CompareDriver, state: State) -> None:
    preset = driver.page.setup.preset
    missing = {choice.value: choice.detail for choice in preset.choices() if not choice.enabled}
    assert missing == {"model": "no other model is here", "targets": "no other model is here"}
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    assert all(choice.enabled for choice in preset.choices())


def test_nothing_can_be_changed_while_it_runs(driver: CompareDriver) -> None:
    driver.run()
    setup = driver.page.setup
    controls = (setup.preset, setup.seed, setup.temperature, setup.max_tokens, setup.drop, *setup.rows)
    assert not any(control.isEnabled() for control in controls)
    driver.done("cancelled")
    assert all(control.isEnabled() for control in controls)


def test_a_plain_arm_has_no_draft_to_pick(driver: CompareDriver, state: State) -> None:
    row, changes = driver.page.setup.rows[0], record(driver.page.setup.arms_changed)
    row.mode.pick("autoregressive")
    assert (row.draft.isEnabled(), row.k.isEnabled()) == (False, False)
    row.mode.pick("speculative")
    assert (row.draft.isEnabled(), row.k.isEnabled()) == (True, True)
    assert len(changes) == 2
    state.set_settings(changed(state.settings, draft="ngram"), None)
    assert row.draft.choices()[0].label == "As chosen: n-gram"


def test_the_rows_of_both_arms_stand_in_columns(window: MainWindow) -> None:
    load(window)
    window.pages.show_page("compare")
    setup = window.compare.setup
    setup.preset.pick("custom")
    setup.rows[0].mode.pick("speculative")
    setup.rows[1].mode.pick("autoregressive")
    settle()
    upper, lower = (row.pickers() for row in setup.rows)
    assert [a.x() for a in upper] == [b.x() for b in lower]
    assert upper[1].shown() != lower[1].shown()


def test_the_field_offers_nothing_that_a_comparison_has_not(driver: CompareDriver) -> None:
    prompt = driver.page.setup.prompt
    assert prompt.button.isVisible()
    assert not prompt.clip.isVisible()
    assert not prompt.options.isVisible()
    assert not prompt.editor.takes_files


def test_a_model_without_a_template_gets_the_chat_as_a_text_set_apart(driver: CompareDriver) -> None:
    thought = ChatMessage("assistant", "<think>Hm.</think>One.")
    driver.page.setup.take(replace(RACED, messages=(*RACED.messages[:2], thought, RACED.messages[3])))
    request = driver.page.setup.request(OWN)
    assert "".join(message.content for message in request.text) == "First?\n\nOne.\n\nSecond?"
    assert request.messages[2] == thought  # another one gets what it wrote


def test_a_thought_that_its_prompt_opened_is_left_out_too(driver: CompareDriver, state: State) -> None:
    state.set_model(Model(fake.ready(thinking=("[t]", "[/t]"), thinking_opens=True)))
    told = (ChatMessage("user", "A?"), ChatMessage("assistant", "Hm.[/t]\nB."), ChatMessage("user", "C?"))
    driver.page.setup.take(replace(RACED, messages=told))
    assert [message.content for message in driver.page.setup.request(OWN).text] == ["A?\n\n", "B.\n\n", "C?"]


def test_a_text_may_end_in_white_space_alone(driver: CompareDriver) -> None:
    pieces = (ChatMessage("user", "Once"), ChatMessage("assistant", " upon"), ChatMessage("user", " "))
    driver.page.race(replace(RACED, messages=pieces, raw=True))
    assert driver.requests[-1].messages == pieces
    driver.done()
    driver.page.race(replace(RACED, messages=pieces[2:], raw=True))
    assert len(driver.requests) == 1
    assert driver.page.error.sentence.text() == "The prompt is empty. Type something to send."


def test_a_long_paste_is_part_of_a_text_where_it_was_put(driver: CompareDriver, state: State) -> None:
    prompt, pasted = driver.page.setup.prompt, QMimeData()
    state.set_model(Model(fake.ready(chat_template=False)))
    pasted.setText("a\n" * LONG_PASTE)
    prompt.editor.insertPlainText("B")
    prompt.editor.insertFromMimeData(pasted)
    prompt.editor.insertPlainText(" ")
    assert driver.page.setup.request(OWN).messages[-1].content == f"B{pasted.text()} "
    assert prompt.editor.accessibleName() == "Prompt for both configurations"


def test_that_a_system_prompt_is_not_sent_is_said(driver: CompareDriver, state: State) -> None:
    setup = driver.page.setup
    state.set_settings(Settings(system_prompt="Be brief."), None)
    assert setup.unsent.isHidden()
    state.set_model(Model(fake.ready(chat_template=False)))
    assert setup.unsent.isVisible()
    setup.take(replace(RACED, template="T"))
    assert setup.unsent.isHidden()
    setup.take(replace(RACED, messages=RACED.messages[1:]))
    assert setup.unsent.isHidden()
    state.set_model(Model(fake.ready()))
    setup.take(RACED)
    assert setup.unsent.isHidden()
    setup.on_preset_picked("custom")
    state.set_catalog((fake.here(fake.SMOL), fake.here(fake.BIG)))
    setup.rows[1].target.pick(fake.BIG.id)
    assert setup.unsent.isVisible()  # it may have no template
