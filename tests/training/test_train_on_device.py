"""What is carried to a device, and what is learned there."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MPNetConfig, MPNetModel

from retrieval.joint.inputs import PASSAGE_FEATURES, QUESTION_FEATURES, SpecialTokens
from retrieval.joint.models import special_tokens
from retrieval.joint.network import JointNetwork
from retrieval.joint.weights import Arrays
from retrieval.joint.weights import packed as in_eight_bits
from tests.training.small_network import SMALL, small_network
from tests.training.test_reader_data import batches_of, examples_of, texts_of
from training.cross_encoder import CrossEncoder, CrossShape
from training.device_batches import DeviceBatches
from training.examples import Batch, Example
from training.pack_examples import encoder_arrays, in_parts
from training.packed import EXAMPLES, FOLDS, Packed, pack, part_of
from training.reader_data import Texts
from training.reading import read
from training.train_on_device import Course, Learning, Workplace, distil, teach
from training.train_reader import mean_of
from training.training_loop import Group

_CPU = torch.device("cpu")
_TEACHER = CrossShape(hidden=24, wide=32, heads=2, layers=2)


def packed_of(folder: Path) -> tuple[Texts, list[list[Example]], Packed]:
    """Two epochs and what is held out, packed, written and read again."""
    texts = texts_of(folder, "What was closed in case {}?")
    examples = examples_of(texts)
    parts = [list(examples.epoch(0)), list(examples.epoch(1)), examples.held_out(9)]
    pack(texts, parts).save(folder / EXAMPLES)
    return texts, parts, Packed.load(folder / EXAMPLES)


def test_batches_of_what_was_packed_are_those_of_the_examples(tmp_path: Path) -> None:
    texts, parts, packed = packed_of(tmp_path)
    network = small_network()
    made = DeviceBatches(packed, network.encoder, special_tokens(texts.tokenizer), _CPU)
    usual = batches_of(texts, tmp_path / "states")
    every = [example for part in parts for example in part]
    assert packed.epochs == 2
    assert [len(part_of(packed, number)) for number in range(3)] == [len(part) for part in parts]
    rows = np.arange(len(every))
    dealt = list(made.dealt(rows, random.Random(0), 300))
    assert sorted(np.concatenate(dealt).tolist()) == rows.tolist()
    assert len(dealt) > 2
    for part in dealt:
        found, wanted = made.batch(part), usual.padded([every[row] for row in part])
        for one, other in zip(found.inputs, wanted.inputs, strict=True):
            assert torch.allclose(one.float(), other.float(), atol=1e-3)
        for name in ("places", "right", "inside", "answerable", "weight", "unkept"):
            one, other = getattr(found, name), getattr(wanted, name)
            assert one.tolist() == other.tolist(), name
        kept = [row for row in range(len(part)) if every[part[row]].seen]
        mask = wanted.inputs[4][kept]
        assert torch.allclose(found.told[kept][mask], wanted.told[kept][mask], atol=0.05)


def test_an_example_is_of_the_fold_of_the_passage_that_was_shown(tmp_path: Path) -> None:
    _, parts, packed = packed_of(tmp_path)
    fold: dict[int, int] = {}
    for example, of in zip(parts[0] + parts[1], packed.examples["fold"].tolist(), strict=False):
        assert fold.setdefault(example.origin, of) == of
    assert len(fold) == 6
    assert set(fold.values()) <= set(range(FOLDS))


def batch_of(rows: list[tuple[list[int], list[int]]], special: SpecialTokens) -> Batch:
    """Questions and passages of these tokens, of which nothing is told."""

    def filled(texts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        framed = [[special.first, *text, special.last] for text in texts]
        width = max(map(len, framed))
        ids = torch.tensor([text + [special.fill] * (width - len(text)) for text in framed])
        return ids, torch.tensor([[at < len(text) for at in range(width)] for text in framed])

    asked, asked_mask = filled([question for question, _ in rows])
    told, told_mask = filled([passage for _, passage in rows])
    features = torch.zeros(*asked.shape, QUESTION_FEATURES), torch.zeros(*told.shape, PASSAGE_FEATURES)
    inputs = (asked, asked_mask, features[0], told, told_mask, features[1])
    yes = torch.ones(len(rows), 1, dtype=torch.bool)
    none = torch.empty(0)
    return Batch(inputs, none, none, torch.where(told_mask, 0, -1), yes, told_mask, yes[:, 0], torch.ones(len(rows)))


def test_the_cross_encoder_computes_what_transformers_computes() -> None:
    shape = replace(_TEACHER, vocabulary=60, positions=40)
    theirs = transformers_model(shape)
    special = SpecialTokens(first=10, last=11, fill=12)
    ours = CrossEncoder(special, shape).eval()
    ours.take(theirs.state_dict())
    ours.answer = torch.nn.Identity()  # gives what the layers give
    batch = batch_of([([20, 21, 22], [30, 31]), ([23], [32, 33, 34, 35, 36])], special)
    grabbed: list[torch.Tensor] = []
    ours.answer.register_forward_hook(lambda _, given, __: grabbed.append(given[0]) or given[0][..., :1])
    ids = torch.tensor([[0, 24, 25, 26, 2, 2, 34, 35, 2, 1, 1], [0, 27, 2, 2, 36, 37, 38, 39, 40, 2, 1]])
    with torch.no_grad():
        ours(batch)
        wanted = theirs(input_ids=ids, attention_mask=(ids != 1).long()).last_hidden_state
    assert torch.allclose(grabbed[0][0, :4], wanted[0, 5:9], atol=1e-5)
    assert torch.allclose(grabbed[0][1], wanted[1, 3:10], atol=1e-5)


def test_a_weight_that_is_missing_is_named() -> None:
    shape = replace(_TEACHER, vocabulary=60, positions=40)
    weights = dict(transformers_model(shape).state_dict())
    del weights["encoder.layer.1.attention.attn.q.weight"]
    with pytest.raises(KeyError, match=r"encoder\.layer\.1\.attention\.attn\.q\.weight"):
        CrossEncoder(SpecialTokens(first=10, last=11, fill=12), shape).take(weights)


def test_what_pads_a_batch_changes_nothing() -> None:
    special = SpecialTokens(first=10, last=11, fill=12)
    torch.manual_seed(0)
    network = CrossEncoder(special, replace(_TEACHER, vocabulary=60, positions=40)).eval()
    alone, longer = ([20, 21], [30, 31]), ([22] * 9, [32] * 12)
    with torch.no_grad():
        one, both = network(batch_of([alone], special)), network(batch_of([alone, longer], special))
    assert torch.allclose(one.odds[0], both.odds[0], atol=1e-5)
    assert torch.allclose(one.tokens[0], both.tokens[0, :4], atol=1e-5)


def transformers_model(shape: CrossShape) -> MPNetModel:
    torch.manual_seed(0)
    return MPNetModel(
        MPNetConfig(
            vocab_size=shape.vocabulary, max_position_embeddings=shape.positions, hidden_size=shape.hidden,
            intermediate_size=shape.wide, num_attention_heads=shape.heads, num_hidden_layers=shape.layers,
            layer_norm_eps=1e-5,
        )
    ).eval()  # fmt: skip


def mpnet(shape: CrossShape) -> Arrays:
    return {name: value.numpy() for name, value in transformers_model(shape).state_dict().items()}


def workplace(folder: Path) -> Workplace:
    """Texts, and weights of small networks."""
    texts, _, _ = packed_of(folder)
    special = special_tokens(texts.tokenizer)
    arrays = {name: value.numpy() for name, value in small_network().encoder.state_dict().items()}
    arrays["special"] = np.array([special.first, special.last, special.fill], dtype=np.float32)
    upper = {name: value.numpy() for name, value in small_network().upper.state_dict().items()}
    np.savez(folder / "encoder.npz", **in_eight_bits(arrays))  # type: ignore[arg-type]
    np.savez(folder / "reader.npz", **in_eight_bits(upper))  # type: ignore[arg-type]
    np.savez(folder / "mpnet0.npz", **in_eight_bits(mpnet(_TEACHER)))  # type: ignore[arg-type]
    return Workplace(folder, "cpu", SMALL, _TEACHER)


def course(steps: int) -> Course:
    """Of so many steps, by a clock that stands still between them."""
    return Course(steps, 2000, itertools.count(1).__next__)


def test_a_network_learns_until_its_time_is_over_and_gives_the_average(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    network = place.reader()
    shown = place.shown(1, range(FOLDS), 2000)
    first, _ = next(shown)

    def loss(given: tuple[Batch, int]) -> torch.Tensor:
        return read(network, given[0]).odds.square().mean()

    before = float(loss((first, 0)).detach())
    learning = Learning([Group(list(network.upper.parameters()), 1e-2, 0.0)], course(250))
    assert list(learning.run(shown, loss)) == [100, 200]
    own = network.upper.answer.weight.detach().clone()
    learning.swap()
    assert float(loss((first, 0)).detach()) < 0.5 * before
    assert not torch.equal(network.upper.answer.weight, own)
    learning.swap()
    assert torch.equal(network.upper.answer.weight, own)


def test_teachers_are_kept_and_what_they_teach_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = workplace(tmp_path)
    teachers = [teach(place, fold, course(20), tmp_path / f"{fold}.pt") for fold in range(FOLDS)]
    again = teach(place, 1, course(10**9), tmp_path / "1.pt")  # is not taught once more
    batch, _ = next(place.shown(2, range(FOLDS), 2000))
    assert torch.equal(again(batch).odds, teachers[1](batch).odds)
    assert not torch.equal(teachers[0](batch).odds, teachers[1](batch).odds)
    distil(place, teachers, course(20), tmp_path / "taught.npz")
    with np.load(tmp_path / "taught.npz") as weights:
        network = JointNetwork(SMALL)
        network.upper.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    assert not torch.equal(network.upper.answer.weight, place.reader().upper.answer.weight)
    assert capsys.readouterr().out.count("auroc") == FOLDS + 3


def test_the_mean_of_two_networks_lies_between_them() -> None:
    one, other = small_network(), small_network(seed=1)
    between = mean_of(one, other, 0.75).upper.answer.weight
    assert torch.allclose(between, 0.25 * one.upper.answer.weight + 0.75 * other.upper.answer.weight)


def test_each_fold_is_shown_its_own_examples(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    there = {fold for _, fold in islice(place.shown(1, range(FOLDS), 100), 200)}
    assert len(there) > 1
    for fold in there:
        assert {of for _, of in islice(place.shown(1, [fold], 100), 20)} == {fold}
    with pytest.raises(ValueError, match=r"no example is of the folds \[7\]"):
        next(place.shown(1, [7], 100))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    (tmp_path / "mpnet0.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"no mpnet\*\.npz"):
        place.teacher()
    np.savez(tmp_path / "encoder.npz", special=np.zeros(3))
    with pytest.raises(KeyError, match=r"encoder\.npz lacks"):
        Workplace(tmp_path, "cpu", SMALL, _TEACHER)


def test_sentences_beyond_those_that_have_a_bit_are_no_trouble(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, "What was closed in case {}?")
    examples = list(examples_of(texts).epoch(0))
    late = examples[0].number
    tokens = texts.passages[late]
    places = np.where(np.arange(len(tokens.places)) < len(tokens.places) // 2, tokens.places, 150)
    texts.passages[late] = replace(tokens, places=places)
    packed = pack(texts, [[one for one in examples if one.number != late], [examples[0]], []])
    assert len(packed.examples["question"]) < len(examples)  # one that shows them is left out
    rows = np.arange(len(packed.examples["question"]))
    batch = DeviceBatches(packed, small_network().encoder, special_tokens(texts.tokenizer), _CPU).batch(rows)
    assert batch.inside.any()


def test_the_packaged_encoders_lower_layers_are_packed() -> None:
    arrays = encoder_arrays()
    assert arrays["special"].tolist() == [101, 102, 0]
    assert {name.split(".")[1] for name in arrays if name.startswith("layers.")} == {"0", "1", "2"}
    parts = list(in_parts(arrays, 12_000_000))
    assert len(parts) == 2
    assert {name for part in parts for name in part} == set(arrays)
