"""The person's settings: declared once, with type, default and text, kept in ``settings.json``.

A file that cannot be read, a key nobody knows or a value of the wrong type never stops the program: the default takes
its place, or for a choice of privacy the strictest value. A damaged file is kept as ``settings.json.bad``. Several
windows may share one file: each writes only what changed in it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import filelock

from helix_app.base import paths, texts

log = logging.getLogger(__name__)
DEFAULT_CONTEXT = 8192  # most tokens of context when the person asks for no number
LEAST_CONTEXT = 64


_LOCK_SECONDS = 5.0  # far longer than it takes to write so little
_MOST_COPIES = 100
_K = r"auto|additive|fixed:([0-9]|[1-5][0-9]|6[0-4])"
_DEVICE = r"auto|cpu|(directml|cuda)(:[0-9]{1,3})?"  # a kind, or an adapter by its number


def _setting(
    default: Any,
    text: str,
    *,
    choices: tuple[Any, ...] = (),
    low: float | None = None,
    high: float | None = None,
    pattern: str = "",
    doubt: Any = None,
) -> Any:
    metadata = {"text": text, "choices": choices, "low": low, "high": high, "pattern": pattern, "doubt": doubt}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """All settings. ``metadata`` of each field has its text, choices and bounds, and ``doubt`` (see ``read``)."""

    target: str = _setting("smollm2-135m-instruct", "Target model: a catalog id or a path")
    draft: str = _setting("auto", "Draft: auto, none, ngram, self-int4, self-int8, a catalog id or a path")
    device: str = _setting("auto", "Device of models without a choice of their own", pattern=_DEVICE)
    devices: dict[str, str] = field(
        default_factory=dict, metadata={"text": "Device by target, as chosen for it", "pattern": _DEVICE}
    )
    dtype: str = _setting(
        "auto", "Number format of the weights", choices=("auto", "float32", "bfloat16", "float16", "int4")
    )
    mode: str = _setting("speculative", "Decoding", choices=("speculative", "autoregressive"))
    k: str = _setting("auto", "Tokens drafted a round: auto, additive or fixed:N", pattern=_K)
    learn: bool = _setting(
        True, "Learn from replies, so that later ones are drafted better; stays on this computer", doubt=False
    )
    engine_process: str = _setting("child", "Where the engine runs", choices=("child", "thread"))
    context_length: int = _setting(0, "Context in tokens; 0 takes the model's, 8,192 at most", low=0, high=1_048_576)
    system_prompt: str = _setting("", "System prompt of new conversations")
    temperature: float = _setting(0.7, "Temperature: 0 always takes the most likely token", low=0.0, high=5.0)
    top_k: int = _setting(40, "Top-k: keep the k most likely tokens; 0 keeps all", low=0, high=1_000_000)
    top_p: float = _setting(0.95, "Top-p: keep the likeliest tokens up to this mass", low=0.0, high=1.0)
    min_p: float = _setting(0.0, "Min-p: drop tokens under this share of the likeliest", low=0.0, high=1.0)
    repetition_penalty: float = _setting(1.0, "Repetition penalty: 1 is off", low=0.1, high=10.0)
    max_tokens: int = _setting(1024, "Longest reply in tokens", low=1, high=1_000_000)
    theme: str = _setting("system", "Theme", choices=("system", "light", "dark"))
    last_folder: str = _setting("", "Folder that a file was last opened from or saved in; empty begins in Documents")
    last_model_folder: str = _setting(
        "", "Folder that a model was last opened from; empty begins where models are kept"
    )
    window_geometry: str = _setting("", "Where the window was (base64)")
    window_state: str = _setting("", "Where its docks were (base64)")

    def device_for(self, target: str) -> str:
        """The device chosen for this target, or the general one."""
        return self.devices.get(target, self.device)


_FIELDS = frozenset(f.name for f in fields(Settings))


def settings_file() -> Path:
    """Path of ``settings.json``."""
    return paths.config_dir() / "settings.json"


def load(path: Path | None = None) -> Settings:
    """The settings on disk, defaults for what is missing or wrong. Never raises."""
    return read(path)[0]


def read(path: Path | None = None) -> tuple[Settings, dict[str, str] | None]:
    """The settings on disk, and what is wrong with them, None for nothing (the fields of ``notice_of``).

    Of a file that is damaged, each setting that can still be made out counts. A choice that nobody can make out
    takes the value that ``doubt`` names, for it must not be loosened by an accident. A copy of the file is kept
    beside it.
    """
    path = path or settings_file()
    kept = _on_disk(path)
    if not kept.wrong:
        return Settings(**kept.good), None
    log.info("settings damaged: %s", kept.wrong)
    copy = _keep_copy(path)
    copied = {"copy": str(copy)} if copy is not None else {}
    return Settings(**kept.good), {"file": str(path), "reason": kept.wrong, **copied}


def notice_of(wrong: dict[str, str]) -> str:
    """The code of the notice that tells what ``read`` found wrong."""
    return "settings_damaged" if "copy" in wrong else "settings_unreadable"


@dataclass
class _Kept:
    """What a settings file holds.

    Attributes:
        good: settings by name.
        others: what this version does not know.
        wrong: why it cannot be taken as it stands; empty where it can.
    """

    good: dict[str, Any]
    others: dict[str, Any]
    wrong: str = ""


def _on_disk(path: Path) -> _Kept:
    try:
        text, _ = texts.decode(path.read_bytes())
    except FileNotFoundError:
        return _Kept({}, {})
    except (OSError, ValueError) as exc:
        return _Kept(_doubts(), {}, texts.why(exc))
    try:
        raw = texts.parse_json(text)
        if not isinstance(raw, dict):
            raise ValueError("it holds no settings")
        wrong = ""
    except ValueError as exc:
        raw, wrong = _made_out(text), str(exc)
    good: dict[str, Any] = {}
    for name, value in raw.items():
        if name in _FIELDS and isinstance(value, dict):  # what is wrong in a mapping costs only that entry
            value = {key: item for key, item in value.items() if valid(name, {key: item})}
        if valid(name, value):
            good[name] = value
    for name, doubt in _doubts().items():
        if name not in good and (wrong or name in raw):
            good[name] = doubt
            wrong = wrong or f'"{name}" has a value that it cannot have'
    return _Kept(good, {name: value for name, value in raw.items() if name not in _FIELDS}, wrong)


def _made_out(text: str) -> dict[str, Any]:
    """The settings in a text that is no JSON as a whole. One that is there twice counts only if both agree."""
    found: dict[str, Any] = {}
    for match in re.finditer(r'(?<!\\)"(\w+)"\s*:\s*', text):
        name = match[1]
        if name not in _FIELDS:
            continue
        try:
            value = json.JSONDecoder().raw_decode(text, match.end())[0]
        except (ValueError, RecursionError):
            value = None
        found[name] = value if found.get(name, value) == value else None
    return found


def _doubts() -> dict[str, Any]:
    return {f.name: f.metadata["doubt"] for f in fields(Settings) if f.metadata.get("doubt") is not None}


def _keep_copy(path: Path) -> Path | None:
    """Keep a damaged file beside itself, without touching earlier copies. Its copy; None where none can be made."""
    try:
        data = path.read_bytes()
        for number in range(1, _MOST_COPIES + 1):
            copy = path.with_name(f"{path.name}.bad{'' if number == 1 else number}")
            try:
                with copy.open("xb") as file:
                    file.write(data)
                return copy
            except FileExistsError:
                if copy.read_bytes() == data:
                    return copy
    except OSError:
        log.info("no copy of the damaged settings", exc_info=True)
    return None


def valid(name: str, value: object) -> bool:
    """Whether ``value`` is of the type of this setting and within its choices and bounds."""
    spec = next((f for f in fields(Settings) if f.name == name), None)
    if spec is None:
        return False
    pattern = spec.metadata["pattern"]
    if spec.default is MISSING:
        return isinstance(value, dict) and all(
            isinstance(key, str) and isinstance(item, str) and re.fullmatch(pattern, item)
            for key, item in value.items()
        )
    default = spec.default
    if isinstance(default, float):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
    elif type(value) is not type(default):
        return False
    if pattern and not re.fullmatch(pattern, str(value)):
        return False
    choices = spec.metadata["choices"]
    if choices and value not in choices:
        return False
    low, high = spec.metadata["low"], spec.metadata["high"]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (low is None or value >= low) and (high is None or value <= high)
    return True


def save(settings: Settings, path: Path | None = None, *, before: Settings | None = None) -> None:
    """Write settings, whole or not at all: all of them, or only what differs from ``before``.

    Another window may have saved others in the meantime: what did not change here stays as it is on disk, and so
    does what this version does not know.

    Raises:
        OSError: the folder cannot be written, or the file on disk cannot be opened.
    """
    path = path or settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        if path.exists():
            path.read_bytes()  # what cannot be opened must not be replaced
        kept = _on_disk(path)
        if kept.wrong:
            _keep_copy(path)
        base = replace(Settings(), **kept.good)
        merged = asdict(settings if before is None else _merged(base, before, settings))
        _write(path, _as_text({**kept.others, **merged}) or _as_text(merged))


def _as_text(values: dict[str, Any]) -> str:
    """As JSON; empty for what is nested too deeply to be written."""
    try:
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    except RecursionError:
        return ""


def _merged(base: Settings, before: Settings, now: Settings) -> Settings:
    """``base`` with what changed from ``before`` to ``now``; of a mapping, with the entries that changed."""
    changes: dict[str, Any] = {}
    for name in _FIELDS:
        old, new = getattr(before, name), getattr(now, name)
        if old == new:
            continue
        if isinstance(new, dict):
            gone = set(old) - set(new)
            kept = {key: item for key, item in getattr(base, name).items() if key not in gone}
            new = {**kept, **{key: item for key, item in new.items() if old.get(key) != item}}
        changes[name] = new
    return replace(base, **changes)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else writes the settings meanwhile. Raises TimeoutError (an OSError) when somebody does for too long."""
    lock = filelock.FileLock(path.with_name(path.name + ".lock"), timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except NotImplementedError:  # a file system without locks
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, text: str) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".settings-", suffix=".json")
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Keeper:
    """The settings of one window: loads them, and saves what changed in this window since.

    Attributes:
        wrong: what was wrong with the file when it was loaded (see ``read``).
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known, self.wrong = read(path)

    @property
    def settings(self) -> Settings:
        """As loaded, or as last saved here."""
        return self._known

    def save(self, settings: Settings) -> None:
        """Save what changed; what could not be saved is tried again with the next change. Raises OSError."""
        save(settings, self._path, before=self._known)
        self._known = settings


def changed(settings: Settings, **values: object) -> Settings:
    """A copy with these values. Raises ValueError for one that is not valid."""
    for name, value in values.items():
        if not valid(name, value):
            raise ValueError(f"{name} cannot be {value!r}")
    return replace(settings, **values)  # type: ignore[arg-type]
