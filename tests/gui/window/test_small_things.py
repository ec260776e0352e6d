"""What is easily cut off, drifts or reads like a number of the program's own."""

from __future__ import annotations

import re
import uuid

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from helix_app.gui.help.diagnostics import DiagnosticsDialog
from helix_app.gui.kit.model_choices import model_label
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

# ------------------------------------------------------------------------------ nothing is cut off


def squeezed(dialog: DiagnosticsDialog) -> list[str]:
    """Labels that are lower than their text."""
    labels = [label for label in dialog.findChildren(QLabel) if label.isVisible() and label.text()]
    assert len(labels) > 20
    return [
        label.text()
        for label in labels
        if label.height() < (label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height())
    ]


def test_a_longer_verdict_squeezes_nothing_in_diagnostics(window: MainWindow) -> None:
    window.help.open_diagnostics()
    dialog = window.findChild(DiagnosticsDialog)
    assert dialog is not None
    settle()
    assert squeezed(dialog) == []
    dialog.verdict.setText("One frame in twenty took longer than that, jumping quickly. " * 4)
    dialog.facts.setText(dialog.facts.text() + "\n" + "~/a long folder, quite typically/" * 5)
    settle()
    assert squeezed(dialog) == []
    dialog.resize(dialog.width(), 100)
    settle()
    assert squeezed(dialog) == []


# ------------------------------------------------------------------------------ the live panel stands still


def test_the_live_panel_keeps_its_width_whatever_it_says(window: MainWindow) -> None:
    for width in (288, 344, 400):
        window.resizeDocks([window.live], [width], Qt.Orientation.Horizontal)
        settle()
        assert window.live.width() == width
        for blocks in (512, 65_536, 16):
            window.on_event(fake.snapshot(fake.pool_cells(blocks)))
            window.on_event(
                fake.round_done("x", blocks, rolling_tokens_per_second=float(blocks), plain_tokens_per_second=1e5)
            )
            window.live.flush()
            settle()
            assert window.live.width() == width
        for name in ("inspect", "chat", "compare", "chat"):
            window.pages.show_page(name)
            settle()
        assert window.live.width() == width


# ------------------------------------------------------------------------------ no ids of the program's own


def test_no_tooltip_of_a_block_holds_an_id(window: MainWindow) -> None:
    cells = fake.pool_cells(64)
    shot = fake.snapshot(cells)
    owners = tuple(uuid.uuid4().hex for _ in shot.owners)
    window.on_event(type(shot)(**{**vars(shot), "owners": owners}))
    grid = window.live.blocks.maps["target"].grid
    texts = [grid.describe(index) for index in range(len(cells))]
    assert any("Sequence 1" in text for text in texts)
    assert not [text for text in texts if re.search(r"[0-9a-f]{8,}", text)]
    one = int(np.flatnonzero(cells["refcount"] == 1)[0])
    assert texts[one].endswith("Used by 1 sequence")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/models/My model.gguf", "My model.gguf"),
        ("/hub/models--HuggingFaceTB--SmolLM2-135M/snapshots/" + "12fd25f7" * 5, "SmolLM2-135M"),
        ("/hub/models--org--Tiny/blobs/" + "ab" * 32, "Tiny"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_a_model_is_not_called_by_a_checksum(path: str, name: str) -> None:
    assert model_label(path, ()) == name
