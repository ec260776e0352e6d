import pytest

from helix_app.engine.models.decoder import Decoder
from tests.engine.made.tiny import Zoo, loaded, session_of


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("parts-zoo"))


@pytest.mark.parametrize("name", ["llama", "gemma3", "phi3", "qwen35"])
def test_sizes_and_bytes_of_a_half_are_those_of_its_weights(zoo: Zoo, name: str) -> None:
    """``linears`` says what ``weight_bytes`` adds up to, whatever a model has beside them."""
    decoder = session_of(loaded(zoo.folder(name))).runner.decoder
    assert isinstance(decoder, Decoder)
    for layer in decoder._layers:
        for half in (layer.mixer, layer.feed_forward):
            products = sum(one.rows * one.columns for one in half.linears) * decoder.dtype.itemsize
            assert products <= half.weight_bytes < products * 1.05
