"""The port of what judges whether a sentence bears out what a question supposes.

"Why did India leave the Quad?" supposes that it left. A passage may hold all of these words and say no such thing.
"""

from __future__ import annotations

from typing import Protocol


class Verifier(Protocol):
    """Judges pairs of a question and a sentence. Safe to call from several threads."""

    def supports(self, question: str, title: str, sentence: str) -> float:
        """Log-odds that a sentence entails what the question supposes; higher is better.

        Args:
            question: its words.
            title: of the sentence's article; may be empty.
            sentence: of any length; what is read of it has an end.
        """
