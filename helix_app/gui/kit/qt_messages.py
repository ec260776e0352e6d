"""What Qt itself has to say, in the log; a fatal word before there is a window is told to the person."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from PySide6.QtCore import QMessageLogContext, QtMsgType

log = logging.getLogger(__name__)


class StartWatch:
    """Hears Qt until there is a QApplication: a fatal message then means no display, and Qt would abort."""

    def __init__(self, refuse: Callable[[str], int]) -> None:
        """``refuse`` tells the person the reason and gives the exit code."""
        self._refuse = refuse
        self._reason = ""

    def __call__(self, kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
        log.info("qt: %s", text)
        first = text.partition("\n")[0]
        if kind == QtMsgType.QtFatalMsg:
            code = self._refuse(self._reason or first)
            logging.shutdown()
            os._exit(code)
        self._reason = self._reason or first.rstrip(".")  # the first is the cause


def on_qt_message(kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
    """Keep a message of Qt in the log."""
    levels = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
    }
    logging.getLogger("qt").log(levels.get(kind, logging.CRITICAL), text)
