"""What is said of remote engines. Part of ``messages.ERRORS`` and ``messages.NOTICES``."""

from __future__ import annotations

REMOTE_ERRORS: dict[str, str] = {
    "remote_address": "{address} cannot be used as the address of a server: {reason}. Write it as http://host:port.",
    "remote_unreachable": "There is no answer from {host} ({reason}). Check the address, and that the server runs.",
    "remote_key_wrong": "{host} refuses the key. Check the key, or give one if there is none yet.",
    "remote_model_gone": "{host} has no model {model} any more. Choose one of its other models.",
    "remote_choose": "{host} has several models. Name one of them: {models}.",
    "remote_empty": "{host} offers no model just now. Load one there, then try again.",
    "remote_not_api": "What answers at {host} is not an OpenAI-compatible API ({reason}). Check the address, which often ends in /v1.",
    "remote_busy": "{host} is busy and refuses more replies just now ({reason}). Wait a moment and try again.",
    "remote_refused": "{host} refused the request ({reason}). Change what it names, or ask another model.",
    "remote_failed": "{host} failed at the reply ({reason}). Try again; if it repeats, look into the server's own log.",
    "remote_context_full": "The conversation is too long for the server's model ({reason}). Start a new one, or let the oldest turns be left out.",
    "remote_cut": "The connection to {host} ended in the middle of the reply ({reason}). Try again; what was written is kept.",
    "remote_silent": "{host} has sent nothing for {seconds:second|seconds}. Check that the server still runs, and try again.",
    "remote_filtered": "{host} ended the reply by its content filter. Ask in other words, or ask another model.",
    "remote_unsupported": "A remote engine cannot be told this: {what}. Leave it out, or choose a model on this computer.",
    "remote_no_measure": "A remote engine tells neither its blocks nor its rounds, so there is nothing to compare or measure here. "
    "Choose a model on this computer, or run `bench --remote` on the command line.",
    "remote_key_empty": "The environment variable {variable} holds no key. Set it to the server's key, or leave out --key-env.",
    "remote_no_blocks": "A remote engine does not tell its blocks. Choose a model on this computer to watch them.",
    "remote_no_rounds": "A remote engine does not tell its rounds. Choose a model on this computer to look into a reply.",
    "remote_key_unkept": "The key could not be kept in {path}: {reason}. Check the permissions of that folder.",
}

REMOTE_NOTICES: dict[str, str] = {
    "remote_without": "{host} does not take {fields}, so it decides that itself.",
    "remote_left_out": "The conversation is too long for the server's model, so the {n:oldest message was|oldest messages were} not sent.",
}
