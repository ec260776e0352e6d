"""What servers say of their models, each in its own way."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.remote import RemoteModel
from helix_app.engine.remote.server import chosen, models_of
from helix_app.protocol.remote import RemoteItem
from tests.engine.remote.stand_in import StandIn


@pytest.mark.parametrize(
    ("told", "items"),
    [
        ({"data": [{"id": "a", "context_length": 9, "owned_by": "helix"}]}, (RemoteItem("a", 9, "helix"),)),
        (
            {"data": [{"id": "a", "meta": {"n_ctx": 5}}, {"id": "b", "max_model_len": 7}]},
            (RemoteItem("a", 5), RemoteItem("b", 7)),
        ),
        ({"models": [{"name": "a", "owned_by": 5}]}, (RemoteItem("a"),)),
        ([{"id": "a", "context_length": "much"}], (RemoteItem("a"),)),
        ({"data": [{"id": "a", "chat_template": False}]}, (RemoteItem("a", chat_template=False),)),
        ([{"id": "a", "chat_template": "x"}, {"id": "b", "chat_template": None}], (RemoteItem("a"), RemoteItem("b"))),
        ({"data": [5, {}, {"id": None}]}, ()),
    ],
)  # fmt: skip
def test_lists_of_models(stand_in: StandIn, told: Any, items: tuple[RemoteItem, ...]) -> None:
    stand_in.models = told
    assert models_of(RemoteModel(stand_in.url), "k") == items
    assert stand_in.keys == ["Bearer k"]


def test_which_one_is_meant() -> None:
    one, two = RemoteItem("a"), RemoteItem("b")
    assert chosen(RemoteModel("http://h/v1", "b"), (one, two)) == two
    assert chosen(RemoteModel("http://h/v1"), (one,)) == one
    names = (RemoteItem("a", 1, "helix"), RemoteItem("other", 1, "helix"))  # of one model
    assert chosen(RemoteModel("http://h/v1"), names) == names[0]
    for place, items in (
        (RemoteModel("http://h/v1", "c"), (one,)),
        (RemoteModel("http://h/v1"), ()),
        (RemoteModel("http://h/v1"), (one, two)),
    ):
        with pytest.raises(HelixError):
            chosen(place, items)


@pytest.mark.parametrize("proxy", ["socks5://nobody.invalid:1", "socks://nobody.invalid:1"])
def test_a_proxy_that_cannot_be_used_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as an error inside Helix: the model before stays."""
    for name in ("ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(HelixError, match="remote_unreachable"):
        models_of(RemoteModel("http://nobody.invalid:9/v1", "m"), "")
