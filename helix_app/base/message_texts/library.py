"""What is said of downloads that the hub refuses, of searches in it, and of the library. Part of ``messages.ERRORS``."""

from __future__ import annotations

LIBRARY_ERRORS: dict[str, str] = {
    # downloads
    "download_offline": "{name} was not downloaded, because Offline is chosen on the page Models. Switch that off, or copy the model file into {folder} by hand.",
    "download_offline_variable": "{name} was not downloaded, because {variable} is set. Unset it, or copy the model file into {folder} by hand.",
    "download_login": "{host} gives {name} only to those who are logged in, or no longer has it. Make an access token there and keep it on the page Models or in HF_TOKEN, then try again.",
    "download_gated": "{host} does not give {name} to you. Accept its terms on the page of {repo} there, keep an access token on the page Models or in HF_TOKEN, then try again.",
    "download_missing": "{name} is no longer at {host}. Search for it on the page Models, or choose another model.",
    "download_busy": "{host} gets too many requests from here just now. Wait a few minutes and try again; it continues where it stopped.",
    "download_server": "{host} has a fault of its own just now. Try again later; it continues where it stopped.",
    # searches
    "hub_offline": "Offline is chosen on the page Models. Switch that off to search for models.",
    "hub_offline_variable": "{variable} keeps Helix off the network. Unset it to search for models.",
    "hub_no_network": "There is no connection to {host}. Check the network and try again, or open a model file of your own.",
    "hub_proxy": "There is no way to {host} through the proxy {proxy}, which is set by {origin}. Check that setting and whether the proxy answers.",
    "hub_login": "{host} shows {what} only to those who may see it, or does not know it. Keep an access token on the page Models or in HF_TOKEN, then try again.",
    "hub_missing": "{host} knows no {what}. Check how it is written, or search for it.",
    "hub_busy": "{host} gets too many requests from here just now. Wait a few minutes and try again.",
    "hub_server": "{host} has a fault of its own just now. Try again later.",
    "hub_refused": "{host} does not answer as a hub of models does. Check HF_ENDPOINT, or try again later.",
    "hub_no_file": "{repo} has no GGUF file {file}. Choose one of: {known}.",
    "hub_no_files": "{repo} has no GGUF files, and Helix downloads no others. Look for a repository of the same model with GGUF in its name.",
    # the access token
    "token_no_keyring": 'No keyring of this system can be used to keep the token. If the package keyring is missing, install it with `python -m pip install "helix-app[keyring]"`; or set HF_TOKEN.',
    "token_not_kept": "The system's keyring does not take the token: {reason}. Unlock it and try again, or set HF_TOKEN.",
    # the library
    # `models` on the command line
    "models_unknown": "Helix knows no model called {name}. Use one of {known}; `models search` finds others on the hub.",
    "models_pull_file": "There is no model at {name}. For a file of the hub, add which one, as in {name}:QUANTISATION; `models search {name}` lists them.",
    "models_path_own": "{path} is a path already. `models path` takes an id of `models list`.",
    "models_verify_own": "{path} is no model of `models list`, so there is no checksum to compare it with. `models add` says whether it can run.",
    "models_pull_own": "{path} is on this computer already. Load it by its path, or take it into the library with `models add`.",
    "library_damaged": "The library {file} is damaged ({reason}), so models of your own are missing in it. Put the file right, or take them in again on the page Models or with `models add`: it is kept as {kept} then.",
    "library_replaced": "The library {file} was damaged ({reason}), so models of your own are missing in it. Take them in again on the page Models or with `models add`; what was damaged is kept as {kept}.",
    "library_unread": "The library {file} cannot be read ({reason}), so models of your own are missing in it. Check that you may read it.",
    "library_not_written": "The library cannot be changed, because {file} cannot be written: {reason}. Check that you may write there.",
    "library_no_models": "There is no model in {path}. Choose a GGUF file, or a folder with one or with config.json and .safetensors files.",
    "library_foreign": "{name} belongs to {program}, so Helix does not delete it. Delete it there.",
    "library_absent": "{name} is not in the library. Run `python -m helix_app models list --library` to see what is.",
    "library_shipped": "{name} comes with Helix and cannot be deleted by itself.",
    "library_not_deleted": "{path} cannot be deleted: {reason}. Close other programs that use it and try again.",
}
