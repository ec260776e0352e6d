"""An exception becomes the event that tells of it: the one place where that is done."""

from __future__ import annotations

import itertools
import logging
import re
import traceback

from helix_app.base import texts
from helix_app.base.errors import HelixError
from helix_app.base.process.logs import log_file
from helix_app.protocol.events import Failed

log = logging.getLogger(__name__)
_PLACE = re.compile(r'File "([^"\n]+)", line (\d+)')


def failure(error: BaseException, request_id: str = "") -> Failed:
    """An exception as an event. What nobody expected is logged here, as an internal error."""
    if isinstance(error, HelixError):
        return error.as_event(request_id)
    if isinstance(error, MemoryError):
        return Failed("out_of_memory", str(error), request_id=request_id)
    if isinstance(error, OSError) and error.filename is not None:
        log.warning("a file failed the engine", exc_info=error)
        fields = (("path", str(error.filename)), ("reason", texts.why(error)))
        return Failed("file_failed", str(error), fields, request_id)
    log.error("unexpected error in the engine", exc_info=error)
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Failed("internal", text, (("log", str(log_file())),), request_id)


def kind_of(trace: str) -> str:
    """What a traceback has in common with those of the same error: its type and lines, not what it says."""
    places = _PLACE.findall(trace)
    lines = trace.splitlines()
    types = [line for before, line in itertools.pairwise(lines) if before.startswith(" ") and line[:1].isalpha()]
    return "|".join([(types or [""])[-1].partition(":")[0], *(f"{file}:{line}" for file, line in places)])
