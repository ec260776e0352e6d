"""Kernels as machine code: made here by LLVM without any compiler on the person's machine, and kept.

Each part is one module and one object file. A file's name says what it was made from: the sources that emit it, the
versions of llvmlite and LLVM, the processor and its features. So nothing old or foreign is ever taken; what is damaged
is made anew, and where nothing can be written it is made at each start.

A processor that lacks an instruction ends the whole program, so that what is new is tried in a process of its own
first and compared with plain references, bit for bit (``trials/check.py``). Products of a processor with more than one
form are then timed in each (``trials/forms.py``); which is taken is kept beside them.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import itertools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from helix_app import __version__
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.processor import NoKernelsError, Processor, binding, this_processor
from helix_app.engine.machine import jobs

log = logging.getLogger(__name__)
CORE, HEAD_NORMS, ADD, GELU = "core", "head_norms", "add", "gelu_tanh"  # all but the first for models that want them
PARTIAL, SIGMOID, DELTA = "partial_rotary", "sigmoid", "delta"
_CHECK_SECONDS = 120.0
_DIGEST = 32  # bytes of SHA-256 before the object
_STACK_PROBE = "__chkstk"  # called in code for Windows by functions with more than a page on the stack


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
        self._parts: dict[str, str] = {}  # and the form of each
        self._machine = _target_machine(self.processor)

    def lacks(self, parts: Iterable[str]) -> bool:
        """Whether some of these parts have to be made, which takes seconds."""
        return any(part not in self._parts and self._kept(part) is None for part in parts)

    def add(self, parts: Iterable[str]) -> None:
        """Have these parts ready: from files, or made now and tried in a process of their own.

        Raises:
            NoKernelsError: one cannot be made, or computes something else than its reference.
        """
        wanted = [part for part in sorted(set(parts)) if part not in self._parts]
        kept = {part: self._kept(part) for part in wanted}
        made = [part for part, found in kept.items() if found is None]
        if made:
            kept.update(self._made(made))
        for part in wanted:
            form, code = kept[part] or ("", b"")
            self._load(code)
            self._parts[part] = form

    def form_of(self, part: str) -> str:
        """The form in which a part runs. Raises KeyError for one that is not there."""
        return self._parts[part]

    def in_form(self, form: str) -> Library:
        """One with nothing loaded, whose products have this form."""
        return Library(replace(self.processor, form=form, others=()), self._folder)

    def load_trial(self, parts: Iterable[str]) -> None:
        """Load what ``add`` has just made: the job of the process that tries it."""
        form = self.processor.form
        for part in parts:
            code = _read(self._trial_file(part, form)) or _read(self._file(part, form))
            self._load(code if code is not None else self._compiled(part, form))
            self._parts[part] = form

    def chosen(self, part: str) -> dict[str, Any] | None:
        """What is kept of a product's forms: ``form``, the one to take, and ``shares`` of the first one's time.

        None where they were not tried yet.
        """
        try:
            told = json.loads(_read(self._choice_file(part)) or b"null")
        except ValueError:
            return None
        known = (self.processor.form, *self.processor.others)
        return told if isinstance(told, dict) and told.get("form") in known else None

    def address(self, name: str) -> int:
        """Of a function. Raises NoKernelsError where no part has it."""
        for engine in self._engines:
            found = int(engine.get_function_address(name))
            if found:
                return found
        raise NoKernelsError(f"no kernel {name}")

    def _kept(self, part: str) -> tuple[str, bytes] | None:
        """The form and the code of a part, from files."""
        form = self.processor.form
        if self.processor.others and part in FORMATS:
            choice = self.chosen(part)
            if choice is None:
                return None
            form = choice["form"]
        code = _read(self._file(part, form))
        return None if code is None else (form, code)

    def _made(self, parts: list[str]) -> dict[str, tuple[str, bytes]]:
        """Parts made now, checked and kept."""
        form = self.processor.form
        made = {part: (form, self._compiled(part, form)) for part in parts}
        for part, (_, code) in made.items():
            _write(self._trial_file(part, form), code)
        if wrong := self._asked("packed-kernels", parts).get("wrong"):
            raise NoKernelsError(f"packed kernels compute something else than their references: {wrong}")
        for part in parts:
            self._keep(part, form)
        products = {part: code for part, (_, code) in made.items() if part in FORMATS}
        return made | self._faster(products) if self.processor.others and products else made

    def _faster(self, parts: Mapping[str, bytes]) -> dict[str, tuple[str, bytes]]:
        """Of these products, with the code of their first form, those with a faster one; keeps which that is."""
        made: dict[tuple[str, str], bytes] = {}
        found: dict[str, Any] = {}
        lasts = True
        try:
            for part, form in itertools.product(parts, self.processor.others):
                code = self._compiled(part, form)
                if code != parts[part]:  # VNNI is of no use to some formats
                    made[part, form] = code
                    _write(self._trial_file(part, form), code)
            found = self._asked("packed-forms", [f"{part}:{form}" for part, form in made]) if made else {}
            for name in found.get("wrong", ()):
                log.warning("%s computes something else than its reference and is not used", name)
        except NoKernelsError as exc:
            log.warning("packed products run as %s alone: %s", self.processor.form, exc)
            lasts = getattr(exc.__cause__, "how", "") not in ("hung", "not_started")
        faster = {}
        for part in parts:
            choice = found.get("chosen", {}).get(part) or {"form": self.processor.form, "shares": {}}
            if choice["form"] != self.processor.form:
                faster[part] = choice["form"], made[part, choice["form"]]
                self._keep(part, choice["form"])
            if lasts:
                _write(self._choice_file(part), json.dumps(choice).encode())
        for part, form in made:
            with contextlib.suppress(OSError):
                self._trial_file(part, form).unlink()
        return faster

    def _asked(self, job: str, parts: list[str]) -> dict[str, Any]:
        """The answer of a job about parts. Raises NoKernelsError where there is none."""
        try:
            return jobs.run(job, str(self._folder), *parts, seconds=_CHECK_SECONDS)
        except jobs.JobError as exc:
            raise NoKernelsError(f"the packed kernels {exc.how} when they were tried ({exc.said})") from exc

    def _keep(self, part: str, form: str) -> None:
        try:
            replacing.replace(self._trial_file(part, form), self._file(part, form))
        except OSError as exc:
            log.info("kernels are not kept: %s", exc)

    def _file(self, part: str, form: str) -> Path:
        return self._path(part, replace(self.processor, form=form, others=()), ".o")

    def _trial_file(self, part: str, form: str) -> Path:
        return self._file(part, form).with_suffix(".trial")

    def _choice_file(self, part: str) -> Path:
        return self._path(part, self.processor, ".form")

    def _path(self, part: str, made_for: Processor, suffix: str) -> Path:
        key = "|".join((_sources(), _versions(), *map(str, vars(made_for).values()), part))
        return self._folder / f"{part}-{hashlib.sha256(key.encode()).hexdigest()[:20]}{suffix}"

    def _compiled(self, part: str, form: str) -> bytes:
        try:
            return self.machine_code(_assembly(part, replace(self.processor, form=form)))
        except RuntimeError as exc:
            raise NoKernelsError(f"the packed kernel {part} cannot be made ({exc})") from exc

    def machine_code(self, assembly: str) -> bytes:
        """The object file that LLVM makes of a module. Raises RuntimeError."""
        import llvmlite.binding as llvm

        module = llvm.parse_assembly(assembly)
        module.verify()
        builder = llvm.create_pass_builder(self._machine, llvm.create_pipeline_tuning_options(speed_level=3))
        builder.getModulePassManager().run(module, builder)
        return bytes(self._machine.emit_object(module))

    def _load(self, code: bytes) -> None:
        import llvmlite.binding as llvm

        _know_stack_probe()
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


def _target_machine(processor: Processor) -> Any:
    target = binding().Target.from_triple(processor.triple)
    reloc = "static" if processor.yielding == "x86" else "default"  # whose default on Windows is code by way of a table
    return target.create_target_machine(cpu=processor.name, features=processor.features, opt=3, reloc=reloc)


def _know_stack_probe() -> None:
    """Let LLVM find the stack probe of Windows: its own library need not have one, the system's has."""
    if sys.platform == "win32":
        import llvmlite.binding as llvm

        if llvm.address_of_symbol(_STACK_PROBE) is None:
            with contextlib.suppress(OSError, AttributeError):  # code that wants it fails in its trial
                probe = getattr(ctypes.WinDLL("ntdll"), _STACK_PROBE)
                llvm.add_symbol(_STACK_PROBE, ctypes.cast(probe, ctypes.c_void_p).value)


