from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Represented
from retrieval.joint.focus import Focus
from retrieval.joint.inputs import (
    LONGEST_QUESTION,
    PASSAGE_FEATURES,
    PassageTokens,
    QuestionTokens,
    SpecialTokens,
    batch,
    pair_features,
    question_tokens_of,
)
from retrieval.joint.packing import unpacked
from retrieval.joint.reader import JointReader, joint_and_maxsim
from retrieval.joint.representations import Representations, encode_and_keep, text_key
from retrieval.parameters import Parameters
from retrieval.passages import encoder_inputs
from retrieval.reader import Reading
from retrieval.segmentation import sentences
from retrieval.token_features import SHAPES
from retrieval.types import Article, Passage
from tests.retrieval.joint_fake import FakeJointModel, FakeStore, alike

SPECIAL = SpecialTokens(1, 2, 0)


def passage(text: str, title: str = "", start: int = 0) -> Passage:
    return Passage(1, Article("article", text, title), start, len(text))


def read(question: str, *passages: Passage, model: FakeJointModel | None = None) -> list[Reading]:
    return JointReader(Representations(model or FakeJointModel())).read(question, passages, alike)


MANY = [
    passage("Gen. Bajwa left. “Why?” he asked. Nobody knew."),
    passage("Oil fell", "Markets"),
    passage("Putin spoke.\n\nModi flew to Moscow in 2024. Kyiv wept.", "A visit", start=14),
]


# What the network is given


