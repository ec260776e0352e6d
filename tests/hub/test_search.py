"""Models of the hub by name, and what one repository has, against a server that plays the hub."""

from __future__ import annotations

import threading

import pytest

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import Settings, save
from helix_app.hub import registry
from helix_app.hub.search import found_files, look_into, search_models, take_file
from helix_app.hub.transfer.failures import Cancelled
from helix_app.protocol.library import FoundFile, FoundModel
from tests.hub.served.hub_api import QUERY, info, serve_api
from tests.hub.served.models import PAYLOAD, REPO, pull, sha256
from tests.hub.served.server import FileServer, closed_port


def search(query: str = QUERY) -> tuple[FoundModel, ...]:
    return search_models(query, threading.Event())


def test_what_is_found_says_what_it_is_and_whether_it_runs(server: FileServer) -> None:
    asked, _ = serve_api(server)
    assert search() == (
        FoundModel(REPO, 1234, "Apache-2.0", "llama", 4096, True),
        FoundModel("other/oss-GGUF", 1234, "MIT", "mamba", 4096, False, gated=True),
        FoundModel("third/unknown", 1234),
    )
    assert len(asked.requests) == 1


def test_a_repository_lists_its_models_the_smallest_first(server: FileServer) -> None:
    serve_api(server)
    found = look_into(REPO, threading.Event())
    assert (found.licence, found.architecture, found.gated) == ("Apache-2.0", "llama", False)
    assert found_files(found) == (
        FoundFile(REPO, "tiny.Q4_K_M.gguf", "Q4_K_M", 1000),
        FoundFile(REPO, "tiny.Q8_0.gguf", "Q8_0", len(PAYLOAD)),
        FoundFile(REPO, "BF16/tiny-BF16-00001-of-00002.gguf", "BF16", len(PAYLOAD), 2),
    )


@pytest.mark.parametrize("wanted", ["tiny.Q8_0.gguf", "q8_0"])
def test_a_file_that_is_taken_is_downloaded_like_any_model(wanted: str, server: FileServer) -> None:
    serve_api(server)
    served = server.serve_hub(REPO, "tiny.Q8_0.gguf", PAYLOAD)
    found = look_into(REPO, threading.Event())
    name = take_file(found, wanted)
    entry = registry.known_catalog().entry(name)
    path, _ = pull(entry)
    assert sha256(path.read_bytes()) == sha256(PAYLOAD)
    assert len(served.asked) == 1
    assert [file.here for file in found_files(found)] == [False, True, False]


def test_a_download_goes_on_when_the_repository_has_changed(server: FileServer) -> None:
    commit = "c" * 40
    server.serve_json(f"/api/models/{REPO}", info(sha=commit))
    name = take_file(look_into(REPO, threading.Event()), "Q8_0")
    server.serve_hub(REPO, "tiny.Q8_0.gguf", PAYLOAD[:-9])  # of main, by now
    server.serve_hub(REPO, "tiny.Q8_0.gguf", PAYLOAD, revision=commit)
    path, _ = pull(registry.known_catalog().entry(name))
    assert path.read_bytes() == PAYLOAD


def test_a_split_model_is_taken_with_all_its_files(server: FileServer) -> None:
    serve_api(server)
    for name, part in (("1", PAYLOAD[:300_000]), ("2", PAYLOAD[300_000:])):
        server.serve_hub(REPO, f"BF16/tiny-BF16-0000{name}-of-00002.gguf", part)
    name = take_file(look_into(REPO, threading.Event()), "BF16")
    entry = registry.known_catalog().entry(name)
    path, _ = pull(entry)
    assert b"".join(file.read_bytes() for file in sorted(path.parent.glob("*.gguf"))) == PAYLOAD


def test_a_file_that_is_not_there_names_those_that_are(server: FileServer) -> None:
    serve_api(server)
    with pytest.raises(InputError) as caught:
        take_file(look_into(REPO, threading.Event()), "Q2_K")
    assert caught.value.fields["known"] == "Q4_K_M, Q8_0, BF16"


def test_a_repository_without_models_says_so(server: FileServer) -> None:
    server.serve_json("/api/models/a/b", info("a/b", siblings=[{"rfilename": "README.md"}]))
    with pytest.raises(HelixError) as caught:
        look_into("a/b", threading.Event())
    assert caught.value.code == "hub_no_files"


@pytest.mark.parametrize("name", ["no-slash", "a/b/c", "a/", "a/b c"])
def test_what_is_no_repository_is_not_asked_for(name: str, server: FileServer) -> None:
    with pytest.raises(InputError) as caught:
        look_into(name, threading.Event())
    assert caught.value.code == "hub_missing"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "hub_login"),
        (403, "hub_login"),
        (404, "hub_missing"),
        (429, "hub_busy"),
        (500, "hub_server"),
        (418, "hub_refused"),
    ],
)
def test_what_the_hub_says_becomes_its_sentence(status: int, code: str, server: FileServer) -> None:
    serve_api(server, status=status)
    with pytest.raises(HelixError) as caught:
        look_into(REPO, threading.Event())
    assert caught.value.code == code
    assert "–" not in messages.error_text(code, caught.value.fields)


def test_an_answer_that_is_no_hubs_is_refused(server: FileServer) -> None:
    server.serve("/api/models", b"<html>")
    with pytest.raises(HelixError) as caught:
        search()
    assert caught.value.code == "hub_refused"


def test_no_network_offline_and_cancel(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        search_models(QUERY, cancelled)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(HelixError) as caught:
        search()
    assert caught.value.code == "hub_no_network"
    assert caught.value.fields["host"].startswith("127.0.0.1")
    save(Settings(offline=True))
    with pytest.raises(HelixError) as caught:
        search()
    assert caught.value.code == "hub_offline"


def test_the_token_goes_along(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = serve_api(server)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    search()
    assert asked.logins == ["Bearer hf_secret"]


@pytest.mark.parametrize("scheme", ["http", "nonsense"])
def test_the_password_of_a_mirror_is_not_told(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{scheme}://ann:secret@127.0.0.1:{closed_port()}")
    for ask in (search, lambda: look_into(REPO, threading.Event()), lambda: look_into("no-slash", threading.Event())):
        with pytest.raises(HelixError) as caught:
            ask()
        assert str(caught.value.fields["host"]).startswith("127.0.0.1:")
        assert "secret" not in f"{caught.value.fields} {caught.value.detail}"


def test_a_hub_that_never_answers_is_given_up(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helix_app.hub.search._ANSWER_SECONDS", 0.0)
    answering = threading.Event()
    monkeypatch.setattr("huggingface_hub.HfApi.list_models", lambda *_, **__: iter(answering.wait, True))
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: answering.wait())
    for ask in (search, lambda: look_into(REPO, threading.Event())):
        with pytest.raises(HelixError) as caught:
            ask()
        assert caught.value.code == "hub_no_network"
        assert "no answer within" in caught.value.detail
    answering.set()


def test_a_look_into_a_repository_waits_for_a_limited_time(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[object] = []

    def model_info(*_: object, timeout: object = None, **__: object) -> object:
        waits.append(timeout)
        raise TimeoutError("silence")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", model_info)
    with pytest.raises(HelixError):
        look_into(REPO, threading.Event())
    assert waits == [30.0]
