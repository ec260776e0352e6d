"""What goes along with a report of a fault: this computer as ``doctor`` sees it, and the last lines of the logs."""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path

from helix_app.base.errors import InputError
from helix_app.base.language import english
from helix_app.base.process import paths
from helix_app.base.redacted import bare_trace, without_person
from helix_app.doctor import report

log = logging.getLogger(__name__)
LOGS = ("helix.log", "engine.log")
LINES, BYTES = 60, 64 * 1024  # of each log, at most
_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")


def fault_report(cancel: threading.Event) -> str:
    """Lines of plain text without the person's home folder. Takes some seconds: drivers are asked, but not tried."""
    with english():  # for whoever is sent the report
        facts, found = report.examine(cancel, log.info, self_test=False)
        lines = report.as_text(facts, found)
    for name in LOGS:
        tail = log_tail(name)
        if tail:
            lines += ["", f"Last lines of {name}", *(f"  {line}" for line in tail)]
    return "\n".join(lines)


def log_tail(name: str) -> list[str]:
    """The last lines of a log; of tracebacks the types of errors and the lines, and not what they say."""
    try:
        text = _end_of(paths.log_dir() / name)
    except (OSError, InputError):
        return []
    told: list[str] = []
    more: list[str] = []  # lines that belong to the record before
    for line in [*text.splitlines(), None]:
        if line is not None and not _RECORD.match(line):
            more.append(line)
            continue
        told += bare_trace("\n".join(more)).splitlines()
        more.clear()
        if line is not None:
            told.append(without_person(line))
    return told[-LINES:]


def _end_of(file: Path) -> str:
    """The end of a file from the beginning of a record on."""
    with open(file, "rb") as opened:
        size = opened.seek(0, 2)
        opened.seek(max(0, size - BYTES))
        text = opened.read().decode("utf-8", "replace")
    return text.partition("\n")[2] if size > BYTES else text
