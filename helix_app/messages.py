"""Codes to sentences. The window, the command line and the server all show these.

A message says what happened in words a person uses and ends with what to do next. Placeholders are
filled from the fields of the error or event; a missing field shows as an en dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ERRORS: dict[str, str] = {
    "internal": "Something went wrong inside Helix. Try again; if it repeats, report it with the log file {log}.",
    # input
    "bad_input": "That cannot be used. {hint}",
    "prompt_empty": "The prompt is empty. Type something to send.",
    "prompt_too_long": "The prompt has {tokens} tokens, but this model takes {limit} at most. "
    "Shorten it, start a new conversation or choose a model with a longer context.",
    "option_unavailable": "{option} is not available here. Choose one of: {choices}.",
    "option_invalid": "{option} cannot be {value}. {hint}",
    "no_chat_template": "This model has no chat template, so it cannot hold a conversation. "
    "Choose an instruct or chat model, or use --raw on the command line to continue plain text.",
    "batch_file": "The prompts in {path} cannot be used: {reason}. Give a text file with one prompt a line, or JSON lines.",
    "batch_line": "Line {line} of {path} cannot be used: {reason}. Correct the line and start again.",
    # model files
    "model_not_found": "There is no model at {path}. Check the path, or see `models list` for the models at hand.",
    "model_unknown": "Helix knows no model called {name}. Use one of {known}, or the path of a GGUF file or a model folder.",
    "model_not_downloaded": "{name} is not on this computer yet. Download it first: `python -m helix_app models pull {id}`.",
    "model_corrupt": "The model file {path} is damaged or incomplete. Delete it and download it again.",
    "model_not_a_model": "{path} is not a model. Choose a .gguf file, or a folder with config.json and .safetensors files.",
    "model_unsupported": "Models of the kind {architecture} are not supported yet. Helix runs Llama and Qwen2 models.",
    "model_feature_unsupported": "This model uses {feature}, which Helix does not support yet. Choose another model.",
    "model_weights_mismatch": "The weights in {path} do not fit its own description ({what}). Download the model again.",
    "tokenizer_unreadable": "The tokenizer of {path} cannot be read. Download the model again or choose another one.",
    "draft_vocab_mismatch": "This draft cannot be used with this target: their vocabularies differ, first at token {token} "
    "({draft_token} in the draft, {target_token} in the target). Choose a draft from the same model family.",
    "draft_vocab_size": "This draft cannot be used with this target: it knows {draft_size} tokens, the target {target_size}. "
    "Choose a draft from the same model family.",
    # devices and memory
    "device_unavailable": "The device {device} is not available here ({reason}). Choose auto or cpu.",
    "device_out_of_memory": "There is not enough memory on {device}. Choose a smaller model, a shorter context or the CPU.",
    "out_of_memory": "There is not enough memory for this. Choose a smaller model or a shorter context, or close other programs.",
    "cache_exhausted": "The cache has no free block left ({blocks} blocks). Start a new conversation or choose a larger context.",
    "nan_logits": "The model returned numbers that are not numbers, so the reply stopped. "
    "Load the model with --dtype float32, or download it again.",
    "no_model_loaded": "No model is loaded. Choose a target model first.",
    "load_cancelled": "Loading was stopped. Run the command again to load the model.",
    "engine_died": "The engine stopped unexpectedly. What was written so far is kept; send again to restart it.",
    "engine_busy": "The engine is still working on the last request. Wait for it or press Stop.",
    # benchmarks
    "bench_nothing": "The benchmark ended before its first reply, so there is nothing to report. Start it again when you like.",
    "bench_file": "{path} is no result that this version of Helix can read. Give a file written by `bench --json`.",
    "bench_not_comparable": "{a} and {b} have no prompt in common. Compare two runs over the same kinds or the same prompt file.",
    "bench_output": "{path} cannot be written. Name a file in a folder that exists and that you may write to.",
    # the window
    "window_unavailable": "The window cannot open, because a library is missing ({reason}). "
    "Install PySide6-Essentials and pyqtgraph, or use the command line: `python -m helix_app --help`.",
    "no_display": "The window cannot open, because there is no display ({reason}). "
    "Start Helix on a desktop, or use the command line: `python -m helix_app --help`.",
    # downloads
    "download_failed": "The download of {name} did not complete. Check the connection and try again; it continues where it stopped.",
    "download_no_network": "There is no connection to {host}. Check the network and try again, or copy the model file into {folder} by hand.",
    "download_checksum": "What arrived for {name} is not the expected file (its checksum differs), so it was deleted. Try again.",
    "download_disk_full": "The disk is full: {name} needs {needed} more in {folder}. Free some space and try again.",
    "download_cancelled": "The download of {name} was cancelled. Start it again to continue where it stopped.",
    "download_write": "Helix cannot write to {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
    "verify_cancelled": "Checking {name} was stopped before the end. Start it again when you like.",
    "forget_failed": "What was learnt could not be wiped in {folder}. Check the permissions of that folder and try again.",
    "download_locked": "Another Helix is already downloading {name}. Wait for it to finish or close it, then try again.",
    "download_source": "No source of {name} is reachable from here. Check the network and try again, or copy the model file into {folder} by hand.",
}

NOTICES: dict[str, str] = {
    "fallback_cpu": "{device} could not be used ({reason}), so Helix runs on the CPU.",
    "forced_cpu": "HELIX_FORCE_CPU is set, so Helix runs on the CPU.",
    "context_reduced": "The context was reduced from {wanted} to {given} tokens to fit in memory.",
    "int4_unavailable": "Four-bit weights would not be faster on {device}, so Helix uses the fastest other number format.",
    "weights_rounded": "{tensors} tensors of this model are not stored in four bits and were rounded to them: "
    "the text may differ from that of other number formats.",
    "draft_skipped": "The draft {draft} could not be used, so Helix takes the best draft that needs no download. {reason}",
    "bench_prompt_skipped": "The prompt {prompt} was left out. {reason}",
    "bench_peer_failed": "{peer} cannot run this model here, so it was left out. {reason}",
    "bench_arm_failed": "{arm} failed on the prompt {prompt} and was left out from there on. {reason}",
    "bench_incomplete": "The run ended early: {done} of {planned} replies were measured, and the figures are of those.",
    "bench_drift": "The machine's speed moved by {percent} during the run (a fixed reference reply shows it). "
    "Close other programs and run again before relying on small differences.",
    "engine_restarted": "The engine was restarted.",
    "settings_not_saved": "The settings could not be saved in {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
}

STAGES: dict[str, str] = {
    "start_engine": "Starting the engine",
    "import": "Loading libraries",
    "read_header": "Reading the model file",
    "tokenizer": "Preparing the tokenizer",
    "weights": "Loading weights",
    "draft_weights": "Loading the draft",
    "allocate_cache": "Allocating the cache",
    "warm_up": "Warming up",
    "bench_peer": "Loading",
    "bench_warm_up": "Warming up",
    "bench_compare": "Comparing tokens",
    "bench_done": "Done",
}

K_REASONS: dict[str, str] = {
    "autoregressive": "speculation is off",
    "no_draft": "no draft is loaded",
    "fixed": "fixed by the setting",
    "start": "first rounds of a reply",
    "rising": "acceptance is high, so k grows",
    "falling": "acceptance is low, so k shrinks",
    "steady": "acceptance is steady",
    "below_30": "acceptance fell under 30 %, so k shrinks",
    "paused": "drafts were rarely accepted, so Helix decodes plainly",
    "probe": "a probe: is drafting worth it again?",
    "no_match": "the draft found nothing to propose",
    "limit": "the reply is close to its token limit",
    "measure_plain": "one plain step, to know what plain decoding costs",
    "best_rate": "measured: this k gives most tokens per second",
    "overdrawn": "drafting has cost enough for now, so Helix decodes plainly",
    "costs_more": "measured: drafting here would be slower than plain decoding",
}

FINISH_REASONS: dict[str, str] = {
    "eos": "finished",
    "stop": "stop text",
    "length": "token limit",
    "context_full": "context full",
    "cancelled": "stopped",
}


class _Dashes(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"


def _fill(template: str, fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    return template.format_map(_Dashes(fields))


def error_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The sentence for an error code; an unknown code reads as an internal error."""
    return _fill(ERRORS.get(code, ERRORS["internal"]), fields)


