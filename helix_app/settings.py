"""The person's settings: declared once, with type, default and text, kept in ``settings.json``.

A file that cannot be read, a key nobody knows or a value of the wrong type never stops the program:
the default takes its place, and an unreadable file is kept beside the new one as ``settings.json.bad``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from helix_app import paths

log = logging.getLogger(__name__)


_DEVICE = r"auto|cpu|(directml|cuda)(:[0-9]{1,3})?"  # a kind, or an adapter by its number


def _setting(
    default: Any,
    text: str,
    *,
    choices: tuple[Any, ...] = (),
    low: float | None = None,
    high: float | None = None,
    pattern: str = "",
) -> Any:
    metadata = {"text": text, "choices": choices, "low": low, "high": high, "pattern": pattern}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """All settings. ``metadata`` of each field has its text, choices and bounds for the dialog."""

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
    k: str = _setting("auto", "Tokens drafted a round: auto, additive or fixed:N")
    learn: bool = _setting(True, "Learn from replies, so that later ones are drafted better; stays on this computer")
    engine_process: str = _setting("child", "Where the engine runs", choices=("child", "thread"))
    context_length: int = _setting(0, "Context in tokens; 0 takes the model's own", low=0, high=1_048_576)
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


def settings_file() -> Path:
    """Path of ``settings.json``."""
    return paths.config_dir() / "settings.json"


def load(path: Path | None = None) -> Settings:
    """The settings on disk, defaults for what is missing or wrong. Never raises."""
    path = path or settings_file()
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as exc:
        log.warning("settings unreadable, using defaults: %s", exc)
        try:
            os.replace(path, path.with_suffix(".json.bad"))
        except OSError:
            pass
        return Settings()
    known = {f.name: f for f in fields(Settings)}
    good = {}
    for name, value in raw.items():
        if isinstance(value, dict):  # what is wrong in a mapping costs only that entry
            value = {key: item for key, item in value.items() if valid(name, {key: item})}
        if name in known and valid(name, value):
            good[name] = value
    return Settings(**good)


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


def save(settings: Settings, path: Path | None = None) -> None:
    """Write the settings whole or not at all. Raises OSError when the folder cannot be written."""
    path = path or settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".settings-", suffix=".json")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(asdict(settings), file, indent=2, ensure_ascii=False)
            file.write("\n")
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def changed(settings: Settings, **values: object) -> Settings:
    """A copy with these values. Raises ValueError for one that is not valid."""
    for name, value in values.items():
        if not valid(name, value):
            raise ValueError(f"{name} cannot be {value!r}")
    return replace(settings, **values)  # type: ignore[arg-type]
