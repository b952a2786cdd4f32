"""Which sentences of a long passage are worth reading together with a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.token_features import Places

_LIKELY = 4
"""Passages that are read more thoroughly than others that are read with them."""


@dataclass(frozen=True, slots=True)
class Focus:
    """How many tokens of a passage are read, its title counted; with two special ones, widths that batches have anyway.

    What else stands there costs time, and makes a passage look more like an answer than it is;
    `training/fit_mixture.py --focus` measures it.

    Args:
        likely: of the few passages that are likeliest to answer.
        others: of all others: enough to judge them, if not to mark their best sentence.
    """

    likely: int = 126
    others: int = 62

    def of(self, scores: Sequence[float]) -> list[int]:
        """How many tokens may be read of each passage, by scores of how likely it answers."""
        likely = sorted(range(len(scores)), key=lambda at: -scores[at])[:_LIKELY]
        return [self.likely if at in likely else self.others for at in range(len(scores))]


def likeliest(places: Places, ranked: Sequence[int], most: int) -> npt.NDArray[np.int64]:
    """The tokens of the title, and of the sentences that rank first, as far as they fit; the first of all in any case.

    Args:
        places: the sentence in which each token lies, -1 for none.
        ranked: the sentences, the likeliest first.
        most: how many tokens may be chosen.

    Returns:
        Their positions, ascending.
    """
    if len(places) <= most:
        return np.arange(len(places))
    chosen = places < 0
    for rank, place in enumerate(ranked):
        inside = places == place
        if not rank or chosen.sum() + inside.sum() <= most:
            chosen |= inside
    return np.flatnonzero(chosen)
