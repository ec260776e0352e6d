"""The models of this computer and of the hub: what is asked of them, and what is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from helix_app.protocol.events import Failed

Origin = Literal["helix", "added", "lm_studio", "jan", "ollama", "hf_cache"]
Removal = Literal["", "delete", "forget"]
TokenPlace = Literal["", "keyring", "environment", "hub_login"]


@dataclass(frozen=True)
class LibraryItem:
    """A model on this computer.

    Attributes:
        id: what it is loaded by: a catalog id, or its path.
        size_bytes: of all its files.
        quantisation, architecture, licence: as its file says; empty where it does not.
        last_used: seconds since 1970; None for never.
        origin: who keeps it: Helix, the person, or another program, whose files are only read.
        problem: why it cannot run; None where it can.
        removal: ``delete`` deletes its files, ``forget`` takes it off the list; empty where it is another program's.
        head: it is a draft head, which drafts for the model that it was made for and is no target.
        plain: it has no chat template, and continues text.
    """

    id: str
    name: str
    path: str
    size_bytes: int
    quantisation: str = ""
    architecture: str = ""
    licence: str = ""
    last_used: float | None = None
    origin: Origin = "helix"
    problem: Failed | None = None
    removal: Removal = ""
    head: bool = False
    plain: bool = False


@dataclass(frozen=True)
class UnfinishedItem:
    """A download that was stopped; what has arrived is kept. ``total_bytes`` 0 means unknown."""

    id: str
    name: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class FoundModel:
    """A repository of the hub with GGUF files.

    Attributes:
        architecture: as its files say; empty where the hub does not know.
        runs: whether this engine runs it; None where the hub does not know.
        gated: whether its owner has to be asked.
    """

    repo: str
    downloads: int = 0
    licence: str = ""
    architecture: str = ""
    context_length: int = 0
    runs: bool | None = None
    gated: bool = False


@dataclass(frozen=True)
class FoundFile:
    """One quantisation in a repository, in one file or several.

    Attributes:
        file: its path in the repository; of several, the first.
        files: how many there are.
        size_bytes: of all of them; 0 where the hub does not say.
        here: whether it is on this computer.
    """

    repo: str
    file: str
    quantisation: str
    size_bytes: int
    files: int = 1
    here: bool = False


# ------------------------------------------------------------------------- asked


@dataclass(frozen=True)
class ListLibrary:
    """Look which models are here; told by LibraryChanged."""


@dataclass(frozen=True)
class SearchHub:
    """Look for models on the hub; told by HubSearched."""

    query: str


@dataclass(frozen=True)
class ListFiles:
    """Look which files a repository has; told by FilesListed."""

    repo: str


@dataclass(frozen=True)
class FetchFile:
    """Download a file of the hub, as models of the catalog are."""

    repo: str
    file: str


@dataclass(frozen=True)
class AddModels:
    """Take files and folders of the person's own into the library, where they are."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class RemoveModel:
    """Delete a model, or take it off the list, as its ``removal`` says; or what a download has brought so far."""

    id: str


@dataclass(frozen=True)
class KeepToken:
    """Keep the access token of the hub in the system's keyring; an empty one is deleted there."""

    token: str


LibraryAsked = Union[ListLibrary, SearchHub, ListFiles, FetchFile, AddModels, RemoveModel, KeepToken]


# -------------------------------------------------------------------------- told


@dataclass(frozen=True)
class LibraryChanged:
    """The models of this computer, and downloads that were stopped.

    Attributes:
        endpoint: address of the hub or of the mirror that stands for it.
        offline: what keeps Helix off the network: ``setting`` or ``HF_HUB_OFFLINE``; empty for nothing.
        problem: why models of the person's own are missing; None where none are.
    """

    items: tuple[LibraryItem, ...]
    unfinished: tuple[UnfinishedItem, ...] = ()
    endpoint: str = ""
    offline: str = ""
    problem: Failed | None = None


@dataclass(frozen=True)
class TokenFound:
    """Where the access token of the hub is; empty for none. Told late: the keyring may ask the person first."""

    place: TokenPlace = ""


@dataclass(frozen=True)
class HubSearched:
    """What the hub has for a query; ``failed`` says why nothing could be asked."""

    query: str
    models: tuple[FoundModel, ...] = ()
    failed: Failed | None = None


@dataclass(frozen=True)
class FilesListed:
    """The files of a repository, the smallest first; ``failed`` says why they are not known."""

    repo: str
    files: tuple[FoundFile, ...] = ()
    failed: Failed | None = None


@dataclass(frozen=True)
class FileNamed:
    """A file of the hub is downloaded as the model of this id."""

    repo: str
    file: str
    model_id: str


@dataclass(frozen=True)
class LibraryFailed:
    """What was asked could not be done; everything is as it was."""

    failed: Failed


LibraryNews = Union[LibraryChanged, TokenFound, HubSearched, FilesListed, FileNamed, LibraryFailed]
