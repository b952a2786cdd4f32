import datetime as dt
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.errors import FilterError, QuotationError
from retrieval.types import (
    Answer,
    Article,
    Citation,
    Filters,
    Highlight,
    Horizon,
    Passage,
    Query,
    Span,
    text_digest,
)

TEXT = "Modi flew to Moscow. Kyiv objected.\n\nOil fell. Markets shrugged."
ARTICLE = Article("wire:1", TEXT, "Modi in Moscow", "The Wire", "https://wire.example/1", PartialDate(2024, 7, 9))
PARAGRAPH = Passage(4, ARTICLE, 0, 35)
SENTENCE = Span(21, 35)


def cite(passage: Passage = PARAGRAPH, *sentences: Span) -> Citation:
    return Citation.of(passage, 0.9, [(sentence, 0.8) for sentence in sentences or (SENTENCE,)])


def test_a_citation_quotes_its_passage_and_sentence() -> None:
    citation = Citation.of(PARAGRAPH, 0.9, [(SENTENCE, 0.8), (Span(0, 20), 0.3)], also_in=["wire:2"])
    assert citation.text == TEXT[citation.start : citation.end] == "Modi flew to Moscow. Kyiv objected."
    assert citation.highlights == (Highlight(21, 35, "Kyiv objected.", 0.8), Highlight(0, 20, TEXT[:20], 0.3))
    assert (citation.article_id, citation.title, citation.source, citation.url, citation.published) == (
        ARTICLE.id,
        ARTICLE.title,
        ARTICLE.source,
        ARTICLE.url,
        ARTICLE.published,
    )
    assert (citation.score, citation.also_in) == (0.9, ("wire:2",))
    citation.verify(TEXT)


def test_the_whole_article_can_be_quoted() -> None:
    assert cite(Passage(1, ARTICLE, 0, len(TEXT)), Span(0, len(TEXT))).text == TEXT


@pytest.mark.parametrize(
    "text",
    ["", TEXT + " ", TEXT[:-1], TEXT.replace("Oil", "oil"), TEXT.replace("\n\n", "\r\n"), "\ufeff" + TEXT],
)
def test_a_changed_article_is_not_quoted(text: str) -> None:
    with pytest.raises(QuotationError, match=r"'wire:1' has changed"):
        cite().verify(text)


@pytest.mark.parametrize(
    "forged",
    [
        {"text": "Modi flew to Moscow. Kyiv rejoiced."},
        {"text": "Modi flew to Moscow."},
        {"text": ""},
        {"start": 1},
        {"end": 34},
        {"start": 35, "end": 35, "text": ""},
        {"start": 35, "end": 0},
        {"end": 20, "text": TEXT[:20]},
        {"highlights": (Highlight(21, 35, "Kyiv rejoiced.", 1.0),)},
        {"highlights": (Highlight(21, 34, "Kyiv objected.", 1.0),)},
        {"highlights": (Highlight(21, 21, "", 1.0),)},
        {"highlights": (Highlight(37, 46, "Oil fell.", 1.0),)},
        {"highlights": (Highlight(21, 46, TEXT[21:46], 1.0),)},
        {"highlights": (Highlight(21, 35, "Kyiv objected.", 1.0), Highlight(0, 4, "Mody", 0.5))},
        {"highlights": (Highlight(-45, -31, "Kyiv objected.", 1.0),)},
    ],
)
def test_a_quotation_that_differs_is_never_shown(forged: dict[str, object]) -> None:
    with pytest.raises(QuotationError, match="'wire:1'"):
        replace(cite(), **forged).verify(TEXT)


@pytest.mark.parametrize("hash_of", ["", TEXT.upper()])
def test_the_hash_of_the_text_belongs_to_the_quotation(hash_of: str) -> None:
    with pytest.raises(QuotationError, match="has changed"):
        replace(cite(), text_hash=text_digest(hash_of)).verify(TEXT)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (20, 10), (len(TEXT), len(TEXT) + 5), (37, len(TEXT) + 1), (-9, -1), (-5, 5), (99, 120)]
)
def test_a_passage_outside_its_article_cannot_be_cited(start: int, end: int) -> None:
    with pytest.raises(QuotationError):
        Citation.of(Passage(1, ARTICLE, start, end), 1.0, [])


@pytest.mark.parametrize("sentence", [Span(37, 46), Span(30, 40), Span(10, 10), Span(20, 10), Span(-4, 10)])
def test_a_sentence_outside_its_passage_cannot_be_cited(sentence: Span) -> None:
    with pytest.raises(QuotationError):
        cite(PARAGRAPH, sentence)


@given(st.text(min_size=1, max_size=60), st.data())
def test_any_part_of_any_text_can_be_quoted(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = Citation.of(Passage(1, Article("a", text), start, end), 1.0, [(Span(start, end), 1.0)])
    assert citation.text == citation.highlights[0].text == text[start:end]


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ARTICLE.text = "changed"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        cite().text = "changed"  # type: ignore[misc]


def test_a_digest_tells_where_one_text_ends() -> None:
    assert text_digest("ab", "c") != text_digest("a", "bc") != text_digest("abc")
    assert text_digest("\ud800") != text_digest("?")
    assert text_digest("a") == text_digest("a")
    assert Article("x", "same").text_hash == Article("y", "same").text_hash != Article("x", "Same").text_hash


def test_a_span_slices_and_shifts() -> None:
    assert Span(5, 9).of(TEXT) == "flew"
    assert Span(1, 3).shifted(10) == Span(11, 13)


def test_upside_down_dates_are_refused() -> None:
    day = dt.date(2024, 7, 9)
    with pytest.raises(FilterError, match=r"2024-07-10 .* 2024-07-09"):
        Filters(since=dt.date(2024, 7, 10), until=day)
    assert Filters(since=day, until=day).empty is False
    assert Filters().empty


@pytest.mark.parametrize(
    ("dates", "newest"),
    [
        ([], None),
        ([None, None], None),
        ([None, PartialDate(2020)], PartialDate(2020)),
        ([PartialDate(2023, 12, 31), PartialDate(2024, 7, 9), PartialDate(2024, 7, 8)], PartialDate(2024, 7, 9)),
        ([PartialDate(2024, 7), PartialDate(2024, 7, 9)], PartialDate(2024, 7)),
        ([PartialDate(2024, 7), PartialDate(2024, 7, 31)], PartialDate(2024, 7, 31)),
    ],
)
def test_an_answer_is_as_of_its_newest_citation(dates: list[PartialDate | None], newest: PartialDate | None) -> None:
    citations = tuple(replace(cite(), published=date) for date in dates)
    answer = Answer(Query("Who flew?"), False, 0.9, citations, (), Horizon(9, None, PartialDate(2025)), 1.0)
    assert answer.as_of == newest
