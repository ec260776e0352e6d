"""The conversations of this computer, in one SQLite file that one Helix writes at a time.

Who gets the lock beside the file writes; others may read. A file that is damaged is set aside, and what can be read of
it is taken over (``salvage.py``).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import filelock

from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process import paths
from helix_app.protocol.conversations.chats import Chat, ChatEntry, ChatsFound, ExportChats, FindChats, UnsentOpened
from helix_app.store.chats import changes, exchange, find, reading, runs, salvage, schema, tree
from helix_app.store.chats.salvage import Recovered
from helix_app.store.troubles import trouble_of

log = logging.getLogger(__name__)
T = TypeVar("T")
NAME = "chats.db"
_TIDY_SECONDS = 0.5  # most that the index delays the end; thousands of messages are tidied in it


class NotKept(HelixError):
    """What was to be written was not: the disk is full, or the folder cannot be written."""

    code = "chats_not_kept"


class ChatStore:
    """One connection, for one thread. Every request is done as a whole or not at all.

    Attributes:
        path: of the file.
        kept: whether this store writes; else ``trouble`` is why it cannot, or None while another Helix has the file.
    """

    def __init__(self, path: Path | None = None, runs_bytes: int = runs.RUNS_BYTES) -> None:
        """Open the file, or make it.

        Raises:
            HelixError: ``store_newer``: a later Helix wrote it.
        """
        self.path = path or paths.data_dir() / NAME
        self.kept = False
        self.trouble: NotKept | None = None
        self._runs_bytes = runs_bytes
        self._lock = filelock.FileLock(f"{self.path}.lock", timeout=0, thread_local=False)
        self._recovered: Recovered | None = None
        self._db: sqlite3.Connection | None = None
        self._lasting = True  # False: what is open shows nothing of what others write
        self.take_over()

    # ------------------------------------------------------------------ who writes

    def take_over(self) -> bool:
        """Become the one that writes, if nothing stands against it any more. Raises HelixError ``store_newer``."""
        if self.kept:
            return True
        self.trouble = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(NotImplementedError):  # a file system without locks
                self._lock.acquire()
            self._drop_connection()
            self._db = self._writer()
            self._lasting = self.kept = True
        except filelock.Timeout:
            log.info("another Helix has %s", self.path)
        except (OSError, sqlite3.Error) as error:
            self.trouble = self._not_kept(error)
            log.warning("%s cannot be written: %s", self.path, error)
        finally:
            if not self.kept:
                self._lock.release()
        return self.kept

    def take_recovered(self) -> Recovered | None:
        """What became of a damaged file since this was last asked."""
        recovered, self._recovered = self._recovered, None
        return recovered

    def close(self) -> None:
        """Let another Helix write. What was deleted is gone for good then."""
        try:
            if self.kept and self._db is not None:
                self._purge(self._db)
                if not schema.tidy(self._db, _TIDY_SECONDS):
                    log.info("the index is tidied on at the next end")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            log.warning("%s was not tidied: %s", self.path, error)
        finally:
            self._drop_connection()
            self.kept = False
            self._lock.release()

    # ------------------------------------------------------------------ requests

    def entries(self) -> tuple[ChatEntry, ...]:
        """The conversations that are not deleted: pinned ones first, then the latest first."""
        return self._read(tree.entries)

    def chat(self, chat_id: str) -> Chat | None:
        """A conversation, whole; None when it is not there any more."""
        return self._read(lambda db: tree.chat(db, chat_id))

    def unsent(self) -> UnsentOpened:
        """What was written in a conversation in which nothing was ever sent."""
        return self._read(tree.unsent)

    def find(self, asked: FindChats) -> ChatsFound:
        """The conversations that have all the words."""
        return self._read(lambda db: find.find(db, tree.whole(asked)))

    def apply(self, change: changes.Change) -> None:
        """Change what is asked; nothing, where what is to be changed is gone.

        Raises:
            NotKept: it could not be written, and everything is as it was.
            HelixError: ``chat_gone``: what is to be copied or added to is not there.
        """
        self._write(lambda db: changes.apply(db, tree.whole(change)))

    def export(self, asked: ExportChats) -> int:
        """Write conversations to a file; how many.

        Raises:
            HelixError: ``chats_export_failed``; ``chat_gone``: none of those that are asked for is there.
        """
        chats = self._read(lambda db: [tree.chat(db, one) for one in asked.ids or tree.chat_ids(db)])
        there = [chat for chat in chats if chat is not None]
        if asked.ids and not there:
            raise HelixError("chat_gone")
        exchange.write(Path(asked.path), asked.format, there)
        return len(there)

    def import_(self, path: Path | str) -> tuple[str, ...]:
        """Take in the conversations of a file, all or none; their ids.

        Raises:
            NotKept: they could not be written.
            HelixError: ``chats_import_failed``.
        """
        read: Sequence[Chat] = [tree.whole(chat) for chat in reading.read(Path(path))]
        self._write(lambda db: changes.add_chats(db, read))
        return tuple(chat.entry.id for chat in read)

    def keep_run(self, message_id: str, blob: bytes) -> None:
        """Keep the recorded run of a reply. The oldest ones go where all together are too large. Raises NotKept."""
        self._write(lambda db: runs.keep(db, message_id, blob, self._runs_bytes))

    def run(self, message_id: str) -> bytes | None:
        """The recorded run of a reply; None where none is kept."""
        return self._read(lambda db: runs.run(db, message_id))

    def drop_run(self, message_id: str) -> None:
        """Forget the recorded run of a reply. Raises NotKept."""
        self._write(lambda db: runs.drop(db, message_id))

    # ------------------------------------------------------------------ details

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` gives. Raises HelixError ``chats_unreadable``."""
        try:
            return self._guarded(work)
        except (OSError, sqlite3.Error) as error:
            if not _is_of_the_file(error):
                raise
            found = trouble_of(error)
            hint = reason_of("sqlite_hint_other") if found.kind == "damaged" else found.hint
            fields = {"path": self.path, "reason": found.reason, "hint": hint}
            raise HelixError("chats_unreadable", detail=str(error), **fields) from error

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` gives, done in one transaction. Raises NotKept."""
        if not self.kept:
            elsewhere = {"reason": reason_of("another_helix"), "hint": reason_of("sqlite_hint_elsewhere")}
            raise self.trouble or NotKept(folder=self.path.parent, **elsewhere)
        try:
            return self._guarded(lambda db: schema.done_in(db, work))
        except (OSError, sqlite3.Error) as error:
            if not _is_of_the_file(error):
                raise
            raise self._not_kept(error) from error

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same after a damaged file was replaced."""
        if self._db is None or not self._lasting:
            self._drop_connection()
            self._db = self._reader()
        try:
            return work(self._db)
        except sqlite3.Error as error:
            if not schema.is_damage(error):
                raise
            if not self.kept:  # who writes it will see to it
                self._drop_connection()
                raise schema.Damaged(str(error)) from error
            self._replace(error)
            return work(self._db)

    def _writer(self) -> sqlite3.Connection:
        """A connection that writes, to a file that is whole and has been tidied."""
        self._recovered = salvage.finish(self.path) or self._recovered
        there = self.path.exists()
        try:
            try:
                db = self._sound(check=there)
            except sqlite3.Error as error:
                if not there or not schema.is_damage(error):
                    raise
                self._recovered = salvage.recover(self.path, error)
                db = self._sound(check=False)
        except BaseException:
            if not there:  # else an empty file would look damaged at the next start
                self._remove_files()
            raise
        try:
            with schema.transaction(db):
                db.execute("UPDATE messages SET state = 'interrupted' WHERE state = 'writing'")
            self._purge(db)
        except BaseException:
            db.close()
            raise
        return db

    def _sound(self, *, check: bool) -> sqlite3.Connection:
        if check and self.path.stat().st_size == 0:
            raise schema.Damaged("it is empty")
        db = schema.connect(self.path)
        try:
            if check:
                schema.check(db)
            schema.prepare(db, self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _reader(self) -> sqlite3.Connection:
        """A connection that reads what is there; where nothing can be opened, one to an empty store."""
        for options in ("mode=rw", "mode=ro", "mode=ro&immutable=1"):
            try:
                db = schema.connect(self.path, options)
            except sqlite3.Error:
                continue
            try:
                db.execute("PRAGMA query_only = ON")
                db.execute(f"PRAGMA cache_size = -{schema.CACHE_KB}")
                if schema.version(db) == len(schema.STEPS):
                    self._lasting = "immutable" not in options
                    return db
            except sqlite3.Error as error:
                log.info("%s cannot be opened with %s: %s", self.path, options, error)
            db.close()
        self._lasting = False
        return schema.empty()

    def _replace(self, error: sqlite3.Error) -> None:
        """Go on with a new file, in which messages that are being written still are."""
        self._drop_connection()
        try:
            self._recovered = salvage.recover(self.path, error)
            self._db = self._sound(check=False)
        except (OSError, sqlite3.Error) as why:
            self.kept = False
            self.trouble = self._not_kept(why)
            self._lock.release()
            raise self.trouble from why

    def _purge(self, db: sqlite3.Connection) -> None:
        """Take out for good what is marked as deleted."""
        with schema.transaction(db):
            if tree.delete_chats(db):
                schema.note_deleted(db)

    def _drop_connection(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _remove_files(self) -> None:
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{self.path}{end}").unlink(missing_ok=True)

    def _not_kept(self, error: OSError | sqlite3.Error) -> NotKept:
        found = trouble_of(error)
        return NotKept(folder=self.path.parent, reason=found.reason, hint=found.hint, detail=str(error))


def _is_of_the_file(error: Exception) -> bool:
    """Whether the file or its folder is the reason, rather than a fault of ours."""
    if isinstance(error, (OSError, sqlite3.OperationalError)):
        return True
    return isinstance(error, sqlite3.Error) and schema.is_damage(error)
