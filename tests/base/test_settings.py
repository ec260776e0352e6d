"""Settings that a person turned off stay off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helix_app.base import messages, settings
from helix_app.base.settings import Keeper, Settings
from helix_app.doctor.folders import settings_error


def test_learning_is_kept_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    assert settings.load(file).learn
    settings.save(Settings(learn=False), file)
    assert settings.load(file) == Settings(learn=False)


@pytest.mark.parametrize("value", ['"no"', "0", "null", "1", "[false]", '{"learn": true}'])
def test_learning_is_yes_or_no_and_anything_else_is_no(tmp_path: Path, value: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(f'{{"learn": {value}, "top_k": 7}}', encoding="utf-8")
    got, wrong = settings.read(file)
    assert got == Settings(learn=False, top_k=7)
    assert wrong is not None
    assert '"learn"' in wrong["reason"]
    with pytest.raises(ValueError, match="learn"):
        settings.changed(Settings(), learn="no")


# ------------------------------------------------------------------------------- files that are not as they should be

OFF = Settings(learn=False, temperature=0.2)
TEXT = '{"learn": false, "temperature": 0.2}'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le-bom"])
def test_any_marked_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "settings.json"
    data = b"\xff\xfe" + TEXT.encode("utf-16-le") if encoding == "utf-16-le-bom" else TEXT.encode(encoding)
    file.write_bytes(data)
    assert settings.read(file) == (OFF, None)
    assert settings_error(file) == ""
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", Settings(learn=False)),
        (b"\0\0\0\0", Settings(learn=False)),
        (b"\xff\xfe\x00", Settings(learn=False)),
        (b"null", Settings(learn=False)),
        (b'["learn"]', Settings(learn=False)),
        (b"[" * 100_000, Settings(learn=False)),
        (b'{"learn": ' + b"[" * 100_000, Settings(learn=False)),
        (b'{"learn": true, "top_k": ' + b"1" * 5000 + b"}", Settings(learn=True)),
        (TEXT.encode()[:-1], OFF),
        (TEXT.encode() + b",", OFF),
        (b'{"temperature": 0.2, "lea', OFF),
        (b'{"temperature": 0.2, "learn": tr', OFF),
        (b'{"temperature": 0.2, "learn": "yes"', OFF),
        (b'{"temperature": 0.2, "learn": true, "learn": false', OFF),
        (b'{"learn": true, "temperature": 0.2, "top_k": }', Settings(learn=True, temperature=0.2)),
        (b'{"system_prompt": "say \\"learn\\": true", "temperature": 0.2,', None),
        ('{"learn": true, "system_prompt": "caf\xe9", }'.encode("cp1252"), Settings(system_prompt="caf\xe9")),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_can_be_made_out_of_a_damaged_file_counts_and_the_rest_is_strict(
    tmp_path: Path, content: bytes, wanted: Settings | None
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(content)
    wanted = wanted or Settings(learn=False, temperature=0.2, system_prompt='say "learn": true')
    for _ in range(2):  # until somebody saves, every start finds the same
        got, wrong = settings.read(file)
        assert got == wanted
        assert wrong is not None
        assert "–" not in messages.notice_text(settings.notice_of(wrong), wrong)
        assert (tmp_path / "settings.json.bad").read_bytes() == content
    assert settings_error(file) != ""
    settings.save(settings.changed(got, top_k=3), file, before=got)
    assert settings.read(file) == (settings.changed(wanted, top_k=3), None)


def test_a_copy_of_a_damaged_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    for content in ("{1", "{2", "{1", "{3"):
        file.write_text(content, encoding="utf-8")
        settings.load(file)
    copies = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.bad*")}
    assert copies == {"settings.json.bad": "{1", "settings.json.bad2": "{2", "settings.json.bad3": "{3"}


def test_a_file_that_cannot_be_opened_is_strict_and_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.mkdir()
    got, wrong = settings.read(file)
    assert got == Settings(learn=False)
    assert wrong is not None
    assert str(file) in messages.notice_text(settings.notice_of(wrong), wrong)
    assert "–" not in messages.notice_text(settings.notice_of(wrong), wrong)
    with pytest.raises(OSError):
        settings.save(got, file, before=Settings())
    assert file.is_dir()


@pytest.mark.parametrize("value", ["fixed:65", "fixed:" + "1" * 5000, "many", "fixed:", "auto "])
def test_no_k(tmp_path: Path, value: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"k": value}), encoding="utf-8")
    assert settings.load(file).k == "auto"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", "foo"),
        ("context_length", -1),
        ("context_length", 8.5),
        ("context_length", True),
        ("temperature", "warm"),
        ("temperature", True),
        ("temperature", float("nan")),
        ("temperature", 10**400),
        ("top_p", 1.01),
        ("repetition_penalty", 0),
        ("max_tokens", 0),
        ("theme", "sepia"),
        ("theme", ["dark"]),
        ("dtype", None),
        ("system_prompt", 7),
        ("devices", {"m": "abacus"}),
    ],
)
def test_a_wrong_value_costs_only_that_setting_and_is_told(tmp_path: Path, name: str, value: object) -> None:
    file = tmp_path / "settings.json"
    others = {"learn": False, "min_p": 0.25, "target": "kept"}
    file.write_text(json.dumps({**others, name: value}), encoding="utf-8")
    before = file.read_bytes()
    got, wrong = settings.read(file)
    assert got == Settings(**others)
    assert wrong is not None
    sentence = messages.notice_text(settings.notice_of(wrong), wrong)
    assert f'"{name}"' in sentence
    assert str(file) in sentence
    assert "learning" not in sentence  # that one could be read
    assert (tmp_path / "settings.json.bad").read_bytes() == before
    settings.save(settings.changed(got, top_k=3), file, before=got)
    assert settings.read(file) == (Settings(**others, top_k=3), None)


def test_all_wrong_values_are_named_and_a_choice_of_privacy_is_strict(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"k": 4, "top_k": "7", "min_p": 0.5}', encoding="utf-8")
    got, wrong = settings.read(file)
    assert got == Settings(min_p=0.5)
    assert wrong is not None
    assert wrong["settings"] == '"k", "top_k"'
    file.write_text('{"k": 4, "learn": "yes", "min_p": 0.5}', encoding="utf-8")
    got, wrong = settings.read(file)
    assert got == Settings(min_p=0.5, learn=False)
    assert wrong is not None
    assert settings.notice_of(wrong) == "settings_damaged"


def test_whole_numbers_and_bounds_themselves_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"temperature": 5, "top_p": 0, "context_length": 1048576, "k": "fixed:64"}', encoding="utf-8")
    assert settings.read(file) == (Settings(temperature=5.0, top_p=0.0, context_length=1_048_576, k="fixed:64"), None)


def test_every_default_is_one_that_may_be_set() -> None:
    for name, setting in settings.declared().items():
        value = getattr(Settings(), name)
        assert settings.valid(name, value)
        assert setting.doubt is None or settings.valid(name, setting.doubt)
        for option, _, _ in setting.options:
            assert settings.valid(name, f"{option}:4" if option == "fixed" else option)


# ------------------------------------------------------------------------------- two windows on one file


def test_two_windows_keep_each_other_s_changes(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    settings.save(Settings(top_k=7, devices={"a": "cpu", "b": "cpu"}), file)
    one, two = Keeper(file), Keeper(file)
    one.save(settings.changed(one.settings, theme="dark", devices={"b": "cpu", "c": "cuda"}))
    two.save(settings.changed(two.settings, target="other", devices={"a": "cpu", "b": "directml"}))
    one.save(settings.changed(one.settings, learn=False))
    two.save(settings.changed(two.settings, top_k=8))
    wanted = Settings(theme="dark", target="other", learn=False, top_k=8, devices={"b": "directml", "c": "cuda"})
    assert settings.load(file) == wanted
    two.save(settings.changed(two.settings, theme="light"))  # the last word on one setting counts
    assert settings.load(file).theme == "light"


def test_what_could_not_be_saved_is_saved_with_the_next_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(tmp_path / "settings.json")
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            keeper.save(Settings(learn=False))
    keeper.save(Settings(learn=False, top_k=7))
    assert settings.load(tmp_path / "settings.json") == Settings(learn=False, top_k=7)


def test_what_this_version_does_not_know_stays(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"of_tomorrow": [1], "top_k": 7}', encoding="utf-8")
    keeper = Keeper(file)
    keeper.save(settings.changed(keeper.settings, theme="dark"))
    assert json.loads(file.read_text(encoding="utf-8"))["of_tomorrow"] == [1]
    assert settings.load(file) == Settings(theme="dark", top_k=7)


_WRITER = """
import sys
from pathlib import Path
from helix_app.base import settings
keeper = settings.Keeper(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    name = f"{sys.argv[2]}{number}"
    keeper.save(settings.changed(keeper.settings, devices={**keeper.settings.devices, name: "cpu"}))
"""


def test_two_processes_lose_no_change(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(file), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert set(settings.load(file).devices) == {f"{name}{number}" for name in "ab" for number in range(40)}


# ------------------------------------------------------------------------------- devices


def test_devices_by_model_are_kept_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    chosen = Settings(device="cpu", devices={"small": "directml:1", "/models/x.gguf": "cuda"})
    settings.save(chosen, file)
    assert settings.load(file) == chosen
    assert [chosen.device_for(target) for target in ("small", "/models/x.gguf", "other")] == [
        "directml:1",
        "cuda",
        "cpu",
    ]


@pytest.mark.parametrize(
    ("junk", "kept"),
    [
        ('{"a": "cpu", "b": "abacus", "c": 7, "d": null, "e": "directml:1x", "f": ["cpu"]}', {"a": "cpu"}),
        ('["cpu"]', {}),
        ('"cpu"', {}),
        ("null", {}),
        ("{}", {}),
    ],
)
def test_junk_among_the_devices_costs_only_itself(tmp_path: Path, junk: str, kept: dict[str, str]) -> None:
    file = tmp_path / "settings.json"
    file.write_text(f'{{"devices": {junk}, "top_k": 7}}', encoding="utf-8")
    assert settings.load(file) == Settings(devices=kept, top_k=7)


@pytest.mark.parametrize("value", ["auto", "cpu", "cuda", "directml", "directml:0", "cuda:12"])
def test_devices(value: str) -> None:
    assert settings.changed(Settings(), device=value, devices={"m": value}).device_for("m") == value


@pytest.mark.parametrize(
    "value", ["", "abacus", "cpu:0", "auto:1", "directml:", "directml:x", "cuda:1 ", "cuda:1\n", 1]
)
def test_no_devices(value: object) -> None:
    for values in ({"device": value}, {"devices": {"m": value}}):
        with pytest.raises(ValueError, match="device"):
            settings.changed(Settings(), **values)


def test_other_mappings_do_not_become_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"target": {"a": "cpu"}, "nobody": {"a": "cpu"}}', encoding="utf-8")
    assert settings.load(file) == Settings()
