import pytest
from newsroom import Newsroom, newsroom

from retrieval.dates import PartialDate
from retrieval.errors import FilterError
from retrieval.quotes import Quoter, Quotes
from retrieval.types import Article, Filters, Query


def article(name: str, text: str, day: int | None = 9, source: str = "The Wire") -> Article:
    published = PartialDate(2024, 7, day) if day else None
    return Article(name, text, "On the quay", source, f"https://wire.example/{name}", published)


OLD = article("old", "Mayor Anna Lund spoke. “The quay is very old and must be mended soon,” she said.", 1)
NEW = article(
    "new",
    "Mayor Anna Lund spoke. “The storm took the whole quay in a single night,” Lund said. “We shall mend it.”\n\n"
    "Her brother, Jens Lund, watched. “I saw it go into the dark sea,” Jens Lund said.",
    20,
)
COPY = article(
    "copy", "“The storm took the whole quay in a single night,” Anna Lund said on Friday.", 19, source="Morning Post"
)
UNDATED = article("undated", "“Nobody knows when I said this to them,” Anna Lund said.", None, source="Herald")
MANY = article(
    "many",
    "Mayor Anna Lund spoke.\n\n"
    + "\n\n".join(f"“Number {n} of my plans is for {n} boats,” Lund said. It rained." for n in range(6)),
    10,
)
NEWS = [OLD, NEW, COPY, UNDATED, MANY, article("harbour", "Eva Lundh swam. The harbour was closed.", 5)]


@pytest.fixture(scope="module")
def news() -> Newsroom:
    return newsroom(NEWS)


def quotes(news: Newsroom, name: str, count: int = 50, **filters: object) -> Quotes:
    return Quoter(news.engine, news.shelf).person(Query(name, Filters(**filters)), count)


def articles(found: Quotes) -> list[str]:
    return [quote.citation.article_id for quote in found.quotes]


def test_quotes_are_the_newest_first_and_the_undated_last(news: Newsroom) -> None:
    found = quotes(news, "Anna Lund")
    assert articles(found) == ["new", *["many"] * 6, "old", "undated"]
    assert found.person == "Anna Lund"
    assert found.articles == 5
    assert found.near == ()
    assert found.elapsed_ms > 0


def test_each_is_its_article_between_its_offsets_with_the_words_marked(news: Newsroom) -> None:
    found = quotes(news, "Anna Lund")
    for quote in found.quotes:
        text = news.articles[quote.citation.article_id].text
        quote.citation.verify(text)
        assert quote.citation.highlights
        assert all("“" not in highlight.text for highlight in quote.citation.highlights)
    first = found.quotes[0]
    assert [h.text for h in first.citation.highlights] == [
        *("The storm took the whole quay in a single night,", "We shall mend it."),
    ]
    assert (first.speaker, first.named, first.verb, first.partial) == ("Anna Lund", "Lund", "said", False)
    assert found.quotes[-2].named == "she"


def test_what_two_outlets_quote_is_one_quote_the_fullest(news: Newsroom) -> None:
    (one,) = [quote for quote in quotes(news, "Anna Lund").quotes if "storm" in quote.citation.text]
    assert one.citation.article_id == "new"
    assert one.citation.also_in == ("copy",)


def test_of_one_surname_the_most_quoted_is_shown_and_the_others_are_told(news: Newsroom) -> None:
    found = quotes(news, "lund")
    assert [(speaker.name, speaker.quotes) for speaker in found.speakers] == [("Anna Lund", 9), ("Jens Lund", 1)]
    assert {quote.speaker for quote in found.quotes} == {"Anna Lund"}
    apart = quotes(news, "Jens Lund")
    assert articles(apart) == ["new"]
    assert [speaker.name for speaker in apart.speakers] == ["Jens Lund"]


def test_no_more_than_three_are_of_one_article_where_others_have_more(news: Newsroom) -> None:
    assert articles(quotes(news, "Anna Lund", 5)) == ["new", "many", "many", "many", "old"]
    assert articles(quotes(news, "Anna Lund", 8)) == ["new", *["many"] * 5, "old", "undated"]
    assert len(quotes(news, "Anna Lund", 1).quotes) == 1


def test_filters_say_which_articles_are_read(news: Newsroom) -> None:
    day = PartialDate(2024, 7, 9).first
    assert articles(quotes(news, "Anna Lund", until=day)) == ["old"]
    assert articles(quotes(news, "Anna Lund", sources=frozenset({"morning post"}))) == ["copy"]
    with pytest.raises(FilterError, match="Gazette"):
        quotes(news, "Anna Lund", sources=frozenset({"Gazette"}))


def test_titles_and_the_order_of_names_do_not_matter(news: Newsroom) -> None:
    expected = articles(quotes(news, "Anna Lund"))
    for name in ("Mayor Anna Lund", "mayor anna lund", "anna lund", "ANNA LUND", "Lund Anna", "Ánna Lund"):
        assert articles(quotes(news, name)) == expected


def test_who_is_not_quoted_gets_names_that_are_like_it(news: Newsroom) -> None:
    found = quotes(news, "Eva Lundh")
    assert (found.quotes, found.speakers, found.articles) == ((), (), 1)
    misspelt = quotes(news, "Anna Lunde")
    assert misspelt.quotes == ()
    assert misspelt.articles == 0
    assert "Anna Lund" in misspelt.near
    assert quotes(news, "???9").quotes == ()
