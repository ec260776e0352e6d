"""Kernels as machine code: made here by LLVM without any compiler on the person's machine, and kept.

Each part is one module and one object file. A file's name says what it was made from: the sources that emit it, the
versions of llvmlite and LLVM, the processor and its features. So nothing old or foreign is ever taken; what is damaged
is made anew, and where nothing can be written it is made at each start.

A processor that lacks an instruction ends the whole program, so that what is new is tried in a process of its own
first and compared with plain references, bit for bit (``check.py``).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base.process import paths
from helix_app.engine.machine import jobs

log = logging.getLogger(__name__)
CORE, HEAD_NORMS, ADD, GELU = "core", "head_norms", "add", "gelu_tanh"  # the last three for models that want them
_CHECK_SECONDS = 120.0
_DIGEST = 32  # bytes of SHA-256 before the object


class NoKernelsError(RuntimeError):
    """Packed kernels cannot be used here; the message says why."""


@dataclass(frozen=True)
class Processor:
    """What code is made for.

    Attributes:
        form: see ``emitter.py``.
        fused: multiplication and addition are rounded once.
        yielding: see ``pool_code.py``.
    """

    triple: str
    name: str
    features: str
    form: str
    fused: bool
    yielding: str


class Library:
    """The kernels of this process; parts are added as models need them.

    Attributes:
        processor: what it is made for.
    """

    def __init__(self, processor: Processor | None = None, folder: Path | None = None) -> None:
        """
        Args:
            processor: of this machine, unless given.
            folder: of kept files; the cache folder unless given.
        """
        self.processor = processor or this_processor()
        self._folder = folder or paths.kernels_dir()
        self._engines: list[Any] = []
        self._parts: set[str] = set()
        self._machine = _target_machine(self.processor)

    def lacks(self, parts: Iterable[str]) -> bool:
        """Whether some of these parts have to be made, which takes seconds."""
        return any(part not in self._parts and _read(self._file(part)) is None for part in parts)

    def add(self, parts: Iterable[str]) -> None:
        """Have these parts ready: from files, or made now and tried in a process of their own.

        Raises:
            NoKernelsError: one cannot be made, or computes something else than its reference.
        """
        wanted = [part for part in sorted(set(parts)) if part not in self._parts]
        kept = {part: _read(self._file(part)) for part in wanted}
        made = [part for part, code in kept.items() if code is None]
        for part in made:
            kept[part] = self._compiled(part)
            _write(self._trial_file(part), kept[part] or b"")
        if made:
            self._check(made)
        for part in wanted:
            self._load(kept[part] or b"")
            self._parts.add(part)

    def load_trial(self, parts: Iterable[str]) -> None:
        """Load what ``add`` has just made, untried: the job of the process that tries it."""
        for part in parts:
            code = _read(self._trial_file(part))
            self._load(code if code is not None else self._compiled(part))
            self._parts.add(part)

    def address(self, name: str) -> int:
        """Of a function. Raises NoKernelsError where no part has it."""
        for engine in self._engines:
            found = int(engine.get_function_address(name))
            if found:
                return found
        raise NoKernelsError(f"no kernel {name}")

    def _check(self, parts: list[str]) -> None:
        try:
            answer = jobs.run("packed-kernels", str(self._folder), *parts, seconds=_CHECK_SECONDS)
        except jobs.JobError as exc:
            raise NoKernelsError(f"the packed kernels {exc.how} when they were tried ({exc.said})") from exc
        if answer.get("wrong"):
            raise NoKernelsError(f"packed kernels compute something else than their references: {answer['wrong']}")
        for part in parts:
            try:
                os.replace(self._trial_file(part), self._file(part))
            except OSError as exc:
                log.info("kernels are not kept: %s", exc)

    def _file(self, part: str) -> Path:
        key = "|".join((_sources(), _versions(), *map(str, vars(self.processor).values()), part))
        return self._folder / f"{part}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.o"

    def _trial_file(self, part: str) -> Path:
        return self._file(part).with_suffix(".trial")

    def _compiled(self, part: str) -> bytes:
        import llvmlite.binding as llvm

        try:
            module = llvm.parse_assembly(_assembly(part, self.processor))
            module.verify()
            builder = llvm.create_pass_builder(self._machine, llvm.create_pipeline_tuning_options(speed_level=3))
            builder.getModulePassManager().run(module, builder)
            return bytes(self._machine.emit_object(module))
        except RuntimeError as exc:
            raise NoKernelsError(f"the packed kernel {part} cannot be made ({exc})") from exc

    def _load(self, code: bytes) -> None:
        import llvmlite.binding as llvm

        try:
            empty = llvm.parse_assembly(f'target triple = "{self.processor.triple}"')
            engine = llvm.create_mcjit_compiler(empty, self._machine_again())
            engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
            engine.finalize_object()
        except RuntimeError as exc:
            raise NoKernelsError(f"packed kernels cannot be loaded ({exc})") from exc
        self._engines.append(engine)

    def _machine_again(self) -> Any:
        return _target_machine(self.processor)  # an engine keeps the one it is given


@functools.cache
def shared() -> Library:
    """The library of this process. Raises NoKernelsError."""
    return Library()


def this_processor() -> Processor:
    """What this machine can do. Raises NoKernelsError without llvmlite."""
    llvm = _llvm()
    features = dict(llvm.get_host_cpu_features())
    machine = platform.machine().lower()
    x86 = machine in ("x86_64", "amd64")
    arm = machine in ("arm64", "aarch64")
    fused = arm or (x86 and bool(features.get("fma")))
    form = "avx2" if x86 and fused and features.get("avx2") and features.get("f16c") else "generic"
    return Processor(
        triple=llvm.get_process_triple(),
        name=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        form=form,
        fused=fused,
        yielding="x86" if x86 else "arm64" if arm else "",
    )


@functools.cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    except (ImportError, OSError, RuntimeError) as exc:
        raise NoKernelsError(f"llvmlite cannot be used ({exc})") from exc
    return llvm


def _target_machine(processor: Processor) -> Any:
    target = _llvm().Target.from_triple(processor.triple)
    return target.create_target_machine(cpu=processor.name, features=processor.features, opt=3)


def _assembly(part: str, processor: Processor) -> str:
    from llvmlite import ir

    from helix_app.engine.kernels.packed.emitter import Emitter
    from helix_app.engine.kernels.packed.formats import FORMATS
    from helix_app.engine.kernels.packed.heads import emit_attention, emit_rotate
    from helix_app.engine.kernels.packed.pool_code import emit_pool
    from helix_app.engine.kernels.packed.products import emit_products
    from helix_app.engine.kernels.packed.steps import emit_activate, emit_add, emit_steps

    module = ir.Module(part)
    module.triple = processor.triple
    emitter = Emitter(module, processor.form, processor.fused)
    makers: dict[str, Callable[[], None]] = {
        name: functools.partial(emit_products, emitter, form) for name, form in FORMATS.items()
    }
    if part == CORE:
        emit_pool(emitter, processor.yielding)
        emit_steps(emitter)
        for pairs in (True, False):
            emit_rotate(emitter, pairs)
    elif part == HEAD_NORMS:
        for pairs in (True, False):
            emit_rotate(emitter, pairs, normed=True)
    elif part == ADD:
        emit_add(emitter)
    elif part == GELU:
        emit_activate(emitter, GELU)
    elif part.startswith(("attention_", "windowed_")):
        kind, dim, group = part.split("_")
        emit_attention(emitter, int(dim), int(group), windowed=kind == "windowed")
    else:
        makers[part]()
    return str(module)


@functools.cache
def _sources() -> str:
    """A hash of all that emits code."""
    here = Path(__file__).parent
    own = ("emitter.py", "formats.py", "products.py", "steps.py", "heads.py", "pool_code.py", "library.py")
    digest = hashlib.sha256()
    for name in (*own, "dots/blocks32.py", "dots/blocks256.py", "dots/values.py"):
        file = here / name
        digest.update(file.read_bytes() if file.is_file() else _helix_version().encode())  # a frozen program has none
    return digest.hexdigest()


def _helix_version() -> str:
    from helix_app import __version__

    return __version__


@functools.cache
def _versions() -> str:
    import llvmlite

    return f"{llvmlite.__version__} {_llvm().llvm_version_info}"


def _read(file: Path) -> bytes | None:
    """A kept object; None where there is none, or a damaged one."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, code = content[:_DIGEST], content[_DIGEST:]
    return code if code and hashlib.sha256(code).digest() == digest else None


def _write(file: Path, code: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest() + code)
        os.replace(part, file)
    except OSError as exc:
        log.info("kernels are not kept: %s", exc)
        with contextlib.suppress(OSError):
            part.unlink()
