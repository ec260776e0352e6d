"""What a window is about, as its parts watch it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from helix_app.base.settings import Settings, changed


class State(QObject):
    """The truth under a window: its parts are given it, show it and watch it, and never tell each other.

    Attributes:
        settings: those in effect.
        seed: of the replies of this session; None draws one for each.

    Signals:
        settings_changed: other settings are in effect.
    """

    settings_changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._seed: int | None = None

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self._settings

    @property
    def seed(self) -> int | None:
        """The seed of this session's replies."""
        return self._seed

    def change(self, **values: object) -> None:
        """Set some of the settings."""
        self.set_settings(changed(self._settings, **values), self._seed)

    def set_settings(self, settings: Settings, seed: int | None) -> None:
        """Let other settings and another seed be in effect."""
        self._settings, self._seed = settings, seed
        self.settings_changed.emit()
