"""Where an engine computes, as far as its events tell, and how long it may be silent there."""

from __future__ import annotations

from dataclasses import dataclass, field

from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress, ModelReady

# the stage in which processes of their own try what a card can, each up to its limit (``loading/place.py``): nothing is
# told meanwhile, what they find is kept, and an engine that is ended before tries the same again at its next load
_TRYING = "kernels"


@dataclass
class Patience:
    """Follows the events of one engine after another.

    Attributes:
        seconds: of silence, after which one that uses a GPU counts as hung.
        seconds_cpu: the same on the CPU, and while cards are tried.
        on_cpu: the model runs on the CPU, as far as is known.
        device_name: what it runs on, empty where that is not known.
    """

    seconds: float
    seconds_cpu: float
    on_cpu: bool = False
    device_name: str = ""
    _trying: bool = field(default=False, init=False)

    @property
    def limit(self) -> float:
        """Seconds that the engine may be silent now."""
        return self.seconds_cpu if self.on_cpu or self._trying else self.seconds

    def forget_device(self) -> None:
        """A load begins that may go anywhere."""
        self.on_cpu, self.device_name = False, ""

    def begin(self) -> None:
        """A request begins."""
        self._trying = False

    def note(self, event: Event) -> None:
        """What an event says of the device."""
        if isinstance(event, ModelReady):
            self.on_cpu, self.device_name = event.device == "cpu", event.device_name
        elif isinstance(event, LoadProgress):
            self._trying = event.stage == _TRYING
            if event.stage in ("cpu", "gpu"):
                self.on_cpu, self.device_name = event.stage == "cpu", event.detail
