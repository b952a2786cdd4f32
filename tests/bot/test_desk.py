import csv
import datetime as dt
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Application
from bot.askers import Asker, Platform, Question
from bot.desk import Desk, gaps_csv
from bot.errors import NotAllowed, UsageError
from bot.messages import AnswerReply, Notice, OutdatedCitation
from bot.render.words import since_words
from bot.settings import Settings
from corpus.journal import Gap, Reason, Verdict
from retrieval.encoders.fake import FakeEncoder
from retrieval.errors import QuestionError
from tests.bot.command_line import application, close
from tests.bot.conftest import ASIDE, NEWS, OSLO
from tests.fakes import record, write_jsonl

NOON = dt.datetime(2024, 7, 11, 12, tzinfo=dt.UTC)
ANN = Asker(Platform.SLACK, "T1", "C1", "1", "ann")
BOB = replace(ANN, user="bob")
ADMIN = replace(ANN, user="ada", is_admin=True)
ELSEWHERE = replace(ANN, channel="C2", thread="2")
OTHER_WORKSPACE = replace(ANN, workspace="T2")
QUESTION = "What did envoys agree on in Oslo?"


@pytest.fixture
def app(news: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=news), FakeEncoder(), threshold=0)
    yield app
    close(app)


@pytest.fixture
def desk(app: Application) -> Desk:
    return app.desk


@pytest.fixture
def unsure(news: Path) -> Iterator[Application]:
    """Abstains from everything."""
    app = application(Settings(data_dir=news), FakeEncoder(), threshold=2)
    yield app
    close(app)


def ask(desk: Desk, text: str = QUESTION, asker: Asker = ANN, *, alone: bool = False) -> AnswerReply:
    """Ask, and let the answer stand in the conversation."""
    reply = desk.ask(Question(text, NOON, asker), alone=alone)
    assert isinstance(reply, AnswerReply)
    desk.remember(asker, reply)
    return reply


def answer_id(reply: AnswerReply) -> str:
    assert reply.answer_id
    return reply.answer_id


# Asking and going on


def test_a_question_is_answered_and_kept(desk: Desk) -> None:
    reply = ask(desk)
    assert reply.searched is None
    assert reply.answer.citations[0].article_id in {"oslo", "copy"}
    assert desk.recall(ANN, answer_id(reply)).answer == reply.answer


def test_a_follow_up_is_searched_with_what_went_before_and_says_so(desk: Desk) -> None:
    ask(desk)
    reply = ask(desk, "and until when?")
    assert reply.searched == f"{QUESTION} and until when?"
    assert reply.answer.query.text == reply.searched
    assert ask(desk, "why?").searched == f"{QUESTION} and until when? why?"


def test_filters_typed_before_hold_for_a_follow_up_too(desk: Desk) -> None:
    ask(desk, f'{QUESTION} source:"BBC News"')
    reply = ask(desk, "and why?")
    assert reply.searched == f"{QUESTION} and why?"
    assert {c.source for c in reply.answer.citations} == {"BBC News"}


def test_a_question_that_stands_alone_is_searched_alone_and_is_the_new_topic(desk: Desk) -> None:
    ask(desk)
    assert ask(desk, "Why was the ferry to Bergen late?").searched is None
    assert ask(desk, "and why?").searched == "Why was the ferry to Bergen late? and why?"


def test_a_command_is_never_a_follow_up(desk: Desk) -> None:
    ask(desk)
    assert ask(desk, "and why?", alone=True).searched is None


def test_each_thread_goes_on_from_its_own_question(desk: Desk) -> None:
    ask(desk)
    for asker in (replace(ANN, thread="2"), ELSEWHERE, OTHER_WORKSPACE):
        assert not desk.in_conversation(asker)
        assert ask(desk, "and why?", asker).searched is None
    assert desk.in_conversation(BOB)
    assert ask(desk, "and why?", BOB).searched == f"{QUESTION} and why?"


def test_an_answer_that_never_stood_there_is_not_gone_on_from(desk: Desk) -> None:
    desk.ask(Question(QUESTION, NOON, ANN))
    assert not desk.in_conversation(ANN)


def test_new_topic_lets_go_of_what_went_before(desk: Desk) -> None:
    ask(desk)
    assert ask(desk, "New topic: and why?").searched is None
    ask(desk)
    notice = desk.ask(Question("new topic", NOON, ANN))
    assert isinstance(notice, Notice)
    desk.remember(ANN, notice)
    assert not desk.in_conversation(ANN)


