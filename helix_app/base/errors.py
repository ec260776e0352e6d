"""Expected failures. Each has a code that messages.py turns into a sentence with a next step."""

from __future__ import annotations

from helix_app.base.message_texts.reasons import flat
from helix_app.protocol.events import Failed


class HelixError(Exception):
    """Base of all expected failures.

    Attributes:
        code: key of ``messages.ERRORS``.
        fields: values for the placeholders of that message; of a ``Reason`` what it was made of, too.
        detail: the technical text behind "Details", such as the library's own words.
        exit_code: what the command line exits with: 2 for wrong usage or input, 1 otherwise.
    """

    code = "internal"
    exit_code = 1

    def __init__(self, code: str | None = None, *, detail: str = "", **fields: object) -> None:
        if code is not None:
            self.code = code
        self.fields = dict(flat(fields))
        self.detail = detail
        super().__init__(f"{self.code}: {self.fields} {detail}".strip())

    def as_event(self, request_id: str = "") -> Failed:
        """This failure as an event."""
        return Failed(self.code, self.detail, tuple(self.fields.items()), request_id)


class InputError(HelixError):
    """What the person gave cannot be used: an empty prompt, a prompt over the context, a bad option."""

    code = "bad_input"
    exit_code = 2


class ModelFileError(HelixError):
    """A model file or folder that cannot be read or is not supported."""

    code = "model_corrupt"
    exit_code = 2


class DraftMismatchError(HelixError):
    """The draft's vocabulary is not the target's."""

    code = "draft_vocab_mismatch"
    exit_code = 2


class DeviceError(HelixError):
    """A device that is missing, lost or out of memory."""

    code = "device_unavailable"


class CacheExhaustedError(HelixError):
    """No block is free and nothing can be evicted."""

    code = "cache_exhausted"


class DownloadError(HelixError):
    """A download that did not arrive whole."""

    code = "download_failed"


class RunFileError(HelixError):
    """A run file that cannot be read or written."""

    code = "run_file"
    exit_code = 2


class NumericsError(HelixError):
    """The model produced NaN or infinite logits."""

    code = "nan_logits"


class HostError(HelixError):
    """The engine's child process ended or does not answer."""

    code = "engine_died"
