"""Tiny models, made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
import torch

from helix_app.base.process import heap
from helix_app.engine.kernels.packed import library as libraries
from helix_app.engine.kernels.packed.processor import this_processor
from helix_app.engine.rounds import scheduler
from tests.engine.made.few_layers import with_layers
from tests.engine.made.heads import train_head
from tests.engine.made.next_token import TRAINED, train, with_layer
from tests.engine.made.tiny import Zoo, hf_model
from tests.engine.runs.crowds import Models
from tests.engine.runs.drafting import itself as itself, ngram as ngram, other as other, similar as similar

FEW = 4  # layers


@pytest.fixture(scope="session")
def zoo(run_folder: Path) -> Zoo:
    """Tiny random models by name, for all test processes."""
    root = run_folder / "zoo"
    root.mkdir(exist_ok=True)
    return Zoo(root)


@pytest.fixture(scope="session")
def few_layers(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model cut after its first layers: for what does not depend on how many there are."""
    return with_layers(default_model, FEW, tmp_path_factory.mktemp("few-layers") / default_model.name)


@pytest.fixture(scope="package", autouse=True)
def first_form() -> Iterator[None]:
    """Packed products have this processor's first form here, where it has several: making and timing the others takes
    twice as long again, and changes no bit (``kernels/packed/test_vnni.py``). Tests elsewhere have what people get."""
    libraries.shared.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libraries, "this_processor", lambda: replace(this_processor(), others=()))
        yield
    libraries.shared.cache_clear()


@pytest.fixture(scope="session")
def taught_files(run_folder: Path) -> tuple[Path, Path]:
    """``taught_file`` and ``taught_head``: the first test process of a run that wants them teaches both."""
    root = run_folder / "taught"
    root.mkdir(exist_ok=True)
    file, head = root / "file", root / "head"
    with filelock.FileLock(root / "lock"):
        if not head.exists():
            file.write_text(str(with_layer("qwen3", train(), root, seed=TRAINED)), encoding="utf-8")
            train_head(hf_model("qwen3", TRAINED)).save(root / "head-made", "specforge").rename(head)
    return Path(file.read_text(encoding="utf-8")), head


@pytest.fixture(scope="session")
def taught_file(taught_files: tuple[Path, Path]) -> Path:
    """A tiny model that speaks a small language, with a layer that drafts it."""
    return taught_files[0]


@pytest.fixture(scope="session")
def taught_head(taught_files: tuple[Path, Path]) -> Path:
    """A draft head for that model, in the layout of SpecForge, which was taught its language."""
    return taught_files[1]


@pytest.fixture(scope="module", autouse=True)
def earlier_modules_set_aside() -> None:
    """Each load and each unload of a model collects all there is: not what earlier modules have left for good."""
    heap.set_aside()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from threads, and waiting for a busy core costs them most of their time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def models(zoo: Zoo) -> Models:
    """Sessions with pools of any size."""
    return Models(zoo)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts of tiny models are short, so passes are too: some prompts take one, some take many."""
    monkeypatch.setattr(scheduler, "CHUNK", 40)
    monkeypatch.setattr(scheduler, "_CHUNK_BESIDE", 24)
