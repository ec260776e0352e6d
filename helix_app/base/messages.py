"""Codes to sentences. The window, the command line and the server all show these.

A message says what happened in words a person uses and ends with what to do next. Placeholders are
filled from the fields of the error or event; a missing field shows as an en dash. A count brings its noun:
``{n:token|tokens}`` reads "1 token" or "1,234 tokens".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from helix_app.base.language import say
from helix_app.base.message_texts import filling
from helix_app.base.message_texts.chats import CHAT_ERRORS, CHAT_NOTICES
from helix_app.base.message_texts.comparison import COMPARISON
from helix_app.base.message_texts.files import ATTACHMENTS, HEAD_ERRORS, MODEL_FILES
from helix_app.base.message_texts.fit import FIT_ERRORS, PAIR_ERRORS
from helix_app.base.message_texts.forms import FORM_ERRORS
from helix_app.base.message_texts.library import LIBRARY_ERRORS
from helix_app.base.message_texts.reasons import REASONS, Reason, spelled
from helix_app.base.message_texts.server import REMOTE_NOTICES, SERVER_ERRORS

ERRORS: dict[str, str] = {
    "internal": "Something went wrong inside Helix. Try again; if it repeats, report it with the log file {log}.",
    "internal_unlogged": "Something went wrong inside Helix, and no log file could be written. "
    "Try again; if it repeats, run it with -v and report what that prints.",
    "interrupted": "Stopped. Run the command again when you like.",
    "file_failed": "{path} cannot be used: {reason}. Check that it is there and that you may use it, or choose another one.",
    "home_unknown": "{variable} is {value}, and no such home folder is known here. Set it to the full path of a folder.",
    "home_is_file": "{variable} is {value}, but {file} is a file. Set it to the full path of a folder.",
    "home_missing": "This user has no home folder on this computer. Set HELIX_HOME to the full path of a folder where Helix may keep its files.",
    "home_unusable": "Helix cannot keep its files in {folder}: {reason}. Set HELIX_HOME, or HELIX_MODELS if that is set, to another folder.",
    "output_closed": "The result has nowhere to go, because standard output is closed. Run it again with an output that is open.",
    "output_failed": "The result cannot be written to standard output: {reason}. Make room or name another file, then run it again.",
    # input
    "bad_input": "That cannot be used. {hint}",
    "option_unavailable": "{option} is not available here. Choose one of: {choices}.",
    "option_context": "This model takes a context of {limit:token|tokens} at most, so it cannot be {value}. Use {limit} or fewer, or choose a model with a longer context.",
    "option_invalid": "{option} cannot be {value}. {hint}",
    "no_chat_template": "This model has no chat template, so it cannot hold a conversation. "
    "Choose an instruct or chat model, or use --raw on the command line to continue plain text.",
    "template_refused": "This model's chat template refuses the conversation: {reason}. Start a new conversation, leave out the system prompt, "
    "or use --raw on the command line to continue plain text.",
    "template_failed": "This model's chat template cannot be used ({reason}). Choose another model, or use --raw on the command line to continue plain text.",
    "template_endless": "The chat template comes to no end. Look for a loop in it that goes on and on.",
    "prompt_uncounted": "The tokens of the prompt could not be counted. It can be sent all the same; Details says why they could not.",
    "template_own_failed": "This conversation's chat template cannot be used ({reason}). Correct it under Prompt and sampling, or take the model's own there.",
    "prompt_unreadable": "The prompt cannot be read from {path}: {reason}. Give it as UTF-8 text, or with --prompt.",
    "batch_file": "The prompts in {path} cannot be used: {reason}. Give a text file with one prompt a line, or JSON lines.",
    "batch_line": "Line {line} of {path} cannot be used: {reason}. Correct the line and run it again.",
    # model files
    **MODEL_FILES,
    **ATTACHMENTS,
    **LIBRARY_ERRORS,
    "model_unknown": "Helix knows no model called {name}. Use one of {known}, or the path of a GGUF file or a model folder.",
    "model_not_downloaded": "{name} is not on this computer yet. Download it first: `python -m helix_app models pull {id}`.",
    **PAIR_ERRORS,
    **HEAD_ERRORS,
    "draft_no_layer": "{path} has no layer of its own that drafts (mtp): few models have one, and quantised files often leave it out. "
    "Choose another draft, or a file of this model that has it.",
    # devices and memory
    "device_unavailable": "The device {device} is not available here ({reason}). Choose auto or cpu.",
    "device_out_of_memory": "There is not enough memory on {device}. Choose a smaller model, a shorter context or the CPU.",
    "out_of_memory": "There is not enough memory for this. Choose a smaller model or a shorter context, or close other programs.",
    "cache_exhausted": "The cache has no free block left ({blocks:block|blocks}). Start a new conversation or choose a larger context.",
    "nan_logits": "The model returned numbers that are not numbers, so the reply stopped. "
    "Load the model with --dtype float32, or download it again.",
    "no_model_loaded": "No model is loaded. Choose a target model first.",
    "model_loading": "The model is still being loaded. What you write stays here; send it when the model is ready.",
    "load_cancelled": "Loading was stopped. Run the command again to load the model.",
    "engine_died": "The engine stopped unexpectedly. What was written so far is kept; send again to restart it.",
    "engine_busy": "The engine is still working on the last request. Wait for it or press Stop.",
    # comparisons
    "compare_running": "A comparison is running, and it needs the engine to itself. Wait for it, or stop it on the Compare page, then send again.",
    "compare_reply_running": "A reply is being written in the chat, and a comparison needs the engine to itself. Wait for the reply or stop it, then run again.",
    "compare_engine_busy": "The engine is busy, and a comparison needs it to itself. Wait a moment, then run again.",
    # runs
    "run_file": "{file} is no run that this Helix can read: it is damaged, incomplete or from a newer version. Have it saved again, or open another file.",
    "run_missing": "{file} cannot be read. Check that the file is there and that you may open it.",
    "run_not_saved": "The run could not be saved as {file}. Check the permissions of that folder and how much of the disk is free, or choose another folder.",
    # benchmarks
    "bench_nothing": "The benchmark ended before its first reply, so there is nothing to report. Start it again when you like.",
    "bench_file": "{path} is no result that this version of Helix can read. Give a file written by `bench --json`.",
    "bench_not_comparable": "{a} and {b} have no prompt in common. Compare two runs over the same kinds or the same prompt file.",
    "bench_output": "{path} cannot be written: {reason}. Name a file in a folder that exists, that has room and that you may write to.",
    "bench_program": "A program that this measurement started could not write its reply. {reason} Put that right, then run it again.",
    "bench_running": "A benchmark is running, and it needs the computer to itself. Wait for it, or stop it on the Benchmark page, then try again.",
    "bench_reply_running": "A reply is being written in the chat, and it would spoil the measurement. Wait for the reply or stop it, then run again.",
    "bench_compare_running": "A comparison is running, and it would spoil the measurement. Wait for it or stop it, then run again.",
    "bench_load_running": "A model is being loaded, and that would spoil the measurement. Wait until it is loaded, then run again.",
    "bench_engine_busy": "The engine is busy, and that would spoil the measurement. Wait a moment, then run again.",
    "bench_died": "The benchmark stopped unexpectedly, most often for want of memory. The runs in the list are kept; "
    "choose a smaller model or leave out the other programs, then run again.",
    "store_write": "The list of benchmarks {path} cannot be read or written: {reason}. {hint} Then try again.",
    "store_newer": "The file {path} was written by a later version of Helix. Use that version, or move the file away.",
    "store_gone": "This benchmark is not in the list any more. Run it again.",
    **CHAT_ERRORS,
    **FORM_ERRORS,
    **FIT_ERRORS,
    **SERVER_ERRORS,
    # the window
    "window_unavailable": "The window cannot open, because a library is missing ({reason}). "
    "Install PySide6-Essentials and pyqtgraph, or use the command line: `python -m helix_app --help`.",
    "no_display": "The window cannot open, because there is no display ({reason}). "
    "Start Helix on a desktop, or use the command line: `python -m helix_app --help`.",
    # downloads
    "download_failed": "The download of {name} did not complete. Check the connection and try again; it continues where it stopped.",
    "download_no_network": "There is no connection to {host}. Check the network and try again, or copy the model file into {folder} by hand.",
    "download_proxy": "There is no way to {host} through the proxy {proxy}, which is set by {origin}. Check that setting and whether the proxy answers, or copy the model file into {folder} by hand.",
    "download_checksum": "What arrived for {name} is not the expected file (its checksum differs), so it was deleted. Try again.",
    "download_disk_full": "The disk is full: {name} needs {needed} more in {folder}. Free some space and try again.",
    "download_cancelled": "The download of {name} was cancelled. Start it again to continue where it stopped.",
    "download_write": "Helix cannot write to {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
    "verify_cancelled": "Checking {name} was stopped before the end. Start it again when you like.",
    "forget_failed": "What was learnt could not be wiped in {folder}. Check the permissions of that folder and try again.",
    "forget_measured_failed": "What was measured could not be wiped in {folder}. Check the permissions of that folder and try again.",
    "download_locked": "Another Helix is already downloading {name}. Wait for it to finish or close it, then try again.",
    "download_source": "No source of {name} is reachable from here. Check the network and try again, or copy the model file into {folder} by hand.",
}

NOTICES: dict[str, str] = {
    "attachment_cut": "Of {name}, the first {taken} characters were taken, and {left} were left out. Attach a part of the file "
    "to send other pages.",
    "encoding_guessed": "{path} is not UTF-8, so it was read as {encoding}. Save it as UTF-8 if letters come out wrong.",
    "settings_damaged": "The settings in {file} are damaged ({reason}). What could be read of them is in effect; learning from replies "
    "is off unless that could be read. Look through the settings and save them; the damaged file is kept as {copy}.",
    "settings_refused": "The settings in {file} are damaged: {settings} cannot have the value that stands there. What was wrong "
    "has its default, everything else is in effect. Look through the settings and save them.",
    "settings_unreadable": "The settings in {file} cannot be read ({reason}), so the defaults are in effect, and learning from replies "
    "is off. Check the permissions of that file, then start again.",
    "fallback_cpu": "{device} could not be used ({reason}), so Helix runs on the CPU.",
    "forced_cpu": "HELIX_FORCE_CPU is set, so Helix runs on the CPU.",
    "moved_to_cpu": "{device} cannot go on ({reason}), so Helix goes on with the same reply on the CPU. "
    "Load the model again to use it once more.",
    "draft_dropped": "The draft cannot go on ({reason}), so Helix drafts from the text itself.",
    "context_reduced": "The context was reduced from {wanted} to {given:token|tokens} to fit in memory.",
    "system_folded": "This model's chat template takes no system prompt ({reason}), so Helix put it at the beginning of the first message. "
    "Leave the system prompt empty to send none.",
    "text_begin_left_out": "The text is too long for the context, so its beginning was not sent.",
    "int4_unavailable": "Four-bit weights would not be faster on {device}, so Helix uses the fastest other number format.",
    "packed_device": "On {device} weights are not used packed, as the file is, so Helix uses the fastest other number format.",
    "packed_draft": "A draft that is the model in fewer bits needs weights that are not packed, so Helix uses the fastest other number format.",
    "packed_experts": "Helix has no kernel for some of this model's packed weights, so it unpacks them all, and the model takes far more memory than its file.",
    "packed_mtp": "On {device} a draft that is a layer of the model itself needs weights that are not packed, so Helix unpacks them; that takes more memory.",
    "packed_head": "This draft head keeps keys and values of another size than the model, all of whose layers look back over a window, which packed weights cannot do, so Helix uses the fastest other number format.",
    "packed_format": "This model's weights are not packed, or in a way that Helix has no kernel for, so Helix uses the fastest other number format.",
    "packed_recurrent": "Helix has no kernels for this model's recurrent layers here, so it unpacks the weights, and the model takes more memory than its file.",
    "packed_layers": "On {device} Helix unpacks the weights of models whose layers differ in size, as Gemma 4's do; that takes more memory.",
    "packed_triton": "Triton, which {device} needs to multiply with packed weights, is not installed, so Helix unpacks them into 16 bits, "
    "which takes more memory. On Linux PyTorch's builds for cards bring it.",
    "packed_trial": "{device} failed the trial of its kernels for packed weights, so Helix unpacks them into 16 bits, which takes more memory. "
    "The log file says why; `doctor --forget-measured` tries again.",
    "packed_kernels": "Helix cannot multiply with packed weights on this computer, so it unpacks them, which takes more memory and is slower. "
    "The log file says why.",
    "weights_rounded": "In this model {tensors:tensor is|tensors are} not stored in four bits, and rounded to them: "
    "the text may differ from that of other number formats.",
    "cut_unknown": "Helix does not know this model's way of cutting text into tokens ({name}) and cuts as {family} does, so replies may be "
    "worse than they could be. Choose another model, or look for a newer Helix.",
    "cut_unnamed": "This model's file does not say how text is cut into tokens. Helix cuts as {family} does, so replies may be "
    "worse than they could be. Look for a newer file of this model.",
    "draft_skipped": "The draft {draft} could not be used, so Helix takes the best draft that needs no download. {reason}",
    "bench_prompt_skipped": "The prompt {prompt} was left out. {reason}",
    "bench_peer_failed": "{peer} cannot run this model here, so it was left out. {reason}",
    "bench_peer_format": "In {peer} these weights are {theirs}, in Helix {ours}: their speeds are of two number formats.",
    "bench_arm_failed": "{arm} failed on the prompt {prompt} and was left out from there on. {reason}",
    "bench_incomplete": "The run ended early: {done} of {planned:reply|replies} were measured, and the figures are of those.",
    "bench_drift": "The machine's speed moved by {percent} during the run (a fixed reference reply shows it). "
    "Close other programs and run again before relying on small differences.",
    "bench_exported": "The benchmark was saved as {file}.",
    "bench_stopped": "The benchmark was stopped before its first reply, so there is nothing to show.",
    "engine_restarted": "The engine stopped unexpectedly and was restarted. Helix goes on where it stopped.",
    "engine_restarted_on_cpu": "The engine stopped unexpectedly once more, so Helix goes on with the same reply on the CPU. "
    "Load the model again to use {device} once more.",
    "settings_not_saved": "The settings could not be saved in {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
    **CHAT_NOTICES,
    **REMOTE_NOTICES,
}

STAGES: dict[str, str] = {
    "start_engine": "Starting the engine",
    "import": "Loading libraries",
    "remote": "Asking the server for its models",
    "bring_back": "Bringing back the model from before",
    "read_header": "Reading the model file",
    "devices": "Looking for graphics cards",
    "cpu": "Preparing the CPU",
    "gpu": "Preparing the graphics card",
    "tokenizer": "Preparing the tokenizer",
    "weights": "Loading weights",
    "draft_weights": "Loading the draft",
    "allocate_cache": "Allocating the cache",
    "kernels": "Making machine code for this processor (once)",
    "warm_up": "Warming up",
    "reference": "Checking how steady the machine is",
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
    "forced": "the grammar leaves no other tokens",
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

CONTEXT_FULL: dict[str, str] = {  # by what limits the context: how a reply comes to end there
    "default": "The context is full at {limit:token|tokens}, Helix's default; this model takes up to {model}.",
    "setting": "The context is full at {limit:token|tokens}, which it was set to; this model takes up to {model}.",
    "memory": "The context is full at {limit:token|tokens}, for which there was memory; this model takes up to {model}.",
    "model": "The context is full at {limit:token|tokens}, the most that this model takes.",
    "remote": "The context of the server's model is full.",
}

CONTEXT_STEPS: dict[str, str] = {  # the same: what to do about it on the command line
    "default": "Raise it with --context N, or shorten the prompt.",
    "setting": "Raise it with a larger --context, or shorten the prompt.",
    "memory": "Close other programs and run again, choose a smaller model, or shorten the prompt.",
    "model": "Shorten the prompt, or choose a model with a longer context.",
}

FINDINGS: dict[str, str] = {  # of `doctor`: what is wrong and what to do
    "torch_missing": "PyTorch is not installed. Run `python -m pip install -e .` in Helix's folder.",
    "torch_broken": "PyTorch cannot be used ({reason}). Install it again in this environment.",
    "torch_broken_windows": "PyTorch cannot be used ({reason}). Install Microsoft's Visual C++ Redistributable (x64), then PyTorch again.",
    "torch_hung": "PyTorch does not finish loading. Restart the computer; if that changes nothing, exclude Helix's environment from the virus scanner.",
    "package_missing": "Libraries that Helix needs are missing: {packages}. Run `python -m pip install -e .` in Helix's folder.",
    "forced_cpu": "HELIX_FORCE_CPU is set, so no graphics card is used. Remove that variable to use one.",
    "directml_missing": "{card} is not used, because torch-directml is not installed. Start Helix with `Start Helix.cmd`, which fetches what the card needs, or install the extra `directml` as the README says.",
    "directml_python": "{card} cannot be used with Python {python}, since torch-directml exists for Python 3.10 to 3.12 only. Start Helix with `Start Helix.cmd`, which brings a Python of its own.",
    "directml_crashed": "{reason}. Update the driver of the graphics card; until then Helix runs on another device.",
    "directml_hung": "{reason}. Restart the computer and update the driver of the graphics card; until then Helix runs on another device.",
    "directml_none": "torch-directml is installed, but no DirectX 12 device was found. Install the graphics card's own driver; a remote desktop or a virtual machine may hide the card.",
    "directml_unusable": "{reason}. Install the extra `directml` again as the README says, in an environment of its own.",
    "directml_adapter": "{name} does not answer ({reason}). Update its driver.",
    "directml_software": "DirectML only finds {name}, which is no graphics card. Install the graphics card's own driver; a remote desktop may hide the card.",
    "cpu_torch_nvidia": "There is an NVIDIA card, but this PyTorch ({version}) was built without CUDA. Install the CUDA build of PyTorch as pytorch.org describes.",
    "cpu_torch_amd": "There is an AMD card, but this PyTorch ({version}) was built without ROCm. Install the ROCm build of PyTorch as pytorch.org describes.",
    "cuda_finds_none": "There is an NVIDIA card, but PyTorch finds no CUDA device. Update NVIDIA's driver to one for CUDA {cuda} or newer and look at CUDA_VISIBLE_DEVICES.",
    "rocm_finds_none": "PyTorch was built for ROCm but finds no card. Check that ROCm supports the card and that AMD's driver is loaded, and look at HIP_VISIBLE_DEVICES.",
    "kfd_closed": "AMD's compute device /dev/kfd may not be opened by this user. Add the user to the groups `render` and `video` and log in again.",
    "cuda_driver": "The graphics driver does not answer ({reason}). Update it or restart the computer.",
    "self_test_failed": "{device} fails a small test ({reason}). Update its driver, or choose another device.",
    "self_test_crashed": "{device} ends the program in a small test ({reason}). Update its driver, or choose another device.",
    "self_test_hung": "{device} did not finish a small test. Restart the computer and update the driver, or choose another device.",
    "self_test_wrong": "{device} computes something else than the CPU does ({difference}). Update its driver, or choose another device.",
    "slow_first": "The first pass on {device} takes {first}, later ones {second}: its shaders are compiled once a start. That is no fault; the first reply takes longer.",
    "slow_import": "Loading PyTorch took {seconds} s. The first start after an installation is slow; if it stays so, exclude Helix's environment from the virus scanner.",
    "memory_short": "This computer has {total} of memory, and the default model needs about {needs}. Choose a smaller model or --dtype int4.",
    "memory_low": "Only {free} of memory is free, and the default model needs about {needs}. Close other programs.",
    "disk_low": "Only {free} is free in {folder}. Free some space before you download a model.",
    "folder_read_only": "Helix cannot write to {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
    "folder_unreadable": "Helix may not look into {folder}. Check the permissions of that folder or set HELIX_HOME to another one.",
    "settings_damaged": "The settings cannot be read ({reason}), so Helix takes the defaults. Save the settings in the window to write them anew.",
    "no_model": "No model is on this computer yet. Download one in the window, or with `python -m helix_app models pull smollm2-135m-instruct`.",
}

DEVICE_STATES: dict[str, str] = {  # of `doctor`: why auto takes a device or not
    "taken": "auto takes this one",
    "behind": "not taken by auto: {other} comes first",
    "forced": "not taken: HELIX_FORCE_CPU is set",
    "software": "never taken by auto: it is no graphics card",
    "problem": "not taken: {reason}",
}


def _fill(template: str, fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    return filling.sentence(say(template), spelled(dict(fields), _text_of))


def _text_of(code: str) -> str | None:
    return REASONS.get(code) or ERRORS.get(code)


def fill(template: str, **fields: object) -> str:
    """A text with its fields; ``{n:token|tokens}`` is a count with its noun, in the singular for 1 alone."""
    return filling.counted(template, fields)


def error_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The sentence for an error code; an unknown code reads as an internal error.

    An internal error without its log file names that of this process: there is always one to be reported with.
    """
    told = dict(fields)
    if code == "internal" or code not in ERRORS:
        from helix_app.base.process.logs import log_file  # here, for the command line's door opens before such imports

        told["log"] = told.get("log") or str(log_file())
    return _fill(ERRORS.get(code, ERRORS["internal"]), told)


