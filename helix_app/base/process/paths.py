"""Where things are: the program's resources and the person's folders.

``HELIX_HOME`` moves every folder of the person below one root (portable installs, tests). Where it names the home of
somebody who is not known here, or there is no home at all, what names a folder of the person raises InputError:
``check`` first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

from helix_app.base import texts
from helix_app.base.errors import InputError

_APP = "Helix"


def resource(*parts: str) -> Path:
    """Path of a file under ``resources/``, in a frozen program, an installed wheel or the source tree."""
    return _resource_root().joinpath(*parts)


def _resource_root() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "resources"
    package = Path(__file__).resolve().parents[2]
    installed = package / "_resources"  # where the wheel puts resources/
    return installed if installed.is_dir() else package.parent / "resources"


def _root(kind: str) -> Path:
    home = os.environ.get("HELIX_HOME")
    if home:
        return _chosen("HELIX_HOME", home) / kind
    try:
        folder = _of_the_system(kind)
    except (RuntimeError, KeyError) as exc:  # a user whom the system does not know, such as a container's
        raise InputError("home_missing") from exc
    if not folder.is_absolute():  # what some releases of platformdirs name for the same user: a folder below "~"
        raise InputError("home_missing")
    return folder


def _of_the_system(kind: str) -> Path:
    if kind == "config":
        return Path(platformdirs.user_config_dir(_APP, appauthor=False, roaming=True))
    if kind == "cache":
        return Path(platformdirs.user_cache_dir(_APP, appauthor=False))
    if kind == "logs":
        return Path(platformdirs.user_log_dir(_APP, appauthor=False))
    return Path(platformdirs.user_data_dir(_APP, appauthor=False))


def expanded(name: str | Path) -> Path:
    """A path with its ``~`` replaced by a home folder; where no such folder is known, the path as it stands."""
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _chosen(variable: str, value: str) -> Path:
    path = expanded(value)
    if path.parts[:1] and path.parts[0].startswith("~"):  # a folder of that name would only surprise
        raise InputError("home_unknown", variable=variable, value=value)
    return path


def check() -> None:
    """Raise InputError ``home_...`` where a folder of the person cannot even be named, or a file is in its place."""
    for folder in (*(_root(kind) for kind in ("config", "cache", "logs", "data")), models_dir()):
        try:
            folder.exists()
        except PermissionError:
            pass  # told where something is to be kept there
        except OSError as exc:
            raise InputError("home_unusable", folder=folder, reason=texts.why(exc)) from exc
    for variable in ("HELIX_HOME", "HELIX_MODELS", "HELIX_KERNELS"):
        named = expanded(os.environ.get(variable, ""))
        found = next((each for each in (named, *named.parents) if os.path.isfile(each)), None)
        if found is not None:
            raise InputError("home_is_file", variable=variable, value=named, file=found)


def config_dir() -> Path:
    """Folder of ``settings.json``. Not created here."""
    return _root("config")


def data_dir() -> Path:
    """Folder of what the person would miss: models and conversations."""
    return _root("data")


def models_dir() -> Path:
    """Folder that downloaded models live in, one folder a model; ``HELIX_MODELS`` overrides it."""
    override = os.environ.get("HELIX_MODELS")
    return _chosen("HELIX_MODELS", override) if override else data_dir() / "models"


def home() -> str:
    """The person's home folder, to leave out of texts; empty where there is none."""
    try:
        return str(Path.home())
    except (RuntimeError, KeyError):
        return ""


def cache_dir() -> Path:
    """Folder of what can be made again, such as converted tokenizers."""
    return _root("cache")


def kernels_dir() -> Path:
    """Folder of machine code that was made for this processor; ``HELIX_KERNELS`` overrides it."""
    override = os.environ.get("HELIX_KERNELS")
    return _chosen("HELIX_KERNELS", override) if override else cache_dir() / "kernels"


def log_dir() -> Path:
    """Folder of the log files."""
    return _root("logs")
