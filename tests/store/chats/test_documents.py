"""Conversations to read: nothing in a message is taken for anything but its text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from helix_app.protocol.conversations.chats import Chat, MessageState
from helix_app.store.chats import documents
from tests.store.chats.instruments import made


def chat_of(*texts: str, title: str = "Title", state: MessageState = "done") -> Chat:
    """A conversation of these texts in turns; the last one ended so."""
    messages = []
    for number, text in enumerate(texts):
        last = number == len(texts) - 1
        parent = str(number - 1) if number else ""
        role = "assistant" if number % 2 else "user"
        messages.append(made.message(str(number), text, parent, role, state if last else "done"))  # type: ignore[arg-type]
    return made.chat("c", *messages, title=title)


def test_markdown() -> None:
    assert documents.markdown([chat_of("What *is* it?", "`code`\n\n- item", title="A *star* #1")]) == (
        f"# A \\*star\\* \\#1\n\n{made.at(0)}\n\n## You\n\nWhat *is* it?\n\n## Tiny\n\n`code`\n\n- item\n"
    )


def test_plain_text() -> None:
    assert documents.plain([chat_of("Hi\nthere", "Hello", title="", state="stopped")]) == (
        f"Untitled conversation\n{made.at(0)}\n\nYou:\nHi\nthere\n\nTiny:\nHello\n\n(stopped)\n"
    )


def text_of(*texts: str, title: str = "Title") -> Chat:
    """A text that was continued in turns, with a chat before it."""
    chat = chat_of("Why?", "So.", *texts, title=title)
    plain = [replace(m, details='{"plain":true}') if m.role == "assistant" else m for m in chat.messages[2:]]
    return replace(chat, messages=(*chat.messages[:2], *plain))


def test_a_text_that_was_continued_is_one_passage() -> None:
    chat = text_of("Once ", "upon a", " time", ".\n\nThe end", " came")
    passage = "Once upon a time.\n\nThe end came"
    assert documents.plain([chat]).endswith(f"Tiny:\nSo.\n\nText, continued by Tiny:\n{passage}\n")
    assert documents.markdown([chat]).endswith(f"## Text, continued by Tiny\n\n{passage}\n")
    page = documents.html([chat])
    assert f'<div class="text">{passage}</div>' in page
    assert page.count("<section>") == 3


def test_a_chat_after_a_text_is_a_chat_again() -> None:
    chat = text_of("Once ", "upon")
    question = made.message("q", "What was that?", "3", "user")
    answer = made.message("a", "A text.", "q", "assistant")
    told = documents.plain([replace(chat, messages=(*chat.messages, question, answer), leaf="a")])
    assert told.endswith("continued by Tiny:\nOnce upon\n\nYou:\nWhat was that?\n\nTiny:\nA text.\n")


def test_several_conversations_stand_apart() -> None:
    chats = [chat_of("one"), chat_of("two")]
    assert documents.markdown(chats).count("\n---\n") == 1
    assert documents.plain(chats).count("=" * 72) == 1
    page = documents.html(chats)
    assert page.count("<article>") == 2
    assert "<title>Conversations</title>" in page


@pytest.mark.parametrize("text", ["```python\nprint(1)", "~~~~\ncode\n~~~", "text\n  ```\nmore"])
def test_code_without_an_end_does_not_swallow_what_follows(text: str) -> None:
    written = documents.markdown([chat_of("q", text, "next question")])
    headings = [token.content for token in MarkdownIt("commonmark").parse(written) if token.type == "inline"]
    assert headings.count("You") == 2


@pytest.mark.parametrize("text", ["```\ncode\n```", "a `b` c", "``` a`b", "~~~ x\n~~~~"])
def test_code_with_an_end_is_left_as_it_is(text: str) -> None:
    assert f"\n\n{text}\n\n## You" in documents.markdown([chat_of("q", text, "next")])


NASTY = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>bold</b>',
    "{{ 7 * 7 }} {% for x in y %}",
    "[click](javascript:alert(1))",
    "![picture](https://example.org/x.png)",
    "&lt;ok&gt; </div></article>",
)


@pytest.mark.parametrize("text", NASTY)
def test_html_of_messages_is_text(text: str) -> None:
    page = Tags(documents.html([chat_of(text, text, title=text)]))
    plain = Tags(documents.html([chat_of("x", "x", title="x")]))
    links = [values.get("href", "") for tag, values in page.tags if tag == "a"]
    assert all(link.startswith("https://") for link in links)
    assert [tag for tag, _ in page.tags if tag != "a"] == [tag for tag, _ in plain.tags]
    assert {name for _, values in page.tags for name in values} <= {"class", "href"}
    assert "49" not in page.text


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.partition("</style>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_fetches_nothing_and_follows_the_theme() -> None:
    page = documents.html([chat_of("q", "# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~no~~ `x`", state="length")])
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"(src|href)=|@import|url\(", page)
    assert "default-src 'none'" in page
    for part in ("<h1>Heading</h1>", "<table>", "<s>no</s>", "<code>x</code>", "(token limit)", "<h1>Title</h1>"):
        assert part in page, part
    assert page.startswith("<!DOCTYPE html>")


def test_an_empty_conversation() -> None:
    empty = made.chat("e")
    assert "Untitled conversation" in documents.markdown([empty])
    assert "Untitled conversation" in documents.plain([empty])
    assert "Untitled conversation" in documents.html([empty])
    assert documents.html([]).count("<article>") == 0


@pytest.mark.parametrize(
    ("details", "who"),
    [('{"edited":true}', "Tiny, edited"), ('{"edited":false}', "Tiny"), ("[1]", "Tiny"), ("{", "Tiny"), ("", "Tiny")],
)
def test_a_text_that_a_person_finished_is_not_told_as_the_models_alone(details: str, who: str) -> None:
    chat = chat_of("Why?", "Because.")
    chat = replace(chat, messages=(chat.messages[0], replace(chat.messages[1], details=details)))
    assert f"## {who}\n\nBecause.\n" in documents.markdown([chat])
    assert f"\n{who}:\nBecause.\n" in documents.plain([chat])
    assert f'<p class="who">{who}</p>' in documents.html([chat])


def test_a_reply_of_a_given_form_stands_in_the_page_as_it_was_written() -> None:
    chat = chat_of("Why?", '{"a": "__init__"}')
    assert "<strong>init</strong>" in documents.html([chat])
    formed = replace(chat.messages[1], details='{"grammar":{"kind":"json_object","text":""}}')
    page = documents.html([replace(chat, messages=(chat.messages[0], formed))])
    assert "<strong>" not in page
    assert '<div class="text">{&#34;a&#34;: &#34;__init__&#34;}</div>' in page
