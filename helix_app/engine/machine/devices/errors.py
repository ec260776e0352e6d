"""What a library's error says about the device: memory ran out, or the device itself is gone."""

from __future__ import annotations

import errno

import torch

_OUT_OF_MEMORY = (
    "out of memory",  # CUDA, HIP
    "cublas_status_alloc_failed",
    "hipblas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "not enough gpu video memory",  # DirectML
    "could not allocate",
    "e_outofmemory",
    "0x8007000e",  # E_OUTOFMEMORY
    "not enough memory resources are available",  # its text in Windows
    "not enough storage is available",  # its text before Windows 10
    "can't allocate memory",  # DefaultCPUAllocator on Linux
    "not enough memory",  # DefaultCPUAllocator on Windows
    "could not create a memory object",  # oneDNN
    "bad_alloc",
    "bad allocation",  # its text in Windows
    "error code: <1455>",  # PyTorch there, when it maps a file: all of it counts as memory, as it may be written to
)
_LOST = (
    "gpu device instance has been suspended",  # the text of DXGI_ERROR_DEVICE_REMOVED in Windows
    "gpu will not respond to more commands",  # of DXGI_ERROR_DEVICE_HUNG and DXGI_ERROR_DEVICE_RESET
    "device removed",
    "device was removed",
    "device has been removed",
    "dxgi_error_device_removed",
    "dxgi_error_device_hung",
    "dxgi_error_device_reset",
    "dxgi_error_driver_internal_error",
    "887a0005",
    "887a0006",
    "887a0007",
    "887a0020",
    "unspecified launch failure",
    "an illegal memory access",
    "device-side assert",
    "cuda error:",
    "cuda driver error:",
    "hip error:",
    "cublas_status_",
    "hipblas_status_",
    "cudnn_status_",
)
_OUT_OF_MEMORY_TYPES: tuple[type[BaseException], ...] = tuple(
    kind
    for kind in (MemoryError, getattr(torch, "OutOfMemoryError", None), getattr(torch.cuda, "OutOfMemoryError", None))
    if kind is not None
)
_PAGING_FILE_TOO_SMALL = 1455  # Windows, when a file is mapped or memory is committed


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether a library's error means that memory ran out, in each backend's wording."""
    if isinstance(exc, _OUT_OF_MEMORY_TYPES):
        return True
    if isinstance(exc, OSError):
        return exc.errno == errno.ENOMEM or getattr(exc, "winerror", None) == _PAGING_FILE_TOO_SMALL
    return isinstance(exc, RuntimeError) and _says(str(exc), _OUT_OF_MEMORY)


def told_out_of_memory(kind: str, said: str) -> bool:
    """The same of an error in another process: the name of its type, and its words."""
    runtime = kind in ("RuntimeError", "AcceleratorError")
    return kind.endswith("MemoryError") or (runtime and _says(said, _OUT_OF_MEMORY))


def is_device_lost(exc: BaseException) -> bool:
    """Whether a library's error means that the device does not work any more in this process.

    A device that only ran out of memory is not lost. After a lost device nothing of it can be read again:
    what was on it has to be computed anew elsewhere.
    """
    if not isinstance(exc, RuntimeError) or is_out_of_memory(exc):
        return False
    accelerator_error = getattr(torch, "AcceleratorError", None)  # newer than 2.4.1
    return (accelerator_error is not None and isinstance(exc, accelerator_error)) or _says(str(exc), _LOST)


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text.lower() for word in words)
