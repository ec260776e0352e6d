"""What is said of draft heads (EAGLE-3): a part of ``messages.ERRORS``."""

from __future__ import annotations

HEAD_ERRORS: dict[str, str] = {
    "model_draft_head": "{path} is a draft head: it writes nothing by itself, but drafts for the model that it was made for. "
    "Open that model, and choose this folder as its draft.",
    "head_kind": "{path} is a draft head of a kind that Helix does not run ({kind}); it runs EAGLE-3 heads of one layer. "
    "Choose another draft.",
    "head_hidden_size": "{path} was made for another model than {target}: it takes hidden states of {head_size} numbers, and those of "
    "{target} have {target_size}. Choose the head that was made for this model, or another draft.",
    "head_vocabulary": "{path} was made for another model than {target}: it knows {head_size:token|tokens}, and {target} has "
    "{target_size}. Choose the head that was made for this model, or another draft.",
    "head_layers": "{path} was made for another model than {target}: it takes hidden states of layer {needed}, and {target} has "
    "{layers:layer|layers}. Choose the head that was made for this model, or another draft.",
    "head_embeddings": "{path} lacks embeddings of its own, and those of {target} are of another size. Choose the head that was made for "
    "this model, or another draft.",
    "head_recurrent": "{path} cannot draft for {target}: its keys and values are of another size, which does not go together with "
    "recurrent layers all of whose neighbours look back over a window. Choose another draft.",
}
