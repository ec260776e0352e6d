"""Brings a window into the views of prompts: their count, what is left out of them, their tokens and their template."""

from __future__ import annotations

from dataclasses import replace

from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.chats.record import Record, to_text as record_text
from helix_app.gui.prompting.dialog import PromptingDialog
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.gui.prompting.template import TemplateDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import Chat
from helix_app.protocol.events import Failed
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.chat.made_prompts import TEMPLATE, FakeCounter, ready
from tests.gui.chats.made_chats import FakeStore, answer, chat, question
from tests.gui.settling import settle


def _open(window: MainWindow, context: int = 8192) -> FakeCounter:
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.start()
    window.on_event(ready(context_length=context, context_limit="setting", model_context=8192))
    return FakeCounter(window)


def cut_chat(left_out: int) -> Chat:
    """A conversation whose last reply was not given its oldest messages."""
    details = record_text(Record(on_full="drop_oldest", left_out=left_out))
    return chat(
        "c0",
        question("q1", "", "What is a block?"),
        answer("a1", "q1", "Room for the keys and values of 16 tokens."),
        question("q2", "a1", "And a block table?"),
        answer("a2", "q2", "The list of the blocks of one sequence, in the order of its tokens."),
        question("q3", "a2", "Why are blocks shared?"),
        answer("a3", "q3", "Because many conversations begin with the same words.", details=details),
    )


def prompting_dialog(window: MainWindow) -> PromptingDialog:
    """The dialog of the conversation's own prompting, which is open."""
    return next(d for d in window.findChildren(PromptingDialog) if d.isVisible())


def composer_count(window: MainWindow) -> None:
    """The tokens of what is typed, and of the whole prompt."""
    counter = _open(window)
    FakeStore(window, cut_chat(0))
    window.book.open("c0")
    window.book.set_prompting(to_text(Prompting({"system_prompt": "Answer in one sentence. " * 40})))
    window.chat.composer.attach("```notes.md\n" + "Blocks are shared by content. " * 60 + "\n```")
    window.chat.composer.editor.setPlainText("What do these notes say about sharing?")
    window.counting.ask_now()
    assert counter.asked


def conversation_cut(window: MainWindow) -> None:
    """Where the conversation is cut, and the count of a prompt that leaves out the oldest messages."""
    counter = _open(window, context=128)
    window.state.change(on_full="drop_oldest", max_tokens=24)
    FakeStore(window, cut_chat(2))
    window.book.open("c0")
    counter.left_out = 2
    window.chat.composer.editor.setPlainText("Is that safe when another chat goes on writing?")
    window.counting.ask_now()


def prompting_preview(window: MainWindow) -> None:
    """The prompt as tokens."""
    composer_count(window)
    window.chat.composer.clear()
    window.chat.composer.editor.setPlainText("What do these notes say about sharing?")
    window.book.set_prompting(to_text(Prompting({"system_prompt": "Answer in one sentence."})))
    window.prompting.open_dialog()
    settle()
    prompting_dialog(window).show_preview()
    settle()
    shown = window.findChild(PromptPreview)
    assert shown is not None
    shown.sheet.pick(4)


def prompting_template(window: MainWindow) -> None:
    """A chat template with a fault."""
    counter = _open(window)
    window.prompting.open_dialog()
    prompting_dialog(window).edit_template()
    dialog = window.findChild(TemplateDialog)
    assert dialog is not None
    broken = TEMPLATE.replace("{% endfor %}", "{% endfo %}")
    reason = "Encountered unknown tag 'endfo'. Jinja was looking for the following tags: 'endfor' or 'else'."
    counter.faults[broken] = (Failed("template_own_failed", "", (("reason", reason),)), 3)
    dialog.editor.setPlainText(broken)
    dialog.check()


def first_note(window: MainWindow) -> None:
    """The first reply of the small model, where a better one fits."""
    _open(window)
    big = replace(fake.BIG, size_bytes=1_100_000_000)
    window.on_event(CatalogChanged((fake.here(fake.SMOL), big)))
    window.state.change(better_model_told=False)
    requests: list[object] = []
    window.generate_requested.connect(requests.append)
    window.chat.composer.editor.setPlainText("Hello!")
    window.chat.send()
    window.on_event(fake.finished(requests[-1].request_id, "Hello! What would you like to know?"))  # type: ignore[attr-defined]
    window.counting.ask_now()


def _open_text(window: MainWindow) -> None:
    """A model without a chat template, and a system prompt that it is not sent."""
    _open(window)
    window.state.change(system_prompt="Answer in one sentence.")
    window.on_event(ready(target_name="Gemma 3 270M", chat_template=False))


def text_empty(window: MainWindow) -> None:
    """Before a text is begun."""
    _open_text(window)


def text_continued(window: MainWindow) -> None:
    """A chat that went on as a text, and the count of an addition to it."""
    _open_text(window)
    plain = record_text(Record(plain=True))
    text = chat(
        "c0",
        question("q1", "", "Why are blocks shared?"),
        answer("a1", "q1", "Because many conversations begin with the **same** words."),
        question("q2", "a1", "A block table is"),
        answer("a2", "q2", " a list of *blocks*.\n\n# It has an order, and the order is", "length", plain),
    )
    FakeStore(window, text)
    window.book.open("c0")
    window.chat.composer.editor.setPlainText(" that of the tokens")
    window.counting.ask_now()


def text_prompting(window: MainWindow) -> None:
    """What of a prompt is not sent with a text."""
    _open_text(window)
    window.prompting.open_dialog()


VIEWS = (
    composer_count,
    conversation_cut,
    prompting_preview,
    prompting_template,
    first_note,
    text_empty,
    text_continued,
    text_prompting,
)
