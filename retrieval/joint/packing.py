"""Representations in few bytes, so that those of many passages can be kept."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Halves, Representation

_SIZES = struct.Struct("<HH")
STATE_TOP, _VECTOR_TOP = 127, 7
"""The largest whole numbers of eight bits for states, which the network reads, and of four for vectors, which are
only compared."""

Bytes = npt.NDArray[np.uint8]
Eights = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class RoundedRows:
    """Whole numbers, int8 ``(n, d)``, and what each row's are to be multiplied with, float16 ``(n,)``."""

    values: Eights
    scales: Halves

    def floats(self, rows: npt.NDArray[np.int64] | slice = slice(None)) -> npt.NDArray[np.float32]:
        """All rows, or some by their positions, float32 ``(rows, d)``."""
        return self.values[rows] * self.scales[rows].astype(np.float32)[:, None]


@dataclass(frozen=True, slots=True)
class RoundedRepresentation:
    """A :class:`retrieval.encoders.port.Representation` as it is kept."""

    states: RoundedRows
    vectors: RoundedRows


def packed(representation: Representation) -> bytes:
    """States of eight bits and vectors of four, each row with a scale: ``1.5 d + 4`` bytes a token."""
    states, scales = rounded(representation.states, STATE_TOP)
    vectors, vector_scales = rounded(representation.vectors, _VECTOR_TOP)
    head = _SIZES.pack(*representation.vectors.shape)
    return b"".join([head, scales.tobytes(), states.tobytes(), vector_scales.tobytes(), _paired(vectors).tobytes()])


def unpacked(data: bytes) -> RoundedRepresentation:
    """What was packed, rounded.

    Raises:
        ValueError: it is not what :func:`packed` gave.
    """
    if len(data) < _SIZES.size:
        raise ValueError(f"{len(data)} bytes are no representation")
    count, width = _SIZES.unpack_from(data)
    pairs = -(-width // 2)
    sizes = [2 * (count + 2), (count + 2) * width, 2 * count, count * pairs]
    if len(data) != _SIZES.size + sum(sizes):
        raise ValueError(f"{len(data)} bytes are no representation of {count} tokens of {width} dimensions")
    starts = np.cumsum([_SIZES.size, *sizes])
    scales, states, vector_scales, vectors = (memoryview(data)[a:b] for a, b in pairwise(starts))
    halves = _parted(np.frombuffer(vectors, np.uint8).reshape(count, pairs), width)
    return RoundedRepresentation(
        RoundedRows(np.frombuffer(states, np.int8).reshape(count + 2, width), np.frombuffer(scales, "<f2")),
        RoundedRows(halves, np.frombuffer(vector_scales, "<f2")),
    )


def rounded(rows: Halves, top: int) -> tuple[Eights, Halves]:
    """Whole numbers from ``-top`` to ``top``, and what each row's are to be multiplied with."""
    values = rows.astype(np.float32)
    scales = (np.abs(values).max(axis=1, initial=0) / top).astype("<f2")
    # The scale itself is rounded: what it then leaves outside of the range is cut off.
    wide = np.maximum(scales.astype(np.float32), np.finfo(np.float16).smallest_subnormal)[:, None]
    return np.clip(np.rint(values / wide), -top, top).astype(np.int8), scales


def _paired(rows: Eights) -> Bytes:
    """Two numbers of four bits in each byte."""
    above: Bytes = (rows + 8).astype(np.uint8)
    even = np.pad(above, ((0, 0), (0, above.shape[1] % 2)))
    return even[:, ::2] * np.uint8(16) + even[:, 1::2]


def _parted(pairs: Bytes, width: int) -> Eights:
    found = np.empty((len(pairs), 2 * pairs.shape[1]), dtype=np.int8)
    found[:, ::2], found[:, 1::2] = pairs >> 4, pairs & 15
    return found[:, :width] - np.int8(8)
