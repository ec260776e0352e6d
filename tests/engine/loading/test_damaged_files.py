"""Damaged, foreign and half-written model files: they load or are refused with a code, never anything else."""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.engine.engine import Engine
from helix_app.engine.loading.load import load
from helix_app.modelfiles.gguf.gguf_file import read_header
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("damaged-zoo"))


@pytest.fixture(scope="module")
def small(zoo: Zoo) -> bytes:
    """A sound GGUF file."""
    return zoo.gguf("llama-small").read_bytes()


@pytest.fixture(scope="module")
def header_size(zoo: Zoo) -> int:
    """Where its weights begin."""
    return min(t.offset for t in read_header(zoo.gguf("llama-small")).tensors.values())


@pytest.fixture
def folder(zoo: Zoo, tmp_path: Path) -> Path:
    """A sound safetensors folder to be spoilt."""
    return Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def outcome(path: Path) -> str:
    """Load a model as the engine does; returns the code it is refused with, or "" when it loads.

    Any other exception fails the test; ``internal`` would hide one.
    """
    request = LoadRequest(str(path), draft="none", device="cpu", dtype="float32")
    refused: HelixError | None = None
    try:
        inspect(path)
        for _ in load(request, threading.Event()):
            pass
    except HelixError as exc:
        refused = exc
    if refused is None:
        return ""
    assert refused.code in messages.ERRORS
    assert refused.code != "internal", refused.detail
    assert "–" not in messages.error_text(refused.code, refused.fields)
    return refused.code


def damaged(path: Path, data: bytes) -> str:
    """The outcome for a file with this content."""
    path.write_bytes(data)
    return outcome(path)


# --------------------------------------------------------------------------- GGUF


def test_the_sound_ones_load(zoo: Zoo, folder: Path) -> None:
    assert outcome(zoo.gguf("llama-small")) == ""
    assert outcome(folder) == ""


def test_a_file_cut_anywhere_is_refused(small: bytes, header_size: int, tmp_path: Path) -> None:
    rng = random.Random(1)
    cuts = [1, 3, 4, 8, 16, 23, 24, header_size - 1, header_size, len(small) - 1]
    cuts += [rng.randrange(header_size) for _ in range(20)] + [
        rng.randrange(header_size, len(small)) for _ in range(10)
    ]
    for i, cut in enumerate(cuts):
        code = damaged(tmp_path / f"{i}.gguf", small[:cut])
        assert code in ("model_corrupt", "model_not_a_model"), f"cut at {cut}: {code!r}"


def flipped(small: bytes, rng: random.Random, end: int) -> bytes:
    data = bytearray(small)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(end)
        data[at] = rng.choice((data[at] ^ (1 << rng.randrange(8)), 0, 255, rng.randrange(256)))
    return bytes(data)


def flip(small: bytes, header_size: int, folder: Path, seeds: range) -> set[str]:
    """The outcomes of many files with a few wrong bytes in their headers."""
    codes = set()
    for seed in seeds:
        rng = random.Random(seed)
        # half of them in the beginning, where the shape of the model stands; the rest is mostly tokens
        end = 1500 if seed % 2 else header_size
        path = folder / f"{seed}.gguf"
        try:
            codes.add(damaged(path, flipped(small, rng, end)))
        except BaseException as exc:
            raise AssertionError(f"seed {seed}: {exc!r}") from exc
        path.unlink()
    return codes


def test_wrong_bytes_in_a_header_load_or_are_refused(small: bytes, header_size: int, tmp_path: Path) -> None:
    codes = flip(small, header_size, tmp_path, range(150))
    assert "model_corrupt" in codes
    assert "" in codes


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_thousands_of_wrong_headers_load_or_are_refused(small: bytes, header_size: int, tmp_path: Path) -> None:
    flip(small, header_size, tmp_path, range(1000, 6000))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "model_corrupt"),
        (b"GG", None),
        (b"GGUF", "model_corrupt"),
        (b"GGUF" + bytes(60), "model_corrupt"),
        (b"GGUF" + b"\xff" * 60, "model_corrupt"),
        (b"PK\x03\x04" + bytes(60), "model_not_a_model"),
        ("Äpfel, Birnen\n".encode() * 50, "model_not_a_model"),
        (b"FUGG" + bytes(200), "model_not_a_model"),
    ],
    ids=["empty", "two bytes", "magic only", "zeros", "ones", "zip", "text", "backwards"],
)
def test_files_that_are_no_model(tmp_path: Path, content: bytes, code: str | None) -> None:
    got = damaged(tmp_path / "thing.gguf", content)
    assert got == code if code else got in ("model_corrupt", "model_not_a_model")


def test_another_magic_is_not_a_model(small: bytes, tmp_path: Path) -> None:
    assert damaged(tmp_path / "m.gguf", b"ggml" + small[4:]) == "model_not_a_model"


