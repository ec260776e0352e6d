"""What the files here share of the default model: to load it takes seconds each time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import torch

from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from tests.engine.made.tiny import check_idle, loaded, session_of

CONTEXT = 512
PROMPT = "List ten countries and their capitals as a numbered list."
PLAIN_TOKENS = 48
PARAGRAPH = (
    "The tide turns twice a day because the moon pulls on the sea. On the side that faces the moon the water rises, "
    "and it rises on the far side too, where the pull is weakest. Sailors have kept tables of high and low water for "
    "centuries, and a harbour master still looks at them before a large ship may leave. In narrow bays the difference "
    "can be more than ten metres: boats that float at noon lie on the mud by evening."
)
_LEARNT = ("costs", "crowd_costs", "sources", "policies", "too_costly", "doubt", "told", "notices")

Lend = Callable[[str], Engine]  # the engine with this dtype, until the end of the file


class Lent:
    """The default model with an n-gram draft, as it was after its load whenever it is lent."""

    def __init__(self, model: Path, dtype: str) -> None:
        self.engine = loaded(model, "ngram", context_length=CONTEXT, dtype=dtype)
        self._learnt = copy.deepcopy(_learnt(session_of(self.engine)))

    def put_back(self) -> None:
        """Nothing runs, nothing is cached, and nothing has been learnt."""
        check_idle(self.engine)
        session = session_of(self.engine)
        session.clear_caches()
        for name, value in copy.deepcopy(self._learnt).items():
            setattr(session, name, value)
        assert session.runner.pool.cached_blocks == 0


class Lending:
    """Engines that are loaded when they are first wanted."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self._made: dict[str, Lent] = {}

    def engine(self, dtype: str) -> Engine:
        """The one with this number format, which ``put_back`` makes anew as it was."""
        if dtype not in self._made:
            self._made[dtype] = Lent(self._model, dtype)
        return self._made[dtype].engine

    def put_back(self) -> None:
        """All of them."""
        for dtype, one in [*self._made.items()]:
            del self._made[dtype]  # what cannot be put back is not lent again
            try:
                one.put_back()
            except BaseException:
                one.engine.close()
                raise
            self._made[dtype] = one

    def close(self) -> None:
        """Free them."""
        for one in self._made.values():
            one.engine.close()


def _learnt(session: Session) -> dict[str, object]:
    return {name: getattr(session, name) for name in _LEARNT}


def logs_after(runner: ModelRunner, ids: list[int]) -> torch.Tensor:
    """Logarithms of the probabilities after each token, in a sequence of its own, [tokens, vocabulary]."""
    runner.open("logs", ())
    try:
        return runner.forward("logs", ids, len(ids)).double().log_softmax(-1)
    finally:
        runner.close("logs")
