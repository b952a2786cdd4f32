import math

import pytest

from retrieval.mixed_reader import MixedReader, Mixture
from retrieval.reader import Reading, SentenceReader, Weigh
from retrieval.types import Article, Passage, Span
from tests.retrieval.joint_fake import alike

ONE, TWO = Span(0, 4), Span(5, 9)
PASSAGE = Passage(1, Article("a", "One. Two."), 0, 9)


class Told:
    """Reads as it is told."""

    def __init__(self, score: float, one: float, two: float) -> None:
        sentences = sorted([(ONE, one), (TWO, two)], key=lambda pair: -pair[1])
        self.reading = Reading(score, tuple(sentences))

    def read(self, question: str, passages: list[Passage], weigh: Weigh) -> list[Reading]:
        return [self.reading for _ in passages]

    def read_likeliest(
        self, question: str, passages: list[Passage], weigh: Weigh, ranked: list[Reading]
    ) -> list[Reading]:
        self.ranked = ranked
        return self.read(question, passages, weigh)

    def read_sentence(self, question: str, passage: Passage, sentence: Span, weigh: Weigh) -> float:
        return 10 * dict(self.reading.sentences)[sentence]


def mixed(marking: float, judging: float = 0.5, offset: float = 0.0) -> Reading:
    reader = MixedReader(Told(2.0, 1.0, 0.5), Told(0.9, 3.0, 5.0), Mixture(marking, judging, offset))
    (reading,) = reader.read("Who?", [PASSAGE], alike)
    return reading


def test_scores_worked_by_hand() -> None:
    reading = mixed(0.75, 0.25, offset=1.0)
    level = math.log(math.exp(3.0) + math.exp(5.0))
    assert reading.score == pytest.approx(0.25 * 2.0 + 0.75 * (level - 1.0))
    assert dict(reading.sentences) == pytest.approx({ONE: 0.75 * 1.0 + 0.25 * 2.0, TWO: 0.75 * 0.5 + 0.25 * 4.0})


def test_either_may_mark_the_sentence() -> None:
    assert mixed(1.0).sentences[0][0] == ONE
    assert mixed(0.0).sentences[0][0] == TWO


def test_a_sentence_by_itself_worked_by_hand() -> None:
    reader = MixedReader(Told(2.0, 1.0, 0.5), Told(0.9, 3.0, 5.0), Mixture(0.5, 0.25, 1.0))
    assert reader.read_sentence("Who?", PASSAGE, TWO, alike) == pytest.approx(0.25 * 5.0 + 0.75 * (5.0 - 1.0))
    assert isinstance(reader, SentenceReader)
    with pytest.raises(KeyError):
        reader.read_sentence("Who?", PASSAGE, Span(0, 9), alike)


def test_nothing_to_read() -> None:
    reader = MixedReader(Told(2.0, 1.0, 0.5), Told(0.9, 3.0, 5.0), Mixture(0.5, 0.5, 0.0))
    assert reader.read("Who?", [], alike) == []
