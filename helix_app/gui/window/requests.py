"""What leaves the window: requests, as signals that ``app.py`` connects to whoever does what is asked."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMainWindow


class RequestWindow(QMainWindow):
    """A window that asks.

    Signals:
        generate_requested: a GenerateRequest.
        compare_requested: a CompareRequest.
        benchmark_requested, serving_requested: a BenchAsked, a request of ``protocol/serving.py``.
        chats_asked: a request of ``protocol/conversations/chats.py``.
        prompt_asked: a PromptAsked: a prompt is to be counted.
        read_requested: the file of this path is to be read for a message.
        cancel_requested: stop the comparison, or the load.
        reply_cancel_requested: stop the reply of this request id.
        load_requested: a LoadChoice.
        unload_requested: free the model.
        download_requested: fetch the model of this catalog id.
        download_cancel_requested: stop fetching it.
        forget_requested: wipe what was learnt from replies.
        checkup_requested: look for what is wrong with this computer.
        settings_changed: the new Settings, to be saved.
        closing: the window closes.
    """

    generate_requested = Signal(object)
    compare_requested = Signal(object)
    benchmark_requested = Signal(object)
    serving_requested = Signal(object)
    chats_asked = Signal(object)
    prompt_asked = Signal(object)
    read_requested = Signal(str)
    cancel_requested = Signal()
    reply_cancel_requested = Signal(str)
    load_requested = Signal(object)
    unload_requested = Signal()
    download_requested = Signal(str)
    download_cancel_requested = Signal(str)
    forget_requested = Signal()
    checkup_requested = Signal()
    settings_changed = Signal(object)
    closing = Signal()
