"""A joint model without weights: an answer lies where words of the question stand, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, models, pre_tokenizers

from retrieval.joint.inputs import Inputs, SpecialTokens, Tokens
from retrieval.joint.model import Logits, States
from retrieval.token_features import SHAPES


def tokenizer() -> Tokenizer:
    """Words and marks; all are unknown to it but the special ones."""
    vocabulary = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 (no password)
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


class FakeJointModel:
    """Keeps the shapes of its batches: of texts alone, and of passages read together with a question."""

    def __init__(self, longest: int = 254) -> None:
        self.tokenizer = tokenizer()
        self.special = SpecialTokens(1, 2, 0)
        self.longest = longest
        self.alone: list[tuple[int, ...]] = []
        self.shapes: list[tuple[int, ...]] = []

    def represent(self, ids: Tokens, mask: npt.NDArray[np.bool_]) -> tuple[States, States]:
        """States tell a token's number, vectors its place in the text."""
        self.alone.append(ids.shape)
        places = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        states = np.stack([ids, mask], axis=-1).astype(np.float32)
        return states, np.stack([np.cos(places), np.sin(places)], axis=-1).astype(np.float32)

    def judge(self, asked: States, told: States, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logit 4 where a word of the question stands, -4 elsewhere; that none does: 0."""
        assert asked[0, :, 0].tolist() == np.where(inputs.question_mask[0], inputs.question_ids[0], 0).tolist()
        # What is kept of passages is rounded.
        assert np.allclose(told[..., 0], np.where(inputs.passage_mask, inputs.passage_ids, 0), atol=0.02)
        self.shapes.append(inputs.passage_ids.shape)
        stands = inputs.passage_features[..., len(SHAPES)]
        return np.where(stands > 0, 4.0, -4.0).astype(np.float32), np.zeros(len(stands), dtype=np.float32)


class FakeStore:
    """Keeps representations in memory, all that it is given."""

    full = False

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.made_room: list[bool] = []

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those that are kept."""
        return {key: self.values[key] for key in keys if key in self.values}

    def keep(self, values: Mapping[bytes, bytes], *, make_room: bool) -> None:
        """Keep these."""
        self.values |= values
        self.made_room.append(make_room)


def alike(words: Iterable[str]) -> list[float]:
    """Every word weighs the same."""
    return [1.0 for _ in words]
