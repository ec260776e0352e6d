"""The templates of the HTML report, in ``resources/report``: every text that they are given is escaped."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from helix_app.base.messages import fill, finish_reason_text
from helix_app.base.process import paths
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import ArmFigures
from helix_app.bench.reports import wording


def template(name: str) -> Any:
    """A template by its file's name; it knows the words of ``wording``."""
    return _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2  # here, for the window starts without it

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.resource("report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= vars(wording) | {"BASELINE": BASELINE, "HELIX": HELIX, "fill": fill, "reasons_text": _reasons_text}
    return made


def _reasons_text(arm: ArmFigures) -> str:
    return ", ".join(f"{finish_reason_text(reason)} {count}" for reason, count in arm.finish_reasons)
