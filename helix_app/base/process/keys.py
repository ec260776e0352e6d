"""Keys of servers: in the system's keyring where there is one, otherwise in a file that its owner alone can read.

No key is ever logged, or part of the settings.
"""

from __future__ import annotations

import importlib
import itertools
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

from helix_app.base import texts
from helix_app.base.files.locked_file import locked
from helix_app.base.files.replacing import new_file, replace
from helix_app.base.process import paths

log = logging.getLogger(__name__)
_SERVICE = "Helix"


class Keyring(Protocol):
    """What is used of the package ``keyring``."""

    def get_password(self, service: str, name: str) -> str | None: ...

    def set_password(self, service: str, name: str, password: str) -> None: ...

    def delete_password(self, service: str, name: str) -> None: ...


def system_keyring() -> Keyring | None:
    """The keyring of the system; None where the package is missing or there is none to be used."""
    try:
        keyring: Any = importlib.import_module("keyring")
        usable = keyring.get_keyring().priority > 0  # that of "no keyring at all" is not
    except Exception:  # a backend may raise anything while it looks for its service
        return None
    return cast(Keyring, keyring) if usable else None


class KeyStore:
    """Keys by the address of their server."""

    def __init__(self, path: Path | None = None, keyring: Callable[[], Keyring | None] = system_keyring) -> None:
        self._path, self._keyring = path, keyring

    @property
    def path(self) -> Path:
        """The file, which need not exist."""
        return self._path or paths.config_dir() / "keys.json"

    def get(self, url: str) -> str:
        """The key of this server, empty for none. Never raises."""
        ring = self._keyring()
        if ring is not None:
            try:
                kept = ring.get_password(_SERVICE, url)
            except Exception as error:  # locked, or refused by the person
                log.info("the keyring gave no key: %s", type(error).__name__)
            else:
                if kept:
                    return kept
        return self._file().get(url, "")

    def set(self, url: str, key: str) -> None:
        """Keep a key, or forget it where it is empty.

        Raises:
            OSError: the file cannot be written, or not be read and so not be replaced.
        """
        wanted = "" if self._in_ring(url, key) else key
        if not wanted and not self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            kept = self._sound()
            if kept.pop(url, "") != wanted:
                self._write({**kept, url: wanted} if wanted else kept)

    def _in_ring(self, url: str, key: str) -> bool:
        ring = self._keyring()
        if ring is None:
            return False
        try:
            if key:
                ring.set_password(_SERVICE, url, key)
            elif ring.get_password(_SERVICE, url):
                ring.delete_password(_SERVICE, url)
        except Exception as error:
            log.info("the keyring took no key: %s", type(error).__name__)
            return False
        return True

    def _file(self) -> dict[str, str]:
        try:
            return self._read()
        except (OSError, ValueError):
            return {}

    def _sound(self) -> dict[str, str]:
        """What the file holds; one that is damaged is set aside. Raises OSError."""
        try:
            return self._read()
        except ValueError as error:
            names = (self.path.with_name(f"{self.path.name}.bad{n or ''}") for n in itertools.count())
            aside = next(path for path in names if not path.exists())
            replace(self.path, aside)  # others might read a copy
            log.warning("%s is damaged (%s) and kept as %s", self.path, type(error).__name__, aside.name)
            return {}

    def _read(self) -> dict[str, str]:
        """Raises OSError, and ValueError for a file that holds no keys."""
        try:
            kept = texts.read_json(self.path)
        except FileNotFoundError:
            return {}
        if not isinstance(kept, dict):
            raise ValueError("it holds no keys")
        return {url: key for url, key in kept.items() if isinstance(key, str)}

    def _write(self, kept: dict[str, str]) -> None:
        handle, name = new_file(self.path.parent, ".keys")  # of mode 600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
