import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers import AnswerBook
from bot.askers import Asker, Platform
from bot.errors import UsageError
from bot.people import Pseudonyms
from corpus.journal import Journal, StoredAnswer
from retrieval.dates import PartialDate
from retrieval.errors import QuotationError
from retrieval.types import (
    Answer,
    Citation,
    Disagreement,
    Explanation,
    Figure,
    Filters,
    Headline,
    Highlight,
    Horizon,
    Query,
    SuggestedFilter,
)
from tests.bot.replies import answer, cite, differing

NOON = dt.datetime(2024, 7, 11, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
ANN = Asker(Platform.SLACK, "T1", "C1", "1", "ann")


class TakenOnce(Journal):
    """Finds the first id that it is given taken."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.tried: list[str] = []

    def add_answer(self, answer: StoredAnswer) -> bool:
        self.tried.append(answer.id)
        return len(self.tried) > 1 and super().add_answer(answer)


def shown(citation: Citation) -> Citation:
    """All but what comes from the article "lost" can be shown."""
    if citation.article_id == "lost":
        raise QuotationError("its text is not kept")
    return citation


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AnswerBook]:
    journal = Journal(tmp_path / "catalogue.sqlite3")
    yield AnswerBook(journal, Pseudonyms(tmp_path / "salt"), shown)
    journal.close()


def test_a_taken_id_is_drawn_again(tmp_path: Path) -> None:
    journal = TakenOnce(tmp_path / "catalogue.sqlite3")
    book = AnswerBook(journal, Pseudonyms(tmp_path / "salt"), shown)
    answer_id = book.keep(answer(cite()).answer, "Who?", ANN, NOON)
    assert [journal.tried[-1], len(journal.tried)] == [answer_id, 2]
    journal.close()


def test_an_answer_comes_back_as_it_was_given_and_says_when(book: AnswerBook) -> None:
    given = answer(cite(), cite(article_id="bergen")).answer
    stored, reply = book.recall(book.keep(given, "What was agreed?", ANN, NOON), ANN)
    assert reply.answer == given
    assert (reply.asked, reply.lost) == (NOON, 0)
    assert (stored.question, stored.workspace, stored.place) == ("What was agreed?", "slack:T1", "slack:T1:C1")


def test_nobody_is_named_in_what_is_kept(book: AnswerBook) -> None:
    stored, _ = book.recall(book.keep(answer(cite()).answer, "Who?", ANN, NOON), ANN)
    assert "ann" not in "".join([stored.person, stored.body, stored.workspace, stored.place])


def test_what_can_no_longer_be_shown_is_left_out_and_counted(book: AnswerBook) -> None:
    given = answer(cite(), cite(article_id="lost")).answer
    _, reply = book.recall(book.keep(given, "Who?", ANN, NOON), ANN)
    assert [c.article_id for c in reply.answer.citations] == ["oslo"]
    assert reply.lost == 1


def test_figures_are_shown_again_while_two_of_them_can_be(book: AnswerBook) -> None:
    three = differing(cite(), cite(article_id="lost"), cite(article_id="bergen"))
    gone = differing(cite(), cite(article_id="lost"))
    given = answer(cite(), disagreements=(three, gone)).answer
    _, reply = book.recall(book.keep(given, "Who?", ANN, NOON), ANN)
    assert [[f.citation.article_id for f in one.figures] for one in reply.answer.disagreements] == [["oslo", "bergen"]]


@pytest.mark.parametrize(
    "asker",
    [
        ANN,
        replace(ANN, channel="C9", thread=""),  # the person, elsewhere in the workspace
        replace(ANN, user="bob", thread="2"),  # another person, in the channel
    ],
)
def test_an_answer_is_for_who_asked_and_for_the_place_where_it_was_given(book: AnswerBook, asker: Asker) -> None:
    answer_id = book.keep(answer(cite()).answer, "Who?", ANN, NOON)
    assert book.recall(answer_id, asker)[0].id == answer_id


@pytest.mark.parametrize(
    "asker",
    [
        replace(ANN, user="bob", channel="C9"),
        replace(ANN, workspace="T2"),
        replace(ANN, platform=Platform.DISCORD),
        replace(ANN, user="", channel="C9"),
    ],
)
def test_anyone_else_is_told_no_more_than_of_an_answer_that_never_was(book: AnswerBook, asker: Asker) -> None:
    answer_id = book.keep(answer(cite()).answer, "Who?", ANN, NOON)
    with pytest.raises(UsageError) as refused:
        book.recall(answer_id, asker)
    with pytest.raises(UsageError) as unknown:
        book.recall("000000", asker)
    assert str(refused.value).replace(answer_id, "000000") == str(unknown.value)


def test_nobody_in_particular_has_answers_only_where_they_were_given(book: AnswerBook) -> None:
    nobody = replace(ANN, user="")
    answer_id = book.keep(answer(cite()).answer, "Who?", nobody, NOON)
    assert book.find(answer_id, nobody).id == answer_id
    with pytest.raises(UsageError):
        book.find(answer_id, replace(nobody, channel="C9"))


def test_an_id_is_read_as_people_write_it(book: AnswerBook) -> None:
    answer_id = book.keep(answer(cite()).answer, "Who?", ANN, NOON)
    written = answer_id.lower().replace("0", "o").replace("1", "l")
    assert book.find(f" {written} ", ANN).id == answer_id


def test_a_long_id_is_not_repeated_at_length(book: AnswerBook) -> None:
    with pytest.raises(UsageError) as refused:
        book.find("x" * 5000, ANN)
    assert len(str(refused.value)) < 200


# Round trip

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
dates = st.none() | st.builds(PartialDate, st.integers(1, 9999), st.none() | st.integers(1, 12), st.none())
days = st.none() | st.dates()
numbers = st.floats(allow_nan=False, allow_infinity=False)
offsets = st.integers(0, 10**9)
citations = st.builds(
    Citation,
    texts,
    texts,
    texts,
    texts,
    dates,
    texts,
    offsets,
    offsets,
    texts,
    numbers,
    st.lists(st.builds(Highlight, offsets, offsets, texts, numbers), max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | st.builds(Explanation, numbers, offsets, numbers, offsets, numbers, offsets, numbers, offsets),
)
filters = st.builds(
    Filters, days, st.none(), st.none() | st.frozensets(texts, max_size=2), st.none() | st.frozensets(texts, max_size=2)
)
answers = st.builds(
    Answer,
    st.builds(Query, texts, filters, st.integers(1, 200), st.none() | st.builds(SuggestedFilter, texts, days, days)),
    st.booleans(),
    st.floats(0, 1),
    st.lists(citations, max_size=2).map(tuple),
    st.lists(st.builds(Headline, texts, texts, dates), max_size=2).map(tuple),
    st.builds(Horizon, offsets, dates, dates),
    numbers,
    st.lists(
        st.builds(
            Disagreement,
            texts,
            texts,
            texts,
            st.booleans(),
            st.lists(
                st.builds(Figure, citations, offsets, offsets, numbers, st.none() | numbers), min_size=2, max_size=3
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=40)
@given(answers)
def test_any_answer_comes_back_as_it_was_given(given_answer: Answer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "catalogue.sqlite3")
        book = AnswerBook(journal, Pseudonyms(Path(folder) / "salt"), lambda citation: citation)
        assert book.recall(book.keep(given_answer, "Who?", ANN, NOON), ANN)[1].answer == given_answer
        journal.close()
