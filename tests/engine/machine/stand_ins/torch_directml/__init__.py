"""What torch-directml might be on somebody's computer: HELIX_STAND_IN says which.

``absent``, ``raises``, ``aborts``, ``segfaults``, ``exits``, ``hangs``, ``prints`` (nothing but garbage, and ends),
``noisy`` (garbage around an answer), ``zero``, ``one``, ``two`` (integrated first), ``software``, ``refuses`` (every
``device()`` raises), ``half`` (the discrete one's does). Its devices are those of the CPU.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time

_IS = os.environ.get("HELIX_STAND_IN", "two")

if _IS == "absent":
    raise ModuleNotFoundError("No module named 'torch_directml'", name="torch_directml")
if _IS == "raises":
    raise ImportError("DLL load failed while importing torch_directml_native: The specified module could not be found.")
if _IS == "aborts":
    os.abort()
if _IS == "segfaults":
    ctypes.string_at(0)
if _IS == "exits":
    os._exit(3)
if _IS == "hangs":
    while True:
        time.sleep(3600)
if _IS == "prints":
    print("hello from a driver")
    sys.stdout.flush()
    os._exit(0)
if _IS == "noisy":
    print("[1, 2, 3]\n{not json}")

_INTEGRATED, _DISCRETE = "AMD Radeon(TM) Graphics", "AMD Radeon RX 7800 XT"
_NAMES = {
    "zero": [],
    "one": [_DISCRETE],
    "software": ["Microsoft Basic Render Driver"],
    "two": [_INTEGRATED, _DISCRETE, "Microsoft Basic Render Driver"],
}
_LIST = _NAMES.get(_IS, [_INTEGRATED, _DISCRETE])


def device_count() -> int:
    return len(_LIST)


def device_name(index: int) -> str:
    return _LIST[index] + "\x00" * 8


def device(index: int = 0) -> object:
    if _IS == "refuses" or (_IS == "half" and index == 1):
        raise RuntimeError("The GPU device instance has been suspended. Use GetDeviceRemovedReason to find out why.")
    torch = sys.modules.get("torch")  # whoever only lists devices has none, and would wait two seconds for it
    return torch.device("cpu", index) if torch else object()
