"""``--remote``: a server in place of this computer's engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.server.options import ServerOptions
from tests.cli.test_generate import Run, refused, run as run
from tests.server.fakes import Running, fake_server


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    _, made = fake_server(ServerOptions(model="fake", keys=("secret",)))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")


def test_generate_takes_a_server(run: Run, server: Running) -> None:
    code, out, err = run("generate", "--remote", server.url, "--key-env", "MY_KEY", "--prompt", "say 3")
    assert (code, out) == (0, "w0 w1 w2 \n")
    assert "3 tokens" in err
    args = ("generate", "--remote", server.url, "--remote-model", "Fake 1B", "--key-env", "MY_KEY", "--prompt", "say 2")
    told = json.loads(run(*args, "--json")[1])
    assert (told["target"], told["device"], told["tokens_generated"]) == ("Fake 1B", "remote", 2)
    assert told["remote"] == f"{server.url}/v1"
    assert {told[name] for name in ("draft", "dtype", "k", "mode", "verify", "target_passes", "token_ids")} == {None}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--k", "fixed:2"), "k cannot be used with --remote"),
        (("--device", "cpu"), "device cannot be"),
        (("--certify",), "certify cannot be"),
        (("--key-env", "NO_SUCH"), "The environment variable NO_SUCH holds no key"),
        (("--remote-model", "gone"), "has no model gone any more"),
        (("--remote", "ftp://x"), "cannot be used as the address of a server"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_said(run: Run, server: Running, more: tuple[str, ...], says: str) -> None:
    args = ("generate", "--remote", server.url, "--key-env", "MY_KEY", "--prompt", "x")
    assert says in refused(run(*args, *more))


def test_a_missing_key_is_said(run: Run, server: Running) -> None:
    assert "refuses the key" in refused(run("generate", "--remote", server.url, "--prompt", "x"))


def test_bench_measures_a_server(run: Run, server: Running, tmp_path: Path) -> None:
    out = tmp_path / "o.json"
    options = ("--kinds", "chat", "--per-kind", "1", "--repeats", "2", "--json", str(out), "--key-env", "MY_KEY")
    code, printed, _ = run("bench", "--remote", server.url, *options)
    assert code == 0
    assert "fake at" in printed
    assert "75 %" in printed
    assert "8 at once:" in printed
    told = json.loads(out.read_text(encoding="utf-8"))
    assert len(told["data"]["chat"]) == 2
    assert "secret" not in out.read_text(encoding="utf-8")
    assert "leave the name out" in refused(run("bench", "serve", "--remote", server.url))
    assert "cannot be used with --remote" in refused(run("bench", "--remote", server.url, "--dtype", "float32"))
