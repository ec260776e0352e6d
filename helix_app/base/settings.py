"""The person's settings: declared once, with type, default and text, kept in ``settings.json``.

A file that cannot be read, a key nobody knows or a value of the wrong type never stops the program: the default takes
its place, or for a choice of privacy the strictest value. A damaged file is kept as ``settings.json.bad``. Several
windows may share one file: each writes only what changed in it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from msgspec import Meta

from helix_app.base import texts, typed
from helix_app.base.files import damaged
from helix_app.base.files.locked_file import locked, write_whole
from helix_app.base.process import paths
from helix_app.base.setting import Setting, setting

log = logging.getLogger(__name__)
DEFAULT_CONTEXT = 8192  # most tokens of context when the person asks for no number
LEAST_CONTEXT = 64
_K = Annotated[str, Meta(pattern=r"^(auto|additive|fixed:([0-9]|[1-5][0-9]|6[0-4]))\Z")]
_Device = Annotated[str, Meta(pattern=r"^(auto|cpu|(directml|cuda)(:[0-9]{1,3})?)\Z")]  # a kind, or an adapter of it
_Share = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True)
class Settings:
    """All settings; ``declared`` tells what is said here of each."""

    target: str = setting("smollm2-135m-instruct", "Target model: a catalog id or a path")
    draft: str = setting("auto", "Draft: auto, none, ngram, mtp, self-int4, self-int8, a catalog id or a path")
    device: _Device = setting("auto", "Device of models without a choice of their own")
    devices: dict[str, _Device] = field(default_factory=dict, metadata={"text": "Device by target, as chosen for it"})
    dtype: Literal["auto", "packed", "float32", "bfloat16", "float16", "int4"] = setting(
        "auto", "Number format of the weights"
    )
    mode: Literal["speculative", "autoregressive"] = setting("speculative", "Decoding")
    k: _K = setting(
        "auto",
        "Tokens drafted a round",
        "engine",
        "how many tokens the draft proposes in a round",
        "k",
        options=(
            ("auto", "Auto", "the fastest as measured"),
            ("additive", "Additive", "up and down by acceptance"),
            ("fixed", "Fixed", "always the same"),
        ),
    )
    context_length: Annotated[int, Meta(ge=0, le=1_048_576)] = setting(
        0,
        "Context in tokens",
        "engine",
        "automatic takes the model's own, up to {context}; changing it loads the model again",
        "context",
        label="Context in tokens",
        special="automatic",
    )
    cache_tokens: Annotated[int, Meta(ge=0, le=8_388_608)] = setting(
        0,
        "Cache in tokens, of all replies together",
        "engine",
        "automatic is one context, and less than one has no effect; changing it loads the model again",
        "kv_cache",
        label="Cache in tokens",
        special="automatic",
    )
    engine_process: Literal["child", "thread"] = setting(
        "child",
        "Where the engine runs",
        "engine",
        "takes effect after restart",
        "engine_process",
        label="Engine runs",
        restart=True,
        options=(
            ("child", "Own process", "the window survives a crash"),
            ("thread", "In the window", "starts a little sooner"),
        ),
    )
    learn: bool = setting(
        True,
        "Learn from replies",
        "engine",
        "makes later drafts better; stays on this computer; changing it loads the model again",
        "learning",
        doubt=False,
    )
    keep_runs: bool = setting(
        True,
        "Keep the runs of replies",
        "engine",
        "Inspect and token origins then work on old replies, too; 256 MB of them at most, the oldest go first",
        label="Runs of replies",
        special="Keep them",
    )
    system_prompt: str = setting(
        "",
        "System prompt of new conversations",
        "conversation",
        "What the model is told before the conversation; empty sends nothing.",
        "system_prompt",
        special="You are a helpful assistant.",
    )
    on_full: Literal["stop", "drop_oldest"] = setting(
        "stop",
        "When the context is full",
        "conversation",
        "where old turns are left out, a line in the chat shows it",
        "on_full",
        options=(
            ("stop", "Stop", "and say so: nothing is left out"),
            ("drop_oldest", "Drop oldest", "whole turns; system prompt and question stay"),
        ),
    )
    temperature: Annotated[float, Meta(ge=0, le=5)] = setting(
        0.7, "Temperature", "sampling", "0 always takes the most likely token", "temperature", step=0.05
    )
    top_k: Annotated[int, Meta(ge=0, le=1_000_000)] = setting(
        40, "Top-k", "sampling", "keep the k most likely tokens; 0 keeps all", "top_k"
    )
    top_p: _Share = setting(0.95, "Top-p", "sampling", "keep the likeliest tokens up to this mass", "top_p", step=0.01)
    min_p: _Share = setting(
        0.0, "Min-p", "sampling", "drop tokens under this share of the likeliest", "min_p", step=0.01
    )
    repetition_penalty: Annotated[float, Meta(ge=0.1, le=10)] = setting(
        1.0, "Repetition penalty", "sampling", "1 is off", "repetition_penalty", step=0.05
    )
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] = setting(
        1024, "Longest reply in tokens", "sampling", "tokens", "max_tokens"
    )
    theme: Literal["system", "light", "dark", "contrast"] = setting(
        "system",
        "Theme",
        "appearance",
        "System follows light and dark of the computer",
        label="Theme",
        options=(
            ("system", "System", ""),
            ("light", "Light", ""),
            ("dark", "Dark", ""),
            ("contrast", "High contrast", ""),
        ),
    )
    text_size: Annotated[int, Meta(ge=60, le=250)] = setting(
        100,
        "Size of the text of conversations, in percent",
        "appearance",
        "percent; Ctrl with + and -",
        label="Text size",
    )
    language: Literal["auto", "en", "de"] = setting(
        "auto",
        "Language of the window",
        "appearance",
        "takes effect after restart; the command line speaks English",
        label="Language",
        restart=True,
        options=(("auto", "As the system", ""), ("en", "English", ""), ("de", "Deutsch", "")),
    )
    updates: bool = setting(
        False,
        "Look for newer versions of Helix",
        "program",
        "once a day the releases page is asked; nothing is sent but that request",
        label="Newer versions",
        special="Look for them",
    )
    shortcuts: dict[str, str] = field(default_factory=dict, metadata={"text": "Keys of commands, as a person chose"})
    presets: dict[str, str] = field(default_factory=dict, metadata={"text": "Presets of prompt and sampling, by name"})
    prompting: dict[str, str] = field(
        default_factory=dict, metadata={"text": "What new conversations change of prompt and sampling, by target"}
    )
    unread_files: dict[str, str] = field(
        default_factory=dict,
        metadata={
            "text": "Files that were still being read for a message when the window closed, with its conversation"
        },
    )
    better_model_told: bool = setting(False, "The note that a better model fits this computer was shown")
    sidebar: bool = setting(True, "Conversations are listed beside the chat")
    last_chat: str = setting("", "Conversation that was shown last; empty begins a new one")
    offline: bool = setting(False, "Models are neither searched nor downloaded; the network is left alone")
    remote_address: str = setting("", "Address of the server whose model was used last; empty for none")
    serve_port: Annotated[int, Meta(ge=0, le=65_535)] = setting(8765, "Port of the local API; 0 takes any that is free")
    serve_network: bool = setting(False, "The local API is reachable from other computers")
    serve_key: str = setting("", "Key of the local API; empty for none")
    last_folder: str = setting("", "Folder that a file was last opened from or saved in; empty begins in Documents")
    last_model_folder: str = setting("", "Folder that a model was last opened from; empty begins where models are kept")
    window_geometry: str = setting("", "Where the window was (base64)")
    window_state: str = setting("", "Where its docks were (base64)")

    def device_for(self, target: str) -> str:
        """The device chosen for this target, or the general one."""
        return self.devices.get(target, self.device)


@lru_cache(maxsize=1)
def declared() -> dict[str, Setting]:
    """All settings by name, in order."""
    kinds = get_type_hints(Settings, include_extras=True)
    return {f.name: Setting(f.name, kinds[f.name], **f.metadata) for f in fields(Settings)}


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
    if not kept.wrong and not kept.refused:
        return Settings(**kept.good), None
    log.info("settings damaged: %s", kept.wrong or kept.refused)
    copy = damaged.keep_copy(path)
    copied = {"copy": str(copy)} if copy is not None else {}
    what = {"reason": kept.wrong} if kept.wrong else {"settings": kept.refused}
    return Settings(**kept.good), {"file": str(path), **what, **copied}


def notice_of(wrong: dict[str, str]) -> str:
    """The code of the notice that tells what ``read`` found wrong."""
    if "settings" in wrong:
        return "settings_refused"
    return "settings_damaged" if "copy" in wrong else "settings_unreadable"


@dataclass
class _Kept:
    """What a settings file holds.

    Attributes:
        good: settings by name.
        others: what this version does not know.
        wrong: why it cannot be taken as it stands; empty where it can.
        refused: settings with a value that they cannot have.
    """

    good: dict[str, Any]
    others: dict[str, Any]
    wrong: str = ""
    refused: str = ""


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
        raw, wrong = damaged.made_out(text, declared()), str(exc)
    known = declared()
    good: dict[str, Any] = {}
    refused = []
    for name, value in raw.items():
        if name not in known:
            continue
        kept = value
        if isinstance(value, dict):  # what is wrong in a mapping costs only that entry
            kept = {key: item for key, item in value.items() if valid(name, {key: item})}
        if valid(name, kept):
            good[name] = kept
        if kept != value or name not in good:
            refused.append(f'"{name}"')
    others = {name: value for name, value in raw.items() if name not in known}
    for name, doubt in _doubts().items():
        if name not in good and (wrong or name in raw):
            good[name] = doubt
            wrong = wrong or f'"{name}" has a value that it cannot have'
    return _Kept(good, others, wrong, ", ".join(refused))


def _doubts() -> dict[str, Any]:
    return {name: known.doubt for name, known in declared().items() if known.doubt is not None}


def valid(name: str, value: object) -> bool:
    """Whether ``value`` is of the type of this setting and within its choices and bounds."""
    try:
        typed.read(declared()[name].kind, value)
    except (KeyError, ValueError):
        return False
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
    with locked(path):
        if path.exists():
            path.read_bytes()  # what cannot be opened must not be replaced
        kept = _on_disk(path)
        if kept.wrong or kept.refused:
            damaged.keep_copy(path)
        base = replace(Settings(), **kept.good)
        merged = asdict(settings if before is None else _merged(base, before, settings))
        write_whole(path, _as_text({**kept.others, **merged}) or _as_text(merged))


def _as_text(values: dict[str, Any]) -> str:
    """As JSON; empty for what is nested too deeply to be written."""
    try:
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    except RecursionError:
        return ""


def _merged(base: Settings, before: Settings, now: Settings) -> Settings:
    """``base`` with what changed from ``before`` to ``now``; of a mapping, with the entries that changed."""
    changes: dict[str, Any] = {}
    for name in declared():
        old, new = getattr(before, name), getattr(now, name)
        if old == new:
            continue
        if isinstance(new, dict):
            gone = set(old) - set(new)
            kept = {key: item for key, item in getattr(base, name).items() if key not in gone}
            new = {**kept, **{key: item for key, item in new.items() if old.get(key) != item}}
        changes[name] = new
    return replace(base, **changes)


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
