"""Versions and licences of what Helix is made with."""

from __future__ import annotations

import importlib.metadata
from email.message import Message

import pytest

from helix_app.base.process.components import PACKAGES, components, licence_of


def stated(**headers: str | list[str]) -> Message:
    message = Message()
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            message[name.replace("_", "-")] = value
    return message


def test_what_is_installed_is_told_with_its_version() -> None:
    found = {part.name: part for part in components()}
    assert list(found) == [name for name in PACKAGES if name in found]
    assert found["torch"].version == importlib.metadata.version("torch")
    assert all(part.licence for part in found.values()), [part.name for part in found.values() if not part.licence]


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ({"License_Expression": "MIT OR Apache-2.0", "License": "else"}, "MIT OR Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved :: MIT License", "Topic :: X"]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved"], "License": "BSD"}, "BSD"),
        ({"License": "Copyright 2020\nPermission is hereby granted"}, ""),
        ({"License": "x" * 90}, ""),
        ({}, ""),
    ],
)
def test_a_licence_by_what_its_package_states(headers: dict[str, str | list[str]], licence: str) -> None:
    assert licence_of(stated(**headers)) == licence  # type: ignore[arg-type]
