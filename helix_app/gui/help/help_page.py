"""F1: the glossary as a window beside the window, with a search."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QUrl
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import Term
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.search_field import SearchField
from helix_app.gui.look.theme import Theme

KEY = Qt.ItemDataRole.UserRole
SCHEME = "term:"


def tr(text: str) -> str:
    """Translate in the context of the help."""
    return QCoreApplication.translate("help_page", text)


class HelpPage(QDialog):
    """A list of terms with a search above, and the term that is picked in words beside it.

    Attributes:
        search: what narrows the list.
        list: the terms, under headings while nothing is searched for.
        text: the page of the picked one.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("Help"))
        self.search = SearchField(self.tr("Search"), self.tr("Search the help"))
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("sections")
        self.list.setAccessibleName(self.tr("Terms"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.nothing = QLabel(self.tr("Nothing is called so. Search for another word."))
        self.nothing.setProperty("tone", "muted")
        self.nothing.setWordWrap(True)
        self.text = QTextBrowser()
        self.text.setObjectName("helpText")
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setOpenLinks(False)
        self.text.setFont(theme.fonts.chat)
        self.text.setAccessibleName(self.tr("What it means"))
        self.text.anchorClicked.connect(self._on_link_clicked)
        close = ThemedButton(theme, self.tr("Close"))
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.clicked.connect(self.close)
        self._lay_out(close)
        self._shown = ""
        self._fill("")
        theme.changed.connect(self.on_theme_changed)

    def _lay_out(self, close: QWidget) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self.nothing)
        left.addWidget(self.list, 1)
        side = QWidget()
        side.setFixedWidth(232)
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedWidth(1)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.text, 1)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(close)
        right.addLayout(row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(side)
        whole.addWidget(line)
        whole.addLayout(right, 1)
        self.resize(760, 520)

    # ------------------------------------------------------------------ what is shown

    @property
    def key(self) -> str:
        """The term that is shown."""
        return self._shown

    def show_term(self, key: str) -> None:
        """Turn to a term; what was searched for is over."""
        if self.search.text():
            self.search.clear()
        for row in range(self.list.count()):
            if self.list.item(row).data(KEY) == key:
                self.list.setCurrentRow(row)
                self.list.scrollToItem(self.list.item(row), QListWidget.ScrollHint.PositionAtCenter)
                return

    def keys(self) -> list[str]:
        """The terms in the list, from top to bottom."""
        found = (self.list.item(row).data(KEY) for row in range(self.list.count()))
        return [key for key in found if key]

    def on_theme_changed(self) -> None:
        """Texts and links take the colours of the theme."""
        self._fill(self.search.text())

    def _fill(self, words: str) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        if words.strip():
            for term in terms.search(words):
                self._add(term)
        else:
            for heading, group in terms.groups():
                self._add_heading(heading)
                for term in group:
                    self._add(term)
        self.list.blockSignals(False)
        keys = self.keys()
        self.nothing.setVisible(not keys)
        if keys:
            shown = keys[0] if words.strip() or self._shown not in keys else self._shown
            row = next(r for r in range(self.list.count()) if self.list.item(r).data(KEY) == shown)
            self.list.setCurrentRow(row)
            self._on_current_changed(self.list.item(row))

    def _add(self, term: Term) -> None:
        item = QListWidgetItem(term.name, self.list)
        item.setData(KEY, term.key)
        item.setToolTip(term.tip)
        item.setSizeHint(QSize(0, 28))

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text, self.list)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(self._theme.fonts.small)
        item.setSizeHint(QSize(0, 32))

    def _on_current_changed(self, item: QListWidgetItem | None, _before: QListWidgetItem | None = None) -> None:
        if item is not None and item.data(KEY):
            self._shown = item.data(KEY)
            self._show_text()

    def _show_text(self) -> None:
        if not self._shown:
            return
        palette = self.text.palette()
        palette.setColor(QPalette.ColorRole.Link, self._theme.colour("accent_text"))
        self.text.setPalette(palette)
        self.text.setHtml(page(terms.term(self._shown), self._theme))

    # ------------------------------------------------------------------ mouse and keys

    def _on_link_clicked(self, url: QUrl) -> None:
        self.show_term(url.toString().removeprefix(SCHEME))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:  # of the search
            down = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)
            if event.key() in down:
                self.list.setFocus()
                self.list.keyPressEvent(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.list.setFocus()
                return True
        return super().eventFilter(watched, event)


def page(term: Term, theme: Theme) -> str:
    """A term as the page of F1, in the colours of the theme in effect."""
    p = theme.palette
    parts = [
        f"<body style='color:{p.text}'>",
        f"<h2 style='margin-bottom:4px'>{escape(term.name)}</h2>",
        f"<p style='color:{p.muted}; margin-top:0px'>{escape(term.tip)}</p>",
    ]
    parts += [f"<p style='line-height:130%'>{escape(text)}</p>" for text in term.text.split("\n\n")]
    if term.also:
        called = tr("Also called: {words}").format(words=escape(term.also))
        parts.append(f"<p style='color:{p.muted}'>{called}</p>")
    if term.see:
        links = ", ".join(
            f"<a style='color:{p.accent_text}' href='{SCHEME}{key}'>{escape(terms.name(key))}</a>" for key in term.see
        )
        parts.append("<p>" + tr("See also: {links}").format(links=links) + "</p>")
    return "".join(parts) + "</body>"
