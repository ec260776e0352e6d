"""The form that the replies of a conversation must have: free, any JSON object, or JSON by a schema."""

from __future__ import annotations

import json
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QWidget

from helix_app.gui.chats.prompting import LONGEST_SCHEMA
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import Choice, Picker
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.text_dialog import TextDialog
from helix_app.gui.settings.editors import FIELD_WIDTH
from helix_app.protocol.requests import Grammar

EXAMPLE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "year": {"type": "integer"},
        "kind": {"enum": ["book", "film", "song"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
    },
    "required": ["name", "year", "kind", "tags"],
    "additionalProperties": False,
}
ANY: Final = "json_object"
BY_SCHEMA: Final = "json_schema"


def tr(text: str) -> str:
    """Translate in the context of forms."""
    return QCoreApplication.translate("form", text)


class FormPicker(Picker):
    """Picks the form; that of a schema asks for the schema, and is taken once there is one.

    Attributes:
        form: what is picked; None for free replies.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", terms.name("reply_form"), least=FIELD_WIDTH, term="reply_form", parent=parent)
        self.form: Grammar | None = None
        self._schema = ""  # the last one, also while another form is picked
        self.set_choices(
            [
                Choice("", self.tr("Free"), self.tr("as the model writes")),
                Choice(ANY, self.tr("JSON"), self.tr("any object")),
                Choice(
                    BY_SCHEMA,
                    self.tr("JSON by a schema…"),
                    self.tr("fields of your choice"),
                    short=self.tr("JSON schema"),
                ),
            ]
        )
        self.picked.connect(self._on_picked)
        self.show_form(None)

    def show_form(self, form: Grammar | None) -> None:
        """Have this one picked."""
        self.form = form
        if form is not None and form.kind == BY_SCHEMA:
            self._schema = form.text
        self.set_value("" if form is None else form.kind)

    def _on_picked(self, value: str) -> None:
        if value != BY_SCHEMA:
            self.show_form(Grammar(ANY) if value == ANY else None)
            return
        dialog = SchemaDialog(self._theme, self._schema, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.show_form(Grammar(BY_SCHEMA, dialog.schema())))
        dialog.open()


class SchemaDialog(TextDialog):
    """Edits a copy; ``schema()`` says what was written."""

    def __init__(self, theme: Theme, schema: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, schema, tr("JSON schema"), "reply_form", tr("Example"), parent)
        self.setWindowTitle(self.tr("JSON schema of the replies"))
        self.editor.setPlaceholderText(self.tr("Paste a JSON schema, or begin with the example."))
        self.editor.textChanged.connect(self.check)
        self.resize(640, 480)
        self.check()

    def schema(self) -> str:
        """The schema."""
        return self.editor.toPlainText().strip()

    def check(self) -> None:
        """Say whether this can be a schema; what of it the engine does not know, the first reply tells."""
        wrong = fault_in(self.schema())
        self.save.setEnabled(not wrong)
        self.say(
            wrong or self.tr("Every reply will be one line of JSON that fits this schema."),
            wrong=bool(wrong and self.schema()),
        )

    def put_back(self) -> None:
        """Begin with the example."""
        self.editor.setPlainText(json.dumps(EXAMPLE, indent=2))


def fault_in(schema: str) -> str:
    """Why a text is no JSON schema, as a sentence; empty for one that may be."""
    if not schema:
        return tr("Nothing is written yet.")
    if len(schema) > LONGEST_SCHEMA:
        return tr("It is too long: {n} characters at most.").format(n=figures.count(LONGEST_SCHEMA))
    try:
        read = json.loads(schema)
    except json.JSONDecodeError as error:
        return tr("Line {line} is no JSON.").format(line=error.lineno)
    except RecursionError:
        return tr("It is nested too deeply.")
    except ValueError:  # of a number with more digits than Python reads
        return tr("It holds a number that is too long.")
    return "" if isinstance(read, dict) else tr("A schema is a JSON object, in braces.")