def test_an_architecture_that_is_not_supported(small: bytes, tmp_path: Path) -> None:
    key = b"general.architecture"
    at = small.index(b"llama", small.index(key))
    data = small[:at] + b"mamba" + small[at + 5 :]
    assert damaged(tmp_path / "m.gguf", data) == "model_unsupported"


def test_nothing_there(tmp_path: Path) -> None:
    assert outcome(tmp_path / "gone.gguf") == "model_not_found"


# --------------------------------------------------------------------------- folders


def edit_config(**changes: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / "config.json"
        raw = {**json.loads(file.read_text("utf-8")), **changes}
        file.write_text(json.dumps({k: v for k, v in raw.items() if v is not None}), "utf-8")

    return apply


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut(part: float) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / "model.safetensors"
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * part)])

    return apply


def edit_tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor | None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        file = folder / "model.safetensors"
        tensors = load_file(file)
        changed = change(tensors.pop(name))
        if changed is not None:
            tensors[name] = changed.contiguous()
        save_file(tensors, file)

    return apply


UP = "model.layers.0.mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(remove("config.json"), "model_not_a_model", id="no config"),
        pytest.param(write("config.json", b""), "model_corrupt", id="empty config"),
        pytest.param(write("config.json", b"\xff\xfe{{{"), "model_corrupt", id="garbage config"),
        pytest.param(write("config.json", b"[1, 2]"), "model_corrupt", id="config is a list"),
        pytest.param(write("config.json", b"{}"), None, id="config says nothing"),
        pytest.param(
            edit_config(architectures=["MambaForCausalLM"], model_type="mamba"), "model_unsupported", id="mamba"
        ),
        pytest.param(edit_config(hidden_size="many"), "model_corrupt", id="size is a word"),
        pytest.param(edit_config(hidden_size=0), None, id="size zero"),
        pytest.param(edit_config(num_attention_heads=0), None, id="no heads"),
        pytest.param(edit_config(num_hidden_layers=-1), None, id="negative layers"),
        pytest.param(edit_config(num_hidden_layers=3), "model_weights_mismatch", id="a layer too many"),
        pytest.param(edit_config(vocab_size=10**12), None, id="huge vocabulary"),
        pytest.param(edit_config(hidden_size=48), None, id="another size"),
        pytest.param(edit_config(hidden_size=None), None, id="no size"),
        pytest.param(write("generation_config.json", b"{"), "model_corrupt", id="generation config"),
        pytest.param(remove("model.safetensors"), "model_not_a_model", id="no weights"),
        pytest.param(write("model.safetensors", b""), "model_corrupt", id="empty weights"),
        pytest.param(write("model.safetensors", b"\xff" * 64), "model_corrupt", id="garbage weights"),
        pytest.param(cut(0.001), "model_corrupt", id="weights cut in the header"),
        pytest.param(cut(0.6), "model_corrupt", id="weights cut"),
        pytest.param(write("model.safetensors.index.json", b'{"weight_map": 3}'), "model_corrupt", id="index"),
        pytest.param(
            write("model.safetensors.index.json", b'{"weight_map": {"a": "part-2.safetensors"}}'),
            "model_part_missing",
            id="a part is missing",
        ),
        pytest.param(edit_tensor(UP, lambda t: t[:-1]), "model_weights_mismatch", id="wrong shape"),
        pytest.param(edit_tensor(UP, lambda t: t.T), "model_weights_mismatch", id="turned"),
        pytest.param(edit_tensor(UP, lambda t: t.flatten()), "model_weights_mismatch", id="flat"),
        pytest.param(edit_tensor(UP, lambda t: None), "model_weights_mismatch", id="tensor missing"),
        pytest.param(edit_tensor(UP, lambda t: t.to(torch.int8)), "model_feature_unsupported", id="integers"),
        pytest.param(remove("tokenizer.json"), "tokenizer_missing", id="no tokenizer"),
        pytest.param(write("tokenizer.json", b"{}"), "tokenizer_unreadable", id="empty tokenizer"),
    ],
)
def test_a_spoilt_folder_is_refused(folder: Path, spoil: Callable[[Path], None], code: str | None) -> None:
    spoil(folder)
    got = outcome(folder)
    assert got != ""
    assert code is None or got == code


def test_an_empty_folder_is_not_a_model(tmp_path: Path) -> None:
    assert outcome(tmp_path) == "model_not_a_model"


def test_a_folder_around_one_gguf_file_is_that_file(zoo: Zoo, tmp_path: Path) -> None:
    shutil.copy(zoo.gguf("llama-small"), tmp_path / "m.gguf")
    assert outcome(tmp_path) == ""


def test_after_a_damaged_file_the_engine_loads_a_sound_one(zoo: Zoo, small: bytes, tmp_path: Path) -> None:
    engine = Engine()
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(small[: len(small) // 2])
    list(engine.stream(LoadRequest(str(bad), device="cpu"), threading.Event()))
    assert engine.session is None
    sound = LoadRequest(str(zoo.gguf("llama-small")), draft="none", device="cpu", dtype="float32")
    list(engine.stream(sound, threading.Event()))
    assert engine.session is not None
