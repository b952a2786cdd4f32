"""The port of what computes the joint reader's network."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from retrieval.joint.inputs import Inputs, SpecialTokens, Tokens

# Tokens of the passages computed at once, padding counted; larger batches pad more than they spare.
AT_ONCE = 512
# Kernels are made for each width anew; with few widths they are found ready-made.
WIDTH_STEP = 16

Logits = npt.NDArray[np.float32]
States = npt.NDArray[np.float32]
"""float32 ``(b, n, d)``: of the tokens of ``b`` texts, special ones included."""


class JointModel(Protocol):
    """A network with its tokenizer. Safe to call from several threads."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Neither cuts off nor pads."""

    @property
    def special(self) -> SpecialTokens:
        """The tokenizer's numbers of the tokens that stand around a text."""

    @property
    def longest(self) -> int:
        """Tokens of a passage that are read, its title counted."""

    def represent(self, ids: Tokens, mask: npt.NDArray[np.bool_]) -> tuple[States, States]:
        """What the encoder makes of texts by themselves, ``(b, n)`` as padded.

        Returns:
            The states that :meth:`judge` takes, and the vectors that late interaction compares, not normalised.
        """

    def judge(self, asked: States, told: States, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logits that an answer lies at each token of a passage, ``(b, n)``, and that none does, ``(b,)``.

        ``asked`` are the states of one question, ``(1, m, d)``, and ``told`` those of the passages, ``(b, n, d)``.
        """
