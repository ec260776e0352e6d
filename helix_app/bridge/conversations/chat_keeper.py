"""What the window asks of its conversations, done one after the other, and what is to be told of it; knows no thread.

What cannot be written is held in memory, in order, and tried again before whatever is asked next. While another Helix
has the file, changes are dropped, until that one ends.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Union, get_args

from helix_app.base.errors import HelixError, RunFileError
from helix_app.base.failures import failure
from helix_app.protocol.conversations.chats import (
    ChatAsked,
    ChatNews,
    ChatOpened,
    ChatsExported,
    ChatsFailed,
    ChatsImported,
    ChatsListed,
    ExportChats,
    FindChats,
    GrowMessage,
    ImportChats,
    KeepRun,
    KeepUnsent,
    ListChats,
    OpenChat,
    OpenRun,
    OpenUnsent,
    RunOpened,
)
from helix_app.protocol.events import Notice
from helix_app.runs import run as runs
from helix_app.store.chats.changes import Change
from helix_app.store.chats.store import ChatStore, NotKept

log = logging.getLogger(__name__)
Said = Union[ChatNews, Notice]
_CHANGES = get_args(Change)


class ChatKeeper:
    """Does requests with one store, opened at the first of them. For one thread; nothing raises."""

    def __init__(self, make_store: Callable[[], ChatStore] = ChatStore) -> None:
        self._make_store = make_store
        self._store: ChatStore | None = None
        self._held: deque[Change] = deque()
        self._troubled = False  # told that nothing can be written
        self._elsewhere = False  # told that another Helix has the file
        self._changed = True  # the list is to be told, if only for the first time

    def do(self, asked: ChatAsked) -> list[Said]:
        """Do what is asked; all but the list, which ``listed`` gives."""
        said: list[Said] = []
        try:
            self._do(asked, said)
        except Exception as error:
            said.append(ChatsFailed(failure(error)))
        self._tell_recovered(said)
        return said

    def listed(self) -> list[Said]:
        """The list, if something changed since it was last told."""
        if not self._changed:
            return []
        said: list[Said] = []
        try:
            store = self._opened(said)
            said.append(ChatsListed(store.entries(), store.kept and not self._held))
        except HelixError as error:
            self._tell_unopened(error, said)
            said.append(ChatsListed((), kept=False))
        except Exception as error:
            said.append(ChatsFailed(failure(error)))
        self._tell_recovered(said)
        self._changed = False
        return said

    def close(self) -> list[Said]:
        """Try once more to write what is held, and close the file."""
        said: list[Said] = []
        try:
            if self._held:
                self._write_held(self._opened(said), said)
        except Exception as error:
            said.append(ChatsFailed(failure(error)))
        if self._held:
            log.error("%d changes of conversations could not be written", len(self._held))
        if self._store is not None:
            self._store.close()
            self._store = None
        return said

    # ------------------------------------------------------------------ requests

    def _do(self, asked: ChatAsked, said: list[Said]) -> None:
        if isinstance(asked, _CHANGES):
            self._change(asked, said)
            return
        if isinstance(asked, KeepRun):
            self._keep_run(asked, said)
            return
        if isinstance(asked, ListChats):
            self._changed = True
            with suppress(HelixError):  # told with the list
                self._write_held(self._opened(said), said)
            return
        store = self._opened(said)
        self._write_held(store, said)
        if isinstance(asked, OpenChat):
            said.append(ChatOpened(asked.id, store.chat(asked.id)))
        elif isinstance(asked, OpenUnsent):
            said.append(store.unsent())
        elif isinstance(asked, FindChats):
            said.append(store.find(asked))
        elif isinstance(asked, OpenRun):
            said.append(_run_opened(store, asked.id))
        elif isinstance(asked, ExportChats):
            said.append(ChatsExported(asked.path, store.export(asked)))
        elif isinstance(asked, ImportChats):
            said.append(self._import(store, asked, said))
        else:
            raise TypeError(f"unknown: {asked!r}")

    def _change(self, asked: Any, said: list[Said]) -> None:
        self._changed = self._changed or not isinstance(asked, (GrowMessage, KeepUnsent))
        try:
            store = self._opened(said)
            writes = store.take_over()
        except HelixError as error:  # a later Helix wrote the file
            self._held.append(asked)
            self._tell_unopened(error, said)
            return
        if not writes and store.trouble is None:
            self._tell_elsewhere(said)
            return
        self._held.append(asked)
        self._write_held(store, said)

    def _keep_run(self, asked: KeepRun, said: list[Said]) -> None:
        """A run is kept if that can be done now; the reply itself does not need it."""
        try:
            store = self._opened(said)
            if store.kept and not self._held:
                store.keep_run(asked.id, runs.dumps(runs.RunItem(*item) for item in asked.items))
        except HelixError:
            log.warning("the run of a reply is not kept", exc_info=True)

    def _import(self, store: ChatStore, asked: ImportChats, said: list[Said]) -> Said:
        """Not held when it cannot be done: it can be asked for again."""
        if store.take_over():
            self._write_held(store, said)
        elif store.trouble is None:
            return ChatsFailed(HelixError("chats_elsewhere").as_event())
        ids = store.import_(asked.path)
        self._changed = True
        return ChatsImported(ids)

    # ------------------------------------------------------------------ keeping

    def _opened(self, said: list[Said]) -> ChatStore:
        """The store. Raises HelixError ``store_newer``."""
        if self._store is None:
            self._store = self._make_store()
            if self._store.trouble is not None:
                self._tell_trouble(self._store.trouble, said)
            elif not self._store.kept:
                self._tell_elsewhere(said)
        return self._store

    def _write_held(self, store: ChatStore, said: list[Said]) -> None:
        """Write what is held, in order, as far as that can be done."""
        if not store.kept and not (self._held and store.take_over()):
            if self._held and store.trouble is not None:
                self._tell_trouble(store.trouble, said)
            return
        while self._held:
            try:
                store.apply(self._held[0])
            except NotKept as error:
                self._tell_trouble(error, said)
                return
            except Exception as error:
                said.append(ChatsFailed(failure(error)))
            self._held.popleft()
        if self._troubled or self._elsewhere:
            self._troubled = self._elsewhere = False
            self._changed = True
            said.append(Notice("chats_kept_again"))

    def _tell_trouble(self, error: NotKept, said: list[Said]) -> None:
        if not self._troubled:
            self._troubled = self._changed = True
            said.append(Notice("chats_not_kept", tuple(error.fields.items()), error.detail))

    def _tell_unopened(self, error: HelixError, said: list[Said]) -> None:
        if not self._troubled:
            self._troubled = self._changed = True
            said.append(ChatsFailed(error.as_event()))

    def _tell_elsewhere(self, said: list[Said]) -> None:
        if not self._elsewhere:
            self._elsewhere = self._changed = True
            said.append(Notice("chats_elsewhere"))

    def _tell_recovered(self, said: list[Said]) -> None:
        recovered = self._store.take_recovered() if self._store is not None else None
        if recovered is not None:
            self._changed = True
            fields = (
                ("chats", str(recovered.chats)),
                ("messages", str(recovered.messages)),
                ("path", str(recovered.path)),
            )
            said.append(Notice("chats_recovered", fields))


def _run_opened(store: ChatStore, message_id: str) -> RunOpened:
    try:
        blob = store.run(message_id)
        items = [] if blob is None else runs.loads(blob, message_id).items
        return RunOpened(message_id, tuple((item.seconds, item.event) for item in items))
    except RunFileError:
        log.warning("a kept run cannot be read", exc_info=True)
        return RunOpened(message_id)
