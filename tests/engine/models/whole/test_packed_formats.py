"""A whole model in each format of 256 columns: the model of the file, the same text whatever runs beside a reply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.measuring import calibration
from tests.engine.made.packed_files import write_packed
from tests.engine.made.tiny import ask, check_idle, finish, loaded, session_of
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.test_decoder import runner_of, some_ids
from tests.engine.test_engine_together import Joined

LONG = ("Q4_K", "Q5_K", "Q6_K")  # in the long form alone
SEEDS = {"Q4_K": 3}  # of models whose replies do not end at once; 0 for all others
NAMES = [
    pytest.param(name, marks=pytest.mark.soak if name in LONG else ())
    for name, form in FORMATS.items()
    if form.columns == 256  # of 32 columns are those of the other tests
]
TEXTS = {"a": "the cat and the dog", "b": "the rain", "c": "one two one two one two"}


@pytest.fixture(scope="module", params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return write_packed(
        tmp_path_factory.mktemp("packed") / f"{request.param}.gguf", request.param, SEEDS.get(request.param, 0)
    )


@pytest.fixture(scope="module", params=["itself", "another"])
def engine(path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """With a draft model that is always right, or hardly ever."""
    draft = path.with_name(f"another-{path.name}")
    if request.param == "itself":
        draft = path
    elif not draft.exists():
        write_packed(draft, path.stem, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_SECONDS", 0.0)
        made = loaded(path, draft, dtype="packed", context_length=256)
    assert {runner.decoder.format for runner in session_of(made).runners} == {"packed"}
    yield made
    made.close()


def test_it_is_the_model_of_the_file(path: Path) -> None:
    """Against the same weights dequantised, in float32: what differs is the rounding of activations and cache."""
    logits, ids = [], some_ids(20, 3)
    for runner in (packed_runner(path, 1), runner_of(path)):
        runner.open("s", ())
        logits.append(runner.forward("s", ids, len(ids)).double())
    error = float((logits[0] - logits[1]).norm() / logits[1].norm())
    assert 0 < error < 0.08, error


def test_drafts_and_others_change_no_token(engine: Engine) -> None:
    """Greedy: drafted as plain, and three together as each alone."""
    asked = {name: ask(text, request_id=name, k="fixed:3", max_tokens=24) for name, text in TEXTS.items()}
    plain = {
        name: finish(engine, ask(text, request_id=name, mode="autoregressive", max_tokens=24))
        for name, text in TEXTS.items()
    }
    drafted = {name: finish(engine, one) for name, one in asked.items()}
    assert {name: one.token_ids for name, one in drafted.items()} == {n: one.token_ids for n, one in plain.items()}
    assert sum(one.metrics.drafted_tokens for one in drafted.values()) > 0
    assert len(plain["a"].token_ids) > 8  # so that the others find it running
    together = Joined(engine, asked["a"])
    together.run({1: lambda: [together.join(asked[name]) for name in ("b", "c")]})
    assert all(together.finished(name).token_ids == plain[name].token_ids for name in TEXTS)
    check_idle(engine)
