"""``serve`` as a program, with the default model: both official clients, several at once, and Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.later import Later

anthropic = Later("anthropic")
openai = Later("openai")

pytestmark = pytest.mark.model
RIVERS: Any = [{"role": "user", "content": "Name three rivers."}]


@pytest.fixture(scope="module")
def url(default_model: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "helix_app", "serve", "--target", str(default_model), "--model-name", "m"]
    flags = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
    program = subprocess.Popen(
        [*command, "--port", "0", "--context", "1024", "--draft", "ngram"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=flags,
    )
    assert program.stdout is not None
    line = program.stdout.readline().strip()
    if not line:
        pytest.fail(program.communicate(timeout=60)[1])
    try:
        yield line
    finally:
        program.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGINT)
        said = program.communicate(timeout=120)[1]
    if sys.platform != "win32":
        assert program.returncode == 0, said
        assert said.endswith("The server has stopped.\n")


def test_both_clients_and_several_at_once(url: str) -> None:
    asked: Any = {"model": "m", "messages": RIVERS, "temperature": 0, "max_tokens": 32}
    with openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0, timeout=300) as client:
        whole = client.chat.completions.create(**asked)
        text = whole.choices[0].message.content or ""
        assert "river" in text.lower()
        chunks = client.chat.completions.create(**asked, stream=True)
        assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == text
        assert (
            client.responses.create(
                model="m", input=RIVERS[0]["content"], temperature=0, max_output_tokens=32
            ).output_text
            == text
        )

    async def many() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0, timeout=300) as client:
            return await asyncio.gather(*(client.chat.completions.create(**asked) for _ in range(4)))

    assert [told.choices[0].message.content for told in asyncio.run(many())] == [text] * 4
    with anthropic.Anthropic(base_url=url, api_key="x", max_retries=0, timeout=300) as claude:
        message = claude.messages.create(model="m", max_tokens=32, messages=RIVERS, extra_body={"temperature": 0})
        assert message.content[0].text == text  # type: ignore[union-attr]
        counted = claude.messages.count_tokens(model="m", messages=RIVERS).input_tokens
        assert whole.usage is not None
        assert counted == whole.usage.prompt_tokens
