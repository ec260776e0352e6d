"""The list of conversations as lines with headings: pinned, folders, then by day. No widgets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale, Qt

from helix_app.base.messages import fill
from helix_app.protocol.conversations.chats import ChatEntry, ChatHit

PAUSE = 3600  # seconds between two messages, after which the time is told


def tr(text: str) -> str:
    """Translate in the context of the list of conversations."""
    return QCoreApplication.translate("chats", text)


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes:
        title: of a conversation, or the heading of a group.
        entry: the conversation; None for a heading.
        folder: name of the folder whose heading this is; empty for other headings.
        folded: the group's conversations are hidden.
        hit: where the words that were looked for are in it.
        writing: a reply of it is being written.
    """

    title: str
    entry: ChatEntry | None = None
    folder: str = ""
    folded: bool = False
    hit: ChatHit | None = None
    writing: bool = False


def title_of(entry: ChatEntry) -> str:
    """What a conversation is called."""
    return entry.title or tr("Untitled")


def day_group(updated: str, today: date) -> str:
    """Heading of the group that a conversation belongs to."""
    try:
        day = datetime.fromisoformat(updated).astimezone().date()
    except ValueError:
        return tr("Earlier")
    if day >= today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    if day > today - timedelta(days=7):
        return tr("Previous 7 days")
    if day > today - timedelta(days=30):
        return tr("Previous 30 days")
    month = QLocale().standaloneMonthName(day.month)
    return month if day.year == today.year else f"{month} {day.year}"


def moment_text(created: str) -> str:
    """The day and the time of a message in full; empty where they are not known."""
    moment = QDateTime.fromString(created, Qt.DateFormat.ISODate).toLocalTime()
    return _told(QLocale().toString(moment.date(), QLocale.FormatType.LongFormat), moment) if moment.isValid() else ""


def time_text(created: str, before: str, today: date) -> str:
    """When a message was sent, as it is shown beside it; empty where that says nothing.

    It is shown where over ``PAUSE`` seconds went by since the message before it, and of a first one on another day.

    Args:
        created, before: of the message and the one before it, empty for none (``Message.created``).
    """
    moment = QDateTime.fromString(created, Qt.DateFormat.ISODate).toLocalTime()
    earlier = QDateTime.fromString(before, Qt.DateFormat.ISODate)
    if not moment.isValid() or (before and not earlier.isValid()):
        return ""
    days = moment.date().daysTo(QDate(today.year, today.month, today.day))
    if earlier.secsTo(moment) < PAUSE if before else days == 0:
        return ""
    if days == 0:
        return QLocale().toString(moment.time(), QLocale.FormatType.ShortFormat)
    short = QLocale().toString(moment.date(), QLocale.FormatType.ShortFormat)
    return _told(tr("Yesterday") if days == 1 else short, moment)


def _told(day: str, moment: QDateTime) -> str:
    time = QLocale().toString(moment.time(), QLocale.FormatType.ShortFormat)
    return tr("{day}, {time}").format(day=day, time=time)


def rows_of(
    entries: Sequence[ChatEntry], today: date, writing: Collection[str] = (), folded: Collection[str] = ()
) -> list[Row]:
    """The list: pinned conversations, folders by name, and the others by day. Each once, and no empty group.

    Args:
        entries: the latest first.
        writing: ids of the conversations that replies are being written in.
        folded: names of the folders whose conversations are hidden.
    """
    pinned = [entry for entry in entries if entry.pinned]
    others = [entry for entry in entries if not entry.pinned]
    rows: list[Row] = []
    if pinned:
        rows.append(Row(tr("Pinned")))
        rows += [_row(entry, writing) for entry in pinned]
    for folder in sorted({entry.folder for entry in others if entry.folder}, key=str.casefold):
        hidden = folder in folded
        rows.append(Row(folder, folder=folder, folded=hidden))
        if not hidden:
            rows += [_row(entry, writing) for entry in others if entry.folder == folder]
    heading = ""
    for entry in others:
        if entry.folder:
            continue
        group = day_group(entry.updated, today)
        if group != heading:
            heading = group
            rows.append(Row(group))
        rows.append(_row(entry, writing))
    return rows


def found_rows(hits: Sequence[ChatHit], more: bool, writing: Collection[str] = ()) -> list[Row]:
    """What was found, and a heading that says how much."""
    if not hits:
        return [Row(tr("Nothing found"))]
    words = tr("The first {n:conversation|conversations}") if more else tr("Found in {n:conversation|conversations}")
    heading = fill(words, n=len(hits))
    return [
        Row(heading),
        *(Row(title_of(hit.entry), hit.entry, hit=hit, writing=hit.entry.id in writing) for hit in hits),
    ]


def _row(entry: ChatEntry, writing: Collection[str]) -> Row:
    return Row(title_of(entry), entry, writing=entry.id in writing)