def error_reason(code: str, fields: Mapping[str, str]) -> Reason:
    """A whole error as the reason in another sentence."""
    return Reason(error_text(code, fields), code, fields)


def reason_text(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    """The reason alone, of the fields of an error or notice; empty where they have none."""
    told = spelled(dict(fields), _text_of).get("reason", "")
    return told if isinstance(told, filling.Told) else say(told)


def notice_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The sentence for a notice code."""
    return _fill(NOTICES.get(code, code), fields)


def stage_text(code: str) -> str:
    """What a loading stage is called."""
    return say(STAGES.get(code, code))


def k_reason_text(code: str) -> str:
    """Why the controller chose its k."""
    return say(K_REASONS.get(code, code))


def finish_reason_text(code: str) -> str:
    """Why a reply ended."""
    return say(FINISH_REASONS.get(code, code))


def context_full_text(limit: str, context: int, model: int) -> str:
    """Why a reply ended with a full context; the arguments are those of ``loading.ModelReady``."""
    fields = {"limit": f"{context:,}", "model": f"{model:,}"}
    return _fill(CONTEXT_FULL.get(limit, CONTEXT_FULL["model"]), fields)


def finding_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """The sentence for a finding of ``doctor``."""
    return _fill(FINDINGS.get(code, code), fields)


def device_state_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """Why ``auto`` takes a device or not."""
    return _fill(DEVICE_STATES.get(code, code), fields)


def comparison_text(code: str, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> str:
    """A sentence of the compare page."""
    return _fill(COMPARISON.get(code, code), fields)


def measured_forgotten(count: int) -> str:
    """What ``doctor --forget-measured`` did."""
    if not count:
        return "Nothing was kept of what was measured of this computer."
    return (
        plural(count, "One measurement was wiped; ", "{n} measurements were wiped; ") + "the next load measures again."
    )


def plural(n: int, one: str, many: str) -> str:
    """A sentence with a count ``{n}``, as a whole in the singular for 1."""
    return (one if n == 1 else many).format(n=f"{n:,}")