def question_of(words: list[int], weights: list[float]) -> QuestionTokens:
    ids = np.array([[word, word // 10] for word in words], dtype=np.int64).reshape(-1, 2)
    return QuestionTokens(np.arange(3, 3 + len(words)), ids, np.array(weights, dtype=np.float32))


def passage_of(words: list[int]) -> PassageTokens:
    ids = np.array([[word, word // 10] for word in words], dtype=np.int64).reshape(-1, 2)
    count = len(words)
    return PassageTokens(np.arange(9, 9 + count), ids, np.zeros((count, len(SHAPES)), np.float32), np.zeros(count, int))


def test_features_worked_by_hand() -> None:
    # Words 31 and 32 share the stem 3; 50 stands in both; 70 in neither.
    asked, told = pair_features(question_of([31, 50, 70], [0.25, 0.5, 0.125]), passage_of([32, 50, 90]))
    assert asked.tolist() == [[0.25, 0, 1], [0.5, 1, 1], [0.125, 0, 0]]
    assert told[:, len(SHAPES) :].tolist() == [[0, 1, 0, 0.25, 1], [1, 1, 0.5, 0.5, 1], [0, 0, 0, 0, 1]]


def test_a_mark_matches_no_mark() -> None:
    asked, told = pair_features(question_of([0], [0.0]), passage_of([0]))
    assert not asked.any()
    assert not told[:, len(SHAPES) : -1].any()


def test_a_batch_is_padded_and_its_texts_stand_between_special_tokens() -> None:
    made = batch([(question_of([31], [1.0]), passage_of([31, 50])), (question_of([], []), passage_of([]))], SPECIAL)
    assert made.question_ids.tolist() == [[1, 3, 2], [1, 2, 0]]
    assert made.passage_ids.tolist() == [[1, 9, 10, 2], [1, 2, 0, 0]]
    assert made.passage_mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert made.passage_features.shape == (2, 4, PASSAGE_FEATURES)
    assert made.passage_features[:, :, -1].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=4), st.sampled_from([1, 8, 16]))
def test_widths_are_rounded_up_and_no_token_is_lost(lengths: list[tuple[int, int]], step: int) -> None:
    pairs = [(question_of([20] * q, [1.0] * q), passage_of([20] * p)) for q, p in lengths]
    made = batch(pairs, SPECIAL, width_step=step)
    assert made.question_ids.shape[1] % step == made.passage_ids.shape[1] % step == 0
    assert made.question_mask.sum(axis=1).tolist() == [q + 2 for q, _ in lengths]
    assert made.passage_mask.sum(axis=1).tolist() == [p + 2 for _, p in lengths]


def test_an_endless_question_is_read_by_its_beginning() -> None:
    text = "word " * 500
    encoding = FakeJointModel().tokenizer.encode(text, add_special_tokens=False)
    tokens = question_tokens_of(text, encoding, alike)
    assert len(tokens.ids) == len(tokens.words) == len(tokens.weights) == LONGEST_QUESTION


# The reader


def test_scores_worked_by_hand() -> None:
    (reading,) = read("Who wept?", passage("Modi flew. Kyiv wept."))
    # Of the first sentence three tokens have logit -4, of the second one has 4 and two have -4; none has 0.
    first, second = math.log(3 * math.exp(-4)), math.log(math.exp(4) + 2 * math.exp(-4))
    assert [score for _, score in reading.sentences] == pytest.approx([second, first])
    assert reading.score == pytest.approx(math.log(math.exp(first) + math.exp(second)))
    assert reading.sentences[0][0].of("Modi flew. Kyiv wept.") == "Kyiv wept."


def test_each_passage_is_read_sentence_by_sentence() -> None:
    for reading, of in zip(read("Who left?", *MANY), MANY, strict=True):
        inside = [span for span in sentences(of.article.text) if span.start >= of.start]
        assert sorted(span for span, _ in reading.sentences) == inside
        scores = [score for _, score in reading.sentences]
        assert scores == sorted(scores, reverse=True)


def test_a_title_is_read_but_no_answer_lies_in_it() -> None:
    plain, titled = read("Which markets?", passage("Oil fell"), passage("Oil fell", "Markets"))
    assert titled == plain


def test_a_passage_is_read_alike_alone_and_among_others() -> None:
    assert read("Who left?", *MANY) == [read("Who left?", one)[0] for one in MANY]


def test_many_passages_are_read_in_batches_and_come_back_in_their_order() -> None:
    model = FakeJointModel()
    passages = [passage(f"Ship {number} sank. " + "It rained. " * (number % 7)) for number in range(40)]
    readings = read("Which ship sank?", *passages, model=model)
    assert sum(shape[0] for shape in model.shapes) == 40
    assert len(model.shapes) > 1
    # 512 tokens of the texts, without what stands around each and pads a width
    assert all(count == 1 or count * (width - 17) <= 512 for count, width in model.shapes)
    assert [r.sentences[0][0].of(p.article.text) for r, p in zip(readings, passages, strict=True)] == [
        f"Ship {number} sank." for number in range(40)
    ]


@pytest.mark.parametrize("long", [1, 40])
def test_a_sentence_is_read_as_if_its_passage_held_no_other(long: int) -> None:
    model, of = FakeJointModel(), passage("Modi flew to Moscow. " * long + "Kyiv wept.", "A visit")
    reader, last = JointReader(Representations(model)), sentences(of.article.text)[-1]
    alone = reader.read_sentence("Who wept?", of, last, alike)
    (by_itself,) = read("Who wept?", passage("Kyiv wept.", "A visit"))
    assert alone == pytest.approx(by_itself.score, abs=1e-3)
    # Two tokens of the title, three of the sentence, and those that stand around them and between.
    assert model.shapes[-1][1] <= 16


@pytest.mark.parametrize("question", ["", " ", "?", "x" * 300, "\ud800"])
def test_odd_questions_are_still_read(question: str) -> None:
    for reading in read(question, *MANY):
        assert np.isfinite([reading.score, *(score for _, score in reading.sentences)]).all()


def test_nothing_to_read() -> None:
    assert read("Who left?") == []


def test_what_lies_behind_the_longest_passage_is_no_answer() -> None:
    model = FakeJointModel(longest=4)
    (reading,) = read("Who knew?", passage("Modi flew far. Nobody knew why."), model=model)
    assert [score for span, score in reading.sentences if span.start > 0] == [-20.0]


@pytest.mark.parametrize("cached", [0, 1, 256])
def test_the_cache_does_not_change_what_is_read(cached: int) -> None:
    kept = JointReader(Representations(FakeJointModel(), cached), cached)
    for question in ("Who flew to Moscow?", "Who wept?"):
        fresh = read(question, *MANY)
        assert kept.read(question, MANY, alike) == fresh
        assert kept.read(question, MANY[::-1], alike) == fresh[::-1]


def test_a_text_is_represented_once_for_both_readers_and_for_every_question() -> None:
    model = FakeJointModel()
    reader = joint_and_maxsim(model, Parameters.load())
    for question in ("Who flew to Moscow?", "Who wept there for it?"):
        reader.read(question, MANY, alike)
    # Three passages and two questions, all of different lengths: its tokens are all alike.
    assert sum(shape[0] for shape in model.alone) == 5


def test_token_vectors_leave_special_tokens_out_and_are_cut_where_the_network_stops() -> None:
    vectors = Representations(FakeJointModel(longest=2))
    (short, long) = vectors.encode_passage_tokens(["Kyiv", "Modi flew far"])
    assert short.offsets.tolist() == [[0, 4]]
    assert long.offsets.tolist() == [[0, 4], [5, 9]]
    # The first token stands behind a special one; what is kept has four bits.
    assert np.allclose(long.vectors, [[math.cos(1), math.sin(1)], [math.cos(2), math.sin(2)]], atol=0.1)
    assert np.allclose(np.linalg.norm(long.vectors, axis=1), 1)
    # Questions are not rounded so.
    assert np.allclose(vectors.encode_query_tokens("Kyiv").vectors, [[math.cos(1), math.sin(1)]], atol=1e-3)
    assert np.allclose(short.vectors, [[math.cos(1), math.sin(1)]], atol=0.1)


# What outlives the process


def read_beside(store: FakeStore) -> FakeJointModel:
    model = FakeJointModel()
    reader = joint_and_maxsim(model, Parameters.load(), store=store)
    fresh = joint_and_maxsim(FakeJointModel(), Parameters.load())
    assert reader.read(QUESTION, MANY, alike) == fresh.read(QUESTION, MANY, alike)
    return model


QUESTION = "Who flew to Moscow?"


def test_another_process_reads_what_was_kept_and_computes_the_question_alone() -> None:
    store = FakeStore()
    assert sum(rows for rows, _ in read_beside(store).alone) == len(MANY) + 1
    # Questions are people's: they are not kept.
    assert len(store.values) == len(MANY)
    assert store.made_room == [True]
    assert [rows for rows, _ in read_beside(store).alone] == [1]
    assert store.made_room == [True]


def test_what_was_kept_in_part_or_cannot_be_read_is_computed() -> None:
    store = FakeStore()
    read_beside(store)
    first, second, *_ = sorted(store.values)
    del store.values[first]
    store.values[second] = b"damaged"
    assert sum(rows for rows, _ in read_beside(store).alone) == 3
    assert [rows for rows, _ in read_beside(store).alone] == [1]


class RepresentingEncoder(FakeEncoder):
    """Gives out what the fake network makes of texts; keeps the questions."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def represent_query(self, text: str) -> Represented:
        self.asked.append(text)
        return self.represent_passages([text])

    def represent_passages(self, texts: Sequence[str]) -> Represented:
        representations = Representations(FakeJointModel())
        ids = [np.array(encoding.ids, dtype=np.int64) for encoding in representations.encodings(texts)]
        vectors = np.arange(2 * len(texts), dtype=np.float32).reshape(-1, 2)
        made = [representations.of_question(text, each) for text, each in zip(texts, ids, strict=True)]
        return Represented(vectors, ids, made)


def test_what_is_made_while_passages_are_indexed_is_read_later() -> None:
    store = FakeStore()
    texts = encoder_inputs([(each.article.title, each.text) for each in MANY])
    assert encode_and_keep(RepresentingEncoder(), store, texts).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert store.made_room == [False]
    assert [rows for rows, _ in read_beside(store).alone] == [1]


def test_what_the_encoder_made_of_a_question_is_read_unless_the_question_is_too_long() -> None:
    encoder, store = RepresentingEncoder(), FakeStore()
    read_beside(store)
    for question, computed in ((QUESTION, 0), ("Who wept? " * LONGEST_QUESTION, 1)):
        model = FakeJointModel()
        reader = joint_and_maxsim(model, Parameters.load(), store=store, encoder=encoder)
        fresh = joint_and_maxsim(FakeJointModel(), Parameters.load(), store=store)
        assert reader.read(question, MANY, alike) == fresh.read(question, MANY, alike)
        assert len(model.alone) == computed
        assert set(encoder.asked) == {question}
        encoder.asked.clear()


def test_where_there_is_no_room_vectors_are_made_all_the_same() -> None:
    store = FakeStore()
    store.full = True
    assert len(encode_and_keep(RepresentingEncoder(), store, ["Kyiv wept.", "Oil fell."])) == 2
    assert store.values == {}


def test_texts_are_told_apart_by_their_tokens() -> None:
    texts = [np.array(ids, dtype=np.int64) for ids in ([], [1], [1, 2], [2, 1], [258])]
    assert len({text_key(ids) for ids in texts}) == len(texts)
    assert text_key(np.array([1, 2], dtype=np.int64)) == text_key(texts[2])


def test_what_is_kept_is_the_representation_but_for_its_rounding() -> None:
    store = FakeStore()
    ids = np.array([3, 3, 3], dtype=np.int64)
    (made,) = Representations(FakeJointModel(), store=store).of_passages([ids])
    kept = unpacked(store.values[text_key(ids)])
    # As it is read from then on.
    assert np.array_equal(kept.states.floats(), made.states.floats())
    assert np.array_equal(kept.vectors.floats(), made.vectors.floats())


# What is read of long passages


def test_of_a_long_passage_the_likeliest_sentences_are_read_and_the_others_are_no_answer() -> None:
    said = passage("Modi flew far. Kyiv wept long. Oil fell again.", "News")
    # Each sentence has four tokens, the title two with its mark.
    reader = JointReader(Representations(FakeJointModel()), focus=Focus(10))
    spans = sentences(said.text)
    ranked = Reading(0.0, tuple((spans[at], -float(at)) for at in (2, 0, 1)))
    (found,) = reader.read_likeliest("Who wept or flew or fell?", [said], alike, [ranked])
    whole = dict(reader.read("Who wept or flew or fell?", [said], alike)[0].sentences)
    assert dict(found.sentences) == {**whole, spans[1]: -20.0}


def test_both_readers_mark_what_the_second_finds_likely() -> None:
    model = FakeJointModel()
    long = passage(" ".join(f"Story {n} was told far and wide by all." for n in range(40)))
    reader = joint_and_maxsim(model, Parameters.load(), focus=Focus(30))
    (reading,) = reader.read("Who told it?", [long], alike)
    assert len(reading.sentences) == 40
    assert model.alone[-1][1] == 256
    assert model.shapes == [(1, 32)]


def test_of_passages_that_are_not_among_the_likeliest_less_is_read() -> None:
    model = FakeJointModel()
    said = [passage("Modi flew far. Kyiv wept long. Oil fell again.", "News") for _ in range(6)]
    spans = sentences(said[0].text)
    ranked = [Reading(0.0, tuple((span, float(at)) for span in spans)) for at in range(6)]
    reader = JointReader(Representations(model), focus=Focus(14, 6))
    found = reader.read_likeliest("Who wept?", said, alike, ranked)
    unread = [sum(score == -20.0 for _, score in reading.sentences) for reading in found]
    assert unread == [2, 2, 0, 0, 0, 0]
