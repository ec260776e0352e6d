"""The block of the first start's card about this computer, by itself."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.models.offer import MachineOffer, machine_text
from helix_app.gui.models.suggestion import Suggestion
from helix_app.protocol.inquiries import MachineMeasured
from tests.gui import fake
from tests.gui.fake import record

MACHINE = MachineMeasured("cpu", 8 * 2**30, "A processor", 1, (("", None), ("A card", None)), 9e9, 9e9)


@pytest.fixture
def offer(theme: Theme, qtbot: QtBot) -> MachineOffer:
    made = MachineOffer(theme)
    qtbot.addWidget(made)
    made.show()
    return made


def test_only_what_is_known_is_said() -> None:
    assert machine_text(MACHINE, ()) == (
        "This computer: 8 GB of memory · A processor, 1 core · A card. Its memory was read at 9 GB/s."
    )


def test_a_model_without_a_draft_and_without_a_speed(offer: MachineOffer) -> None:
    chosen: list[tuple[str, str]] = []
    offer.chosen.connect(lambda model, draft: chosen.append((model, draft)))
    offer.on_start_clicked()
    assert (chosen, offer.model_id) == ([], "")
    offer.show_suggestion(Suggestion(fake.BIG))
    assert offer.facts.text() == "1.6 GB · Apache 2.0 licence"
    assert offer.speed.text() == ""
    assert offer.start.accessibleName() == "Download and start Qwen2.5 1.5B Instruct"
    offer.start.click()
    assert chosen == [(fake.BIG.id, "")]


def test_what_is_here_already_is_only_started(offer: MachineOffer) -> None:
    drafts = record(offer.chosen)
    offer.show_suggestion(Suggestion(fake.here(fake.BIG), fake.SMOL, (3.0, 9.0)))
    assert offer.start.text() == "Download and start"  # its draft is not here
    offer.show_suggestion(Suggestion(fake.here(fake.BIG), fake.here(fake.SMOL), (3.0, 9.0)))
    assert offer.start.text() == "Start"
    offer.start.click()
    assert drafts == [fake.BIG.id]
    offer.show_suggestion(None)
    assert not offer.start.isVisible()
