"""Errors as the libraries word them: out of memory, lost, or neither."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.machine.devices.errors import is_device_lost, is_out_of_memory, told_out_of_memory

OUT_OF_MEMORY = [
    MemoryError(),
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 8.00 GiB total capacity)"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("HIP out of memory. Tried to allocate 32.00 MiB."),
    RuntimeError("HIP error: out of memory"),
    RuntimeError("Could not allocate tensor with 4294967296 bytes. There is not enough GPU video memory available!"),
    RuntimeError("Not enough memory resources are available to complete this operation."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: not enough memory: you tried to"),
    RuntimeError("could not create a memory object"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("bad allocation"),
    RuntimeError("Couldn't open file mapping: <>, error code: <1455>"),
    OSError(12, "Cannot allocate memory"),
]
LOST = [
    RuntimeError("The GPU device instance has been suspended. Use GetDeviceRemovedReason to determine the action."),
    RuntimeError("The GPU will not respond to more commands, most likely because of an invalid command."),
    RuntimeError("D3D12: Removing Device: device removed"),
    RuntimeError("HRESULT failed with 0x887A0005: m_device->GetDeviceRemovedReason()"),
    RuntimeError("Exception 887a0006"),
    RuntimeError("DXGI_ERROR_DEVICE_HUNG"),
    RuntimeError("DXGI_ERROR_DEVICE_RESET"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("HIP error: invalid device function"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
]
NEITHER = [
    RuntimeError("mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)"),
    RuntimeError("Expected all tensors to be on the same device"),
    ValueError("CUDA error: out of memory"),
    OSError(2, "No such file or directory"),
    KeyError("out of memory"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=str)
def test_out_of_memory(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert not is_device_lost(error)


@pytest.mark.parametrize("error", LOST, ids=str)
def test_lost(error: BaseException) -> None:
    assert is_device_lost(error)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("error", NEITHER, ids=repr)
def test_neither(error: BaseException) -> None:
    assert not is_device_lost(error)
    assert not is_out_of_memory(error)


def test_a_windows_paging_file_that_is_too_small_is_out_of_memory() -> None:
    error = OSError("The paging file is too small for this operation to complete")
    assert not is_out_of_memory(error)
    error.winerror = 1455  # type: ignore[attr-defined]
    assert is_out_of_memory(error)


@pytest.mark.skipif(not hasattr(torch, "AcceleratorError"), reason="newer than this PyTorch")
def test_an_error_of_the_accelerator_is_a_lost_device_whatever_it_says() -> None:
    assert is_device_lost(torch.AcceleratorError("something new"))
    assert not is_device_lost(torch.AcceleratorError("out of memory"))
    assert is_out_of_memory(torch.AcceleratorError("out of memory"))


@pytest.mark.parametrize("error", [*OUT_OF_MEMORY[:-1], *LOST, *NEITHER], ids=repr)
def test_another_process_tells_it_by_name_and_words(error: BaseException) -> None:
    kind = type(error).__name__
    assert told_out_of_memory(kind, f"{kind}: {error}") == is_out_of_memory(error)
    if kind == "RuntimeError":  # what newer versions raise in its place
        assert told_out_of_memory("AcceleratorError", f"AcceleratorError: {error}") == is_out_of_memory(error)
