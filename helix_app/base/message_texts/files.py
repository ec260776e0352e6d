"""What is said of model files: one sentence for each kind of file that Helix cannot run, and what to do instead.

Parts of ``messages.ERRORS``, as are those of attached files and of draft heads. Only a file that is known to be damaged
is called so.
"""

from __future__ import annotations

ATTACHMENTS: dict[str, str] = {
    "attachment_unreadable": "{path} cannot be read ({reason}). Check that the file is there and that you may open it.",
    "attachment_folder": "{path} is a folder. Attach the files in it.",
    "attachment_large": "{path} has {size}, and files of {most} at most can be attached. Attach a part of it.",
    "attachment_binary": "{path} holds no text that a model could read. Text, code, Markdown and PDF files can be attached.",
    "attachment_empty": "{path} is empty. Choose another file.",
    "attachment_scanned": "{path} has pages but no text: they are pictures. Run it through text recognition (OCR) first.",
    "attachment_locked": "{path} is locked with a password. Save a copy without one, then attach that.",
    "attachment_damaged": "{path} cannot be read as a PDF ({reason}). Open it in another program and save it again.",
}

MODEL_FILES: dict[str, str] = {
    "model_not_found": "There is no model at {path}. Check the path, or choose another model.",
    "model_unreadable": "{path} cannot be read ({reason}). Check that the file is there and that you may open it.",
    "model_corrupt": "The model file {path} is damaged or incomplete: {reason}. Download it again.",
    "model_not_a_model": "{path} is not a model: {what}. Choose another file, or a folder with config.json and .safetensors files.",
    "model_choose_one": "{path} is not a model but a folder of several. Choose one of its files: {names}.",
    "model_open_folder": "{path} is one file of a model folder. Open the whole folder instead: {folder}.",
    # whole files that are not here yet
    "model_part_missing": "{path} is part of a model in {count} files, and {missing} is not there (looked in {folder}). "
    "Put all parts into that folder, then choose the model again.",
    "model_part_name": "{path} is part {number} of {count} of a model, but its name does not say so. "
    "Give all parts back the names they were published with, such as {example}.",
    "model_part_foreign": "{path} and {other} are not parts of the same model ({reason}). Put the parts of each model into a folder of its own.",
    "model_part_raw": "{path} is a piece of a model file that was cut up to be uploaded. Join all pieces in their order into one .gguf file, then choose that.",
    "model_unfinished": "{path} is a download that has not ended ({reason}). Let it end, or start it again where it was begun.",
    "model_pointer": "{path} is a Git LFS pointer: a note of {size} bytes that stands for the file itself. Fetch the file with `git lfs pull`, or download it from the model's page.",
    "model_page": "{path} is a web page that was saved in place of the model. Open the model's page and download the file itself; a gated model needs a login first.",
    # whole files of another kind
    "model_adapter": "{path} is an adapter (such as a LoRA), which changes another model and cannot write by itself. Choose the model it was made for ({base}), or one it was merged into.",
    "model_control_vector": "{path} is a control vector, which steers another model and cannot write by itself. Choose the model it was made for.",
    "model_projector": "{path} is a projector (mmproj): the part of a multimodal model that reads pictures or sound. Choose the language model's own file beside it.",
    "model_imatrix": "{path} is an importance matrix (imatrix), a help for quantising a model. Choose the model itself.",
    "model_vocabulary": "{path} holds a vocabulary and no weights. Choose the model's own file.",
    "model_no_weights": "{path} describes a model but holds no weights. Choose the file or folder with the weights.",
    "model_encoder": "{path} is a model of the kind {architecture} that turns text into numbers (embedding or ranking) and cannot write. Choose a chat model or a text model.",
    "model_pictures": "{path} makes pictures or sound ({architecture}) and does not write text. Choose a chat model or a text model.",
    # whole files in another format
    "model_byte_order": "{path} is in the byte order of another kind of computer (big-endian). Choose the little-endian file of this model, or turn this one with `gguf-convert-endian {path} little`.",
    "model_old_format": "{path} is in an old format ({format}), from before today's GGUF. Choose a newer GGUF file of this model.",
    "model_new_format": "{path} is in version {version} of GGUF, and this Helix reads versions 2 and 3. Look for a newer Helix, or choose another file of this model.",
    "model_pickle": "{path} holds its weights in PyTorch's pickle format, which may run any program when it is opened, so Helix does not open it. Choose this model in safetensors or GGUF.",
    "model_other_format": "{path} is in a format that Helix does not read ({format}). Choose this model in safetensors or GGUF.",
    # models that Helix does not run
    "model_unsupported": "Models of the kind {architecture} are not supported yet. Helix runs {supported} models.",
    "model_feature_unsupported": "This model uses {feature}, which Helix does not support yet. Choose another model.",
    "model_description": "{path} does not describe itself fully: {what}. Choose another file of this model.",
    "model_weights_mismatch": "The weights in {path} do not fit its own description ({what}). Choose another file of this model, or download it again.",
    "tokenizer_missing": "There is no tokenizer in {path}. Copy the model's tokenizer.json into it, or download the whole model again.",
    "tokenizer_unreadable": "The tokenizer of {path} cannot be read. Download the model again or choose another one.",
}

HEAD_ERRORS: dict[str, str] = {  # of draft heads (EAGLE-3)
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
