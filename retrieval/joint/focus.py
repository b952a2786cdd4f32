"""Which sentences of a long passage are worth reading together with a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from retrieval.token_features import Places

FOCUS = 128
"""Tokens of a passage that are read, its title counted. What else stands there costs time, and makes it look more like
an answer than it is: `training/fit_mixture.py --focus` measures it."""


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