def _assembly(part: str, processor: Processor) -> str:
    from llvmlite import ir

    from helix_app.engine.kernels.packed.delta.kernels import emit_delta
    from helix_app.engine.kernels.packed.emitter import Emitter
    from helix_app.engine.kernels.packed.heads import attention_sizes, emit_attention, emit_rotate
    from helix_app.engine.kernels.packed.pool_code import emit_pool
    from helix_app.engine.kernels.packed.products import emit_products
    from helix_app.engine.kernels.packed.steps import emit_activate, emit_add, emit_steps

    module = ir.Module(part)
    module.triple = processor.triple
    emitter = Emitter(module, processor.form, processor.fused, processor.plain)
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
    elif part == PARTIAL:
        for pairs in (True, False):
            for normed in (True, False):
                emit_rotate(emitter, pairs, normed, partial=True)
    elif part in (GELU, SIGMOID):
        emit_activate(emitter, part)
    elif part == DELTA:
        emit_delta(emitter)
    elif part.startswith(("attention_", "windowed_")):
        emit_attention(emitter, *attention_sizes(part), part.startswith("windowed"), part.endswith("_sinks"))
    else:
        makers[part]()
    return str(module)


@functools.cache
def _sources() -> str:
    """A hash of all that emits code."""
    here = Path(__file__).parent
    own = (
        "emitter.py",
        "formats.py",
        "products.py",
        "steps.py",
        "heads.py",
        "pool_code.py",
        "program.py",
        "library.py",
        "processor.py",
    )
    digest = hashlib.sha256()
    for name in (*own, "dots/blocks32.py", "dots/blocks256.py", "dots/values.py", "delta/kernels.py", "delta/sizes.py"):
        file = here / name
        digest.update(file.read_bytes() if file.is_file() else __version__.encode())  # a frozen program has none
    return digest.hexdigest()


@functools.cache
def _versions() -> str:
    import llvmlite

    return f"{llvmlite.__version__} {binding().llvm_version_info}"


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
        replacing.replace(part, file)
    except OSError as exc:
        log.info("kernels are not kept: %s", exc)
        with contextlib.suppress(OSError):
            part.unlink()
