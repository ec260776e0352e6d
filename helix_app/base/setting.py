"""What is declared of one setting: the settings file is checked against it, and the settings dialog made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args


@dataclass(frozen=True)
class Setting:
    """What is declared of one setting.

    Attributes:
        kind: its type, with bounds or choices.
        text: what it is.
        doubt: what it is where nobody can make out what it should be; None for the default.
        page: of the settings dialog, whose rows have the order of the settings; empty for what is not set there.
        hint: what the dialog says beside the control; ``{context}`` stands for the default context.
        term: of the glossary, what it is about; its name is the row's where there is no ``label``.
        options: to choose among: value, name, more about it.
        step: of a number that is no whole one.
        special: what the control shows in place of its least number or of an empty text, or beside a box to check.
        restart: it takes effect when the window is opened again.
    """

    name: str
    kind: Any
    text: str
    doubt: Any = None
    page: Literal["", "sampling", "conversation", "engine", "appearance", "program"] = ""
    hint: str = ""
    term: str = ""
    label: str = ""
    options: tuple[tuple[str, str, str], ...] = ()
    step: float = 1.0
    special: str = ""
    restart: bool = False

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The least and the largest number that it may be."""
        limits = get_args(self.kind)[1]
        return limits.ge, limits.le


def setting(default: Any, text: str, page: str = "", hint: str = "", term: str = "", **more: Any) -> Any:
    """The field of a setting; ``more`` are other attributes of ``Setting``."""
    return field(default=default, metadata={"text": text, "page": page, "hint": hint, "term": term, **more})
