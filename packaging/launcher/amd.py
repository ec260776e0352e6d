"""AMD's name of a card's processor (``gfx1100``), by its PCI device id or, without one, by what it is called.

ROCm's wheels are made for these names. Ids are those of the PCI id database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# that AMD's wheels of PyTorch are made for, on Windows and Linux alike
ROCM = frozenset(
    [
        "gfx1010",
        "gfx1030",
        "gfx1031",
        "gfx1032",
        "gfx1034",
        "gfx1035",
        "gfx1100",
        "gfx1101",
        "gfx1102",
        "gfx1103",
        "gfx1150",
        "gfx1151",
        "gfx1200",
        "gfx1201",
    ]
)
INTEGRATED = frozenset(
    ["gfx902", "gfx90c", "gfx1033", "gfx1035", "gfx1036", "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"]
)

_DEVICES = {
    "gfx803": "67df 67ef 67ff 699f 6fdf 7300",
    "gfx900": "6860 6861 6862 6863 6864 6867 6868 687f",
    "gfx902": "15d8 15dd",
    "gfx906": "66a0 66a1 66a2 66a3 66a7 66af",
    "gfx90c": "1636 1638 164c 15e7",
    "gfx1010": "7310 7312 7318 7319 731a 731b 731e 731f",
    "gfx1011": "7360 7362",
    "gfx1012": "7340 7341 7347 734f",
    "gfx1030": "73a1 73a2 73a3 73a5 73a8 73a9 73ab 73ac 73ad 73ae 73af 73bf",
    "gfx1031": "73c0 73c1 73c3 73da 73db 73dc 73dd 73de 73df",
    "gfx1032": "73e0 73e1 73e2 73e3 73e8 73e9 73ea 73eb 73ec 73ed 73ef 73ff",
    "gfx1033": "163f 1435",
    "gfx1034": "7420 7421 7422 7423 7424 743f",
    "gfx1035": "164d 1681",
    "gfx1036": "164e 1506 13c0",
    "gfx1100": "7448 7449 744a 744c 745e",
    "gfx1101": "7460 7461 7470 747e",
    "gfx1102": "7480 7481 7483 7487 7489 748b 7499 749f",
    "gfx1103": "15bf 15c8 1900 1901",
    "gfx1150": "150e",
    "gfx1151": "1586",
    "gfx1152": "1114",
    "gfx1153": "1902",
    "gfx1200": "7590",
    "gfx1201": "7550 7551",
}
_BY_DEVICE = {int(device, 16): gfx for gfx, devices in _DEVICES.items() for device in devices.split()}

# looked through in this order
_NAMES: tuple[tuple[str, str], ...] = (
    (r"80[456]0s", "gfx1151"),
    (r"8[89]0m", "gfx1150"),
    (r"8[246]0m", "gfx1152"),
    (r"7[468]0m|phoenix", "gfx1103"),
    (r"6[68]0m|rembrandt", "gfx1035"),
    (r"610m|raphael", "gfx1036"),
    (r"rx 9070|r9700|navi ?48", "gfx1201"),
    (r"rx 9060|navi ?44", "gfx1200"),
    (r"rx 7900m?|w7[89]00|navi ?31", "gfx1100"),
    (r"rx 7[3-6]\d0|rx 7700s|w7[56]00|navi ?33", "gfx1102"),
    (r"rx 7[78]00|w7700|navi ?32", "gfx1101"),
    (r"rx 6[89]\d0 ?xt|rx 6800$|w6800|v620|navi ?21", "gfx1030"),
    (r"rx 66\d0|rx 6[78]00s|w6600|navi ?23", "gfx1032"),
    (r"rx 6800m|rx 6850m|rx 67\d0|navi ?22", "gfx1031"),
    (r"rx 6[345]\d0|w6[345]00|navi ?24", "gfx1034"),
    (r"rx 5[67]\d0|w5700|navi ?10", "gfx1010"),
    (r"rx 5[35]\d0 ?(xt|m)?|w5[35]00|navi ?14", "gfx1012"),
    (r"radeon vii|navi ?20|vega ?20", "gfx906"),
    (r"vega (3|[5-9]|1[01])\b", "gfx902"),
    (r"vega (56|64|frontier)", "gfx900"),
    (r"rx [45][5-9]0|rx 460", "gfx803"),
)


@dataclass(frozen=True)
class Chip:
    """What is known of an AMD card: ``gfx`` is empty for one of which nothing is known."""

    gfx: str = ""

    @property
    def rocm(self) -> bool:
        """Whether AMD makes wheels of PyTorch for it."""
        return self.gfx in ROCM

    @property
    def integrated(self) -> bool:
        """Whether it is a part of the processor."""
        return self.gfx in INTEGRATED


def chip(name: str, device: int) -> Chip:
    """The chip of an AMD card; the id is trusted more than the name."""
    if device in _BY_DEVICE:
        return Chip(_BY_DEVICE[device])
    plain = " ".join(re.sub(r"\((tm|r)\)|[™®]|\bgraphics\b|\bamd\b", " ", name, flags=re.IGNORECASE).lower().split())
    for pattern, gfx in _NAMES:
        if re.search(pattern, plain):
            return Chip(gfx)
    return Chip()
