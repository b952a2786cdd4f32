"""Vectors of a corpus that one machine would take too long to encode: files of Parquet, made in parts by several.

A file is whole or not there, so a run that was stopped goes on where the last whole file ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from corpus.catalogue import input_digest
from corpus.errors import ShardError
from corpus.intake import batched
from corpus.parts import Part
from corpus.vectors import VectorCache
from retrieval.encoders.port import Encoder, Vectors
from retrieval.files import sync
from retrieval.passages import PassageCutter, encoder_inputs
from retrieval.types import Article

PER_FILE = 5_000
"""Vectors in a file, at most: some 4 MB of the packaged model's."""

_CUT_AT_ONCE = 50  # articles
_ENCODED_AT_ONCE = 512  # passages
_ENCODER = b"encoder"
# Half precision keeps a unit vector's length to this.
_UNIT = 0.01


class VectorShards:
    """A folder of vectors by the digest of what was encoded, in half precision.

    Args:
        folder: where the files lie; made when the first is written.
        encoder: its fingerprint.
        dimension: of its vectors.
    """

    def __init__(self, folder: Path, encoder: str, dimension: int) -> None:
        self._folder = folder
        self._encoder = encoder
        self._schema = pa.schema(
            [("digest", pa.binary(32)), ("vector", pa.list_(pa.float16(), dimension))],
            metadata={_ENCODER: encoder.encode()},
        )

    def files(self, part: Part | None = None) -> list[Path]:
        """The whole files, of a part or of all."""
        return sorted(self._folder.glob(f"{_stem(part) if part else '*'}-*.parquet"))

    def write(self, part: Part, digests: Sequence[str], vectors: Vectors) -> Path:
        """Write one file of a part: vectors, float32 ``(n, d)``, by digest.

        Raises:
            OSError: it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        keys = pa.array([bytes.fromhex(digest) for digest in digests], pa.binary(32))
        numbers = pa.array(vectors.astype(np.float16).ravel())
        rows = pa.FixedSizeListArray.from_arrays(numbers, vectors.shape[1])
        # A name of its own: whoever makes the same part at the same time writes over nothing.
        file = self._folder / f"{_stem(part)}-{uuid4().hex[:12]}.parquet"
        building = file.with_suffix(".building")
        try:
            parquet.write_table(pa.table([keys, rows], schema=self._schema), building)
            sync(building)
            building.replace(file)
        finally:
            building.unlink(missing_ok=True)
        return file

    def digests(self, part: Part) -> set[str]:
        """Of everything that lies there of a part.

        Raises:
            ShardError: a file cannot be read, or holds another encoder's vectors.
        """
        tables = (self._table(file, ["digest"]) for file in self.files(part))
        return {digest.hex() for table in tables for digest in table["digest"].to_pylist()}

    def read(self, file: Path) -> tuple[list[str], Vectors]:
        """The digests in a file, and their vectors, float32 ``(n, d)``.

        Raises:
            ShardError: it cannot be read, or holds another encoder's vectors, or what are no unit vectors.
        """
        table = self._table(file, ["digest", "vector"])
        flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        vectors: Vectors = flat.astype(np.float32).reshape(len(table), -1)
        lengths = np.linalg.norm(vectors, axis=1)
        if not (np.abs(lengths - 1) < _UNIT).all():
            raise ShardError(f"{file} holds what are no unit vectors: delete it, and make its part again")
        return [digest.hex() for digest in table["digest"].to_pylist()], vectors

    def _table(self, file: Path, columns: list[str]) -> pa.Table:
        try:
            schema = parquet.read_schema(file)
            table = parquet.read_table(file, columns=columns) if schema.equals(self._schema) else None
        except (pa.ArrowException, OSError) as error:
            raise ShardError(f"{file} cannot be read ({error}): delete it, and make its part again") from error
        encoder = (schema.metadata or {}).get(_ENCODER, b"").decode("utf-8", "replace")
        if table is None or encoder != self._encoder:
            raise ShardError(
                f"{file} holds vectors of {encoder or 'nothing known'}, not of {self._encoder}: "
                "set BACKCHANNEL_MODEL to what made it, or make it again"
            )
        return table


def make_part(
    articles: Iterable[Article],
    part: Part,
    encoder: Encoder,
    shards: VectorShards,
    made: Callable[[int], object],
    per_file: int = PER_FILE,
) -> int:
    """Encode what belongs to a part and lies in no file of it; returns how many vectors are new.

    Args:
        articles: the whole corpus.
        part: of it.
        encoder: encodes.
        shards: where vectors are kept.
        made: told after each file how many vectors it holds.
        per_file: so many vectors in a file at most.

    Raises:
        ShardError: what lies there of the part cannot be used.
        OSError: a file cannot be written.
    """
    there = shards.digests(part)
    cutter = PassageCutter(encoder)
    parts = batched((article for article in articles if part.holds(article.id)), _CUT_AT_ONCE)
    inputs = chain.from_iterable(_inputs(cutter, some) for some in parts)
    new = 0
    for batch in batched(_unseen(inputs, there), per_file):
        texts = encoder_inputs(pair for _, pair in batch)
        vectors = [encoder.encode_passages(some) for some in batched(texts, _ENCODED_AT_ONCE)]
        shards.write(part, [digest for digest, _ in batch], np.concatenate(vectors))
        new += len(batch)
        made(len(batch))
    return new


def take_in(shards: VectorShards, cache: VectorCache, taken: Callable[[int], object]) -> int:
    """Keep the vectors of all files in a cache; returns how many there were.

    Args:
        shards: the files.
        cache: of the encoder that made them.
        taken: told after each file how many vectors it held.

    Raises:
        ShardError: there is no file, or one cannot be used; those before it are kept.
        CatalogueError: the cache cannot be written.
    """
    files = shards.files()
    if not files:
        raise ShardError("there is no file of vectors in the folder: make some by `backchannel vectors make`")
    count = 0
    for file in files:
        digests, vectors = shards.read(file)
        cache.keep(digests, vectors, dt.datetime.now(dt.UTC).date())
        count += len(digests)
        taken(len(digests))
    return count


def _inputs(cutter: PassageCutter, articles: Sequence[Article]) -> Iterator[tuple[str, str]]:
    """The title and the text of each passage."""
    for article, spans in zip(articles, cutter.cut(articles), strict=True):
        for span in spans:
            yield article.title, span.of(article.text)


def _unseen(inputs: Iterable[tuple[str, str]], seen: set[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for pair in inputs:
        digest = input_digest(*pair)
        if digest not in seen:
            seen.add(digest)
            yield digest, pair


def _stem(part: Part) -> str:
    return f"part-{part.number}-of-{part.of}"
