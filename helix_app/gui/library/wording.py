"""What is said of models on their page: sizes, formats, where they are, why they cannot run."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from helix_app.base import messages
from helix_app.gui.kit import figures
from helix_app.gui.library.in_use import Use
from helix_app.protocol.library import FoundFile, FoundModel, LibraryItem
from helix_app.protocol.requests import CatalogItem


def tr(text: str) -> str:
    """Translate in the context of the library."""
    return QCoreApplication.translate("library", text)


def joined(*parts: str) -> str:
    """Facts in a line, without those that are not known."""
    return " · ".join(part for part in parts if part)


def origin_text(origin: str) -> str:
    """Whose file a model is."""
    return {
        "helix": tr("downloaded by Helix"),
        "added": tr("added by you"),
        "lm_studio": tr("from LM Studio"),
        "jan": tr("from Jan"),
        "ollama": tr("from Ollama"),
        "hf_cache": tr("from the Hugging Face cache"),
    }.get(origin, origin)


def used_text(seconds: float | None) -> str:
    """When a model was used last."""
    if seconds is None:
        return tr("never used")
    day = QDateTime.fromMSecsSinceEpoch(round(1000 * seconds)).date()
    return tr("used {day}").format(day=QLocale().toString(day, tr("d MMM yyyy")))


def library_facts(item: LibraryItem) -> str:
    """The line under a model of the library."""
    return joined(
        figures.size(item.size_bytes),
        item.quantisation,
        item.architecture,
        item.licence,
        tr("continues text, has no chat template") if item.plain else "",
        origin_text(item.origin),
        used_text(item.last_used),
    )


def problem_text(item: LibraryItem) -> str:
    """Why a model cannot run; empty where it can."""
    return "" if item.problem is None else messages.error_text(item.problem.code, item.problem.fields)


def use_text(use: Use, model: str) -> str:
    """Why a model cannot be deleted now."""
    words = {
        "compare": tr("A comparison needs {model}, so its files have to stay until it is over"),
        "benchmark": tr("A benchmark needs {model}, so its files have to stay until it is over"),
    }
    return words.get(use, tr("{model} is loaded, so its files have to stay")).format(model=model)


def catalogue_facts(item: CatalogItem) -> str:
    """The line under a model of the catalog."""
    return joined(figures.size(item.download_bytes or item.size_bytes), item.architecture, item.licence)


def draft_text(item: CatalogItem, items: tuple[CatalogItem, ...]) -> str:
    """What drafts best for a model of the catalog."""
    draft = next((other for other in items if other.id == item.draft), None)
    if draft is None:
        return tr("Best draft: n-grams, which need no download")
    if draft.path:
        return tr("Best draft: {draft}").format(draft=draft.name)
    size = figures.size(draft.download_bytes)
    return tr("Best draft: {draft}, {size} to download").format(draft=draft.name, size=size)


def class_text(memory_gb: int, *, too_large: bool = False) -> str:
    """The heading of a class of memory; ``too_large``: this computer has less."""
    text = tr("For {size} GB of memory: more than this computer has") if too_large else tr("For {size} GB of memory")
    return text.format(size=memory_gb)


def found_facts(model: FoundModel) -> str:
    """The line under a repository that was found."""
    loads = messages.fill(tr("{n:download|downloads}"), n=model.downloads)
    context = tr("context {tokens}").format(tokens=figures.count(model.context_length)) if model.context_length else ""
    gated = tr("needs an access token") if model.gated else ""
    return joined(model.architecture, context, model.licence, loads, gated)


def refusal_text(model: FoundModel) -> str:
    """Why a model that was found cannot run here; empty where it can, or where nobody knows."""
    if model.runs is not False:
        return ""
    return tr("Helix does not run models of the kind {architecture} yet.").format(architecture=model.architecture)


def file_facts(file: FoundFile) -> str:
    """What is said of a file of a repository."""
    size = figures.size(file.size_bytes) if file.size_bytes else tr("size unknown")
    parts = messages.fill(tr("{n:file|files}"), n=file.files) if file.files > 1 else ""
    return joined(size, parts)
