import datetime as dt
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.catalogue import input_digest
from corpus.vectors import UNUSED_DAYS, CachedVectors, VectorCache
from retrieval.encoders.fake import FakeEncoder
from retrieval.passages import encoder_inputs
from tests.fakes import CountingEncoder

TODAY = dt.date(2024, 7, 9)
PASSAGES = [("Talks", "Envoys met in Oslo."), ("", "The ferry was late."), ("Iron", "Ore leaves Narvik by ship.")]
DIGESTS = [input_digest(*passage) for passage in PASSAGES]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vectors.sqlite3"


@pytest.fixture
def cache(file: Path) -> Iterator[VectorCache]:
    cache = VectorCache(file, "encoder", 3)
    yield cache
    cache.close()


def rows(number: int, dimension: int = 3) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(number).standard_normal((number, dimension)).astype(np.float32)


def nobody(_: Sequence[str]) -> set[str]:
    return set()


def encode(file: Path, encoder: FakeEncoder) -> list[list[float]]:
    with CachedVectors(encoder, file) as vectors:
        return vectors.of(PASSAGES).tolist()


def spoil(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


# The cache


def test_what_was_kept_is_found_as_half_precision_holds_it(cache: VectorCache) -> None:
    vectors = rows(2)
    cache.keep(DIGESTS[:2], vectors, TODAY)
    found = cache.find(DIGESTS)
    assert sorted(found) == sorted(DIGESTS[:2])
    for digest, vector in zip(DIGESTS, vectors, strict=False):
        assert found[digest].dtype == np.float32
        assert found[digest].tolist() == vector.astype(np.float16).astype(np.float32).tolist()


def test_more_are_found_than_one_statement_takes(cache: VectorCache) -> None:
    digests = [input_digest("", str(number)) for number in range(1200)]
    vectors = rows(1200)
    cache.keep(digests, vectors, TODAY)
    found = cache.find(digests)
    assert np.array([found[d] for d in digests]).tolist() == vectors.astype(np.float16).tolist()


def test_another_encoder_finds_nothing_and_takes_nothing_away(cache: VectorCache, file: Path) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    other = VectorCache(file, "other", 2)
    assert other.find(DIGESTS) == {}
    other.keep(DIGESTS[:1], rows(1, 2), TODAY)
    assert len(other.find(DIGESTS)) == 1
    assert len(cache.find(DIGESTS)) == 3
    other.close()


def test_vectors_of_another_length_are_not_found(cache: VectorCache, file: Path) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    longer = VectorCache(file, "encoder", 4)
    assert longer.find(DIGESTS) == {}
    longer.close()


@pytest.mark.parametrize(
    "change",
    [
        "vector = x'000000000000'",
        "vector = x'0000'",
        "vector = x''",
        "vector = 'text'",
        "vector = 7",
        "checksum = checksum + 1",
        "checksum = 'text'",
    ],
)
def test_a_vector_that_is_not_what_was_stored_is_not_found_and_replaced(
    cache: VectorCache, file: Path, change: str
) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    cache.close()
    spoil(file, f"UPDATE vectors SET {change} WHERE id = 2")  # noqa: S608
    assert sorted(cache.find(DIGESTS)) == sorted([DIGESTS[0], DIGESTS[2]])
    cache.keep(DIGESTS[1:2], rows(1), TODAY)
    assert len(cache.find(DIGESTS)) == 3


def test_a_vector_that_slid_to_another_text_is_not_found(cache: VectorCache, file: Path) -> None:
    cache.keep(DIGESTS[:1], rows(1), TODAY)
    cache.close()
    spoil(file, f"UPDATE vectors SET digest = x'{DIGESTS[1]}'")  # noqa: S608
    assert cache.find(DIGESTS) == {}


# What goes


def days_later(days: int) -> dt.date:
    return TODAY + dt.timedelta(days=days)


def test_what_nobody_uses_goes_after_its_days_and_not_before(cache: VectorCache) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    assert cache.prune(nobody, days_later(UNUSED_DAYS)) == 0
    assert len(cache.find(DIGESTS)) == 3
    assert cache.prune(nobody, days_later(UNUSED_DAYS + 1)) == 3
    assert cache.find(DIGESTS) == {}


def test_what_a_passage_has_stays_and_has_its_days_again_once_it_is_gone(cache: VectorCache) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    assert cache.prune(lambda digests: {DIGESTS[1]} & set(digests), days_later(40)) == 2
    assert list(cache.find(DIGESTS)) == [DIGESTS[1]]
    assert cache.prune(nobody, days_later(40 + UNUSED_DAYS)) == 0
    assert cache.prune(nobody, days_later(41 + UNUSED_DAYS)) == 1


def test_the_vectors_of_an_encoder_that_is_used_no_more_go_though_passages_have_their_texts(
    cache: VectorCache, file: Path
) -> None:
    cache.keep(DIGESTS, rows(3), TODAY)
    other = VectorCache(file, "other", 3)
    other.keep(DIGESTS, rows(3), days_later(1))
    assert other.prune(set, days_later(UNUSED_DAYS)) == 0
    assert other.prune(set, days_later(UNUSED_DAYS + 1)) == 3
    assert cache.find(DIGESTS) == {}
    assert len(other.find(DIGESTS)) == 3
    other.close()


def test_many_are_looked_at_part_by_part(cache: VectorCache) -> None:
    digests = [input_digest("", str(number)) for number in range(1200)]
    cache.keep(digests, rows(1200), TODAY)
    kept, most = set(digests[::2]), 0

    def in_use(part: Sequence[str]) -> set[str]:
        nonlocal most
        most = max(most, len(part))
        return kept & set(part)

    assert cache.prune(in_use, days_later(99)) == 600
    assert set(cache.find(digests)) == kept
    assert most < 1200


# Encoding through it


def test_a_text_is_encoded_once_however_often_it_comes(file: Path) -> None:
    encoder = CountingEncoder()
    with CachedVectors(encoder, file) as vectors:
        first = vectors.of([*PASSAGES, PASSAGES[0]])
        assert encoder.encoded == encoder_inputs(PASSAGES)
        assert first[0].tolist() == first[3].tolist()
        assert vectors.of([]).shape == (0, 64)
    encoder.encoded.clear()
    assert encode(file, encoder) == first[:3].tolist()
    assert encoder.encoded == []


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=12), st.data())
def test_cached_or_not_the_vectors_are_the_same_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, passages: list[tuple[str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("vectors")
    with CachedVectors(FakeEncoder(), folder / "fresh.sqlite3") as fresh:
        expected = fresh.of(passages)
    with CachedVectors(FakeEncoder(), folder / "used.sqlite3") as used:
        used.of(passages[: data.draw(st.integers(0, len(passages)))])
        assert used.of(passages).tobytes() == expected.tobytes()
        assert used.of(passages).tobytes() == expected.tobytes()


# Trouble


def harm(file: Path, how: str) -> None:
    data = file.read_bytes()
    if how == "no database":
        file.write_bytes(b"?" * len(data))
    elif how == "cut short":
        file.write_bytes(data[:5000])
    elif how == "overwritten":
        file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


@pytest.mark.parametrize("how", ["no database", "cut short", "overwritten"])
def test_a_damaged_file_is_put_aside_with_one_warning_and_made_anew(
    file: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = encode(file, FakeEncoder())
    harm(file, how)
    assert encode(file, FakeEncoder()) == expected
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert f"{file} is damaged" in warning.message
    assert "it is now vectors.sqlite3.damaged, and a new one is made" in warning.message
    assert file.with_name("vectors.sqlite3.damaged").exists()
    # The vectors that were being looked up when the damage was found are kept from then on.
    encode(file, encoder := CountingEncoder())
    assert encode(file, encoder) == expected
    assert encoder.encoded == []
    assert len(caplog.records) == 1


def test_a_file_that_is_lost_while_nobody_looks_is_made_anew_without_a_word(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = encode(file, FakeEncoder())
    for path in file.parent.iterdir():
        path.unlink()
    assert encode(file, FakeEncoder()) == expected
    assert caplog.records == []


def test_a_cache_that_cannot_be_opened_costs_one_warning_and_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    encoder = CountingEncoder()
    with CachedVectors(encoder, tmp_path / "file" / "vectors.sqlite3") as vectors:
        assert vectors.of(PASSAGES).tolist() == vectors.of(PASSAGES).tolist()
        vectors.prune(nobody)
    assert len(encoder.encoded) == 2 * len(PASSAGES)
    (warning,) = caplog.records
    assert "vectors.sqlite3 cannot be used" in warning.message


def test_the_cache_of_a_newer_version_is_left_alone(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    encode(file, FakeEncoder())
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = file.read_bytes()
    encode(file, FakeEncoder())
    (warning,) = caplog.records
    assert "belongs to a newer version" in warning.message
    assert file.read_bytes() == before
    assert not file.with_name("vectors.sqlite3.damaged").exists()
