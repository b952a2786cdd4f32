"""What the lower layers of the encoder make of the trained passages, computed once and kept in eight bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from retrieval.encoders.options import Precision
from retrieval.encoders.port import Halves
from retrieval.encoders.runtime import compiled, inferred, save_graph
from retrieval.joint.inputs import SpecialTokens, Tokens, of_like_length, padded
from retrieval.joint.model import AT_ONCE, WIDTH_STEP, States
from retrieval.joint.network import Encoder
from retrieval.joint.packing import STATE_TOP, RoundedRows, rounded

_IN_FILE = 1000  # passages in a file
_STATES = "states"

Positions = npt.NDArray[np.int64]


class _Lower(nn.Module):
    """The encoder's lower layers."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.encoder.states(ids, mask)


class KeptStates:
    """States of passages, those of their special tokens included, rounded as they are where a bot keeps them.

    Args:
        passages: numbers of their tokens.
        special: tokens around them.
        encoder: computes what is missing.
        folder: where they are kept, a thousand passages in a file.
    """

    def __init__(self, passages: Sequence[Tokens], special: SpecialTokens, encoder: Encoder, folder: Path) -> None:
        self._passages, self._special = passages, special
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{first:07d}.npz" for first in range(0, len(passages), _IN_FILE)]
        if missing := [file for file in files if not file.exists()]:
            self._make(missing, encoder)
        self._files = [_read(file) for file in files]
        lengths = np.array([len(ids) + 2 for ids in passages])
        starts = [np.cumsum([0, *lengths[at : at + _IN_FILE]]) for at in range(0, len(passages), _IN_FILE)]
        self._starts = np.concatenate([each[:-1] for each in starts])

    @property
    def hidden(self) -> int:
        """d, the length of a state."""
        return int(self._files[0].values.shape[1])

    def of(self, passage: int, chosen: Positions) -> States:
        """Those of some tokens, by their positions, and of the special ones, float32 ``(2 + chosen, hidden)``."""
        at = np.concatenate([[0], chosen + 1, [len(self._passages[passage]) + 1]])
        return self._files[passage // _IN_FILE].floats(at + self._starts[passage])

    def _make(self, files: Sequence[Path], encoder: Encoder) -> None:
        graph = files[0].with_name("lower.xml")
        ids, mask = padded(self._passages[:2], self._special, WIDTH_STEP)
        with torch.no_grad():
            example = {"ids": torch.from_numpy(ids), "mask": torch.from_numpy(mask)}
            save_graph(_Lower(encoder).eval(), example, [_STATES], graph)
        model = compiled(graph, Precision.AUTO)
        for file in files:
            first = int(file.stem)
            found = dict(self._computed(model, self._passages[first : first + _IN_FILE]))
            rows, scales = rounded(np.concatenate([found[at] for at in range(len(found))]), STATE_TOP)
            unfinished = file.with_suffix(".new")
            with unfinished.open("wb") as stream:
                np.savez(stream, rows=rows, scales=scales)
            unfinished.rename(file)
            print(f"states of {first + len(found)} passages of {len(self._passages)}", flush=True)

    def _computed(self, model: Any, passages: Sequence[Tokens]) -> Iterator[tuple[int, Halves]]:  # noqa: ANN401
        for chosen in of_like_length([len(ids) for ids in passages], AT_ONCE):
            ids, mask = padded([passages[at] for at in chosen], self._special, WIDTH_STEP)
            (found,) = inferred(model, {"ids": ids, "mask": mask}, (_STATES,))
            for at, states in zip(chosen, found, strict=True):
                yield at, states[: len(passages[at]) + 2].astype(np.float16)


def _read(file: Path) -> RoundedRows:
    with np.load(file) as stored:
        return RoundedRows(stored["rows"], stored["scales"])
