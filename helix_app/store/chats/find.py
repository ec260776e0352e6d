"""Words in titles and messages.

A conversation is found when each word is in its title or in one and the same message. Words of three characters or more
are looked up in the index; shorter ones, which it does not know (many words of Chinese and Japanese), are searched for
in all messages. Titles are few and short: they are searched as they are listed.
"""

from __future__ import annotations

import itertools
import sqlite3

from helix_app.protocol.conversations.chats import ChatEntry, ChatHit, ChatsFound, FindChats
from helix_app.store.chats import tree
from helix_app.store.chats.marks import Folded, excerpt, marks

MOST_HITS = 50
_MOST_WORDS = 64  # a longer question is a pasted text: its first words say enough
_FEW = 500  # messages that are looked up one by one
_INDEXED = 3  # characters that the index has of each place


def find(db: sqlite3.Connection, asked: FindChats) -> ChatsFound:
    """The conversations that have all the words."""
    words = _words(asked.words)
    if not words:
        return ChatsFound(asked.number, asked.words, ())
    listed = tree.entries(db)
    titles = {entry.id: _in_title(entry, words) for entry in listed}
    found = _messages(db, words, titles)
    hits: list[ChatHit] = []
    for entry in listed:
        numbers = found.get(entry.id, [])
        if numbers or len(titles[entry.id]) == len(words):
            if len(hits) == MOST_HITS:
                return ChatsFound(asked.number, asked.words, tuple(hits), more=True)
            hits.append(_hit(db, entry, words, numbers))
    return ChatsFound(asked.number, asked.words, tuple(hits))


def _words(text: str) -> tuple[str, ...]:
    """Each word once, whatever its case."""
    words = {word.casefold(): word for word in text.replace("\0", " ").split()}
    return tuple(words.values())[:_MOST_WORDS]


def _in_title(entry: ChatEntry, words: tuple[str, ...]) -> frozenset[str]:
    title = Folded(entry.title)
    return frozenset(word for word in words if title.has(word))


def _messages(
    db: sqlite3.Connection, words: tuple[str, ...], titles: dict[str, frozenset[str]]
) -> dict[str, list[int]]:
    """By conversation the numbers of the messages that have all words which its title has not, and at least one."""
    having = {word: _with_word(db, word) for word in words}
    found: dict[str, list[int]] = {}
    for number, chat in _chats_of(db, set.intersection(*having.values())):
        found.setdefault(chat, []).append(number)
    wanted: dict[frozenset[str], set[int]] = {}  # by the words of a title
    for chat, titled in titles.items():
        if not titled:
            continue
        if titled not in wanted:
            missing = [having[word] for word in words if word not in titled]
            wanted[titled] = set.intersection(*missing) if missing else set.union(*having.values())
        if wanted[titled]:
            numbers = [row[0] for row in db.execute("SELECT number FROM messages WHERE chat = ?", (chat,))]
            found[chat] = [number for number in numbers if number in wanted[titled]]
    return found


def _chats_of(db: sqlite3.Connection, numbers: set[int]) -> list[tuple[int, str]]:
    """(number, conversation) of messages."""
    if len(numbers) > _FEW:  # all of them, out of an index
        rows = db.execute("SELECT number, chat FROM messages ORDER BY chat")
        return [row for row in rows if row[0] in numbers]
    asked = "SELECT number, chat FROM messages WHERE number = ?"
    return [row for number in numbers for row in db.execute(asked, (number,))]


def _with_word(db: sqlite3.Connection, word: str) -> set[int]:
    """The numbers of the messages with a word."""
    if len(word) >= _INDEXED:
        doubled = word.replace('"', '""')
        asked = "SELECT rowid FROM message_words WHERE message_words MATCH ?"
        return {row[0] for row in db.execute(asked, (f'"{doubled}"',))}  # a phrase: nothing in it is syntax
    # bytes are compared: that is several times as fast as LIKE, which knows the cases of ASCII only
    rows = db.execute("SELECT number, CAST(text AS BLOB) FROM messages WHERE state <> 'writing'")
    if word.isascii():
        small = word.lower().encode("ascii")
        return {number for number, text in rows if small in text.lower()}
    cased = [one.encode("utf-8") for one in _cases(word)]
    return {number for number, text in rows if not text.isascii() and any(one in text for one in cased)}


def _cases(word: str) -> list[str]:
    """The word in all cases that its letters have."""
    letters = [sorted({letter, letter.lower(), letter.upper()}) for letter in word]
    return ["".join(cased) for cased in itertools.product(*letters)]


def _hit(db: sqlite3.Connection, entry: ChatEntry, words: tuple[str, ...], numbers: list[int]) -> ChatHit:
    title_marks = marks(entry.title, words)
    if not numbers:
        return ChatHit(entry, title_marks=title_marks)
    message, text = db.execute("SELECT id, text FROM messages WHERE number = ?", (max(numbers),)).fetchone()
    piece = excerpt(text, words)
    return ChatHit(entry, message, piece, marks(piece, words), title_marks, len(numbers))
