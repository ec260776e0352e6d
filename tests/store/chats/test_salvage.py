"""Damaged files: opening never fails, what can be read is kept, and the file itself is set aside."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from helix_app.base.files import replacing
from helix_app.protocol.conversations.chats import (
    ChangeChat,
    Chat,
    CreateChat,
    FindChats,
    GrowMessage,
    KeepUnsent,
    UnsentOpened,
)
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made

PAGE = 4096
SEEDS = range(24)


def full_file(path: Path, chats: int = 20, messages: int = 20) -> dict[str, Chat]:
    """A file of many pages, and what is in it."""
    store = ChatStore(path)
    made.fill(store, chats, messages, 700)
    store.keep_run("c1-1", b"run")
    store.apply(KeepUnsent("not sent yet"))
    kept = {entry.id: store.chat(entry.id) for entry in store.entries()}
    store.close()
    return {chat_id: chat for chat_id, chat in kept.items() if chat is not None}


def overwrite(path: Path, *pages: int, seed: int = 0) -> bytes:
    """Random bytes in place of pages; what the file is then."""
    data = bytearray(path.read_bytes())
    for page in pages:
        data[page * PAGE : (page + 1) * PAGE] = random.Random(seed).randbytes(PAGE)
    path.write_bytes(data)
    return bytes(data)


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.damaged-*[0-9]"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Chat]]:
    path = tmp_path_factory.mktemp("damage") / "chats.db"
    return path, full_file(path)


def check_what_is_left(store: ChatStore, before: dict[str, Chat]) -> int:
    """All of it was there before, in trees that hang together; how many messages there are."""
    texts = {one.id: one for chat in before.values() for one in chat.messages}
    count = 0
    for entry in store.entries():
        chat = store.chat(entry.id)
        assert chat is not None
        known = {""}
        for message in chat.messages:
            assert (message.text, message.role) == (texts[message.id].text, texts[message.id].role)
            assert message.parent in known
            known.add(message.id)
        assert not chat.messages or chat.leaf in known - {""}
        count += len(chat.messages)
    return count


@pytest.mark.parametrize("seed", SEEDS)
def test_random_pages(tmp_path: Path, template: tuple[Path, dict[str, Chat]], seed: int) -> None:
    path, before = tmp_path / "chats.db", template[1]
    path.write_bytes(template[0].read_bytes())
    draw = random.Random(seed)
    pages = path.stat().st_size // PAGE
    damaged = overwrite(path, *draw.sample(range(pages), 1 + seed % 4), seed=seed)
    store = ChatStore(path)
    left = check_what_is_left(store, before)
    recovered = store.take_recovered()
    assert store.kept
    if recovered is None:  # pages that hold nothing now
        assert left == sum(len(chat.messages) for chat in before.values())
    else:
        assert (recovered.chats, recovered.messages) == (len(store.entries()), left)
        assert aside(path) == [recovered.path]
        assert recovered.path.read_bytes() == damaged
        assert store.take_recovered() is None
    store.apply(CreateChat(made.talk("new", "a new question", second=9000)))
    assert store.find(FindChats("new question")).hits[0].entry.id == "new"
    store.close()
    assert made.query(path, "PRAGMA integrity_check") == [("ok",)]
    ChatStore(path).close()
    assert len(aside(path)) <= 1  # it is whole now


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.99])
def test_a_file_that_is_cut_off(tmp_path: Path, template: tuple[Path, dict[str, Chat]], part: float) -> None:
    """What is before the cut is kept, and half a message rather than none."""
    path, before = tmp_path / "chats.db", template[1]
    data = template[0].read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    texts = {one.id: one.text for chat in before.values() for one in chat.messages}
    chats = [store.chat(entry.id) for entry in store.entries()]
    left = [one for chat in chats if chat is not None for one in chat.messages]
    assert len(left) == recovered.messages > len(texts) * (part - 0.25)
    assert all(texts[one.id].startswith(one.text) for one in left)
    assert len([one for one in left if texts[one.id] != one.text]) <= 1
    store.close()


@pytest.mark.parametrize("where", ["7 9", "0 3", "2 11", "4 17", "9 1", "12 7", "13 5", "15 15", "19 19"])
def test_one_damaged_page_of_messages_costs_only_what_was_on_it(
    tmp_path: Path, template: tuple[Path, dict[str, Chat]], where: str
) -> None:
    path, before = tmp_path / "chats.db", template[1]
    path.write_bytes(template[0].read_bytes())
    page = path.read_bytes().index(f"message {where} ".encode()) // PAGE
    lost = sum(text in path.read_bytes()[page * PAGE : (page + 1) * PAGE] for text in texts_of(before))
    assert 1 <= lost <= 6
    overwrite(path, page)
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert recovered.chats == len(before)
    total = sum(len(chat.messages) for chat in before.values())
    assert check_what_is_left(store, before) == total - lost
    assert store.run("c1-1") == b"run" or where == "0 3"
    assert store.find(FindChats("message 18 12")).hits  # the index is whole
    store.close()


@pytest.mark.parametrize("seed", [3, 28, 31, 33])  # in three of them a row stands alone between two damaged pages
def test_whole_pages_between_damaged_ones_are_kept(
    tmp_path: Path, template: tuple[Path, dict[str, Chat]], seed: int
) -> None:
    path, before = tmp_path / "chats.db", template[1]
    data = template[0].read_bytes()
    path.write_bytes(data)
    draw = random.Random(seed)
    found = [data.index(f"message {draw.randrange(20)} {draw.randrange(1, 20)} ".encode()) // PAGE for _ in range(4)]
    lost = sum(text in data[page * PAGE : (page + 1) * PAGE] for page in set(found) for text in texts_of(before))
    overwrite(path, *found)
    store = ChatStore(path)
    assert check_what_is_left(store, before) == sum(len(chat.messages) for chat in before.values()) - lost
    store.close()


def texts_of(chats: dict[str, Chat]) -> list[bytes]:
    return [one.text.encode()[:14] for chat in chats.values() for one in chat.messages]


def test_conversations_that_lost_their_rows_are_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    store = ChatStore(path)
    store.apply(CreateChat(made.talk("first", "first question", "first answer")))
    store.close()
    made.query(path, "DELETE FROM chats")
    made.query(path, "DROP TABLE message_words")  # so that the file counts as damaged
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert (recovered.chats, recovered.messages) == (1, 2)
    chat = store.chat("first")
    assert chat is not None
    assert (chat.entry.title, chat.leaf) == ("first question", "first-1")
    assert [one.text for one in chat.messages] == ["first question", "first answer"]
    store.close()


def test_messages_that_lost_the_one_before_are_put_behind_the_last(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    store = ChatStore(path)
    store.apply(CreateChat(made.talk("a", "one", "two", "three", "four")))
    store.apply(ChangeChat("a", leaf="a-2"))
    store.close()
    made.query(path, "DELETE FROM messages WHERE id = 'a-2'")
    made.query(path, "UPDATE messages SET role = 'nobody' WHERE id = 'a-0'")
    made.query(path, "DROP TABLE runs")
    made.query(path, "CREATE TABLE runs (number INTEGER, message, size, created, document)")
    made.query(path, "DROP TABLE message_words")
    store = ChatStore(path)
    chat = store.chat("a")
    assert chat is not None
    assert [(one.id, one.parent) for one in chat.messages] == [("a-1", ""), ("a-3", "a-1")]
    assert chat.leaf == "a-3"
    store.close()


@pytest.mark.parametrize(
    "content", [b"", b"this is no database, but somebody may want it\n" * 200, b"SQLite format 3\x00"]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chats.db"
    path.write_bytes(content)
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert (recovered.chats, recovered.messages) == (0, 0)
    assert recovered.path.read_bytes() == content
    assert store.kept
    assert store.entries() == ()
    store.close()
    store = ChatStore(path)
    assert store.take_recovered() is None
    store.close()


def test_another_program_s_database(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    made.query(path, "CREATE TABLE mine (x)")
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert made.query(recovered.path, "SELECT name FROM sqlite_master") == [("mine",)]
    store.close()


def test_the_first_page_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    full_file(path, 3, 3)
    damaged = overwrite(path, 0)
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert (recovered.chats, recovered.messages) == (0, 0)
    assert recovered.path.read_bytes() == damaged
    store.close()


def test_damage_while_it_is_open(tmp_path: Path) -> None:
    """The request that meets it is done all the same, and a message that is being written still is."""
    path = tmp_path / "chats.db"
    before = full_file(path)
    store = ChatStore(path)
    store.apply(CreateChat(made.chat("w", made.message("w2", "begun ", role="assistant", state="writing"))))
    made.query(path, "UPDATE chats SET draft = 'x' WHERE id = 'c0'")  # so that the file is read again
    page = path.read_bytes().index(b"message 7 9 ") // PAGE
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(random.Random(1).randbytes(PAGE))
    assert store.chat("c7") is not None  # reads that page
    recovered = store.take_recovered()
    assert recovered is not None
    assert aside(path) == [recovered.path]
    assert store.kept
    store.apply(GrowMessage("w2", "and grown"))
    chat = store.chat("w")
    assert chat is not None
    assert (chat.messages[-1].text, chat.messages[-1].state) == ("begun and grown", "writing")
    assert len(store.entries()) == len(before) + 1
    store.close()


def test_two_damaged_files_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    for content in (b"one", b"two"):
        path.write_bytes(content)
        ChatStore(path).close()
    assert sorted(kept.read_bytes() for kept in aside(path)) == [b"one", b"two"]


def test_what_was_deleted_stays_deleted(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    store = ChatStore(path)
    store.apply(CreateChat(made.talk("a", "one")))
    store.close()
    made.query(path, "UPDATE chats SET deleted = 1")
    made.query(path, "DROP TABLE message_words")
    store = ChatStore(path)
    assert store.entries() == ()
    store.close()
    assert made.query(path, "SELECT count(*) FROM chats") == [(0,)]


def test_what_was_never_sent_is_taken_over(tmp_path: Path, template: tuple[Path, dict[str, Chat]]) -> None:
    path = tmp_path / "chats.db"
    path.write_bytes(template[0].read_bytes())
    made.query(path, "DROP TABLE chores")
    store = ChatStore(path)
    assert store.take_recovered() is not None
    assert store.unsent() == UnsentOpened("not sent yet")
    store.close()


@pytest.mark.parametrize("refused", ["chats.db", "-wal"])  # ends of what a file is to be renamed to
def test_a_recovery_that_was_cut_off_is_finished(
    tmp_path: Path, template: tuple[Path, dict[str, Chat]], monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    path, before = tmp_path / "chats.db", template[1]
    path.write_bytes(template[0].read_bytes())
    made.query(path, "DROP TABLE chores")
    replace = replacing.replace

    def refuse(source: Path | str, target: Path | str) -> None:
        if str(target).endswith(refused):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(replacing, "replace", refuse)
        store = ChatStore(path)
        assert not store.kept
        store.close()
    assert not path.exists()
    log = Path(f"{path}-wal")
    log.write_bytes(b"of the damaged file")
    store = ChatStore(path)
    recovered = store.take_recovered()
    assert recovered is not None
    assert aside(path) == [recovered.path]
    assert Path(f"{recovered.path}-wal").read_bytes() == b"of the damaged file"
    messages = sum(len(chat.messages) for chat in before.values())
    assert (recovered.chats, recovered.messages) == (len(before), messages)
    assert check_what_is_left(store, before) == messages
    store.close()


def test_a_new_file_that_was_not_written_to_its_end_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "chats.db"
    for name in ("chats.db.new", "chats.db.new-wal", "chats.db.damaged-7"):
        (tmp_path / name).write_bytes(b"half of it")
    store = ChatStore(path)
    assert store.take_recovered() is None
    assert (store.kept, store.entries()) == (True, ())
    store.close()
    assert (tmp_path / "chats.db.new").read_bytes() == b"half of it"
