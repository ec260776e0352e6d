"""Chat templates: a model's own program in Jinja, run in its sandbox, with bounds on time and size.

The same environment as ``transformers.utils.chat_template_utils`` gives a template, which a test compares; that library
takes longer to import than all the rest of a reply.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Template, meta, nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node, Scope
from jinja2.parser import Parser

from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.text.template_limits import (
    MOST_TEMPLATE,
    BoundedEnvironment,
    TemplateLimitError,
    in_time,
    most_for,
)

log = logging.getLogger(__name__)
_MOST_INDENT = 64  # characters a level, of what a template writes as JSON


def render(
    template: str,
    messages: Sequence[Mapping[str, Any]],
    special: Mapping[str, str],
    options: Mapping[str, bool | str] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """A conversation as text, up to where the reply begins.

    Args:
        special: texts of special tokens, by the names that templates use.
        options: variables of this template's own.
        tools: descriptions of functions, parsed; None for none.

    Raises:
        Exception: whatever the template raises; ``jinja2.exceptions.TemplateError`` itself where it refuses by its own
            ``raise_exception``, ``TemplateLimitError`` where it takes too long or makes too much.
    """
    given = {"messages": list(messages), "tools": tools, "documents": None, **special, **(options or {})}
    most = most_for(template, given)
    return in_time(lambda: _compiled(template).render(add_generation_prompt=True, **given), most=most)


def _parsed(template: str) -> nodes.Template:
    try:
        return in_time(lambda: _environment().parse(_sized(template)))
    except RecursionError as exc:
        raise TemplateLimitError(reason_of("too_deep")) from exc


def _sized(template: str) -> str:
    """The template itself. Raises TemplateLimitError where it is too long to be one."""
    if len(template) > MOST_TEMPLATE:
        raise TemplateLimitError(reason_of("template_size", n=f"{len(template):,}"))
    return template


@functools.lru_cache(maxsize=16)
def variables(template: str) -> frozenset[str]:
    """Names that a template reads and nothing in it gives, none of what is no template; nothing of it is run."""
    try:
        return frozenset(meta.find_undeclared_variables(_parsed(template)))
    except Exception as exc:  # whatever is wrong with a stranger's program
        log.info("the chat template cannot be read for its variables: %s", exc)
        return frozenset()


def words(template: str) -> frozenset[str]:
    """The texts that a template's expressions name. Raises jinja2.exceptions.TemplateError."""
    found = (node.value for node in _parsed(template).find_all(nodes.Const))
    return frozenset(value for value in found if isinstance(value, str))


@functools.lru_cache(maxsize=16)
def _compiled(template: str) -> Template:
    return _environment().from_string(_sized(template))


def _environment() -> BoundedEnvironment:
    environment = BoundedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = _now
    return environment


def _now(form: str) -> str:
    """The time in a form of Linux; Windows writes a number without its zero by another mark."""
    if sys.platform == "win32":
        form = re.sub("%[%-]", lambda mark: "%#" if mark[0] == "%-" else mark[0], form)  # "%%" is a sign of its own
    return datetime.now().strftime(form)


class _Generation(Extension):
    """``{% generation %}`` marks what the model writes, for training; here its content stands as it is."""

    tags = {"generation"}  # noqa: RUF012 (as the library declares it)

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        scope = Scope(lineno=line)
        scope.body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return scope


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """Not Jinja's own, which is made for HTML."""
    if (len(indent) if isinstance(indent, str) else indent or 0) > _MOST_INDENT:
        raise TemplateLimitError(reason_of("template_pads"))
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> None:
    raise TemplateError(message)
