import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import TokenVectors
from retrieval.reader import FEATURES, MaxSimReader, Reader, Reading, WordReader, inverse_document_frequency
from retrieval.segmentation import sentences
from retrieval.types import Article, Passage, Span

PLANE = {
    "modi": (1.0, 0.0),
    "moscow": (0.0, 1.0),
    "flew": (0.6, 0.8),
    "kyiv": (0.0, 1.0),
    "wept": (-1.0, 0.0),
    "putin": (0.8, 0.6),
}


class PlaneEncoder(FakeEncoder):
    """Words are points in the plane; counts the passages whose tokens it read."""

    def __init__(self) -> None:
        super().__init__(dimension=2, max_tokens=9)
        self.read: list[str] = []

    def encode_query_tokens(self, text: str) -> TokenVectors:
        return self._plane(text)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.read += texts
        return [self._plane(text) for text in texts]

    def _plane(self, text: str) -> TokenVectors:
        offsets = self.token_spans([text])[0]
        kept = [list(span) for span in offsets.tolist() if text[slice(*span)].lower() in PLANE][: self.max_tokens]
        vectors = [PLANE[text[start:end].lower()] for start, end in kept]
        return TokenVectors(
            np.array(vectors, dtype=np.float32).reshape(-1, 2), np.array(kept, dtype=np.int32).reshape(-1, 2)
        )


def passage(text: str, title: str = "", start: int = 0, number: int = 1) -> Passage:
    return Passage(number, Article(f"article-{number}", text, title), start, len(text))


def alike(words: Sequence[str]) -> list[float]:
    """All words weigh the same."""
    return [1.0] * len(words)


def texts(reading: Reading, of: Passage) -> list[str]:
    return [span.of(of.article.text) for span, _ in reading.sentences]


TWO = passage("Modi flew. Kyiv wept.")


# Late interaction


def test_maxsim_worked_by_hand() -> None:
    (reading,) = MaxSimReader(PlaneEncoder()).read("Modi Moscow", [TWO], alike)
    # "Modi" finds 1 in the first sentence and 0 in the second, "Moscow" 0.8 and 1.
    assert texts(reading, TWO) == ["Modi flew.", "Kyiv wept."]
    assert [score for _, score in reading.sentences] == pytest.approx([(1 + 0.8) / 2, (0 + 1) / 2])
    assert reading.score == pytest.approx((1 + 1) / 2)


def test_features_worked_by_hand() -> None:
    spans, rows = MaxSimReader(PlaneEncoder()).features("How many met Modi Moscow?", TWO, alike)
    assert spans == [Span(0, 10), Span(11, 21)]
    # Of the first sentence "Modi" (1, 0) and "flew" (.6, .8) are seen, of the second (0, 1) and (-1, 0).
    expected = {
        "maxsim": (0.9, 0.5),
        "maxsim_uniform": (0.9, 0.5),
        "pooled": ((1.6 + 0.8) / math.sqrt(2 * (1.6**2 + 0.8**2)), 0.0),
        "backward": (0.9, 0.5),
        "length": (math.log(2), math.log(2)),
        "lacks_number": (1.0, 1.0),
        "lacks_date": (0.0, 0.0),
        "lacks_name": (0.0, 0.0),
        "before": ((0.9 + 0.5) / 2, 0.9),
    }
    for name, column in zip(FEATURES, rows.T, strict=True):
        assert column == pytest.approx(expected[name], abs=1e-6), name


@given(st.lists(st.lists(st.sampled_from(["Modi", "Moscow", "Flew", "Xylophone"]), min_size=1, max_size=3), min_size=1))
def test_a_sentence_has_the_best_of_its_own_words(sentences: list[list[str]]) -> None:
    text = passage(" ".join(" ".join(words) + "." for words in sentences), "Modi")
    spans, rows = MaxSimReader(PlaneEncoder()).features("Moscow", text, alike)
    # The encoder sees nine words that it knows, of which one is the title's.
    seen = [word for word in re.finditer(r"\w+", text.text) if word.group().lower() in PLANE][:8]
    for span, score in zip(spans, rows[:, FEATURES.index("maxsim")], strict=True):
        inside = [word.group().lower() for word in seen if span.start <= word.start() and word.end() <= span.end]
        assert score == pytest.approx(max((PLANE[word][1] for word in inside), default=0.0))


