"""Where PyTorch keeps no books, and on which devices it must."""

from __future__ import annotations

import torch

from helix_app.engine.machine.untracked import untracked
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of


def test_only_the_cpu_has_inference_mode() -> None:
    for kind, inference in (("cpu", True), ("cuda", False), ("privateuseone", False)):
        with untracked(torch.device(kind)):
            assert torch.is_inference_mode_enabled() is inference
            assert not torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_weights_cache_and_logits_are_made_in_it(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    decoder = runner.decoder
    tensors = [decoder._embed, *decoder._tables[0], decoder._norm.weight, runner.cache.pool, *runner.cache.keys]
    tensors += [
        part
        for layer in decoder._layers
        for part in vars(layer.linears[0].run).values()
        if isinstance(part, torch.Tensor)
    ]
    runner.open("a", ())
    tensors.append(runner.forward("a", [1, 2, 3], 1))
    assert all(tensor.is_inference() for tensor in tensors)
    runner.cache.copy_block(0, 1)  # outside of it, in place
    runner.cache.scrub([0])
    assert bool(runner.cache.keys[0][:, 16:19].any())
    assert not bool(runner.cache.keys[0][:, :16].any())