def test_an_old_thread_is_not_gone_on_from(app: Application) -> None:
    now = dt.datetime.now(dt.UTC)
    ask(app.desk)
    hours = app.settings.follow_up_hours
    assert Desk(app, lambda: now + dt.timedelta(hours=hours - 1)).in_conversation(ANN)
    later = Desk(app, lambda: now + dt.timedelta(hours=hours + 1))
    assert not later.in_conversation(ANN)
    assert ask(later, "and why?").searched is None


def test_a_thread_of_any_length_can_be_asked_in(desk: Desk) -> None:
    for _ in range(40):
        reply = ask(desk, f"and {'what of the grain ships ' * 4}?")
    assert len(reply.searched or "") <= 2000


def test_what_cannot_be_asked_is_refused(desk: Desk) -> None:
    with pytest.raises(QuestionError, match="no word"):
        ask(desk, "?!")


# Showing again


def test_an_answer_is_shown_again_to_who_asked_and_where_it_was_given(desk: Desk) -> None:
    given = ask(desk)
    for asker in (ANN, BOB, ELSEWHERE):
        assert desk.recall(asker, answer_id(given)).answer == given.answer


def test_an_answer_is_never_shown_across_workspaces_nor_to_others_elsewhere(desk: Desk) -> None:
    given = answer_id(ask(desk))
    for asker in (OTHER_WORKSPACE, replace(ELSEWHERE, user="bob"), replace(ANN, platform=Platform.DISCORD)):
        for use in (
            lambda asker: desk.recall(asker, given),
            lambda asker: desk.compare(asker, given),
            lambda asker: desk.more(asker, given, 1),
            lambda asker: desk.context(asker, given, 1),
            lambda asker: desk.related(asker, given),
            lambda asker: desk.feedback(asker, given, Verdict.BAD),
        ):
            with pytest.raises(UsageError, match=f"there is no answer '{given}'"):
                use(asker)


@pytest.fixture
def feed(app: Application, tmp_path: Path) -> Path:
    """The news in a file of the test's own, which it can change."""
    (shared,) = app.catalogue.feeds()
    app.catalogue.remove_feed(shared.name)
    feed = write_jsonl(tmp_path / "news.jsonl", *NEWS)
    app.service.reindex([str(feed)])
    return feed


def rewritten(app: Application, feed: Path, *texts: str) -> None:
    """Index the article on Oslo with each of these texts in turn."""
    for text in texts:
        write_jsonl(feed, *NEWS[1:], NEWS[0] | {"text": text})
        app.service.reindex()


def recalled(app: Application, given: AnswerReply) -> OutdatedCitation:
    """The first citation of an answer shown again, which is from an older text and verbatim in it."""
    again = app.desk.recall(ANN, answer_id(given))
    outdated = again.answer.citations[0]
    assert isinstance(outdated, OutdatedCitation)
    assert outdated.text == given.answer.citations[0].text
    assert outdated.highlights == given.answer.citations[0].highlights
    outdated.verify(app.service.article_text(outdated))
    assert (again.lost, again.outdated, again.asked) == (0, True, NOON)
    return outdated