def notice_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The sentence for a notice code."""
    return _fill(NOTICES.get(code, code), fields)


def stage_text(code: str) -> str:
    """What a loading stage is called."""
    return STAGES.get(code, code)


def k_reason_text(code: str) -> str:
    """Why the controller chose its k."""
    return K_REASONS.get(code, code)


def finish_reason_text(code: str) -> str:
    """Why a reply ended."""
    return FINISH_REASONS.get(code, code)


def plural(n: int, one: str, many: str) -> str:
    """A sentence with a count ``{n}``."""
    return (one if n == 1 else many).format(n=n)


def certificate_text(c: Mapping[str, Any]) -> str:
    """What a certificate (``engine.certify.Certificate`` as a mapping) shows, in words."""
    drafted = f"{c['drafted']} tokens were drafted, {c['accepted']} accepted"
    if c["holds"] is None:
        why = "nothing was drafted" if not c["drafted"] else "there was too little to compare"
        return f"Certificate: none, since {why}. Ask for a longer reply or another draft."
    if c["kind"] == "identity":
        if c["holds"]:
            return f"Certificate: identical. All {c['tokens']} tokens are those of plain decoding; {drafted}."
        gap = c["logit_gap"]
        words = f"Certificate: the replies part at token {c['position'] + 1}; "
        if gap is None:
            return words + "one of them ended there."
        return words + f"plain decoding's token leads by {gap:.2g} in the target's logits. A near tie fell differently."
    sample = f"{c['trials']:,} verifications over {c['rounds']} drafted rounds, p = {c['p_value']:.3g}; {drafted}"
    if c["holds"]:
        return f"Certificate: no difference from the target's distribution ({sample})."
    return f"Certificate: refuted. The tokens do not follow the target's distribution ({sample}). Please report it."
