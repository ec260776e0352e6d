"""Make the n-gram table that ships with a model, from the model's own answers to prompts that it invents.

    python -m helix_app.train.ngram_table [--target ID|PATH] [--tokens N] [--mib N] [--seed N] --out FILE

The model is asked for questions about everyday subjects (the list below), answers them, and what it wrote is learnt.
No prompt of the benchmark is among them.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from helix_app.base.errors import HelixError, InputError
from helix_app.base.messages import error_text
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.hub.resolve import to_load_request
from helix_app.protocol.events import Failed, Finished
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadChoice, LoadRequest, SamplingParams

_SUBJECTS = [
    "cooking",
    "bread",
    "tea and coffee",
    "gardening",
    "trees",
    "birds",
    "insects",
    "fish",
    "dogs",
    "horses",
    "rivers",
    "mountains",
    "deserts",
    "weather",
    "the seasons",
    "the moon",
    "planets",
    "stars",
    "light",
    "sound",
    "electricity",
    "magnets",
    "heat",
    "water",
    "salt",
    "iron",
    "gold",
    "paper",
    "glass",
    "bridges",
    "roads",
    "trains",
    "ships",
    "aeroplanes",
    "bicycles",
    "houses",
    "tools",
    "clocks",
    "maps",
    "calendars",
    "money",
    "trade",
    "farming",
    "health",
    "sleep",
    "exercise",
    "teeth",
    "the heart",
    "the brain",
    "memory",
    "learning",
    "schools",
    "books",
    "poems",
    "songs",
    "theatre",
    "film",
    "painting",
    "photography",
    "dance",
    "chess",
    "football",
    "swimming",
    "running",
    "travel",
    "hotels",
    "languages",
    "grammar",
    "letters",
    "e-mail",
    "meetings",
    "interviews",
    "teamwork",
    "planning",
    "saving",
    "taxes",
    "law",
    "elections",
    "history",
    "kings",
    "castles",
    "pyramids",
    "explorers",
    "inventors",
    "medicine",
    "vaccines",
    "hospitals",
    "computers",
    "programs",
    "sorting",
    "searching",
    "lists",
    "functions",
    "loops",
    "recursion",
    "databases",
    "networks",
    "passwords",
    "files",
    "spreadsheets",
    "statistics",
    "fractions",
    "triangles",
    "equations",
    "probability",
    "geometry",
    "graphs",
    "energy",
    "wind power",
    "batteries",
    "recycling",
    "forests",
    "oceans",
    "islands",
    "cities",
    "villages",
    "families",
    "friendship",
    "courage",
    "patience",
    "dreams",
    "holidays",
    "birthdays",
    "gifts",
    "clothes",
    "shoes",
    "furniture",
]
_ASKS = (
    "Write one question that somebody might ask about {}.",
    "Write one short request to an assistant about {}.",
    "Think of a task about {} that asks for a list, and write only the task.",
    "Think of a task about {} that asks for an explanation, and write only the task.",
    "Think of a small programming task that has to do with {}, and write only the task.",
    "Think of a short story about {} that one could ask for, and write only the request.",
)
_ABOUT = "Make the n-gram table that ships with a model, from the model's own answers to prompts that it invents."
_AT_ONCE = 16
_ASK_TOKENS, _ANSWER_TOKENS = 48, 320


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m helix_app.train.ngram_table", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--target", default="smollm2-135m-instruct", metavar="ID|PATH", help="model that writes")
    parser.add_argument("--tokens", type=int, default=200_000, help="tokens of answers to learn (default: 200,000)")
    parser.add_argument("--mib", type=int, default=4, help="size of the table in MiB (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="of subjects and sampling")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the table; made anew")
    args = parser.parse_args(argv)
    if args.mib < 1 or args.tokens < 1:
        parser.error("--mib and --tokens are at least 1")
    try:
        made = make(args.target, args.out, tokens=args.tokens, size=args.mib * 2**20, seed=args.seed)
    except HelixError as exc:
        sys.stderr.write(error_text(exc.code, exc.fields) + "\n")
        return exc.exit_code
    except OSError as exc:
        sys.stderr.write(f"{args.out} cannot be written: {exc}\n")
        return 1
    sys.stderr.write(f"{args.out}: {made:,} entries\n")
    return 0


def make(target: str, out: Path, *, tokens: int, size: int, seed: int) -> int:
    """Have the model write and learn it; returns the number of entries.

    Raises:
        HelixError: the model cannot be loaded.
        OSError: the table cannot be written.
    """
    engine = Engine()
    cancel = threading.Event()
    request = to_load_request(LoadChoice(target, draft="none"))
    for event in engine.stream(_with_cache(request), cancel):
        if isinstance(event, Failed):
            raise InputError(event.code, detail=event.detail, **dict(event.fields))
    session = engine.session
    assert session is not None
    out.unlink(missing_ok=True)
    table = NgramTable(out, session.tokenizer.size, session.tokenizer.fingerprint, writable=True, size=size)
    rng = random.Random(seed)
    learnt = 0
    with tqdm(total=tokens, unit="tok", unit_scale=True) as bar:
        while learnt < tokens:
            asks = [rng.choice(_ASKS).format(rng.choice(_SUBJECTS)) for _ in range(4 * _AT_ONCE)]
            questions = _answers(engine, asks, rng, _ASK_TOKENS, 1.0)
            prompts = [done.text.strip().strip('"') for _, done in questions]
            for question, done in _answers(
                engine, [p for p in prompts if p], rng, _ANSWER_TOKENS, rng.choice((0.0, 0.7))
            ):
                prompt = prompt_tokens(session, question)
                table.learn((*prompt, *done.token_ids), len(prompt))
                learnt += len(done.token_ids)
                bar.update(len(done.token_ids))
    used = table.used
    engine.close()
    return used


def _with_cache(request: LoadRequest) -> LoadRequest:
    return replace(request, context_length=1024, cache_tokens=_AT_ONCE * 1024)


def _answers(
    engine: Engine, prompts: Iterable[str], rng: random.Random, longest: int, temperature: float
) -> Iterator[tuple[GenerateRequest, Finished]]:
    """Answers of the model, as they are ready."""
    sampling = SamplingParams(temperature=temperature, top_p=0.95)
    requests = {
        str(i): GenerateRequest(
            str(i),
            (ChatMessage("user", prompt),),
            max_tokens=longest,
            sampling=replace(sampling, seed=rng.randrange(2**31) if temperature else None),
        )
        for i, prompt in enumerate(prompts)
    }
    for event in engine.stream_many(requests.values(), threading.Event(), _AT_ONCE):
        if isinstance(event, Finished):
            yield requests[event.request_id], event


if __name__ == "__main__":
    raise SystemExit(main())
