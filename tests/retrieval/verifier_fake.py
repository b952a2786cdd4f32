"""A verifier that goes by words, which can be told beforehand."""

from __future__ import annotations

import re


class WordVerifier:
    """The share of the statement's words that stand in the sentence or its title, from -1 to 1."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def supports(self, statement: str, title: str, sentence: str) -> float:
        self.asked.append((statement, title, sentence))
        asked, told = ({*re.findall(r"\w+", text.lower())} for text in (statement, f"{title} {sentence}"))
        return 2 * len(asked & told) / len(asked) - 1 if asked else 0.0