def test_what_has_changed_since_is_shown_from_the_old_text_and_says_so(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    rewritten(app, feed, "Nobody met.", "Nobody met at all.", "Or so they say.")
    outdated = recalled(app, given)
    assert (outdated.removed, outdated.stands) == (False, False)
    assert since_words(outdated).startswith("The article has changed since (seen ")
    assert since_words(outdated).endswith("The marked sentence is no longer in it.")
    wide = app.desk.context(ANN, answer_id(given), 1).citation
    assert isinstance(wide, OutdatedCitation)
    assert ASIDE in wide.text


def test_a_sentence_that_still_stands_in_the_changed_article_is_said_to(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    rewritten(app, feed, f"Correction: it was in Bergen.\n\n{' '.join(OSLO.split())} More talks follow.")
    outdated = recalled(app, given)
    assert outdated.stands
    assert since_words(outdated).endswith("The marked sentence still stands in it.")


def test_an_article_that_was_removed_is_still_quoted_and_said_to_be_gone(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    rewritten(app, feed, "Nobody met.")
    write_jsonl(feed, *NEWS[1:])
    app.service.reindex()
    outdated = recalled(app, given)
    assert (outdated.removed, outdated.stands) == (True, False)
    assert since_words(outdated).startswith("The article has been removed since (seen ")


def test_an_article_that_is_again_as_it_was_has_not_changed(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    rewritten(app, feed, "Nobody met.", str(NEWS[0]["text"]))
    again = app.desk.recall(ANN, answer_id(given))
    assert again.answer == given.answer
    assert not again.outdated
    texts = [step.revision.article.text for step in app.desk.history("oslo").steps]
    assert texts[-3:] == [NEWS[0]["text"], "Nobody met.", NEWS[0]["text"]]


def test_a_new_title_is_a_change_and_leaves_the_sentence(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    write_jsonl(feed, *NEWS[1:], NEWS[0] | {"title": "Grain talks fail"})
    app.service.reindex()
    assert recalled(app, given).stands


def test_what_is_kept_of_a_removed_article_goes_with_the_answers(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    write_jsonl(feed, *NEWS[1:])
    app.service.reindex()
    write_jsonl(feed, *NEWS[2:])
    app.service.reindex()
    write_jsonl(feed, *NEWS[3:])
    app.service.reindex()  # no generation holds the article any more
    days = app.settings.retention_days
    Desk(app, lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=days - 1)).expire()
    assert app.desk.history("oslo").steps[-1].revision.removed
    Desk(app, lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=days + 1)).expire()
    for name in ("oslo", "copy", answer_id(given)):
        with pytest.raises(UsageError):
            app.desk.history(name)
    assert app.desk.history("undated").article.id == "undated"


def test_an_index_run_lets_go_of_what_was_removed_long_ago(app: Application, feed: Path) -> None:
    for kept in (NEWS[1:], NEWS[2:]):
        write_jsonl(feed, *kept)
        app.service.reindex()
    with closing(sqlite3.connect(app.settings.data_dir / "catalogue.sqlite3")) as connection:
        connection.execute("UPDATE revisions SET ended = '2020-01-01T00:00:00+00:00' WHERE article_id = 'oslo'")
        connection.commit()
    assert app.desk.history("oslo").revisions
    write_jsonl(feed, *NEWS[3:])
    app.service.reindex()
    with pytest.raises(UsageError):
        app.desk.history("oslo")
    assert app.desk.history("copy").revisions


def test_an_article_is_named_by_its_id_its_address_or_its_title(app: Application) -> None:
    for name in (
        "oslo",
        "https://wire.example/oslo",
        "HTTPS://wire.example:443/oslo?utm_source=x",
        "grain talks in oslo end with a deal ",
    ):
        assert app.desk.history(name).article.id == "oslo"
    for name in ("", "Grain talks", "https://", "https://wire.example/"):
        with pytest.raises(UsageError, match="by its id, its address or its whole title"):
            app.desk.history(name)


def test_a_title_of_several_articles_is_no_name(app: Application, feed: Path) -> None:
    write_jsonl(feed, *NEWS, *(record(f"storm-{n}", f"Storm {n}.", title="Storm delays the ferry") for n in range(7)))
    app.service.reindex()
    with pytest.raises(UsageError, match=r"names several articles: .*'bergen', 'storm-0', .*, …"):
        app.desk.history("Storm delays the ferry")


def test_nothing_has_changed_until_the_corpus_has(app: Application) -> None:
    comparison = app.desk.compare(ANN, answer_id(ask(app.desk)))
    assert (comparison.gone, comparison.new) == ((), ())
    assert comparison.after.answer_id is None


def test_an_answer_is_compared_with_todays_after_a_reindex(app: Application, feed: Path) -> None:
    given = ask(app.desk, "Why was the ferry to Bergen late?")
    text = "The ferry to Bergen was late because the captain overslept."
    write_jsonl(feed, *(r for r in NEWS if r["id"] != "bergen"), record("bergen", text))
    app.service.reindex()
    comparison = app.desk.compare(ANN, answer_id(given))
    assert [c.text for c in comparison.before.answer.citations] == [c.text for c in given.answer.citations]
    assert comparison.before.outdated
    assert [c.article_id for c in comparison.gone] == ["bergen"]
    assert [c.highlights[0].text for c in comparison.new] == [text]


def test_filters_that_stood_beside_the_question_hold_when_it_is_asked_again(app: Application) -> None:
    from retrieval.types import Filters

    given = app.service.ask(Question(QUESTION, NOON, ANN), filters=Filters(sources=frozenset({"The Wire"})))
    assert app.desk.compare(ANN, answer_id(given)).new == ()
    with pytest.raises(UsageError, match="no further"):
        app.desk.more(ANN, answer_id(given), 1)


# Buttons


@pytest.fixture
def stories(app: Application, tmp_path: Path) -> Application:
    numbers = "one two three four five six seven eight nine ten".split()
    stories = [record(w, f"Grain story {w} of the ship called {w}.", title=f"Story {w}") for w in numbers]
    app.service.reindex([str(write_jsonl(tmp_path / "stories.jsonl", *stories))])
    return app


def test_pages_are_numbered_on_do_not_repeat_and_end(stories: Application) -> None:
    desk = stories.desk
    given = ask(desk, "Which grain story of a ship?")
    seen = [c.article_id for c in given.answer.citations]
    page, more = 0, True
    while more:
        page += 1
        reply = desk.more(BOB, answer_id(given), page)
        assert (reply.page, reply.first) == (page, len(seen) + 1)
        assert len(reply.citations) == 3 or not reply.more
        seen += [c.article_id for c in reply.citations]
        more = reply.more
    assert len(seen) == len(set(seen)) >= 10
    for wrong in (page + 1, 0, -1, 10**9):
        with pytest.raises(UsageError, match="there are no further passages"):
            desk.more(ANN, answer_id(given), wrong)


def test_further_passages_of_an_abstention_are_those_that_it_folded(unsure: Application) -> None:
    given = ask(unsure.desk)
    assert given.answer.abstained
    reply = unsure.desk.more(ANN, answer_id(given), 1)
    assert reply.first == 1
    assert reply.citations[0].article_id == given.answer.citations[0].article_id


def test_further_passages_are_kept_under_no_id(desk: Desk, app: Application) -> None:
    given = ask(desk)
    desk.more(ANN, answer_id(given), 1)
    assert app.journal.forget(app.people.of(ANN.person)) == 1


def test_context_is_the_paragraphs_around_verbatim(app: Application, tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {n} tells of comet {n}. {'It was seen for a while. ' * 12}".strip() for n in range(7)]
    text = "\n\n".join(paragraphs)
    app.service.reindex([str(write_jsonl(tmp_path / "sky.jsonl", record("sky", text, source="Sky")))])
    given = ask(app.desk, "What does paragraph 3 tell of? source:Sky")
    (cited, *_) = given.answer.citations
    reply = app.desk.context(ANN, answer_id(given), 1)
    assert reply.citation.text == text[reply.citation.start : reply.citation.end]
    assert cited.text in reply.citation.text
    assert len(reply.citation.text) > len(cited.text)
    assert reply.citation.highlights == cited.highlights


@pytest.mark.parametrize("number", [0, -1, 99])
def test_context_of_a_passage_that_is_not_there_is_refused(desk: Desk, number: int) -> None:
    with pytest.raises(UsageError, match=rf"has no passage {number}: name one of 1 to \d"):
        desk.context(ANN, answer_id(ask(desk)), number)


def test_context_of_an_article_whose_text_is_no_longer_kept_is_refused(app: Application, feed: Path) -> None:
    given = ask(app.desk)
    write_jsonl(feed, record("else", "Something else."))
    app.service.reindex()
    app.service.reindex(rebuild=True)
    assert app.desk.context(ANN, answer_id(given), 1).citation.text
    app.catalogue.expire_removed(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    again = app.desk.recall(ANN, answer_id(given))
    assert (again.answer.citations, again.lost, again.outdated) == ((), len(given.answer.citations), True)
    with pytest.raises(UsageError, match="has no passage 1"):
        app.desk.context(ANN, answer_id(given), 1)


def test_related_questions_are_the_same_each_time_and_of_this_answer(desk: Desk) -> None:
    given = answer_id(ask(desk))
    first = desk.related(ANN, given)
    assert first.answer_id == given
    assert 0 < len(first.questions) <= 3
    assert QUESTION not in first.questions
    assert desk.related(BOB, given) == first


# Feedback and gaps


def test_what_people_think_is_noted_once_for_each_and_read_by_admins(desk: Desk) -> None:
    given = answer_id(ask(desk))
    assert desk.gaps(ADMIN).gaps == ()
    assert "Thank you" in desk.feedback(ANN, given, Verdict.BAD, Reason.OUT_OF_DATE).text
    desk.feedback(ANN, given, Verdict.BAD)
    desk.feedback(BOB, given, Verdict.BAD)
    assert desk.gaps(ADMIN).gaps == (Gap(QUESTION, 0, 2),)
    desk.feedback(BOB, given, Verdict.GOOD)
    assert desk.gaps(ADMIN).gaps == (Gap(QUESTION, 0, 1),)


def test_gaps_are_those_of_the_admins_workspace_and_name_nobody(unsure: Application) -> None:
    ask(unsure.desk)
    ask(unsure.desk, asker=BOB)
    ask(unsure.desk, "Who won the cup?", OTHER_WORKSPACE)
    reply = unsure.desk.gaps(ADMIN)
    assert reply.gaps == (Gap(QUESTION, 2, 0),)
    assert "ann" not in repr(reply)


def test_the_gaps_table_runs_nothing_in_a_spreadsheet() -> None:
    questions = ['=HYPERLINK("https://evil.example")', "+1", "-1", "@sum", "\tx", 'Who said "no", and why?']
    table = gaps_csv(Gap(question, 1, 0) for question in questions)
    header, *rows = csv.reader(io.StringIO(table))
    assert header == ["question", "unanswered", "voted down"]
    assert [row[0] for row in rows] == [*(f"'{question}" for question in questions[:-1]), questions[-1]]


# Summaries and sources


def test_an_article_is_summarised_by_its_title_in_any_letter_case(desk: Desk) -> None:
    timeline = desk.timeline(Question("deal on GRAIN", NOON, ANN)).timeline
    assert {event.citation.article_id for event in timeline.events} == {"copy"}
    by_title = desk.summarize(Question(" storm delays the FERRY ", NOON, ANN)).summary
    assert by_title.query == "bergen"
    assert {s.article_id for s in by_title.sentences} == {"bergen"}
    assert desk.summarize(Question("grain talks", NOON, ANN)).summary.query == "grain talks"


def test_titles_are_offered_by_a_part_of_them(desk: Desk) -> None:
    assert desk.titles(" grain") == [("oslo", "Grain talks in Oslo end with a deal"), ("copy", "Deal on grain")]
    assert desk.titles("%") == desk.titles("\udcff") == []
    assert len(desk.titles("")) == 4


def test_sources_are_told_with_their_dates_most_articles_first(desk: Desk) -> None:
    reply = desk.sources()
    assert reply.horizon.articles == 5
    assert [(o.name, o.articles, str(o.first), str(o.last)) for o in reply.outlets] == [
        ("BBC News", 2, "2022", "2023-05"),
        ("", 1, "None", "None"),
        ("Morning Post", 1, "2024-07-10", "2024-07-10"),
        ("The Wire", 1, "2024-07-09", "2024-07-09"),
    ]


# Privacy


def test_a_person_forgets_what_they_asked_and_nobody_elses(desk: Desk) -> None:
    mine, others = answer_id(ask(desk)), answer_id(ask(desk, asker=replace(BOB, thread="9")))
    desk.feedback(ANN, others, Verdict.BAD)
    assert desk.forget(ANN).text.startswith("Deleted: 1 answer,")
    with pytest.raises(UsageError):
        desk.recall(ANN, mine)
    assert not desk.in_conversation(ANN)
    assert desk.gaps(ADMIN).gaps == ()
    desk.recall(BOB, others)
    assert desk.forget(ANN).text.startswith("Deleted: 0 answers,")


def test_what_is_older_than_the_settings_keep_is_deleted(app: Application) -> None:
    given = answer_id(ask(app.desk))
    days = dt.timedelta(days=app.settings.retention_days)
    assert Desk(app, lambda: NOON + days).expire() == 0
    assert Desk(app, lambda: NOON + days + dt.timedelta(seconds=1)).expire() == 1
    with pytest.raises(UsageError):
        app.desk.recall(ANN, given)


# Admins


def test_who_is_no_admin_is_refused_what_admins_do(desk: Desk, app: Application) -> None:
    for use in (desk.status, desk.gaps, desk.reindex):
        with pytest.raises(NotAllowed, match="only admins"):
            use(ANN)
    assert app.service.status().info.number == 1


def test_an_admin_sees_how_things_stand_and_reindexes(desk: Desk, app: Application, feed: Path) -> None:
    app.metrics.answered(Platform.SLACK, 0.2)
    status = desk.status(ADMIN)
    assert status.health is not None
    assert status.health.answered == 1
    write_jsonl(feed, *NEWS, record("more", "A comet was seen over Turku."))
    assert desk.reindex(ADMIN).run.added == 1
    assert ask(desk, "Where was a comet seen?").answer.citations[0].article_id == "more"
