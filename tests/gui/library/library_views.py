"""The page of models in its states, for pictures."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.library import (
    FilesListed,
    FoundFile,
    FoundModel,
    HubSearched,
    LibraryChanged,
    LibraryFailed,
    LibraryItem,
    TokenFound,
    UnfinishedItem,
)
from helix_app.protocol.models.hub import CatalogChanged, DownloadFailed, DownloadProgress
from helix_app.protocol.requests import CatalogItem
from tests.gui import fake
from tests.gui.settling import load

DAY = 1_764_000_000.0
HUB = "https://huggingface.co"
UNSUPPORTED = Failed("model_unsupported", "", (("architecture", "mamba"), ("supported", "Llama, Qwen2 and Qwen3")))
SMOL_PATH = fake.here(fake.SMOL).path
ITEMS = (
    LibraryItem(
        fake.SMOL.id, fake.SMOL.name, SMOL_PATH, 98_362_432, "Q4_1", "llama", "Apache-2.0", DAY, removal="delete"
    ),
    LibraryItem(
        "/data/qwen.gguf", "Qwen3 4B", "/data/qwen.gguf", 2_497_000_000, "Q4_K_M", "qwen3", "apache-2.0",
        origin="added", removal="forget",
    ),
    LibraryItem(
        "/lm/gemma.gguf", "Gemma 3 4B it", "/lm/gemma.gguf", 2_490_000_000, "Q4_0", "gemma3", origin="lm_studio"
    ),
    LibraryItem(
        "/ollama/sha256-1", "mamba:2.8b", "/ollama/sha256-1", 13_780_000_000, "MXFP4", "mamba", origin="ollama",
        problem=UNSUPPORTED,
    ),
)  # fmt: skip
LIBRARY = LibraryChanged(ITEMS, (UnfinishedItem("qwen3-8b", "Qwen3 8B", 1_400_000_000, 5_030_000_000),), HUB)
QWEN = CatalogItem("qwen3-0.6b", "Qwen3 0.6B", 639_446_688, 639_446_688, "Apache-2.0", "Drafts.", "", 4, "", "qwen3")
CATALOG = (
    CatalogItem(**{**vars(fake.here(fake.SMOL)), "memory_gb": 4, "architecture": "llama"}),
    QWEN,
    CatalogItem(
        "qwen3-4b", "Qwen3 4B", 2_497_000_000, 0, "Apache-2.0", "A capable multilingual model.", "/m/qwen3-4b.gguf", 8,
        "qwen3-0.6b", "qwen3",
    ),
    CatalogItem(
        "qwen3-8b", "Qwen3 8B", 5_030_000_000, 5_030_000_000, "Apache-2.0", "A strong multilingual model.", "", 12,
        "qwen3-0.6b", "qwen3",
    ),
)  # fmt: skip
FOUND = (
    FoundModel("Qwen/Qwen3-8B-GGUF", 1_234_567, "Apache-2.0", "qwen3", 40_960, True),
    FoundModel("openai-community/mamba-2.8b-GGUF", 345_678, "Apache-2.0", "mamba", 131_072, False),
    FoundModel("google/gemma-3-12b-it-qat-q4_0-gguf", 45_678, "gemma", "gemma3", 131_072, True, gated=True),
)
FILES = (
    FoundFile("Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", "Q4_K_M", 5_030_000_000, here=True),
    FoundFile("Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q8_0.gguf", "Q8_0", 8_710_000_000),
    FoundFile("Qwen/Qwen3-8B-GGUF", "BF16/Qwen3-8B-BF16-00001-of-00002.gguf", "BF16", 16_380_000_000, 2),
)


def models(window: MainWindow) -> None:
    """What is on this computer, with a download that was stopped and one that runs."""
    load(window)
    window.on_event(CatalogChanged(CATALOG))
    window.pages.show_page("models")
    window.on_event(LIBRARY)
    window.on_event(TokenFound("keyring"))
    window.library.page.fetch(QWEN.id)
    window.on_event(DownloadProgress(QWEN.id, "download", 210_000_000, 639_446_688, 18_300_000.0, 23.0))


def models_suggested(window: MainWindow) -> None:
    """The catalog by memory."""
    models(window)
    window.library.page.turn_to(window.library.page.catalogue)


def models_search(window: MainWindow) -> None:
    """What the hub has, with the files of one repository."""
    models(window)
    page = window.library.page
    page.turn_to(page.hub)
    page.hub.field.setText("qwen")
    page.hub.on_search()
    window.on_event(HubSearched("qwen", FOUND))
    page.hub.found.rows()[0].buttons[0].click()
    window.on_event(FilesListed("Qwen/Qwen3-8B-GGUF", FILES))


def models_failed(window: MainWindow) -> None:
    """A download that the hub refuses, a model that cannot be deleted, and no hub."""
    models(window)
    fields = (("host", "huggingface.co"), ("name", "Qwen3 0.6B"), ("repo", "Qwen/Qwen3-0.6B-GGUF"))
    window.on_event(DownloadFailed(QWEN.id, "download_gated", "HTTP 403", fields))
    window.on_event(LibraryFailed(Failed("library_not_deleted", "", (("path", "/m/x.gguf"), ("reason", "in use")))))
    page = window.library.page
    page.turn_to(page.hub)
    page.hub.field.setText("qwen")
    page.hub.on_search()
    window.on_event(HubSearched("qwen", failed=Failed("hub_no_network", "", (("host", "huggingface.co"),))))
    window.status.clearMessage()  # it goes by itself, sooner or later


def models_empty(window: MainWindow) -> None:
    """Nothing is here yet."""
    load(window)
    window.pages.show_page("models")
    window.on_event(LibraryChanged((), endpoint=HUB))
    window.on_event(TokenFound())


VIEWS = (models, models_suggested, models_search, models_failed, models_empty)
