"""What the local API says when it refuses something. Part of ``messages.ERRORS``."""

from __future__ import annotations

from helix_app.base.message_texts.remote import REMOTE_ERRORS, REMOTE_NOTICES as REMOTE_NOTICES

SERVER_ERRORS: dict[str, str] = {
    **REMOTE_ERRORS,
    # starting it
    "server_extra": "The local API needs packages that are not installed ({missing}). "
    'Install them: `python -m pip install "helix-app[server]"`, or `python -m pip install -e ".[server]"` in the folder of Helix.',
    "server_ray": "`serve --ray` needs Ray Serve, which is not installed ({missing}). "
    'Install it: `python -m pip install "helix-app[cluster]"`; Ray runs on Linux and macOS.',
    "server_key_needed": "{host} can be reached from other computers, so the server needs a key there. "
    "Give one with --api-key or in HELIX_API_KEY, or leave out --host.",
    "server_port_taken": "Another program, perhaps another Helix, listens on {host}, port {port} already. Choose another port, or 0 for any that is free.",
    "server_address": "The server cannot listen on {host}, port {port}: {reason}. Choose another port, or 0 for any that is free.",
    # who may ask
    "api_key_wrong": "The API key is missing or wrong. Send one that the server was started with, as `Authorization: Bearer KEY` or `x-api-key: KEY`.",
    "api_host_missing": "The request does not say which server it is for. Send a Host header, such as `Host: localhost`.",
    "api_host_refused": "The server does not answer to the name {host}. Use localhost or its address, or start it with --allow-host {host}.",
    "api_origin_refused": "Pages of {origin} may not use this server. Start it with --cors-origin {origin} to allow them.",
    "api_rate_limited": "This key has sent its share of {limit:request|requests} a minute. Wait {seconds:second|seconds} and try again.",
    "api_queue_full": "The server is busy, and no more than {waiting:reply|replies} may wait. Try again in {seconds:second|seconds}.",
    "api_interrupted": "The reply was stopped where the model runs, or another model was chosen there. Send the request again.",
    "api_timeout": "The reply did not begin within {seconds:second|seconds}, because others came first. Try again later.",
    "api_cluster_full": "All replicas are busy, and no more replies may wait. Try again in {seconds:second|seconds}.",
    "api_cluster_lost": "The replicas that were to write the reply stopped one after the other. Send the request again in a moment.",
    "api_responses_away": "The process that keeps the responses of all replicas does not answer just now. Send the request again in a moment, or send the whole conversation.",
    "api_metrics_ray": "The figures of replicas go through Ray. Scrape the metrics of its nodes, where their names begin with ray_helix.",
    "api_stopping": "The server is being stopped. Send the request again once it is back.",
    "api_no_model": "No model is loaded just now. Try again in a moment.",
    # what is asked
    "api_body_large": "The request has more than {limit:byte|bytes}. Send less.",
    "api_request_slow": "The request did not come within {seconds:second|seconds}. Send it again, all of it at once.",
    "api_body_invalid": "The request's body cannot be read: {reason}. Send JSON in UTF-8.",
    "api_field_unknown": "The field {field} is not supported here. Leave it out.",
    "api_field_missing": "The field {field} is missing. Add it.",
    "api_field_invalid": "The field {field} cannot be used: {reason}. Correct it and send the request again.",
    "api_model_unknown": "There is no model {model} here. Use {known}.",
    "api_route_unknown": "There is nothing at {path}. See /docs for what there is.",
    "api_route_near": "There is nothing at {path}, but there is {near}. Correct the base URL of the program: OpenAI's clients take it with /v1, Anthropic's without.",
    "api_route_ollama": "There is nothing at {path}: this server has no API of Ollama's. Have the program use an OpenAI-compatible server, with a base URL that ends in /v1.",
    "api_http_invalid": "The request is no HTTP/1.1 that can be read here. Send it to an address that begins with http://, with a Host header and a head of less than 64 kB.",
    "api_method_unknown": "{path} does not take {method}. See /docs for what it takes.",
    "api_embeddings": "{model} writes text and gives no embeddings, so /v1/embeddings cannot be used with it. Use a model made for embeddings, in another program.",
    "api_no_chat_template": "This model has no chat template, so it cannot hold a conversation. Send the text to /v1/completions, or to /generate with raw, which continue it as it stands.",
    "api_prompt_empty": "The prompt is empty. Send a text, or a message of the user that has one.",
    "api_tools": "This model's chat template knows no tools, or calls them in a way that is not known. Leave the field {field} out, or choose a model that calls tools.",
    "api_tool_choice": "This model calls tools in a form that a reply cannot be held to. Let {field} be auto or none.",
    "api_response_unknown": "There is no response {id} here; the server keeps the last {kept} in memory. Send the whole conversation instead.",
}
