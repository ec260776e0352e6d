"""A DirectML device that is not there, as strict as the real one or stricter.

Its tensors say that they live on ``privateuseone:0`` and hold a CPU tensor inside, which computes. Whatever the real
device would refuse, compute wrongly, or send back to the host behind the program's back is a violation: an operator
that falls back to the CPU or is unknown to it, number formats it has not got, inference mode, a number times a truth
value, fused attention, tensors of two devices in one operator. Operators and transfers are counted by name.

    with SimulatedDirectML() as device:
        x = torch.zeros(3, device=DEVICE)
        ...
        device.operators["zero_"]  # 1

Which operators the device has is read from ``resources/directml/operators.txt``.
"""

from __future__ import annotations

import functools
import sys
import types as python_types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from helix_app.base.process.paths import resource

_MODULE = "torch.privateuseone"
DEVICE = torch.device("privateuseone", 0)
_NO_FORMATS = frozenset((torch.bfloat16, torch.float64, torch.complex64, torch.complex128))
# operators that give a new look at the same memory and run nothing
_RESHAPES = ("_reshape_alias", "_unsafe_view", "expand", "squeeze", "squeeze.dim", "squeeze.dims", "unsqueeze", "view")
_CUTS = ("as_strided", "select.int", "slice.Tensor", "split.Tensor", "split_with_sizes", "unbind.int", "unfold")
VIEWS = frozenset((*_RESHAPES, *_CUTS, "alias", "detach", "lift_fresh", "permute", "t", "transpose.int"))
_EMPTY = frozenset(
    ["empty.memory_format", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_efficientzerotensor"]
)
# what PyTorch makes of an operator that has no kernel of its own: the kernels that then run
_COMPOSED = {
    "_to_copy": ("copy_",),
    "add.Scalar": ("add.Tensor",),
    "add_.Scalar": ("add_.Tensor",),
    "arange": ("arange.start_out",),
    "arange.start": ("arange.start_out",),
    "arange.start_step": ("arange.start_out",),
    "clone": ("copy_",),
    "div.Scalar": ("div.Tensor",),
    "div_.Scalar": ("div_.Tensor",),
    "full_like": ("fill_.Scalar",),
    "index_put": ("copy_", "_index_put_impl_"),
    "index_put_": ("_index_put_impl_",),
    "masked_fill.Scalar": ("copy_", "masked_fill_.Scalar"),
    "mul.Scalar": ("mul.Tensor",),
    "mul_.Scalar": ("mul_.Tensor",),
    "new_full": ("fill_.Scalar",),
    "new_ones": ("fill_.Scalar",),
    "new_zeros": ("zero_",),
    "ones": ("fill_.Scalar",),
    "scalar_tensor": ("fill_.Scalar",),
    "sort": ("sort.stable",),
    "stack": ("cat",),
    "sub.Scalar": ("sub.Tensor",),
    "sum": ("sum.dim_IntList",),
    "zeros": ("zero_",),
    "zeros_like": ("zero_",),
}
_SYNCHRONISE = frozenset(["_local_scalar_dense", "_unique2", "equal", "is_nonzero", "item", "masked_select", "nonzero"])
_TRANSFERS = frozenset(("_to_copy", "copy_"))
_PRODUCTS = frozenset(["mul", "mul_", "multiply", "multiply_", "addcmul", "addcmul_"])
_RESHAPES_ITSELF = frozenset(["as_strided_", "resize_", "set_", "squeeze_", "t_", "transpose_", "unsqueeze_"])


class DirectMLViolation(Exception):
    """Something a DirectML device cannot do, does wrongly, or does not do itself."""


@functools.cache
def resolution() -> dict[str, str]:
    """How each operator resolves, ``device``, ``composed`` or ``fallback``, by ``name`` or ``name.overload``."""
    found: dict[str, str] = {}
    section = ""
    for line in resource("directml", "operators.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, *overloads = line.split()
            found.update({name if o == "-" else f"{name}.{o}": section for o in overloads or ["-"]})
    return found


class DeviceTensor(torch.Tensor):
    """A tensor of the simulated device.

    Attributes:
        inner: what it holds, on the CPU; views share its memory as they would on the device.
        simulation: the device.
    """

    inner: Any
    simulation: SimulatedDirectML

    @staticmethod
    def __new__(cls, inner: torch.Tensor, simulation: SimulatedDirectML) -> DeviceTensor:
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        made.inner, made.simulation = inner, simulation
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"DeviceTensor({self.inner!r})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        tensors = _tensors(args, kwargs or {})
        simulation = next(tensor.simulation for tensor in tensors if isinstance(tensor, DeviceTensor))
        return simulation.run(func, args, kwargs or {})

    # where PyTorch's own way asks the device's library first: there is none

    def copy_(self, source: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
        with torch._C._AutoDispatchBelowAutograd():
            return torch.ops.aten.copy_.default(self, source, non_blocking)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __getitem__(self, index: Any) -> torch.Tensor:
        at, key = _looked_at(self, index)
        return torch.ops.aten.index.Tensor(at, key) if key is not None else at

    def __setitem__(self, index: Any, value: Any) -> None:
        at, key = _looked_at(self, index)
        if key is not None:
            torch.ops.aten.index_put_.default(at, key, value)
        elif isinstance(value, torch.Tensor):
            at.copy_(value)
        else:
            at.fill_(value)


def _looked_at(x: torch.Tensor, index: Any) -> tuple[torch.Tensor, list[torch.Tensor | None] | None]:
    """The view that numbers, slices, None and ... choose, and the index tensors that are left; None for none."""
    parts = index if isinstance(index, tuple) else (index,)
    given = sum(part is not None and part is not Ellipsis for part in parts)
    key: list[torch.Tensor | None] = []
    dim = 0
    for part in parts:
        if part is Ellipsis:
            skipped = x.dim() - dim - (given - dim)
            key += [None] * skipped
            dim += skipped
        elif part is None:
            x = x.unsqueeze(dim)
            key.append(None)
            dim += 1
        elif isinstance(part, slice):
            x = torch.ops.aten.slice.Tensor(x, dim, part.start, part.stop, part.step or 1)
            key.append(None)
            dim += 1
        elif isinstance(part, torch.Tensor):
            key.append(part)
            dim += 1
        else:
            x = x.select(dim, int(part))
    return x, key if any(part is not None for part in key) else None


class SimulatedDirectML(TorchDispatchMode):
    """The device. Enter it, and tensors can be made on ``DEVICE``.

    Attributes:
        operators: kernels that ran, by name and overload.
        views: views taken, by name; they run nothing.
        uploads: copies to the device.
        synchronisations: times the host waited for the device: copies from it, numbers read out, sizes that depend on
            data.
        violations: what was wrong, each once; ``strict`` ones are raised too.
    """

    def __init__(self, strict: bool = True) -> None:
        """``strict`` raises DirectMLViolation at once; otherwise violations are only noted."""
        super().__init__()
        self._strict, self._made_module = strict, False
        self.violations: list[str] = []
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.operators: Counter[str] = Counter()
        self.views: Counter[str] = Counter()
        self.uploads = self.synchronisations = 0

    def __enter__(self) -> Any:
        # PyTorch looks for the device's own Python module before it makes the first tensor there
        if _MODULE not in sys.modules:
            module = python_types.ModuleType(_MODULE)
            module._lazy_init = lambda: None  # type: ignore[attr-defined]
            sys.modules[_MODULE] = module
            self._made_module = True
        return super().__enter__()

    def __exit__(self, *exc: Any) -> Any:
        if self._made_module:
            del sys.modules[_MODULE]
            self._made_module = False
        return super().__exit__(*exc)

    @contextmanager
    def one_round(self, most: int = 1) -> Iterator[None]:
        """A round: raises DirectMLViolation if the host waits for the device more than ``most`` times in it."""
        before = self.synchronisations
        yield
        if self.synchronisations - before > most:
            self._violation(f"{self.synchronisations - before} synchronisations in one round")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        device = kwargs.get("device") if kwargs else None
        there = device is not None and torch.device(device).type == DEVICE.type
        if there or any(issubclass(kind, DeviceTensor) for kind in types):
            return self.run(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))

    # ----------------------------------------------------------------- one operator

    def run(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run an operator that has to do with the device.

        Raises:
            DirectMLViolation: the device cannot, if this simulation is strict.
        """
        name = _name(func)
        tensors = _tensors(args, kwargs)
        here = [tensor for tensor in tensors if isinstance(tensor, DeviceTensor)]
        home = self._count(name, args, kwargs)
        self._check(name, tensors, here)
        result = func(*_mapped(_unwrapped, args), **_mapped(_unwrapped, kwargs))
        if home:
            return args[0] if name == "copy_" else result
        if isinstance(result, torch.Tensor):
            return self._wrapped(name, result, here)
        return _mapped(lambda leaf: self._wrapped(name, leaf, here), result)

    def _wrapped(self, name: str, leaf: Any, here: list[DeviceTensor]) -> Any:
        """What an operator gives, as the device has it."""
        if not isinstance(leaf, torch.Tensor):
            return leaf
        if leaf.dtype in _NO_FORMATS:
            self._violation(f"{name} gives {_words(leaf.dtype)}")
        for tensor in here:
            if tensor.inner is leaf:  # in place: the tensor that was given
                return tensor
        return DeviceTensor(leaf, self)

    def _count(self, name: str, args: Any, kwargs: dict[str, Any]) -> bool:
        """Count an operator; whether its result lies on the host."""
        if name == "_to_copy":
            target = torch.device(kwargs.get("device") or args[0].device)
            return self._count_copy(from_device=isinstance(args[0], DeviceTensor), to_device=target.type == DEVICE.type)
        if name == "copy_":
            device = [isinstance(arg, DeviceTensor) for arg in args[:2]]
            return self._count_copy(from_device=device[1], to_device=device[0])
        if name in _SYNCHRONISE:
            self.synchronisations += 1
        if name in VIEWS:
            self.views[name] += 1
        elif name not in _EMPTY:
            self.operators.update(_COMPOSED.get(name, (name,)))
        return False

    def _count_copy(self, *, from_device: bool, to_device: bool) -> bool:
        if from_device and to_device:
            self.operators["copy_"] += 1
        elif to_device:
            self.uploads += 1
        else:
            self.synchronisations += 1
        return not to_device

    def _check(self, name: str, tensors: list[torch.Tensor], here: list[DeviceTensor]) -> None:
        if torch.is_inference_mode_enabled():
            self._violation(f"{name} in inference mode")
        problem = _problem(name)
        if problem:
            self._violation(problem)
        for tensor in tensors if name == "_to_copy" else here:
            if tensor.dtype in _NO_FORMATS:
                self._violation(f"{name} of {_words(tensor.dtype)}")
        if name not in _TRANSFERS:
            if len(here) < len(tensors) and any(not isinstance(each, DeviceTensor) and each.dim() for each in tensors):
                self._violation(f"{name} of tensors on two devices")
            formats = {tensor.dtype for tensor in here if tensor.is_floating_point()}
            if len(formats) > 1:
                self._violation(f"{name} of {' and '.join(sorted(map(_words, formats)))}")
            if formats and name.partition(".")[0] in _PRODUCTS and any(each.dtype == torch.bool for each in tensors):
                self._violation(f"{name} of numbers and truth values gives truth values there")

    def _violation(self, what: str) -> None:
        if what not in self.violations:
            self.violations.append(what)
        if self._strict:
            raise DirectMLViolation(what)


@functools.cache
def _name(func: Any) -> str:
    """``name`` or ``name.overload`` of an operator."""
    name = func._schema.name.removeprefix("aten::")
    return name if func._overloadname == "default" else f"{name}.{func._overloadname}"


@functools.cache
def _problem(name: str) -> str:
    """What is wrong with an operator whatever it is given; empty for nothing."""
    base, how = name.partition(".")[0], resolution().get(name)
    if base in _RESHAPES_ITSELF:
        return f"{name} changes a tensor's shape in place, which is not simulated"
    if base.startswith(("_scaled_dot_product", "_fused_sdp", "_flash_attention", "_efficient_attention")):
        return f"{name}: there is no fused attention"
    if how == "fallback":
        return f"{name} falls back to the CPU"
    if how is None:
        return f"{name} is no operator of this device"
    if how == "composed" and name not in VIEWS and name not in _EMPTY and name not in _COMPOSED:
        return f"{name} is composed of others; use those"
    return ""


def _mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    """Nested tuples, lists and dicts with every value changed."""
    if isinstance(tree, (tuple, list)):
        nested = (tuple, list, dict)
        return type(tree)([_mapped(change, item) if isinstance(item, nested) else change(item) for item in tree])
    if isinstance(tree, dict):
        return {key: _mapped(change, value) for key, value in tree.items()}
    return change(tree)


def _unwrapped(leaf: Any) -> Any:
    if isinstance(leaf, DeviceTensor):
        return leaf.inner
    return torch.device("cpu") if isinstance(leaf, torch.device) and leaf.type == DEVICE.type else leaf


def _tensors(args: Any, kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """Those that an operator is given, by themselves or in a list: nothing is nested deeper."""
    found: list[torch.Tensor] = []
    for given in (*args, *kwargs.values()):
        if isinstance(given, torch.Tensor):
            found.append(given)
        elif isinstance(given, (tuple, list)):
            found += [each for each in given if isinstance(each, torch.Tensor)]
    return found


def _words(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
