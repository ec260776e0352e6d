"""Models of the hub by name, and the GGUF files of one of them, through huggingface_hub."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from helix_app.base import texts
from helix_app.base.errors import HelixError, InputError
from helix_app.hub import registry, store
from helix_app.hub.access import check_online, endpoint, token
from helix_app.hub.library.quantisation import is_model, of_name
from helix_app.hub.registry import HubFile
from helix_app.hub.sources import hub_error, in_thread, trust_system_certificates
from helix_app.hub.transfer.failures import SourceError
from helix_app.hub.transfer.fetch import host_of
from helix_app.hub.transfer.proxies import proxy_for, without_secrets
from helix_app.modelfiles.architectures.table import ARCHITECTURES
from helix_app.modelfiles.part_names import part_files
from helix_app.protocol.library import FoundFile, FoundModel

T = TypeVar("T")
MOST_MODELS = 40
_INFO_SECONDS, _ANSWER_SECONDS = 30.0, 60.0  # of silence, and for all that a question takes
_FACTS = ["downloads", "gated", "gguf", "cardData", "tags"]
_LICENCES = {"apache-2.0": "Apache-2.0", "mit": "MIT"}  # as SPDX writes what most models have


@dataclass(frozen=True)
class Repository:
    """What the hub says of a repository: its GGUF models, each as its files in order, at the commit ``revision``."""

    repo: str
    models: tuple[tuple[HubFile, ...], ...]
    licence: str = ""
    architecture: str = ""
    gated: bool = False
    revision: str = "main"


def search_models(query: str, cancel: threading.Event, *, limit: int = MOST_MODELS) -> tuple[FoundModel, ...]:
    """Repositories with GGUF files whose name has the words of ``query``, those that most people load first.

    Raises:
        HelixError: with one of the ``hub_*`` codes.
        Cancelled: ``cancel`` was set.
    """

    def ask(api: Any) -> tuple[FoundModel, ...]:
        found = api.list_models(search=query, filter="gguf", sort="downloads", limit=limit, expand=_FACTS)
        return tuple(_model(info) for info in found)

    return _asked(ask, f"/api/models?search={query}", cancel)


def look_into(repo: str, cancel: threading.Event) -> Repository:
    """The GGUF models of a repository, the smallest first. Raises as ``search_models`` does."""

    def ask(api: Any) -> Repository:
        info = api.model_info(repo, files_metadata=True, timeout=_INFO_SECONDS)
        model = _model(info)
        sized = [HubFile(s.rfilename, s.size or 0, s.lfs.sha256 if s.lfs else "") for s in info.siblings or ()]
        return Repository(repo, _joined(sized), model.licence, model.architecture, model.gated, info.sha or "main")

    if repo.count("/") != 1 or not all(repo.split("/")) or any(c.isspace() for c in repo):
        raise InputError("hub_missing", host=host_of(endpoint()), what=repo)
    found = _asked(ask, f"/api/models/{repo}", cancel, repo)
    if not found.models:
        raise HelixError("hub_no_files", repo=repo)
    return found


def found_files(found: Repository, root: Path | None = None) -> tuple[FoundFile, ...]:
    """The models of a repository, with whether each is on this computer."""
    kept = {(m.repo, m.files[0].file): m for m in registry.read().hub}
    files = []
    for model in found.models:
        first = model[0]
        taken = kept.get((found.repo, first.file))
        here = taken is not None and store.find(taken.entry(), root) is not None
        size = sum(file.size_bytes for file in model)
        files.append(FoundFile(found.repo, first.file, of_name(first.file), size, len(model), here))
    return tuple(files)


def take_file(found: Repository, wanted: str) -> str:
    """Note a model of a repository, by the name of its first file or its quantisation; returns its id.

    Raises HelixError ``hub_no_file``, and ``library_not_written``.
    """
    chosen = next((m for m in found.models if wanted in (m[0].file, PurePosixPath(m[0].file).name)), None)
    if chosen is None:
        chosen = next((m for m in found.models if of_name(m[0].file) == wanted.upper()), None)
    if chosen is None:
        known = ", ".join(of_name(m[0].file) or m[0].file for m in found.models)
        raise InputError("hub_no_file", repo=found.repo, file=wanted, known=known)
    try:
        facts = {"licence": found.licence, "architecture": found.architecture, "revision": found.revision}
        return registry.take(found.repo, chosen, **facts)
    except OSError as exc:
        path = registry.registry_file()
        raise HelixError("library_not_written", file=path, reason=texts.why(exc), detail=repr(exc)) from exc


def _joined(files: Iterable[HubFile]) -> tuple[tuple[HubFile, ...], ...]:
    """Files of models, those of a split one together; a model that lacks one of its files is left out."""
    every = {file.file: file for file in files if is_model(file.file)}
    models: list[tuple[HubFile, ...]] = []
    for name in every:
        path = PurePosixPath(name)
        parts = [(path.parent / part.name).as_posix() for part in part_files(Path(path.name))]
        if parts[0] == name and all(part in every for part in parts):
            models.append(tuple(every[part] for part in parts))
    return tuple(sorted(models, key=lambda model: sum(file.size_bytes for file in model)))


def _model(info: Any) -> FoundModel:
    facts = info.gguf if isinstance(info.gguf, dict) else {}
    architecture = str(facts.get("architecture") or "")
    context = facts.get("context_length")
    known = {one.key for one in ARCHITECTURES}
    return FoundModel(
        info.id,
        info.downloads or 0,
        _licence(info),
        architecture,
        context if isinstance(context, int) else 0,
        architecture in known if architecture else None,
        bool(info.gated),
    )


def _licence(info: Any) -> str:
    stated = getattr(info.card_data, "license", None) if info.card_data is not None else None
    tagged = next((tag.partition(":")[2] for tag in info.tags or () if tag.startswith("license:")), "")
    name = stated if isinstance(stated, str) else tagged
    return _LICENCES.get(name, name)


def _asked(ask: Callable[[Any], T], path: str, cancel: threading.Event, what: str = "") -> T:
    """The answer of the hub to a question, asked on a thread that is left behind on cancel."""
    check_online()

    def work() -> T:
        import huggingface_hub

        trust_system_certificates()
        url = f"{endpoint()}{path}"
        try:
            return ask(huggingface_hub.HfApi(endpoint=endpoint(), token=token()))
        except Exception as exc:  # whatever went wrong inside the library is told as one of the codes
            raise hub_error(exc, url, what or "the hub") from exc

    try:
        return in_thread(work, cancel, _ANSWER_SECONDS)
    except TimeoutError as exc:
        late = SourceError("network", f"{what or 'the hub'}: {exc}", host_of(endpoint()), proxy_for(endpoint()))
        raise _told(late, what) from exc
    except SourceError as exc:
        raise _told(exc, what) from exc


def _told(error: SourceError, what: str) -> HelixError:
    detail = without_secrets(error.text)
    if error.reason == "network" and error.proxy is not None:
        proxy = {"proxy": error.proxy.address, "origin": error.proxy.origin}
        return HelixError("hub_proxy", detail=detail, host=error.host, **proxy)
    if error.reason == "network":
        return HelixError("hub_no_network", detail=detail, host=error.host)
    codes = {401: "hub_login", 403: "hub_login", 404: "hub_missing", 429: "hub_busy"}
    answered = codes.get(error.status, "hub_server" if error.status >= 500 else "hub_refused")
    return HelixError(answered, detail=detail, host=error.host, what=what or "models")
