"""A thinner network, taught by a wider one."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from retrieval.joint.network import Layer
from tests.training.small_network import SMALL, WIDER, small_network
from tests.training.test_reader_data import batches_of, examples_of, texts_of
from training.distil_reader import Sizes, Taught, alike, near, take_over
from training.reading import Outcome, read
from training.train_reader import shown
from training.training_loop import Group, Training


def layer() -> tuple[Layer, torch.Tensor, torch.Tensor]:
    """With what it is given: rows, and what is added to the logits of attention."""
    torch.manual_seed(0)
    return Layer(WIDER, 6, 3), torch.randn(2, 4, SMALL.hidden), torch.zeros(2, 1, 1, 4)


def thin(weights: dict[str, torch.Tensor], wide: int, heads: int) -> Layer:
    made = Layer(WIDER, wide, heads)
    made.load_state_dict(weights)
    return made


def test_the_dimensions_and_heads_that_matter_stay() -> None:
    whole, rows, never = layer()
    with torch.no_grad():
        whole.narrow.weight[:, [1, 4]] *= 100
        whole.gather.weight[:, 4:8] *= 100  # those of the second head
    sizes = Sizes(whole)
    whole(rows, never)
    made = thin(sizes.thinned(2, 1), 2, 1)
    assert torch.equal(made.widen.weight, whole.widen.weight[[1, 4]])
    assert torch.equal(made.narrow.weight, whole.narrow.weight[:, [1, 4]])
    assert torch.equal(made.value.bias, whole.value.bias[4:8])
    assert torch.equal(made.gather.weight, whole.gather.weight[:, 4:8])


def test_what_is_next_to_nothing_does_not_matter_however_much_is_made_of_it() -> None:
    whole, rows, never = layer()
    with torch.no_grad():
        whole.narrow.weight[:, 3] *= 100
        whole.widen.weight[3], whole.widen.bias[3] = 0.0, 0.0
    sizes = Sizes(whole)
    whole(rows, never)
    assert torch.equal(thin(sizes.thinned(5, 3), 5, 3).widen.weight, whole.widen.weight[[0, 1, 2, 4, 5]])


def test_none_taken_away_it_gives_the_same() -> None:
    whole, rows, never = layer()
    sizes = Sizes(whole)
    given = whole(rows, never)
    assert torch.allclose(thin(sizes.thinned(6, 3), 6, 3)(rows, never), given)


def test_only_the_rows_that_are_wanted_are_computed() -> None:
    whole, rows, never = layer()
    wanted = whole(rows, never, rows[:, [0, 3]])
    assert torch.allclose(wanted, whole(rows, never)[:, [0, 3]], atol=1e-6)


def outcome_of(tokens: list[float], null: float) -> Outcome:
    rows = torch.tensor([tokens])
    return Outcome(rows, rows.logsumexp(-1, keepdim=True), torch.tensor([null]))


def test_who_gives_the_same_is_as_near_as_can_be() -> None:
    given = outcome_of([1.0, 3.0], 2.0)
    odds = given.odds
    least = functional.binary_cross_entropy_with_logits(odds, odds.sigmoid())
    assert torch.isclose(alike(given, given), least)
    assert alike(outcome_of([3.0, 1.0], 2.0), given) > least
    assert alike(outcome_of([1.0, 3.0], -2.0), given) > least


def test_it_starts_from_the_teacher_and_comes_nearer_to_it(tmp_path: Path) -> None:
    texts = texts_of(tmp_path)
    examples, batches = examples_of(texts), batches_of(texts, tmp_path / "states")
    teacher, network = small_network(WIDER), small_network(SMALL, seed=3)
    network.encoder.load_state_dict(teacher.encoder.state_dict())
    taught = Taught(network, teacher.upper)
    first = next(iter(shown(examples, batches)))
    take_over(taught, [first])
    kept, whole = network.upper.layers[-1].state_dict(), teacher.upper.layers[-1].state_dict()
    assert torch.equal(kept["norms.0.weight"], whole["norms.0.weight"])
    assert kept["query.weight"].shape == (8, 12)
    assert torch.equal(network.upper.answer.weight, teacher.upper.answer.weight)

    before = float(taught.loss(first).detach())
    group = Group(list(network.upper.parameters()), 1e-2, 0.0)
    file = tmp_path / "taught.pt"
    list(Training(network.upper, [group], taught.loss, shown(examples, batches), 80, file).run())
    assert float(taught.loss(first).detach()) < 0.8 * before
    assert read(network, first).odds.shape == first.answerable.shape

    # What was trained is found again, and not trained on past its end.
    other = small_network(SMALL, seed=4)
    resumed = Training(other.upper, [group], taught.loss, [], 80, file)
    assert resumed.step == 80
    assert list(resumed.run()) == []
    assert torch.equal(other.upper.answer.weight, network.upper.answer.weight)


def test_special_tokens_and_padding_are_told_apart(tmp_path: Path) -> None:
    texts = texts_of(tmp_path)
    batch = next(iter(shown(examples_of(texts), batches_of(texts, tmp_path / "states"))))
    asked, told = batch.inputs[1], batch.inputs[4]
    shapes = [(len(told), asked.shape[1] + told.shape[1], 3), (len(told), 1 + told.shape[1], 3)]
    rows = [torch.zeros(shape) for shape in shapes]
    wanted = [torch.zeros(shape) for shape in shapes]
    for one in wanted:  # what padding gives counts for nothing
        one[:, -told.shape[1] :][~told] = 9.0
    wanted[0][:, : asked.shape[1]][~asked] = 9.0
    assert near(rows, wanted, batch) == 0
    wanted[1][:, 0] = 1.0
    assert near(rows, wanted, batch) > 0
