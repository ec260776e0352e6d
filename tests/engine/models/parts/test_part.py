import pytest
import torch

from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.models.parts.part import evenly, pieces_of, run_linear


@pytest.mark.parametrize(
    ("spans", "together", "pieces"),
    [
        ([5, 5], 0, ()),
        ([5, 5], 16, ()),
        ([8, 8, 8], 16, [12, 12]),
        ([4, EXACT_ROWS + 9, 4], 16, [4, EXACT_ROWS + 9, 4]),
    ],
)
def test_rows_are_split_evenly_and_prompts_stay_whole(spans: list[int], together: int, pieces: list[int]) -> None:
    assert list(pieces_of(spans, together)) == list(pieces)


def test_prompts_are_split_like_all_others_where_they_are_to_be_alike() -> None:
    assert list(pieces_of([4, EXACT_ROWS + 8, 3], 20, prompts=True)) == [20, 20, 20, 20]


def test_one_that_computes_all_rows_alike_is_asked_once() -> None:
    seen = []

    class Alike:
        rows_alike = True

        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x.shape[0])
            return x

    run_linear(Alike(), torch.ones(1, 1), True)
    run_linear(Alike(), torch.ones(9, 1), True, [4, 5])
    assert seen == [1, 9]


def test_parts_of_rows() -> None:
    assert list(evenly(33, 16)) == [11, 11, 11]
    assert list(evenly(16, 16)) == [16]


def test_a_single_row_runs_as_the_first_of_two_and_pieces_apart() -> None:
    seen = []

    def linear(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.shape[0])
        return x * 2

    x = torch.arange(3.0)[:, None]
    assert torch.equal(run_linear(linear, x[:1], True), x[:1] * 2)
    assert seen == [2]
    assert torch.equal(run_linear(linear, x, True, [1, 2]), x * 2)
    assert seen == [2, 2, 2]
