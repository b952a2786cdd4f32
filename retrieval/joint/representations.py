"""What the joint reader's encoder made of texts by themselves, kept so that reading them again costs little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import numpy as np

from retrieval.encoders.models import LOWER_LAYERS, PUBLISHED_SHA256
from retrieval.encoders.port import Halves, Representation, RepresentingEncoder, TokenVectors, Vectors
from retrieval.encoders.tokens import encode_plainly, offsets_of, unit
from retrieval.joint.inputs import Tokens, of_like_length, padded
from retrieval.joint.model import AT_ONCE, WIDTH_STEP, JointModel, States
from retrieval.joint.packing import Eights, RoundedRepresentation, packed, unpacked
from retrieval.recent import Recent

if TYPE_CHECKING:
    from tokenizers import Encoding

_LAYOUT = 1
"""Of what is kept; another number is another key."""
_MADE_BY = f"{PUBLISHED_SHA256[:32]} {LOWER_LAYERS} {_LAYOUT}".encode()


class RepresentationStore(Protocol):
    """Where representations outlive the process, in bytes. Safe to use from several threads.

    It may lose what it was given; nothing depends on it but time.
    """

    def find(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """What is kept, of those of which something is."""

    def keep(self, values: Mapping[bytes, bytes], *, make_room: bool) -> None:
        """Keep these, while there is room; or make room for them by letting go of what was kept longest ago."""

    @property
    def full(self) -> bool:
        """Whether there is hardly any room left."""


class Representations:
    """Computes representations, and gives their vectors as an encoder gives its own.

    Args:
        model: the network.
        cached: how many texts' to keep in memory (about 125 KB each at 160 tokens of 384 dimensions).
        store: where those of passages are looked for, and kept; nowhere by default.
        encoder: gives those of questions, where it is the network's and has encoded them anyway.
    """

    def __init__(
        self,
        model: JointModel,
        cached: int = 256,
        store: RepresentationStore | None = None,
        encoder: RepresentingEncoder | None = None,
    ) -> None:
        self.model = model
        self._encoder = encoder
        self._store = store
        self._questions = Recent(self._computed, np.ndarray.tobytes, min(cached, 16))
        self._passages = Recent(self._found_or_computed, np.ndarray.tobytes, cached)
        self._encodings = Recent(partial(encode_plainly, model.tokenizer), str, cached)

    def of_question(self, text: str, ids: Tokens) -> Representation:
        """Of a question, and those of its tokens that are read, special ones left out; it is not stored."""
        if self._encoder is not None:
            made = self._encoder.represent_query(text)
            if len(made.ids[0]) == len(ids):  # else the network reads fewer of them
                return made.representations[0]
        return self._questions.of([ids])[0]

    def of_passages(self, texts: Sequence[Tokens]) -> list[RoundedRepresentation]:
        """Of passages given by their tokens' numbers, special ones left out; rounded, be they stored or not."""
        return self._passages.of(texts)

    def encodings(self, texts: Sequence[str]) -> list[Encoding]:
        """The tokens of texts, special ones left out; neither cut off."""
        return self._encodings.of(texts)

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        (encoding,) = self.encodings([text])
        return _vectors(encoding, self.of_question(text, self._read(encoding)).vectors)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context; what is longer than the network reads is cut off."""
        encodings = self.encodings(texts)
        found = self.of_passages([self._read(encoding) for encoding in encodings])
        # By their direction alone: how long they are makes no difference.
        return [_vectors(encoding, one.vectors.values) for encoding, one in zip(encodings, found, strict=True)]

    def _read(self, encoding: Encoding) -> Tokens:
        return np.array(encoding.ids[: self.model.longest], dtype=np.int64)

    def _found_or_computed(self, texts: Sequence[Tokens]) -> list[RoundedRepresentation]:
        keys = [text_key(ids) for ids in texts]
        found: dict[bytes, RoundedRepresentation] = {}
        for key, data in self._store.find(keys).items() if self._store is not None else ():
            with suppress(ValueError):
                found[key] = unpacked(data)
        missing = {key: ids for key, ids in zip(keys, texts, strict=True) if key not in found}
        if missing:
            made = {key: packed(one) for key, one in zip(missing, self._computed(list(missing.values())), strict=True)}
            if self._store is not None:
                self._store.keep(made, make_room=True)
            # A passage is read the first time as it will be read from then on.
            found |= {key: unpacked(data) for key, data in made.items()}
        return [found[key] for key in keys]

    def _computed(self, texts: Sequence[Tokens]) -> list[Representation]:
        found: dict[int, Representation] = {}
        for chosen in of_like_length([len(ids) for ids in texts], AT_ONCE):
            ids, mask = padded([texts[at] for at in chosen], self.model.special, WIDTH_STEP)
            for at, states, vectors in zip(chosen, *self.model.represent(ids, mask), strict=True):
                count = len(texts[at])
                halves = (states[: count + 2].astype(np.float16), vectors[1 : count + 1].astype(np.float16))
                found[at] = Representation(*halves)
        return [found[at] for at in range(len(texts))]


def text_key(ids: Tokens) -> bytes:
    """Tells apart texts, given by their tokens' numbers; other weights, or another layout, give other keys.

    In which numbers a representation was computed makes no difference: it is rounded to fewer.
    """
    return blake2b(ids.astype("<i8").tobytes(), digest_size=16, key=_MADE_BY).digest()


def encode_and_keep(encoder: RepresentingEncoder, store: RepresentationStore, texts: Sequence[str]) -> Vectors:
    """Vectors of passages, whose representations, made on the way, are kept while there is room for them."""
    if store.full:
        return encoder.encode_passages(texts)
    made = encoder.represent_passages(texts)
    keys = map(text_key, made.ids)
    store.keep(dict(zip(keys, map(packed, made.representations), strict=True)), make_room=False)
    return made.vectors


def stacked(states: Sequence[Halves | States], width: int) -> States:
    """States of texts as one array, float32 ``(texts, width, d)``, filled up with zeros."""
    rows: States = np.zeros((len(states), width, states[0].shape[1]), dtype=np.float32)
    for row, one in zip(rows, states, strict=True):
        row[: len(one)] = one
    return rows


def _vectors(encoding: Encoding, vectors: Halves | Eights) -> TokenVectors:
    return TokenVectors(unit(vectors.astype(np.float32)), offsets_of(encoding)[: len(vectors)])
