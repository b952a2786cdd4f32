"""The port of what judges whether a sentence bears out what a question supposes.

"Why did India leave the Quad?" supposes that it left. A passage may hold all of these words and say no such thing.
"""

from __future__ import annotations

from typing import Protocol


class Verifier(Protocol):
    """Judges pairs of a sentence and a statement. Safe to call from several threads."""

    def supports(self, statement: str, title: str, sentence: str) -> float:
        """Log-odds that a sentence entails a statement; finite, higher is better.

        Args:
            statement: what a question supposes, as :func:`retrieval.verifier.statements.supposed` puts it.
            title: of the sentence's article; may be empty.
            sentence: of any length; what is read of it has an end.
        """
