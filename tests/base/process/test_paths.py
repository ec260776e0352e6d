"""Where things are: below one folder where that is asked for, and never in a folder called ``~``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from helix_app.base.errors import InputError
from helix_app.base.process import paths

FOLDERS = {
    "config": paths.config_dir,
    "data": paths.data_dir,
    "cache": paths.cache_dir,
    "logs": paths.log_dir,
}


@pytest.fixture(autouse=True)
def somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person with a home folder, and no wishes."""
    for name in ("HELIX_HOME", "HELIX_MODELS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", FOLDERS)
def test_one_variable_moves_every_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = FOLDERS[name]()
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "h"))
    assert FOLDERS[name]() == tmp_path / "h" / name
    monkeypatch.setenv("HELIX_HOME", "")
    assert FOLDERS[name]() == usual
    assert not (tmp_path / "h").exists()  # naming a folder makes none


def test_without_it_the_folders_are_those_of_the_system() -> None:
    found = [folder() for folder in FOLDERS.values()]
    assert len(set(found)) == len(found)
    assert all("helix" in str(folder).lower() and folder.is_absolute() for folder in found)


def test_models_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.models_dir() == paths.data_dir() / "models"
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "h"))
    assert paths.models_dir() == tmp_path / "h" / "data" / "models"
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path / "m"))
    assert paths.models_dir() == tmp_path / "m"
    assert paths.data_dir() == tmp_path / "h" / "data"


def test_a_home_is_filled_in(somebody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.expanded("~/x") == somebody / "x"
    assert paths.expanded(Path("a/~")) == Path("a/~")
    monkeypatch.setenv("HELIX_HOME", "~/h")
    assert paths.cache_dir() == somebody / "h" / "cache"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows guesses where others live")
def test_the_home_of_nobody_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.expanded("~nobody123/x") == Path("~nobody123/x")
    for variable in ("HELIX_HOME", "HELIX_MODELS"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, "~nobody123/x")
            with pytest.raises(InputError) as caught:
                paths.check()
        assert caught.value.code == "home_unknown"
        assert caught.value.fields == {"variable": variable, "value": "~nobody123/x"}


def test_what_can_be_named_passes_whether_or_not_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.check()
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "not" / "there"))
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path))
    paths.check()


@pytest.mark.skipif(sys.platform == "win32", reason="names of Windows are cut elsewhere")
def test_a_folder_that_cannot_even_be_named_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / ("x" * 5000)))
    with pytest.raises(InputError) as caught:
        paths.check()
    assert caught.value.code == "home_unusable"
    assert "x" * 5000 in caught.value.fields["folder"]


def test_resources_are_there_and_move_with_a_packed_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.resource().is_dir()
    assert paths.resource("catalog.toml") == paths.resource() / "catalog.toml"
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resource("a", "b") == tmp_path / "resources" / "a" / "b"


@pytest.mark.parametrize("variable", ["HELIX_HOME", "HELIX_MODELS", "HELIX_KERNELS"])
def test_a_file_is_no_home(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for value in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv(variable, str(value))
        with pytest.raises(InputError) as caught:
            paths.check()
        assert caught.value.code == "home_is_file"
        assert (caught.value.fields["variable"], caught.value.fields["file"]) == (variable, str(tmp_path / "file"))


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whom the system does not know, such as a container's user."""
    if sys.platform == "win32":
        pytest.skip("Windows knows the folders without a home")

    def nobody(_number: int) -> str:
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("kind", FOLDERS)
def test_whom_the_system_does_not_know_has_no_folders(kind: str) -> None:
    with pytest.raises(InputError) as caught:
        FOLDERS[kind]()
    assert caught.value.code == "home_missing"


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_below_a_tilde_is_none(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases of platformdirs differ in whether they raise or name such a one."""
    told = os.path.expanduser("~/.x")
    assert told == "~/.x"
    for name in ("config", "cache", "log", "data"):
        monkeypatch.setattr(paths.platformdirs, f"user_{name}_dir", lambda *_, **__: told)
    with pytest.raises(InputError) as caught:
        FOLDERS[kind]()
    assert caught.value.code == "home_missing"


def test_a_person_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> str:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("HELIX_HOME", raising=False)
    monkeypatch.setattr(paths.platformdirs, "user_config_dir", nobody)
    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(InputError) as caught:
        paths.check()
    assert caught.value.code == "home_missing"
    assert paths.home() == ""
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    paths.check()
