"""Models in several GGUF files: whichever part is chosen, the whole model is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from helix_app.base import messages
from helix_app.base.errors import ModelFileError
from helix_app.hub import store
from helix_app.hub.catalog import Catalog
from helix_app.hub.resolve import resolve_target
from helix_app.modelfiles.gguf.split import read_model
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.part_names import model_name, part_files
from tests.engine.made.tiny import Zoo, ask, finish, loaded
from tests.modelfiles.made_files import rewrite

MODEL = "llama-q4"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model in one file."""
    return Zoo(tmp_path_factory.mktemp("split-zoo")).gguf(MODEL, quant="Q4_0")


@pytest.fixture(params=[False, True], ids=["tensors in all", "first without tensors"])
def parts(request: pytest.FixtureRequest, whole: Path, tmp_path: Path) -> tuple[Path, ...]:
    """The same model in several files."""
    rewrite(whole, tmp_path / "big.gguf", most=6, dry_first=request.param)
    return tuple(sorted(tmp_path.glob("*.gguf")))


def refused(path: Path) -> ModelFileError:
    with pytest.raises(ModelFileError) as caught:
        inspect(path)
    sentence = messages.error_text(caught.value.code, caught.value.fields)
    assert not any(word in sentence.lower() for word in ("damaged", "delete", "–")), sentence
    return caught.value


def test_any_part_opens_the_whole_model(whole: Path, parts: tuple[Path, ...]) -> None:
    assert len(parts) > 3
    want = inspect(whole)
    assert want.gguf is not None
    keys = set()
    for part in (*parts, parts[0].parent):
        files = inspect(part)
        assert files.gguf is not None
        assert files.config == want.config
        assert files.gguf.files == parts
        assert files.gguf.tensors.keys() == want.gguf.tensors.keys()
        for name in want.gguf.tensors:
            np.testing.assert_array_equal(files.gguf.tensor(name), want.gguf.tensor(name))
        keys.add(files.key)
    assert len(keys) == 1


def test_it_writes_what_the_single_file_writes(whole: Path, parts: tuple[Path, ...]) -> None:
    want = finish(loaded(whole), ask())
    assert finish(loaded(parts[1]), ask()).token_ids == want.token_ids
    assert want.token_ids


def test_low_bit_weights_come_from_all_parts(whole: Path, parts: tuple[Path, ...]) -> None:
    one, many = read_model(whole), read_model(parts[-1])
    for name in one.tensors:
        a, b = one.groups4(name), many.groups4(name)
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            np.testing.assert_array_equal(a.integers, b.integers)


def test_a_change_in_any_part_changes_the_key(parts: tuple[Path, ...]) -> None:
    keys = {inspect(parts[0]).key}
    for part in parts:
        with part.open("ab") as file:
            file.write(bytes(32))
        keys.add(inspect(parts[0]).key)
    assert len(keys) == len(parts) + 1


@pytest.mark.parametrize("gone", [0, 2])
def test_a_missing_part_is_named(parts: tuple[Path, ...], gone: int) -> None:
    parts[gone].unlink()
    for part in parts:
        if part.exists():
            error = refused(part)
            assert error.code == "model_part_missing"
            assert error.fields["missing"] == parts[gone].name
            assert error.fields["folder"] == str(parts[0].parent)


def test_of_many_missing_parts_a_few_are_named(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "big-00001-of-99999.gguf"
    error = refused(rewrite(whole, path, changes={"split.no": 0, "split.count": 99_999}))
    assert error.code == "model_part_missing"
    named = [f"big-{number:05d}-of-99999.gguf" for number in range(2, 10)]
    assert error.fields["missing"] == ", ".join((*named, "…"))


def test_a_part_that_lost_its_name_says_what_it_is(parts: tuple[Path, ...]) -> None:
    renamed = parts[1].rename(parts[1].with_name("model.gguf"))
    error = refused(renamed)
    assert error.code == "model_part_name"
    assert (error.fields["number"], error.fields["count"]) == ("2", str(len(parts)))


def test_parts_of_different_models_are_not_joined(parts: tuple[Path, ...]) -> None:
    shutil.copy(parts[2], parts[1])
    assert refused(parts[0]).code == "model_part_foreign"


def test_a_part_that_lacks_tensors_is_not_joined(whole: Path, parts: tuple[Path, ...]) -> None:
    last = {"split.no": len(parts) - 1, "split.count": len(parts), "split.tensors.count": 99}
    rewrite(whole, parts[-1], changes=last, tensors=lambda name: False)
    error = refused(parts[0])
    assert error.code == "model_part_foreign"
    assert "tensors" in error.fields["reason"]


def test_a_part_that_is_cut_off_is_the_one_named(parts: tuple[Path, ...]) -> None:
    data = parts[-1].read_bytes()
    parts[-1].write_bytes(data[:-100])
    with pytest.raises(ModelFileError) as caught:
        inspect(parts[0])
    assert caught.value.code == "model_corrupt"
    assert caught.value.fields["path"] == str(parts[-1])


def test_lists_show_it_once_with_the_size_of_all_parts(parts: tuple[Path, ...]) -> None:
    (item,) = store.catalog_items(parts, catalog=Catalog(()))
    assert item.name == "big"
    assert item.size_bytes == sum(part.stat().st_size for part in parts)
    chosen = resolve_target(str(parts[2]), catalog=Catalog(()))
    assert (chosen.path, chosen.name) == (parts[0], "big")


def test_names_of_parts() -> None:
    path = Path("/m/Big-7B-00002-of-00003.gguf")
    assert [part.name for part in part_files(path)] == [f"Big-7B-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    assert model_name(path) == "Big-7B"
    assert part_files(Path("/m/one.gguf")) == (Path("/m/one.gguf"),)
    assert model_name(Path("/m/v1.5.gguf")) == "v1.5"
    assert part_files(Path("/m/x-00004-of-00003.gguf")) == (Path("/m/x-00004-of-00003.gguf"),)
