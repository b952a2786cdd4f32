"""The reader goes on learning, and keeps what it knew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.small_network import small_network
from tests.training.test_reader_data import batches_of, examples_of, texts_of
from training.reading import read, right_or_wrong
from training.refine_reader import Refined, Shown, Source, in_turn
from training.train_reader import mean_of, read_saved, save, take
from training.training_loop import Group, Training


def source(folder: Path, question: str) -> Source:
    folder.mkdir()
    texts = texts_of(folder, question)
    return Source(examples_of(texts), batches_of(texts, folder / "states"))


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Shown]:
    known, written = (source(tmp_path / name, f"What {name} in case {{}}?") for name in ("happened", "closed"))
    return in_turn(known, written)


def test_what_was_written_and_what_was_known_take_turns(turns: Iterator[Shown]) -> None:
    assert [shown.written for shown in islice(turns, 4)] == [False, True, False, True]


def test_of_what_was_written_only_what_is_right_counts(turns: Iterator[Shown]) -> None:
    network = small_network()
    known, written = islice(turns, 2)
    refined = Refined(network)
    right = [float(right_or_wrong(read(network, shown.batch), shown.batch).detach()) for shown in (known, written)]
    assert float(refined.loss(written).detach()) == pytest.approx(right[1])
    assert float(refined.loss(known).detach()) != pytest.approx(right[0])


def test_it_learns_what_was_written(turns: Iterator[Shown], tmp_path: Path) -> None:
    network = small_network()
    refined = Refined(network)
    shown = list(islice(turns, 2))
    before = [float(refined.loss(one).detach()) for one in shown]
    group = Group(list(network.upper.parameters()), 1e-2, 0.0)
    list(Training(network.upper, [group], refined.loss, shown * 40, 80, tmp_path / "refining.pt").run())
    assert float(refined.loss(shown[1]).detach()) < 0.8 * before[1]


def test_weights_are_written_as_they_are_taken(tmp_path: Path) -> None:
    network = small_network()
    save(network, tmp_path / "refined.npz")
    stored = read_saved(tmp_path / "refined.npz")
    assert set(stored) == set(network.upper.state_dict())
    assert np.array_equal(stored["answer.weight"], network.upper.answer.weight.detach().numpy())
    other = take(small_network(seed=1), stored)
    assert torch.equal(other.upper.answer.weight, network.upper.answer.weight)


@pytest.mark.parametrize(("share", "weight"), [(0.0, 2.0), (0.75, 5.0), (1.0, 6.0)])
def test_a_part_of_the_way_can_be_gone(share: float, weight: float) -> None:
    before, after = small_network(), small_network()
    for network, value in ((before, 2.0), (after, 6.0)):
        torch.nn.init.constant_(network.upper.answer.bias, value)
    assert mean_of(before, after, share).upper.answer.bias.tolist() == [weight]
