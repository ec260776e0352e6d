"""Files and long pastes in a message: fenced in its text under their name, so that a model and a reader see which."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

WIDEST = 320  # pixels of the words of a chip
MOST_UNFOLDED = 50_000  # characters that are laid out in the field at once without a stop
_NAMED = re.compile(r"\A(`{3,})([^`\n]+)\n")


def tr(text: str) -> str:
    """Translate in the context of attachments."""
    return QCoreApplication.translate("attachments", text)


def fenced(name: str, text: str) -> str:
    """The text of a file as a code block under its name; the fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    label = " ".join(name.replace("`", "'").split())
    return f"{fence}{label}\n{text.rstrip(chr(10))}\n{fence}"


def parted(text: str) -> tuple[list[str], str]:
    """The files at the beginning of a message, each as ``fenced`` made it, and what follows them.

    A block of code that a person typed is none: only a name with a dot is a file's.
    """
    files: list[str] = []
    while (named := _NAMED.match(text)) is not None and "." in named[2]:
        end = text.find(f"\n{named[1]}", named.end() - 1)
        stop = end + 1 + len(named[1])
        if end < 0 or text[stop : stop + 1] not in ("", "\n"):
            break
        files.append(text[:stop])
        text = text[stop:].lstrip("\n")
    return files, text


def label_of(text: str) -> str:
    """What a chip says of a paste, or of a file as ``fenced`` made it."""
    named = _NAMED.match(text)
    if named is not None:
        size = figures.count(len(text) - len(named[0]) - len(named[1]) - 1)
        return tr("{name}, {n} characters").format(name=named[2], n=size)
    start = " ".join(text[:200].split())[:32]
    return tr("Pasted text, {n} characters: “{start}…”").format(n=figures.count(len(text)), start=start)


class Chip(QFrame):
    """A long paste or a file: what it is, its size, and a button to drop it.

    Attributes:
        text: of the paste, or of the file as ``fenced`` made it.
        remove: drops it.
        unfold: puts a paste into the field, where it can be edited; hidden for a file and for a very long one.
    """

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.text = text
        self.label = QLabel()
        self.label.setFont(theme.fonts.small)
        words = label_of(text)
        self.label.setText(_short(self.label, words))
        self.setToolTip(words)
        self.remove = ThemedButton(theme, symbol="close", kind="smallicon", name=tr("Remove pasted text"))
        if _NAMED.match(text):
            self.remove.setAccessibleName(tr("Remove file"))
        self.remove.setToolTip(self.remove.accessibleName())
        self.unfold = ThemedButton(theme, symbol="edit", kind="smallicon", name=tr("Put it into the field"))
        self.unfold.setToolTip(self.unfold.accessibleName())
        self.unfold.setVisible(not _NAMED.match(text) and len(text) <= MOST_UNFOLDED)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(self.label)
        row.addWidget(self.unfold)
        row.addWidget(self.remove)


class ComingChip(QFrame):
    """A file that is being read.

    Attributes:
        wanted: whether its text is still to go into the message.
        remove: it is not.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self._name = name
        self.wanted = True
        self.label = QLabel()
        self.label.setProperty("tone", "muted")
        self.label.setFont(theme.fonts.small)
        self.remove = ThemedButton(theme, symbol="close", kind="smallicon", name=tr("Remove file"))
        self.remove.setToolTip(self.remove.accessibleName())
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(self.label)
        row.addWidget(self.remove)
        self.tell(sends=False)

    def tell(self, *, sends: bool) -> None:
        """Say that it is being read, and whether the message goes out then."""
        words = tr("Reading {name}, then sending…") if sends else tr("Reading {name}…")
        whole = words.format(name=self._name)
        self.label.setText(_short(self.label, whole))
        self.setToolTip(whole)
        self.setAccessibleName(whole)


def _short(label: QLabel, words: str) -> str:
    """The words of a chip without their middle, where they are long."""
    return QFontMetrics(label.font()).elidedText(words, Qt.TextElideMode.ElideMiddle, WIDEST)
