"""Bounds for chat templates: a template is a program of whoever made the file, and may want all time and all memory.

Jinja's sandbox keeps it from files and attributes. Here each value that it makes is bounded in size before it is made,
and it runs on a thread that an exception ends when its time is over.
"""

from __future__ import annotations

import ctypes
import functools
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sized
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from helix_app.base.message_texts.reasons import reason_of

MOST_TEMPLATE = 1 << 20  # characters of a template; the longest known have some ten thousand
MOST = 32 << 20  # characters of any value; a conversation of a million tokens has some five million
_LEAST = 1 << 20  # that any template may make, however short it and its conversation are
_TIMES = 4  # as long as template and conversation together; what templates add to a message is far shorter
_ELEMENT = 16  # characters that an element of a list counts as
MOST_BITS = 1 << 16  # of a whole number
SECONDS = 5.0  # a long conversation takes a tenth of one
_STACK = 16 << 20  # bytes; templates call each other a thousand times before Python refuses
_END_SECONDS = 1.0  # that what cannot be interrupted may take to return
_WIDTH = re.compile(r"\d{7,}")  # of a field in a format
_STAR = re.compile(r"%(\([^)]*\))?[-+ #0]*(\*|\d*\.\*)")  # a width that a value gives
_LENGTHS = ("center", "indent", "wordwrap", "truncate", "batch", "replace", "join", "format")  # filters that lengthen

T = TypeVar("T")
_starting = threading.Lock()  # guards the size of stacks, which is one for all threads
_here = threading.local()  # ``most``: characters of any value, of the template that runs on this thread


class TemplateLimitError(TemplateError):
    """A template wanted more than a template may have; the message says what."""


class _TimeOver(BaseException):
    """Ends the thread of a template; no template can catch it."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox with a bound on every value."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.globals.pop("lipsum", None)  # makes any amount of text
        for name in _LENGTHS:
            self.filters[name] = _bounded_filter(name, self.filters[name])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        _check_call(__obj, args, kwargs)
        return _checked(super().call(__context, __obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Any:
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            _check_format(getattr(value, "__self__", ""))
        return wrapped

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """What a template, a block or a macro gives, from its pieces."""
        kept: list[str] = []
        length = 0
        for part in parts:
            length += len(part)
            _check_length(length)
            kept.append(part)
        return "".join(kept)

    def joined(self, *parts: Any) -> str:
        """What ``~`` gives."""
        return self.concat(str(part) for part in parts)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Rewritten().visit(source), *args, **kwargs)


class _Rewritten(NodeTransformer):
    """``a ~ b`` becomes a call that can say no."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        call = nodes.Call(nodes.EnvironmentAttribute("joined"), node.nodes, [], None, None)
        return call.set_lineno(node.lineno)


def most_for(template: str, given: Any) -> int:
    """Characters that any value of a template may have which is given this: some times as many as there are already."""
    return min(MOST, max(_LEAST, _TIMES * (len(template) + _characters(given))))


def _characters(value: Any) -> int:
    """In the texts of a value, which holds itself nowhere."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_ELEMENT + _characters(key) + _characters(each) for key, each in value.items())
    return sum(_ELEMENT + _characters(each) for each in value) if isinstance(value, (list, tuple)) else 0


def in_time(work: Callable[[], T], seconds: float | None = None, most: int = MOST) -> T:
    """Do some work of a template, on a thread of its own.

    Args:
        seconds: that it may take; ``SECONDS`` unless given.
        most: characters of any value that it makes.

    Raises:
        TemplateLimitError: its time is over.
        Exception: what the work raises.
    """
    limit = SECONDS if seconds is None else seconds
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        _here.most = most
        try:
            done.append(work())
        except BaseException as exc:
            failed.append(exc)

    thread = threading.Thread(target=run, name="helix-template", daemon=True)
    with _starting:
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join(limit)
    if thread.is_alive() and thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_TimeOver))
        thread.join(_END_SECONDS)
    if done:
        return done[0]
    if failed and not isinstance(failed[0], _TimeOver):
        raise failed[0]
    raise TemplateLimitError(reason_of("template_slow", seconds=f"{limit:g}"))


# ------------------------------------------------------------------------ sizes


def _most() -> int:
    most: int = getattr(_here, "most", MOST)
    return most


def _check_length(length: float) -> None:
    if length > _most():
        raise TemplateLimitError(reason_of("template_long", millions=f"{_most() / (1 << 20):.0f}"))


def _size(value: Sized) -> int:
    return len(value) * (1 if isinstance(value, (str, bytes)) else _ELEMENT)


def _checked(value: Any) -> Any:
    if isinstance(value, (str, bytes, list, tuple)):
        _check_length(_size(value))
    return value


def _check_operation(operator: str, left: Any, right: Any) -> None:
    if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
        _check_length(_size(left) + _size(right))
    elif operator == "*":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, Sized) and isinstance(times, int):
                _check_length(_size(many) * max(0, times))
        if isinstance(left, int) and isinstance(right, int):
            _check_bits(left.bit_length() + right.bit_length())
    elif operator == "**" and isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(0, right))
    elif operator == "%" and isinstance(left, (str, bytes)):
        _check_format(left)


def _check_bits(bits: int) -> None:
    if bits > MOST_BITS:
        raise TemplateLimitError(reason_of("template_number"))


def _check_format(form: Any) -> None:
    text = form.decode("latin-1") if isinstance(form, bytes) else str(form)
    if _WIDTH.search(text) or _STAR.search(text):
        raise TemplateLimitError(reason_of("template_pads"))


def _check_call(called: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if isinstance(called, Macro):  # the template's own, whose parts are looked at as they run
        return
    values = (*args, *kwargs.values())
    for value in values:
        if isinstance(value, int) and abs(value) > _most():
            raise TemplateLimitError(reason_of("template_measureless"))
    owner, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
    if isinstance(owner, (str, bytes)):
        _check_method(owner, name, values)


def _check_method(owner: Any, name: str, values: tuple[Any, ...]) -> None:
    """A method of a text that may make a much longer one."""
    if name == "replace" and len(values) >= 2 and isinstance(values[0], Sized) and isinstance(values[1], Sized):
        _check_length(len(owner) + (len(owner) // max(1, len(values[0])) + 1) * len(values[1]))
    elif name == "join" and values and isinstance(values[0], (list, tuple)):
        pieces = values[0]
        _check_length(sum(len(p) for p in pieces if isinstance(p, Sized)) + len(owner) * len(pieces))
    elif name in ("format", "format_map"):
        _check_format(owner)
    elif name == "translate" and values and isinstance(values[0], dict):
        longest = max((len(v) for v in values[0].values() if isinstance(v, str)), default=1)
        _check_length(len(owner) * max(1, longest))


def _bounded_filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        values = [value for value in args if isinstance(value, (str, int, list, tuple))]
        for value in (*values, *kwargs.values()):
            if isinstance(value, int) and abs(value) > _most():
                raise TemplateLimitError(reason_of("template_measureless"))
        if name == "format" and values:
            _check_format(values[0])
        elif name in ("replace", "join") and values and isinstance(values[0], str):
            _check_method(values[0], "replace", tuple(values[1:]))
        elif name == "join" and values and isinstance(values[0], (list, tuple)):
            glue = str(values[1]) if len(values) > 1 else ""
            _check_method(glue, "join", (values[0],))
        elif name == "indent" and values and isinstance(values[0], str):
            width = next((v for v in (*values[1:], *kwargs.values()) if isinstance(v, int)), 4)
            _check_length(len(values[0]) + values[0].count("\n") * width)
        return _checked(function(*args, **kwargs))

    return bounded
