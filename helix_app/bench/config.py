"""What a benchmark run is asked to do, and what it says while it runs."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from helix_app.base.errors import InputError
from helix_app.base.language import mark
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.settings import LEAST_CONTEXT, Settings
from helix_app.bench import workloads
from helix_app.bench.workloads import KINDS, SCHEMA, Prompt

PEERS = ("transformers", "transformers-assisted")  # libraries
LLAMACPP = "llamacpp"  # a program, wherever the person has it
BASELINE, HELIX = "autoregressive", "speculative"
ARM_LABELS = {
    BASELINE: mark("Plain"),
    HELIX: "Helix",
    "transformers": "transformers",
    "transformers-assisted": "transformers, assisted",
    LLAMACPP: "llama.cpp",
}


@dataclass(frozen=True)
class BenchConfig:
    """One benchmark run.

    Attributes:
        target, draft, device, dtype: as in ``requests.LoadChoice``.
        k: policy of the speculative arm, as in ``requests.GenerateRequest``.
        kinds: kinds of built-in prompts; with a prompt file, a filter on its kinds (empty keeps all).
        prompts_per_kind: how many built-in prompts a kind; prompt files are used whole.
        prompts_file: path of prompts to use instead of the built-in ones; empty for none.
        prompts: the prompts themselves, for callers that have them; wins over the above.
        context: tokens of prompt and reply together; None for the model's own, as in ``requests.LoadRequest``.
        context_required: as there; without it the nearest that the model takes is the context of the run.
        max_tokens: longest reply in tokens. Replies end earlier where the model ends them.
        repeats: measured rounds over all prompts.
        temperature: 0 is greedy; otherwise the other filters keep the defaults of ``SamplingParams``.
        seed: of the order, of sampling and of the resampling in the statistics.
        peers: other arms on the same weights, of ``PEERS``, or ``LLAMACPP``.
        peer_path: of the program ``llama-server``, or the address of one that runs.
        warmups: replies of every arm that are thrown away before the first measured one.
    """

    target: str = Settings().target
    draft: str = "auto"
    k: str = "auto"
    device: str = "auto"
    dtype: str = "auto"
    kinds: tuple[str, ...] = ()
    prompts_per_kind: int = 3
    prompts_file: str = ""
    prompts: tuple[Prompt, ...] = ()
    context: int | None = None
    max_tokens: int = 128
    repeats: int = 3
    temperature: float = 0.0
    seed: int = 0
    peers: tuple[str, ...] = ()
    peer_path: str = ""
    warmups: int = 1
    context_required: bool = True

    def check(self) -> None:
        """Raise InputError for what cannot be run; done before a model is loaded."""
        for name, value, least in (
            ("max-tokens", self.max_tokens, 2),
            ("repeats", self.repeats, 1),
            ("per-kind", self.prompts_per_kind, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise InputError("option_invalid", option=name, value=value, hint=f"Use {least} or more.")
        if self.context is not None and self.context_required and self.context < LEAST_CONTEXT:
            hint: str = reason_of("hint_tokens", n=LEAST_CONTEXT)
            raise InputError("option_invalid", option="context", value=self.context, hint=hint)
        for peer in self.peers:
            if peer not in (*PEERS, LLAMACPP):
                hint = f"Use one of: {', '.join((*PEERS, LLAMACPP))}."
                raise InputError("option_invalid", option="peer", value=peer, hint=hint)
        if (LLAMACPP in self.peers) != bool(self.peer_path):
            hint = "--peer llamacpp and --peer-path go together: the path of llama-server, or the address of one."
            raise InputError("option_invalid", option="peer-path", value=self.peer_path or "nothing", hint=hint)
        if not self.prompts_file and not self.prompts:
            for kind in self.kinds:
                if kind not in (*KINDS, SCHEMA):
                    hint = f"Use any of: {', '.join(KINDS)}; bench drafts also has {SCHEMA}."
                    raise InputError("option_invalid", option="kinds", value=kind, hint=hint)

    def chosen_prompts(self, kinds: Sequence[str] = ()) -> tuple[Prompt, ...]:
        """The prompts themselves, those of the file, or the built-in ones of the kinds asked for, else of ``kinds``.

        Raises:
            InputError: a file that cannot be used.
        """
        if self.prompts:
            return self.prompts
        if self.prompts_file:
            return workloads.from_file(self.prompts_file, self.kinds)
        return workloads.built_in(self.kinds or kinds, self.prompts_per_kind)

    def settings(self) -> dict[str, Any]:
        """What is kept of it with a result."""
        return {name: value for name, value in asdict(self).items() if name not in ("prompts", "context_required")}

    def argv(self) -> tuple[str, ...]:
        """The arguments of a command that runs this again, every option spelled out."""
        options = {
            "target": self.target,
            "draft": self.draft,
            "k": self.k,
            "device": self.device,
            "dtype": self.dtype,
            "kinds": ",".join(self.kinds),
            "prompts": self.prompts_file,
            "per-kind": "" if self.prompts_file else self.prompts_per_kind,
            "context": "" if self.context is None else self.context,
            "max-tokens": self.max_tokens,
            "repeats": self.repeats,
            "temperature": self.temperature,
            "seed": self.seed,
            "peer-path": self.peer_path,
        }
        parts = [part for name, value in options.items() if value != "" for part in (f"--{name}", str(value))]
        return ("bench", *parts, *(part for peer in self.peers for part in ("--peer", peer)))

    def command(self, what: str = "") -> str:
        """That command as a line for a shell; ``what`` is a sub-benchmark."""
        name, *options = self.argv()
        words = ("python", "-m", "helix_app", name, *((what,) if what else ()), *options)
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


@dataclass(frozen=True)
class BenchProgress:
    """Where a run stands.

    Attributes:
        stage: ``load`` (a loading stage of messages.py is in ``detail``), ``peer``, ``warm_up``, ``measure``,
            ``compare`` (tokens of the arms) or ``done``.
        done, total: measured replies.
        arm, kind, prompt_id: what was just measured, empty otherwise.
        seconds_left: None while unknown.
        decode_tokens_per_second: of the reply just measured.
    """

    stage: Literal["load", "peer", "warm_up", "measure", "compare", "done"]
    done: int = 0
    total: int = 0
    arm: str = ""
    kind: str = ""
    prompt_id: str = ""
    detail: str = ""
    seconds_left: float | None = None
    decode_tokens_per_second: float | None = None


ProgressCallback = Callable[[BenchProgress], None]


def is_address(path: str) -> bool:
    """Whether it is that of a server, and no path of a program."""
    return path.startswith(("http://", "https://"))
