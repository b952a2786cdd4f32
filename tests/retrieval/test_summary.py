import datetime as dt
import re

import pytest
from newsroom import SUMMARY, Newsroom, newsroom
from test_engine import ARTICLES, BORDER, OIL, STRIKE, SUMMIT

from retrieval.dates import PartialDate
from retrieval.errors import FilterError
from retrieval.segmentation import sentences
from retrieval.summary import Summarizer, Summary
from retrieval.types import Article, Filters, Query

TOPIC = "Modi and Putin at the summit in Moscow"


@pytest.fixture(scope="module")
def news() -> Newsroom:
    return newsroom(ARTICLES)


def summarizer(news: Newsroom) -> Summarizer:
    return Summarizer(news.engine, news.shelf, news.encoder, SUMMARY)


def summarize(news: Newsroom, topic: str = TOPIC, count: int = 3, **filters: object) -> Summary:
    return summarizer(news).topic(Query(topic, Filters(**filters)), count)


def texts(summary: Summary) -> list[str]:
    return [sentence.text for sentence in summary.sentences]


@pytest.mark.parametrize("count", [1, 3, 8, 50])
@pytest.mark.parametrize("topic", [TOPIC, "Galwan", "Okhmatdyt children's hospital"])
def test_a_summary_is_made_of_whole_sentences_quoted_from_their_articles(
    news: Newsroom, topic: str, count: int
) -> None:
    summary = summarize(news, topic, count)
    assert summary.query == topic
    assert summary.elapsed_ms > 0
    for sentence in summary.sentences:
        article = news.articles[sentence.article_id]
        sentence.verify(article.text)
        assert (sentence.title, sentence.source, sentence.published) == (
            article.title,
            article.source,
            article.published,
        )
        assert sentence.text in [span.of(article.text) for span in sentences(article.text)]
    assert len(set(texts(summary))) == len(summary.sentences) <= count
    assert len({sentence.article_id for sentence in summary.sentences}) <= summary.articles


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_sentences_are_chosen_as_asked_for(news: Newsroom, count: int) -> None:
    assert len(summarize(news, count=count).sentences) == count


def test_the_topic_decides_what_is_summarised(news: Newsroom) -> None:
    for topic, article in (("Soldiers fought in Galwan", "border"), ("earthquake shook Japan", "quake")):
        assert {sentence.article_id for sentence in summarize(news, topic, 1).sentences} == {article}


def test_filters_decide_where_sentences_come_from(news: Newsroom) -> None:
    herald = summarize(news, count=9, sources=frozenset({"herald"}))
    assert {sentence.article_id for sentence in herald.sentences} <= {"strike", "border"}
    assert summarize(news, since=dt.date(2030, 1, 1)).sentences == ()
    assert summarize(news, since=dt.date(2030, 1, 1)).articles == 0
    with pytest.raises(FilterError, match="'Herold'"):
        summarize(news, sources=frozenset({"Herold"}))


def test_an_empty_index_has_an_empty_summary() -> None:
    summary = summarize(newsroom([]))
    assert (summary.sentences, summary.articles) == ((), 0)


# One article


def one(article: Article, count: int) -> Summary:
    return summarizer(newsroom([])).article(article.id, article, count)


def test_an_article_is_summarised_in_its_own_order() -> None:
    article = Article("a", f"{SUMMIT}\n\n{STRIKE}\n\n{OIL}", "Modi in Moscow")
    summary = one(article, 4)
    assert (summary.query, summary.articles, len(summary.sentences)) == ("a", 1, 4)
    starts = [sentence.start for sentence in summary.sentences]
    assert starts == sorted(starts)
    assert summary.sentences[0].start == 0
    for sentence in summary.sentences:
        sentence.verify(article.text)


def test_the_whole_article_is_its_longest_summary() -> None:
    assert texts(one(Article("a", BORDER), 99)) == [span.of(BORDER) for span in sentences(BORDER)]


def test_captions_are_left_out_and_a_leaning_sentence_comes_after_the_one_before() -> None:
    leaning = "However, they never agreed on anything at all."
    chosen = texts(one(Article("a", f"{BORDER} {leaning} By A. Reporter."), 99))
    assert "By A. Reporter." not in chosen
    assert chosen[chosen.index(leaning) - 1] == [span.of(BORDER) for span in sentences(BORDER)][-1]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_leaning_sentence_is_never_told_without_the_one_before(count: int) -> None:
    before = "Modi visited Putin in Moscow on Monday."
    leaning = "He asked for peace in Ukraine and cheaper oil for India."
    chosen = texts(
        one(Article("a", f"The weather was fine. {before} {leaning} Oil prices fell.", "Modi, peace, oil"), count)
    )
    assert chosen
    assert leaning not in chosen or chosen[chosen.index(leaning) - 1] == before


def test_an_article_of_nothing_else_is_summarised_all_the_same() -> None:
    assert texts(one(Article("a", "But they left. However, it rained."), 1)) == ["But they left."]
    assert one(Article("a", " \n"), 3).sentences == ()


# Choice and order


def test_articles_follow_one_another_by_date_undated_last() -> None:
    articles = [
        Article(
            "late",
            "A treaty on oil prices was signed by Modi and Putin as the summit began.",
            published=PartialDate(2024, 7, 9),
        ),
        Article("undated", "Putin and Modi ended the summit after fourteen hours."),
        Article("early", "India invited Putin and Modi to the summit.", published=PartialDate(2020)),
        Article("middle", "Journalists wait for Putin and Modi outside the summit.", published=PartialDate(2024, 7)),
    ]
    summary = summarize(newsroom(articles), "Modi and Putin at the summit", 4)
    assert [sentence.article_id for sentence in summary.sentences] == ["early", "middle", "late", "undated"]


def test_in_a_topic_a_surname_alone_needs_whoever_it_names() -> None:
    named = "Sergei Lavrov opened the summit in Moscow."
    bare = "Lavrov praised the summit in Moscow with Modi and Putin."
    room = newsroom([Article("a", f"{named} Rain fell over the whole city. {bare}")])
    assert bare not in texts(summarize(room, "summit in Moscow with Modi and Putin", 3))
    assert bare in texts(summarize(room, "Lavrov at the summit in Moscow with Modi and Putin", 3))
    nearer = newsroom([Article("a", f"{named} {bare}")])
    assert texts(summarize(nearer, "summit in Moscow with Modi and Putin", 3)) == [named, bare]


@pytest.mark.parametrize("copied", [SUMMIT, SUMMIT.replace("Prime Minister Modi", "Prime  Minister MODI,")])
def test_what_two_articles_say_alike_is_said_once(copied: str) -> None:
    room = newsroom([Article("a", SUMMIT), Article("b", copied), Article("c", STRIKE)])
    for count in (2, 3, 4, 50):
        said = [tuple(re.findall(r"\w+", text.casefold())) for text in texts(summarize(room, count=count))]
        assert len(said) == len(set(said))
        assert len(said) >= 2