def test_rare_words_weigh_more() -> None:
    def weigh(words: Sequence[str]) -> list[float]:
        return [100.0 if word == "Moscow" else 1.0 for word in words]

    (reading,) = MaxSimReader(PlaneEncoder()).read("Modi Moscow", [TWO], weigh)
    assert texts(reading, TWO) == ["Kyiv wept.", "Modi flew."]


def test_marks_weigh_nothing() -> None:
    reader = MaxSimReader(FakeEncoder())
    text = passage("Modi flew to Moscow. Why? Why?! Nobody knows, they say.")
    plain, marked = (reader.read(question, [text], alike)[0] for question in ("Modi Moscow", "Modi, Moscow?!"))
    assert marked.score == pytest.approx(plain.score)
    assert [score for _, score in marked.sentences] == pytest.approx([score for _, score in plain.sentences])


def test_the_title_helps_the_passage_but_no_sentence() -> None:
    bare, titled = (passage("Kyiv wept.", title) for title in ("", "Modi"))
    readings = MaxSimReader(PlaneEncoder()).read("Modi", [bare, titled], alike)
    assert [reading.score for reading in readings] == pytest.approx([0.0, 1.0])
    for reading in readings:
        assert reading.sentences[0][1] == pytest.approx(0.0)


def test_sentences_are_counted_in_the_article() -> None:
    text = "Putin spoke.\n\nModi flew. Kyiv wept."
    part = passage(text, "Moscow", start=14)
    (reading,) = MaxSimReader(PlaneEncoder()).read("Modi", [part], alike)
    assert [span for span, _ in reading.sentences] == [Span(14, 24), Span(25, 35)]
    assert reading.sentences[0][1] == pytest.approx(1.0)


def test_equal_sentences_come_in_reading_order() -> None:
    text = passage("Kyiv wept. Kyiv wept. Modi flew.")
    (reading,) = MaxSimReader(PlaneEncoder()).read("Moscow Kyiv", [text], alike)
    assert [span.start for span, _ in reading.sentences] == [0, 11, 22]


def test_what_the_encoder_does_not_see_ranks_last() -> None:
    text = passage("Modi modi modi modi modi modi modi modi modi. Modi modi modi.")
    (reading,) = MaxSimReader(PlaneEncoder()).read("Modi", [text], alike)
    assert texts(reading, text)[0] == text.text[:45]
    assert reading.sentences[0][1] > reading.sentences[1][1]


@pytest.mark.parametrize("question", ["xylophone", "", "?"])
def test_a_question_without_known_tokens_is_still_read(question: str) -> None:
    (reading,) = MaxSimReader(PlaneEncoder()).read(question, [TWO], alike)
    assert texts(reading, TWO) == ["Modi flew.", "Kyiv wept."]
    assert math.isfinite(reading.score)


def test_a_passage_without_known_tokens_is_still_read() -> None:
    text = passage("Xylophone!")
    (reading,) = MaxSimReader(PlaneEncoder()).read("Modi", [text], alike)
    assert texts(reading, text) == ["Xylophone!"]
    assert reading.score == -1.0


def test_weights_choose_what_counts() -> None:
    text = passage("Modi met Putin in Moscow. It was on 8 July 2024.")
    question = "When did Modi meet Putin in Moscow?"
    by_likeness, by_date = (
        MaxSimReader(FakeEncoder(), weights).read(question, [text], alike)[0]
        for weights in (None, {"maxsim": 0.1, "lacks_date": -1.0})
    )
    assert texts(by_likeness, text)[0] == "Modi met Putin in Moscow."
    assert texts(by_date, text)[0] == "It was on 8 July 2024."


