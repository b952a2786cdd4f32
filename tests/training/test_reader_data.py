"""What the joint reader is trained on: nothing that is evaluated, and nothing that is held out."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retrieval.encoders.models import packaged_tokenizer
from retrieval.encoders.tokens import plain_tokenizer
from retrieval.joint.inputs import padded
from retrieval.joint.models import special_tokens
from retrieval.joint.reader import JointReader
from retrieval.joint.representations import Representations
from retrieval.types import Article, Passage
from tests.retrieval.joint_fake import FakeJointModel
from tests.training.small_network import small_network
from training.examples import OPPOSITE, Batches, Examples, Showing
from training.kept_states import KeptStates
from training.reader_data import SETS, SUPPOSES, Pair, Pairs, Texts, collect, held_out
from training.reading import represented

SAID = "The comet was seen over Turku on Friday by Anna Lund, who runs the town's only observatory with her two sons."
OTHER = "Bread prices rose in Velen on Monday. The baker spoke of dear flour. Nobody was surprised by that."


def row(number: int, question: str, title: str, passage: str, answer: str) -> dict[str, Any]:
    start = passage.index(answer) if answer else 0
    return {
        "question_id": f"q{number}",
        "question": question,
        "title": title,
        "passage": passage,
        "answerable": bool(answer),
        "answer_spans": [[start, start + len(answer)]] if answer else [],
        "negative_type": None if answer else "bm25_other",
    }


def write(folder: Path, rows: list[dict[str, Any]], evaluated: list[dict[str, Any]]) -> tuple[Path, Path]:
    """Training sets, all but one empty, and one evaluation set."""
    train, data = folder / "train", folder / "eval" / "one"
    train.mkdir()
    data.mkdir(parents=True)
    for name in SETS:
        with gzip.open(train / f"{name}.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(one) + "\n" for one in (rows if name == "tydiqa_en" else []))
    (data / "queries.jsonl").write_text("".join(json.dumps(one) + "\n" for one in evaluated), encoding="utf-8")
    return train, data.parent


def titles(unseen: bool, count: int) -> list[str]:
    return [title for title in map(str, range(400)) if held_out(title, "") is unseen][:count]


def texts_of(folder: Path, question: str = "What happened in case {}?") -> Texts:
    """Six titles that are trained on, and two that are not, each with a question of its own."""
    rows = [
        row(number, question.format(title), title, f"{OTHER} Case {title} was closed on Friday.", "closed")
        for number, title in enumerate([*titles(False, 6), *titles(True, 2)])
    ]
    pairs = collect(*write(folder, rows, []))
    return Texts(pairs, plain_tokenizer(packaged_tokenizer()), 64)


def examples_of(texts: Texts) -> Examples:
    mined = np.array([[(number + 1) % 6, -1] for number in range(len(texts.pairs.questions))], dtype=np.int32)
    return Examples(texts, lambda words: [1.0] * len(words), mined)


def test_what_shares_a_question_or_thirteen_words_with_an_evaluation_set_is_left_out(tmp_path: Path) -> None:
    rows = [
        row(1, "Who saw the comet?", "Comet", SAID, "Anna Lund"),
        row(2, "What rose in Velen?", "Bread", OTHER, "Bread prices"),
        row(3, "Who spoke of flour?", "Bread", OTHER, "The baker"),
    ]
    stolen = " ".join(SAID.split()[2:15])
    evaluated = [{"question": "WHAT rose in velen"}, {"question": "?", "text": f"It is said that {stolen}."}]
    assert collect(*write(tmp_path, rows, evaluated)).questions == ["Who spoke of flour?"]


def test_an_epoch_shows_nothing_that_is_held_out(tmp_path: Path) -> None:
    examples = examples_of(texts_of(tmp_path))
    tokenizer = plain_tokenizer(packaged_tokenizer())
    epochs = [example for number in range(4) for example in examples.epoch(number)]
    shown = [tokenizer.decode(example.question.ids.tolist()) for example in epochs]
    unseen = [tokenizer.decode(example.question.ids.tolist()) for example in examples.held_out(9)]
    assert len(unseen) == 2
    assert not set(unseen) & set(shown)
    asked = {text for text in shown if text.startswith("what happened in case")}
    assert len(asked) >= 6


def test_examples_that_are_not_answered_hold_no_answer(tmp_path: Path) -> None:
    kinds = set()
    for example in examples_of(texts_of(tmp_path)).epoch(1):
        kinds.add(example.kind)
        assert example.answerable is (example.kind == "answer")
        assert example.inside.any() == example.answerable
    assert {"answer", "mined"} <= kinds


def amiss(question: str, showing: Showing) -> set[str]:
    """What is shown in fifty epochs of three sentences with a question that none answers."""
    texts = Texts(
        Pairs([question], [("", OTHER)], [Pair(0, 0, "one", SUPPOSES, [])]), plain_tokenizer(packaged_tokenizer()), 64
    )
    mined = np.full((1, 1), -1, dtype=np.int32)
    examples = Examples(texts, lambda words: [1.0] * len(words), mined, lambda *_: False, showing)
    epochs = (example for number in range(50) for example in examples.epoch(number))
    return {texts.tokenizer.decode(example.passage.ids.tolist()) for example in epochs}


@pytest.mark.parametrize(
    ("question", "like"), [("Why did the baker rise?", "dear flour"), ("Who was surprised?", "nobody")]
)
def test_what_misleads_is_left_where_a_passage_is_cut(question: str, like: str) -> None:
    shown = amiss(question, Showing(cut=1, misled=1))
    assert len(shown) > 1
    assert all(like in text for text in shown)
    assert not all(like in text for text in amiss(question, Showing(cut=1, misled=0)))


def test_what_is_not_cut_is_shown_whole() -> None:
    assert amiss("Why did the baker rise?", Showing(cut=0)) == {OTHER.lower()}


def test_questions_of_an_act_are_also_asked_the_other_way(tmp_path: Path) -> None:
    texts = texts_of(tmp_path, "What was closed in case {}?")
    examples = examples_of(texts)
    made = [*(example for number in range(4) for example in examples.epoch(number)), *examples.held_out(2)]
    others = [example for example in made if example.kind == OPPOSITE]
    asked = {texts.tokenizer.decode(example.question.ids.tolist()) for example in others}
    assert asked == {f"what was opened in case {title}?" for title in [*titles(False, 6), *titles(True, 2)]}
    assert not any(example.answerable for example in others)


def batches_of(texts: Texts, folder: Path) -> Batches:
    special = special_tokens(texts.tokenizer)
    ids = [passage.ids for passage in texts.passages]
    return Batches(KeptStates(ids, special, small_network().encoder, folder), special, 6000)


def test_a_batch_points_at_the_tokens_of_the_answer(tmp_path: Path) -> None:
    texts = texts_of(tmp_path)
    ((batch, part),) = batches_of(texts, tmp_path / "states").of(examples_of(texts).held_out(9), random.Random(0))
    assert batch.answerable.all()
    for at in range(len(part)):
        ids = batch.inputs[3][at][batch.inside[at]].tolist()
        assert texts.tokenizer.decode(ids) == "closed"
        assert set(batch.places[at][batch.inside[at]].tolist()) <= set(np.flatnonzero(batch.right[at]).tolist())


def test_what_is_left_of_a_passage_has_the_states_that_it_has_in_the_whole(tmp_path: Path) -> None:
    texts, network = texts_of(tmp_path), small_network()
    batches = batches_of(texts, tmp_path / "states")
    examples, alone = examples_of(texts), 0
    epochs = [example for number in range(4) for example in examples.epoch(number)]
    for batch, part in batches.of(epochs, random.Random(0)):
        _, told = represented(network.encoder, batch)
        for row, example in enumerate(part):
            ids = texts.passages[example.number].ids if example.seen else example.passage.ids
            chosen = example.chosen if example.seen else np.arange(len(ids))
            assert ids[chosen].tolist() == example.passage.ids.tolist()
            framed, mask = padded([ids], special_tokens(texts.tokenizer), 1)
            whole = network.encoder.states(torch.from_numpy(framed), torch.from_numpy(mask))
            at = [0, *(chosen + 1), len(ids) + 1]
            assert torch.allclose(told[row, : len(at)], whole[0, at], atol=0.03)
            alone += not example.seen
    assert alone  # some of which nothing else may be seen


def test_states_are_computed_once(tmp_path: Path) -> None:
    texts = texts_of(tmp_path)
    ids = [passage.ids for passage in texts.passages]
    special = special_tokens(texts.tokenizer)
    first = KeptStates(ids, special, small_network().encoder, tmp_path)
    again = KeptStates(ids, special, small_network(seed=1).encoder, tmp_path)
    every = np.arange(len(ids[0]))
    assert np.array_equal(first.of(0, every), again.of(0, every))
    assert not np.array_equal(first.of(0, every)[:, 0], first.of(1, np.arange(len(ids[1])))[:, 0])


@pytest.mark.parametrize("title", ["", "Comet over Turku"])
def test_the_network_is_told_the_same_when_it_is_trained_and_when_it_reads(tmp_path: Path, title: str) -> None:
    model = FakeJointModel()
    rows = [row(1, "Who saw it?", title, SAID, "Anna Lund")]
    texts = Texts(collect(*write(tmp_path, rows, [])), model.tokenizer, model.longest)
    (trained,) = texts.passages
    reader = JointReader(Representations(model))
    (prepared,) = reader._prepared.of([Passage(1, Article("a", SAID, title), 0, len(SAID))])
    for name in ("ids", "words", "shapes", "places"):
        assert np.array_equal(getattr(trained, name), getattr(prepared.tokens, name)), name
