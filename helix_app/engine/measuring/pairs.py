"""What re-encoded drafts and draft heads were measured to bring, remembered for ``draft auto``.

The Pair Doctor measures a pair; nothing here does. An entry holds for one target, one draft model, the device and
number format that were asked for, this processor, this version of Helix and this build of PyTorch.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from helix_app.base.errors import HelixError
from helix_app.engine.machine import measured_file
from helix_app.engine.machine.hardware import cpu_name
from helix_app.modelfiles.draft_head import HeadFiles, inspect_head, is_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.modelfiles.stamps import versions
from helix_app.protocol.pairs import PairProbe

_LEAST = 1.02  # times plain decoding, as the policy asks of any draft


@dataclass(frozen=True)
class Setting:
    """What a measurement of a pair depends on beside the two models: as asked for, before a device is chosen."""

    device: str
    dtype: str


def pays(probe: PairProbe) -> bool:
    """Whether a pair was measured to be faster than the target alone, beyond doubt."""
    return probe.measured is not None and probe.measured >= _LEAST and (probe.measured_low or 0.0) > 1.0


def keep(
    target: ModelFiles, draft: ModelFiles | HeadFiles, setting: Setting, probe: PairProbe, busy: float = 1.0
) -> None:
    """Remember what a trial measured; one that came to no speed is not kept."""
    if probe.measured is not None:
        value = {"draft": str(draft.path), "key": draft.key, "speed": probe.measured, "pays": pays(probe)}
        measured_file.keep(f"{_beginning(target, setting)}{draft.key}{_machine()}", value, busy)


def best(
    target: ModelFiles, setting: Setting, installed: tuple[str, ...], *, heads: bool = True
) -> ModelFiles | HeadFiles | None:
    """The draft model or head that was measured to gain most here, of those that are there; None where none does.

    Args:
        installed: draft models; heads are there where they were.
        heads: whether they are looked at.
    """
    beginning, machine = _beginning(target, setting), _machine()
    entries = [e["value"] for key, e in measured_file.read().items() if key.startswith(beginning) and machine in key]
    here = {os.path.realpath(path) for path in installed}
    models = [v for v in entries if v["pays"] and os.path.realpath(v["draft"]) in here]
    paying = [v for v in models if not is_head(v["draft"])]
    paying += [v for v in entries if v["pays"] and is_head(v["draft"])] if heads else []
    for value in sorted(paying, key=lambda v: -float(v["speed"])):
        draft = _read(value["draft"])
        if draft is not None and draft.key == value["key"]:
            return draft
    return None


def _read(path: str) -> ModelFiles | HeadFiles | None:
    try:
        return inspect_head(path) if is_head(path) else inspect(Path(path))
    except HelixError:
        return None


def _beginning(target: ModelFiles, setting: Setting) -> str:
    return f"re-encoded pair, {setting.device} {setting.dtype}, {target.key} "


def _machine() -> str:
    return f"{measured_file.SEPARATOR}{cpu_name()} {os.cpu_count()} {versions('torch')}"