def test_nothing_to_read_is_not_encoded() -> None:
    encoder = PlaneEncoder()
    assert MaxSimReader(encoder).read("Modi", [], alike) == []
    assert encoder.read == []


# The cache


MANY = [passage(f"Modi flew {n} times. Kyiv wept.", "Moscow", number=n) for n in range(1, 7)]


@pytest.mark.parametrize("cached", [0, 1, 3, 256])
def test_the_cache_does_not_change_what_is_read(cached: int) -> None:
    reader = MaxSimReader(FakeEncoder(), cached=cached)
    for question in ("Who flew to Moscow?", "Who wept?"):
        fresh = MaxSimReader(FakeEncoder()).read(question, MANY, alike)
        assert reader.read(question, MANY, alike) == fresh
        assert reader.read(question, MANY[::-1], alike) == fresh[::-1]
        assert reader.read(question, [MANY[0], MANY[0]], alike) == [fresh[0]] * 2


def test_passages_read_lately_are_not_encoded_again() -> None:
    encoder = PlaneEncoder()
    reader = MaxSimReader(encoder, cached=3)
    for asked, encoded in ((MANY[:3], 3), (MANY[:3], 0), (MANY[3:4], 1), (MANY[1:4], 0), (MANY[:1], 1)):
        encoder.read.clear()
        reader.read("Modi", asked, alike)
        assert len(encoder.read) == encoded


def test_passages_that_differ_are_kept_apart() -> None:
    text = "Modi flew. Kyiv wept."
    alternatives = [
        Passage(1, Article("a", text), 0, 10),
        Passage(1, Article("a", text), 11, 21),
        Passage(1, Article("a", text, "Modi"), 11, 21),
        Passage(1, Article("a", text.replace("Kyiv", "Modi")), 11, 21),
    ]
    reader = MaxSimReader(PlaneEncoder())
    scores = [reader.read("Modi", [alternative], alike)[0].score for alternative in alternatives]
    assert scores == pytest.approx([1.0, 0.0, 1.0, 1.0])


# Words alone


def test_shares_of_words_worked_by_hand() -> None:
    def weigh(words: Sequence[str]) -> list[float]:
        return [{"who": 0.0, "flew": 1.0, "moscow": 3.0}[word] for word in words]

    text = passage("Modi flew. He left MOSCOW. Kyiv wept.")
    (reading,) = WordReader().read("Who flew flew Moscow?", [text], weigh)
    assert reading.score == pytest.approx(1.0)
    assert texts(reading, text) == ["He left MOSCOW.", "Modi flew.", "Kyiv wept."]
    assert [score for _, score in reading.sentences] == pytest.approx([0.75, 0.25, 0.0])


def test_a_question_of_weightless_words_scores_nothing() -> None:
    (reading,) = WordReader().read("the of", [TWO], lambda words: [0.0] * len(words))
    assert (reading.score, [score for _, score in reading.sentences]) == (0.0, [0.0, 0.0])


@pytest.mark.parametrize("reader", [WordReader(), MaxSimReader(FakeEncoder())])
def test_each_passage_is_read_sentence_by_sentence(reader: Reader) -> None:
    asked = [passage("Gen. Bajwa left. “Why?” he asked. Nobody knew."), passage("Oil fell"), TWO]
    readings = reader.read("Who left?", asked, alike)
    assert len(readings) == 3
    for reading, read in zip(readings, asked, strict=True):
        assert sorted(span for span, _ in reading.sentences) == sentences(read.article.text)
        scores = [score for _, score in reading.sentences]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("frequency", "passages", "idf"), [(0, 10, math.log(22)), (10, 10, math.log(1 + 0.5 / 10.5)), (1, 2, math.log(2))]
)
def test_inverse_document_frequency_worked_by_hand(frequency: int, passages: int, idf: float) -> None:
    assert inverse_document_frequency(frequency, passages) == pytest.approx(idf)


def test_inverse_document_frequency_falls_but_stays_positive() -> None:
    values = [inverse_document_frequency(frequency, 50) for frequency in range(51)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0
