"""Vectors that are made in parts: each passage once, nothing lost when a run is stopped, nothing foreign taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from corpus.catalogue import input_digest
from corpus.errors import ShardError
from corpus.parts import Part
from corpus.shards import PER_FILE, VectorShards, make_part, take_in
from corpus.vectors import CachedVectors, VectorCache
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors
from retrieval.passages import PassageCutter
from retrieval.types import Article

ONE = Part(1, 1)
ENCODER = FakeEncoder()
ARTICLES = [
    Article(f"a{n}", "\n\n".join(f"Paragraph {p} of {n}. " + "Envoys met again. " * 20 for p in range(4)), f"Title {n}")
    for n in range(20)
]


class Counting(FakeEncoder):
    """Counts how often it encodes each text; ends after so many calls."""

    def __init__(self, calls: int | None = None) -> None:
        super().__init__()
        self.encoded: Counter[str] = Counter()
        self.left = calls

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        self.encoded.update(texts)
        return super().encode_passages(texts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shards"


def shards_in(folder: Path) -> VectorShards:
    return VectorShards(folder, ENCODER.fingerprint, ENCODER.dimension)


def inputs() -> list[tuple[str, str]]:
    cut = zip(ARTICLES, PassageCutter(ENCODER).cut(ARTICLES), strict=True)
    return [(article.title, span.of(article.text)) for article, spans in cut for span in spans]


def made(folder: Path, part: Part = ONE, encoder: FakeEncoder = ENCODER, per_file: int = PER_FILE) -> int:
    return make_part(ARTICLES, part, encoder, shards_in(folder), lambda _: None, per_file)


@given(st.text(), st.integers(1, 50))
def test_every_article_is_in_one_part(article_id: str, parts: int) -> None:
    assert sum(Part(number, parts).holds(article_id) for number in range(1, parts + 1)) == 1


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "a/b", "1 / 2", "١/٢", "1/99999999"])
def test_what_is_no_part_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="write 2/8") as raised:
        Part.parse(text)
    assert repr(text) in str(raised.value)


def test_a_part_is_read_as_it_is_written() -> None:
    assert Part.parse("2/8") == Part(2, 8)
    assert str(Part(2, 8)) == "2/8"


def test_the_parts_together_hold_every_vector_once(folder: Path, tmp_path: Path) -> None:
    pairs = inputs()
    counts = [made(folder, Part(number, 3)) for number in (1, 2, 3)]
    assert min(counts) > 0
    assert sum(counts) == len(pairs)
    with closing(VectorCache(tmp_path / "cache", ENCODER.fingerprint, ENCODER.dimension)) as cache:
        assert take_in(shards_in(folder), cache, lambda _: None) == len(pairs)
        found = cache.find([input_digest(*pair) for pair in pairs])
    idle = Counting(calls=0)
    with CachedVectors(idle, tmp_path / "cache") as vectors:
        np.testing.assert_array_equal(vectors.of(pairs), np.array([found[input_digest(*pair)] for pair in pairs]))
    with CachedVectors(ENCODER, tmp_path / "other") as vectors:
        np.testing.assert_array_equal(vectors.of(pairs), np.array([found[input_digest(*pair)] for pair in pairs]))


def test_a_run_that_was_stopped_goes_on(folder: Path) -> None:
    stopped = Counting(calls=3)
    with pytest.raises(KeyboardInterrupt):
        made(folder, ONE, stopped, per_file=10)
    assert len(shards_in(folder).digests(ONE)) == 30
    after = Counting()
    assert made(folder, ONE, after) == len(inputs()) - 30
    assert max((stopped.encoded + after.encoded).values()) == 1
    assert made(folder) == 0


def test_one_part_reads_no_other(folder: Path) -> None:
    made(folder, Part(1, 2))
    (file,) = folder.iterdir()
    file.write_bytes(b"broken")
    assert made(folder, Part(2, 2)) > 0
    with pytest.raises(ShardError, match=r"cannot be read .*delete it"):
        made(folder, Part(1, 2))


@pytest.mark.parametrize(
    ("encoder", "dimension", "says"),
    [("other", ENCODER.dimension, "holds vectors of fake.*not of other"), (ENCODER.fingerprint, 3, "holds vectors of")],
)
def test_vectors_of_another_encoder_are_refused(
    folder: Path, tmp_path: Path, encoder: str, dimension: int, says: str
) -> None:
    made(folder)
    other = VectorShards(folder, encoder, dimension)
    with closing(VectorCache(tmp_path / "cache", encoder, dimension)) as cache, pytest.raises(ShardError, match=says):
        take_in(other, cache, lambda _: None)


@pytest.mark.parametrize("number", [0.0, 2.0, float("nan"), float("inf")])
def test_what_are_no_unit_vectors_is_refused(folder: Path, tmp_path: Path, number: float) -> None:
    shards = shards_in(folder)
    rows = ENCODER.encode_passages(["One.", "Two."])
    rows[1] *= number
    with np.errstate(invalid="ignore"):
        file = shards.write(ONE, [input_digest("", text) for text in ("One.", "Two.")], rows)
    with pytest.raises(ShardError, match=f"{file.name} holds what are no unit vectors"):
        shards.read(file)


def test_another_file_of_parquet_is_refused(folder: Path) -> None:
    folder.mkdir()
    parquet.write_table(pa.table({"digest": [b"x"]}), folder / "part-1-of-1-x.parquet")
    with pytest.raises(ShardError, match="nothing known"):
        made(folder)


def test_a_folder_without_vectors_is_told_of(folder: Path, tmp_path: Path) -> None:
    with (
        closing(VectorCache(tmp_path / "cache", ENCODER.fingerprint, ENCODER.dimension)) as cache,
        pytest.raises(ShardError, match="backchannel vectors make"),
    ):
        take_in(shards_in(folder), cache, lambda _: None)
