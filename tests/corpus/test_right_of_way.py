"""A re-index gives way to questions, and is never starved by them."""

import threading
from pathlib import Path

import numpy as np

from corpus.right_of_way import GivingWay, RightOfWay
from tests.fakes import CountingEncoder

TEXTS = [f"Story {n} {'and more ' * (n % 7)}" for n in range(50)]
LONG = 60.0


def test_vectors_and_tokens_are_those_of_the_encoder_in_the_order_given(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    giving = GivingWay(encoder, RightOfWay(tmp_path / "asked"))
    np.testing.assert_array_equal(giving.encode_passages(TEXTS), encoder.encode_passages(TEXTS))
    np.testing.assert_array_equal(giving.encode_queries(TEXTS), encoder.encode_queries(TEXTS))
    for ours, theirs in zip(giving.token_spans(TEXTS), encoder.token_spans(TEXTS), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [len(t.vectors) for t in giving.encode_passage_tokens(TEXTS)] == [
        len(encoder.encode_query_tokens(text).vectors) for text in TEXTS
    ]
    assert len(giving.encode_query_tokens(TEXTS[0]).vectors) == 2
    assert giving.encode_passages([]).shape == (0, encoder.dimension)
    assert (giving.fingerprint, giving.max_tokens) == (encoder.fingerprint, encoder.max_tokens)


def test_vectors_of_passages_may_be_made_by_another(tmp_path: Path) -> None:
    encoder, other = CountingEncoder(), CountingEncoder()
    giving = GivingWay(encoder, RightOfWay(tmp_path / "asked"), other.encode_passages)
    np.testing.assert_array_equal(giving.encode_passages(TEXTS), encoder.encode_queries(TEXTS))
    assert (len(encoder.encoded), len(other.encoded)) == (0, len(TEXTS))


def test_nothing_is_encoded_while_a_question_is_answered(tmp_path: Path) -> None:
    encoder, way = CountingEncoder(), RightOfWay(tmp_path / "asked", at_most=LONG)
    thread = threading.Thread(target=GivingWay(encoder, way).encode_passages, args=(TEXTS,))
    with way.taken(), way.taken():
        thread.start()
        thread.join(0.2)
        assert encoder.encoded == []
    thread.join(30)
    assert sorted(encoder.encoded) == sorted(TEXTS)


def test_a_reindex_goes_on_however_much_is_asked(tmp_path: Path) -> None:
    encoder, way = CountingEncoder(), RightOfWay(tmp_path / "asked", at_most=0.001)
    with way.taken():
        GivingWay(encoder, way).encode_passages(TEXTS)
    assert len(encoder.encoded) == len(TEXTS)


def test_nothing_is_encoded_while_another_process_answers(tmp_path: Path) -> None:
    encoder, theirs = CountingEncoder(), RightOfWay(tmp_path / "asked")
    ours = RightOfWay(tmp_path / "asked", at_most=LONG)
    thread = threading.Thread(target=GivingWay(encoder, ours).encode_passages, args=(TEXTS,))
    with theirs.taken():
        thread.start()
        thread.join(0.2)
        assert encoder.encoded == []
    thread.join(30)
    assert sorted(encoder.encoded) == sorted(TEXTS)


def test_a_process_that_was_killed_while_it_answered_holds_nobody_up(tmp_path: Path) -> None:
    encoder, theirs = CountingEncoder(), RightOfWay(tmp_path / "asked")
    with theirs.taken():
        GivingWay(encoder, RightOfWay(tmp_path / "asked", at_most=0.001)).encode_passages(TEXTS)
        assert len(encoder.encoded) == len(TEXTS)


def test_a_folder_that_cannot_be_written_keeps_nobody_from_asking(tmp_path: Path) -> None:
    way = RightOfWay(tmp_path / "nowhere" / "asked")
    with way.taken():
        pass
    way.give()
