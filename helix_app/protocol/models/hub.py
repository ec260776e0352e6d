"""What the hub tells the window: downloads, and the models there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helix_app.protocol.requests import CatalogItem


@dataclass(frozen=True)
class DownloadProgress:
    """How far the download of a model is. ``stage`` is ``connect``, ``download``, ``verify`` or ``unpack``.

    ``total_bytes`` 0 means unknown, ``seconds_left`` None means not known yet. ``packed``: the bytes are those of an
    archive, which has another size than the model in it.
    """

    model_id: str
    stage: Literal["connect", "download", "verify", "unpack"]
    done_bytes: int
    total_bytes: int
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    packed: bool = False


@dataclass(frozen=True)
class DownloadDone:
    """The model is on this computer, whole and verified."""

    model_id: str
    path: str


@dataclass(frozen=True)
class DownloadFailed:
    """The download ended without a model (``download_cancelled`` when the person stopped it)."""

    model_id: str
    code: str
    detail: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CatalogChanged:
    """The models people can choose, in the order to show them."""

    items: tuple[CatalogItem, ...]
