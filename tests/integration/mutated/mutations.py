"""Files of models with something wrong in them, made from a number; run as a program it reads one after the other.

    python -m tests.integration.mutated.mutations FOLDER FIRST COUNT

FOLDER holds sound ones: ``model.gguf``, ``model/`` with safetensors and its tokenizer. A line of JSON a file goes to
standard output: its number, its kind, what it was refused with, seconds, and the most that Python held meanwhile.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helix_app.base.errors import HelixError
from helix_app.base.process import paths
from helix_app.engine.text import template_limits
from helix_app.engine.text.template import render, variables
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.hub.catalog import load_catalog
from helix_app.modelfiles.model_path import inspect

KINDS = ("gguf", "safetensors", "config", "gguf tokenizer", "folder tokenizer", "template", "catalogue")
HANG_SECONDS = 10
_TEMPLATES = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}",
    "{% set n = namespace(s='ab') %}{% for i in range(9) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s * 9 }}",
    "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ n | string | center(9) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{{ messages | tojson(indent=2) }}{{ '%05d' % 7 }}{{ 'a,b'.split(',') | join('-') }}{{ 2 ** 9 }}",
)
_CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
_NUMBERS = ("0", "-1", "1", "255", "65536", "2147483647", "4294967296", "999999999999999999", "1e308", "null", '"x"')


def bytes_changed(data: bytes, rng: random.Random) -> bytes:
    """Some bytes flipped, replaced, left out or put in; or the end cut off."""
    changed = bytearray(data or b"?")
    for _ in range(rng.choice((1, 1, 2, 8))):
        at, what = rng.randrange(len(changed) or 1), rng.randrange(6)
        if not changed:
            break
        if what < 2:
            changed[at] = rng.choice((changed[at] ^ (1 << rng.randrange(8)), 0, 255, rng.randrange(256)))
        elif what == 2:
            changed[at : at + 8] = rng.choice((2**63, 2**40, 2**31, len(data), 0)).to_bytes(8, "little")
        elif what == 3:
            del changed[at : at + rng.randrange(1, 64)]
        elif what == 4:
            changed[at:at] = changed[at : at + rng.randrange(1, 64)]
        else:
            del changed[max(1, at) :]
    return bytes(changed)


def text_changed(text: str, rng: random.Random) -> str:
    """The same for a text: numbers replaced, parts moved, brackets without end."""
    what = rng.randrange(5)
    numbers = list(re.finditer(r"\b\d+\b", text))
    if what < 2 and numbers:
        number = rng.choice(numbers)
        return text[: number.start()] + rng.choice(_NUMBERS) + text[number.end() :]
    if what == 2:
        at = rng.randrange(len(text) + 1)
        return text[:at] + rng.choice(("[", "{", "(", "{{", '"', "{%", "'")) * rng.choice((1, 9, 50_000)) + text[at:]
    if what == 3:
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        return text[:a] + text[b:] if rng.random() < 0.5 else text[:b] + text[a:b] + text[b:]
    return bytes_changed(text.encode(), rng).decode("utf-8", "replace")


def made(kind: str, sound: Path, place: Path, rng: random.Random) -> tuple[int, Callable[[], object]]:
    """A file with something wrong, its bytes, and what reads it."""
    if kind.startswith("gguf"):
        data = (sound / "model.gguf").read_bytes()
        head = 1500 if rng.random() < 0.5 else len(data) // 2
        path = place / "m.gguf"
        path.write_bytes(bytes_changed(data[:head], rng) + data[head:])
        read = (lambda: inspect(path)) if kind == "gguf" else (lambda: load_tokenizer(inspect(path)))
        return path.stat().st_size, read
    if kind == "template":
        template = rng.choice(_TEMPLATES)
        for _ in range(rng.randrange(1, 4)):
            template = text_changed(template, rng)
        return len(template), lambda: _rendered(template)
    if kind == "catalogue":
        path = place / "catalog.toml"
        path.write_text(text_changed(paths.resource("catalog.toml").read_text("utf-8"), rng), "utf-8", "replace")
        load_catalog.cache_clear()
        return path.stat().st_size, lambda: load_catalog(path)
    folder = Path(shutil.copytree(sound / "model", place / "model"))
    if kind == "safetensors":
        file = folder / "model.safetensors"
        data = file.read_bytes()
        head = 8 + int.from_bytes(data[:8], "little")
        begin = b"".join((data[:8], text_changed(data[8:head].decode(), rng).encode()))
        file.write_bytes((begin if rng.random() < 0.5 else bytes_changed(data[:head], rng)) + data[head:])
        return file.stat().st_size, lambda: inspect(folder)
    file = folder / ("config.json" if kind == "config" else rng.choice(("tokenizer.json", "tokenizer_config.json")))
    file.write_text(text_changed(file.read_text("utf-8"), rng), "utf-8", "replace")
    size = sum(f.stat().st_size for f in folder.iterdir())
    return size, (lambda: inspect(folder)) if kind == "config" else (lambda: load_tokenizer(inspect(folder)))


def _rendered(template: str) -> None:
    """As a tokenizer does it, which takes whatever a template raises for its refusal."""
    for look in (variables, lambda text: render(text, _CHAT, {"bos_token": "<s>", "eos_token": "</s>"})):
        try:
            look(template)
        except Exception:
            continue


def main(sound: Path, first: int, count: int) -> None:
    template_limits.SECONDS = 2.0
    inspect(sound / "model")  # what is imported once is of no file
    load_tokenizer(inspect(sound / "model"))
    spoilt = Path(shutil.copytree(sound / "model", sound / "spoilt"))
    (spoilt / "tokenizer_config.json").write_text("[1, 2", "utf-8")
    with suppress(HelixError):
        load_tokenizer(inspect(spoilt))
    load_tokenizer(inspect(sound / "model.gguf"))
    load_catalog()
    _rendered(_TEMPLATES[0])
    tracemalloc.start()
    for number in range(first, first + count):
        rng = random.Random(number)
        kind = KINDS[number % len(KINDS)]
        place = sound / f"case-{number}"
        place.mkdir()
        size, read = made(kind, sound, place, rng)
        tracemalloc.reset_peak()
        # of the processor: others may have it meanwhile; what waits for ever runs into the limit of all together
        held, begin, code = tracemalloc.get_traced_memory()[0], time.process_time(), ""
        try:
            read()
        except HelixError as exc:
            code = exc.code
        except BaseException as exc:
            code = f"raised {exc!r}"[:300]
        told = {"number": number, "kind": kind, "code": code, "size": size}
        told |= {"seconds": time.process_time() - begin, "peak": tracemalloc.get_traced_memory()[1] - held}
        print(json.dumps(told), flush=True)
        shutil.rmtree(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
