"""Reasons: a few words inside a sentence, kept as a code and fields so that a window can say them in its language.

A reason travels in the fields of an error or notice: under its name in English, for logs, files and whoever knows no
more, and, where it has fields of its own, under ``name.code`` and ``name.field``. One without fields needs no code,
for the catalogue of translations has its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from string import Formatter

from helix_app.base.language import english, say
from helix_app.base.message_texts.filling import Told, sentence

REASONS: dict[str, str] = {
    # devices
    "the_card": "The graphics card",
    "own_layer": "own layer (mtp)",
    "device_other_models": "it does not run models of this kind",
    "device_lost": "it stopped working",
    "device_lost_before": "it stopped working; close Helix and start it again to use it",
    "device_not_directml": "this kind of model does not run on DirectML",
    "device_no_memory": "not enough memory on it",
    "device_failed": "it failed",
    "device_failed_loading": "it failed while loading",
    "device_died_loading": "the engine stopped while loading on it",
    "device_silent": "its driver does not answer ({problem})",
    "device_software": "{name} renders in software",
    "directml_missing": "torch-directml is not installed",
    "directml_none": "no DirectX 12 device was found",
    "directml_crashed": "torch-directml crashed when it was asked ({said})",
    "directml_hung": "torch-directml did not answer within {seconds} s",
    "directml_raised": "torch-directml cannot be used ({said})",
    "directml_garbled": "torch-directml gave no readable answer",
    "directml_not_started": "its probe could not be started ({said})",
    "directml_cancelled": "the probe was stopped",
    "cuda_cpu_build": "this PyTorch was built without CUDA and ROCm",
    "cuda_none": "PyTorch finds no {library} device",
    "cuda_silent": "the {library} driver does not answer",
    "hint_choices": "Use one of: {choices}.",
    "hint_devices": "Use one of: {choices}, or an adapter by its number, such as directml:1.",
    "bfloat16_directml": "DirectML computes in float16 and float32 only.",
    # model files: damaged or incomplete
    "file_cut": "it is cut off, with {has}",
    "file_has": "it has {has}",
    "file_has_so_far": "it has {size:byte|bytes} so far",
    "bytes_in_header": "{size:byte|bytes}, which end inside its header",
    "bytes_of": "{size} of {needed:byte|bytes}",
    "file_empty": "it is empty, with 0 bytes",
    "file_not_whole": "{file} is not whole yet",
    "file_not_object": "{file} is not an object",
    "file_no_map": "{file} has no map of its weights",
    "file_unread": "{file} cannot be read ({said})",
    "file_nonsense": "nonsense in {file} ({said})",
    "file_checksum": "its checksum is not that of the model",
    "header_nonsense": "nonsense in its header",
    "header_nonsense_of": "nonsense in its header ({said})",
    "header_no_key": "its header has no {key}",
    "config_no_key": "config.json has no {key}",
    "tensor_missing": "{name} is missing",
    "tensor_unread": "{name} cannot be read",
    "part_by_header": "that one is part {number} of {count} by its header",
    "parts_both": "both hold {name}",
    "parts_together": "all parts together hold {count} of {wanted:tensor|tensors}",
    "tensor_shape": "{name} is {shape} instead of {wanted}",
    "tokens_differ": "{tokenizer} tokens in the tokenizer, {weights} in the weights",
    "expert_shape": "{name} of an expert is {shape} instead of {wanted}",
    # model files: numbers that make no decoder
    "size_is": "{name} is {value}",
    "out_of_range": "{name} out of range",
    "experts_number": "the number of experts",
    "experts_size": "the size of an expert",
    "experts_shared": "the size of the shared expert",
    "experts_used": "the experts of a row",
    "experts_over": "{used} of {count} experts for a row",
    "heads_over": "{heads} heads over {kv} key/value heads",
    "heads_odd": "odd head size {size}",
    "layers_described": "{count} descriptions of {layers} layers",
    "attention_window": "the attention window",
    "attention_scale": "the attention scale",
    "attention_temperature": "the temperature of attention",
    "temperature_steps": "the length of its steps",
    "embedding_scale": "the embedding scale",
    "residual_scale": "the residual scale",
    "logit_scale": "the logit scale",
    "logit_softcap": "the logit softcap",
    "state_no_size": "layers with a state of no size",
    "state_sizes": "sizes of a recurrent layer are {sizes}",
    "state_heads_over": "{values} value heads over {keys} key heads",
    "state_layers": "{count} of {layers} layers recurrent",
    "layer_out_of_range": "sizes of layer {layer} out of range",
    "layer_heads_over": "{heads} heads over {kv} of {size} in layer {layer}",
    "layer_rotary": "the rotary embedding of layer {layer} has another head size",
    "layer_shares": "layer {layer} cannot share keys and values with layer {other}",
    "layer_inputs": "{size} inputs a layer of {tokens} tokens",
    "rotary_size": "{size} turned numbers of heads of {dim}",
    "rotary_divisors": "{count} rotary divisors for a head size of {size}",
    "rotary_factor": "the rotary factor",
    "original_context": "the original context",
    # model files: something else
    "file_text": "it is text",
    "file_zeros": "it begins with zeros, as a download does that has not ended",
    "file_no_gguf": "it does not begin with GGUF",
    "file_archive": "it is an archive, {kind}, which has to be unpacked first",
    "file_named_gguf": "its name ends in .gguf, but it is no GGUF file ({content})",
    "file_no_config": "it is a .safetensors file without the config.json that belongs to it",
    "folder_without": "the folder has no {what}",
    "weights_file": ".safetensors file",
    "format_original": "the original files of Llama or Mistral, consolidated and params.json",
    "base_by_maker": "its maker names it",
    "base_by_page": "its page says which",
    # models: what Helix does not support
    "head_last_state": "EAGLE-3 without the states of earlier layers",
    "head_map": "d2t names tokens that are not there, or twice the same",
    "head_of_layers": "EAGLE-3 of {count:layer|layers}",
    "head_parallel": "EAGLE-3 that drafts in parallel",
    "head_window": "EAGLE-3 with an attention window",
    "feature_head_tensor": "{name} of a draft head",
    "feature_experts": "mixture of experts",
    "feature_expert_scales": "scaled weights of experts",
    "feature_layer_kind": "layers of the kind {kind}",
    "feature_weights": "{kind} weights",
    "feature_gguf_type": "weights of GGUF type {kind}",
    "feature_unpacked": "{role} weights that are not packed",
    "feature_quantised": "{method} quantised safetensors",
    "feature_rope": "{kind} rotary scaling",
    "feature_rope_window": "{kind} rotary scaling in layers with a window",
    "feature_rope_any_window": "rotary scaling in layers with a window",
    "feature_partial_rope": "partial rotary embeddings",
    "feature_value_size": "values of another size than keys",
    "feature_varied": "a number of {key} of its own in each layer",
    "feature_varied_heads": "a number of heads of its own in each layer",
    "feature_varied_kv_heads": "a number of key/value heads of its own in each layer",
    "feature_varied_size": "a feed-forward size of its own in each layer",
    "feature_later_tokens": "attention to later tokens",
    "feature_window": "sliding-window attention",
    "feature_softcap": "a softcap of attention scores",
    "feature_activation": "the activation {name}",
    "feature_tokenizer": "a tokenizer of the kind {kind}",
    "and_last": "{names} and {last}",
    # prompts and options
    "over": "over {n}",
    "hint_tokens": "Use {n:token|tokens} or more.",
    "grammar_empty": "it is empty",
    "grammar_long": "it has over {n:character|characters}",
    # servers
    "remote_closed": "it was closed too early",
    "remote_no_json": "it sends no JSON",
    "remote_no_models": "it has no list of models",
    "remote_no_more": "it says no more",
    "address_elsewhere": "this computer has no such address",
    "port_not_given": "the system keeps this port back; those from 1024 on are free to all programs",
    "address_no_server": "it is not the address of a server",
    "address_key": "a key has a place of its own",
    # where things are set, and who has them
    "set_by_system": "the system's settings",
    "set_by_pip": "pip's configuration",
    "another_helix": "another Helix has it",
    "not_text": "it is not text",
    "not_encoding": "it is not the {encoding} that it begins as",
    "library_no_list": "it is no list of models",
    "too_deep": "it is nested too deeply",
    # files of SQLite: why, and what to do next
    "sqlite_full": "the disk is full",
    "sqlite_readonly": "the file or its folder may only be read",
    "sqlite_locked": "another program uses the file",
    "sqlite_closed": "the file cannot be opened",
    "sqlite_faulty": "the disk does not read or write the file",
    "sqlite_damaged": "the file is damaged",
    "sqlite_said": "SQLite says {said}",
    "sqlite_hint_full": "Make room on that disk.",
    "sqlite_hint_readonly": "Allow yourself to write there.",
    "sqlite_hint_locked": "Close that program, such as a backup or another Helix.",
    "sqlite_hint_closed": "Check that the folder is there and that you may use it.",
    "sqlite_hint_faulty": "Check that disk, or the connection to it.",
    "sqlite_hint_damaged": "Move it to another folder: Helix begins a new one.",
    "sqlite_hint_other": "Close every Helix and start one again: it takes over what can be read.",
    "sqlite_hint_any": "Make room there, or check its permissions.",
    "sqlite_hint_elsewhere": "Do it in that one, or close it.",
    # files of conversations
    "import_nothing": "there is no conversation in it",
    "import_no_json": "it is no JSON ({said})",
    "import_no_version": "it does not say which version it is",
    "import_later": "a later version of Helix wrote it",
    "import_no_chats": "it has no list of conversations",
    "import_no_messages": "it has no list of messages",
    "import_empty_chat": "it has no message of a person or a model",
    "import_twice": "two messages have the id {id}",
    "import_no_parent": "the message before {id} is not there",
    "in_chat": "conversation {number}: {said}",
    "in_line": "line {number}: {said}",
    "line_no_json": "line {number} is no JSON ({said})",
    "in_message": "message {number} {said}",
    "message_no_object": "is no object",
    "message_role": "has the role {role}, and Helix keeps messages of user, assistant and system only",
    "message_no_role": "has no role, and Helix keeps messages of user, assistant and system only",
    "message_no_text": "has no text",
    "message_part": "has a part that is no text, and Helix keeps text only",
    # chat templates
    "hint_template": "The model's chat template refuses this conversation.",
    "template_size": "it has {n:character|characters}",
    "template_slow": "it takes longer than {seconds} seconds",
    "template_long": "it makes a text of more than {millions} million characters",
    "template_number": "it makes a number of more than twenty thousand digits",
    "template_pads": "it pads a text without measure",
    "template_measureless": "it asks for a text or a list without measure",
}


class Reason(str):
    """The words in English, with the code and fields that they were made of."""

    code: str
    fields: tuple[tuple[str, str], ...]

    def __new__(cls, text: str, code: str = "", fields: Mapping[str, str] | None = None) -> Reason:
        made = super().__new__(cls, text)
        made.code, made.fields = code, tuple((fields or {}).items())
        return made

    def __getnewargs__(self) -> tuple[str, str, dict[str, str]]:  # type: ignore[override]
        return str(self), self.code, dict(self.fields)


def reason_of(code: str, **fields: object) -> Reason:
    """A reason of ``REASONS``; a field may be one, too."""
    template = REASONS[code]
    named = {name for _, name, _, _ in Formatter().parse(template) if name}
    told = dict(flat({name: value for name, value in fields.items() if name in named}))
    with english():
        return Reason(sentence(template, told), code if told else "", told)


def flat(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Fields as texts, each reason among them followed by its code and its own fields."""
    for name, value in fields.items():
        yield name, str(value)
        if isinstance(value, Reason) and value.code:
            yield f"{name}.code", value.code
            yield from ((f"{name}.{own}", text) for own, text in value.fields)


def fields_of(**fields: object) -> tuple[tuple[str, str], ...]:
    """The same, as events have them."""
    return tuple(flat(fields))


def reason_in(fields: Mapping[str, str], name: str) -> str:
    """The reason under ``name``, to be handed on in another error or notice."""
    code = fields.get(f"{name}.code", "")
    if not code:
        return fields[name]
    inside = {key.removeprefix(f"{name}."): text for key, text in fields.items() if key.startswith(f"{name}.")}
    del inside["code"]
    return Reason(fields[name], code, inside)


def spelled(fields: Mapping[str, str], text_of: Callable[[str], str | None]) -> dict[str, str]:
    """Fields with their reasons in the language in effect; ``text_of`` gives the template of a code that has one."""
    told = dict(fields)
    for name in fields:
        text = text_of(fields.get(f"{name}.code", "")) if "." not in name else None
        if text is not None:
            own = reason_in(fields, name)
            assert isinstance(own, Reason)
            told[name] = Told(sentence(say(text), spelled(dict(own.fields), text_of)))
    return told
