"""What people do, written once and played on every platform."""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.settings import Settings
from corpus.catalogue import Catalogue
from corpus.feed_options import FeedOptions, OutletFacts
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close
from tests.bot.conftest import NEWS
from tests.bot.discord.driver import DiscordDriver
from tests.bot.drivers import Driver, Shown, TerminalDriver
from tests.bot.slack.driver import SlackDriver
from tests.fakes import record, write_jsonl

QUESTION = "What did envoys agree on in Oslo?"
SENTENCE = "They agreed to let grain ships pass the strait until December."
NEW = "A comet was seen over Turku."
SAID = "“The old quay is gone, and the new one holds,”"
OFTEN = "9999/minute"


@dataclass(frozen=True)
class Stage:
    """A platform, by what makes its driver of a data folder and a threshold, and the people on it."""

    make: Callable[[Path, float], Driver]
    ann: str
    bob: str
    admin: str


def _terminal(folder: Path, threshold: float) -> Driver:
    return TerminalDriver(folder, threshold)


def _slack(folder: Path, threshold: float) -> Driver:
    return SlackDriver(folder, threshold=threshold, slack_admins=("U9",))


def _discord(folder: Path, threshold: float) -> Driver:
    return DiscordDriver(
        lambda settings: application(settings, FakeEncoder(), threshold),
        Settings(data_dir=folder, rate_per_person=OFTEN, rate_per_channel=OFTEN),
    )


STAGES = {
    "terminal": Stage(_terminal, "", "", ""),
    "slack": Stage(_slack, "U1", "U2", "U9"),
    "discord": Stage(_discord, "1", "2", "7"),
}
CHATS = [name for name in STAGES if name != "terminal"]


@dataclass
class Scene:
    """A driver at work, the people, and the file that the articles come from."""

    driver: Driver
    stage: Stage
    feed: Path


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Stage:
    return STAGES[request.param]


@pytest.fixture
def threshold() -> float:
    """Nothing abstains."""
    return 0


@pytest_asyncio.fixture
async def scene(stage: Stage, threshold: float, tmp_path: Path) -> AsyncIterator[Scene]:
    feed = write_jsonl(tmp_path / "news.jsonl", *NEWS)
    app = application(Settings(data_dir=tmp_path / "data"), FakeEncoder())
    app.service.reindex([str(feed)])
    close(app)
    driver = stage.make(tmp_path / "data", threshold)
    await driver.start()
    yield Scene(driver, stage, feed)
    await driver.stop()


def words(shown: Shown) -> str:
    """What is read, on one line, without what marks a sentence."""
    return " ".join(shown.text.replace("⟦", "").replace("⟧", "").replace("*", "").split())


def answer_id(shown: Shown) -> str:
    found = re.search(r"\banswer ([0-9A-HJKMNP-TV-Z]{6})\b", words(shown))
    assert found, shown.text
    return found.group(1)


async def test_a_question_is_answered_with_the_sentence_its_source_and_its_date(scene: Scene) -> None:
    shown = await scene.driver.ask(QUESTION, scene.stage.ann)
    for part in (SENTENCE, "The Wire", "9 July 2024", "5 articles"):
        assert part in words(shown)
    assert answer_id(shown)
    assert "More passages" in shown.buttons


async def test_a_citation_tells_its_outlet_and_where_else_the_same_stands(scene: Scene, tmp_path: Path) -> None:
    facts = OutletFacts(country="*Ruritania* <!channel> @everyone", state_controlled=True)
    catalogue = Catalogue(tmp_path / "data" / "catalogue.sqlite3")
    catalogue.add_feed(catalogue.feeds()[0], FeedOptions(outlet=facts))
    catalogue.close()
    shown = await scene.driver.ask(QUESTION, scene.stage.ann)
    assert "Ruritania" in words(shown)
    assert "state-controlled · 9 July 2024" in words(shown)
    assert "also in Morning Post (1 independent source)" in words(shown)
    assert "independent sources" in words(shown)


async def test_where_nothing_can_be_written_a_question_is_answered_all_the_same(scene: Scene, tmp_path: Path) -> None:
    full = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
    with sqlite3.connect(tmp_path / "data" / "catalogue.sqlite3") as connection:
        for number, what in enumerate(("INSERT ON events", "UPDATE ON events", "INSERT ON answers")):
            connection.execute(f"CREATE TRIGGER full{number} BEFORE {what} {full}")
    connection.close()
    for _ in range(2):
        shown = words(await scene.driver.ask(QUESTION, scene.stage.ann))
        assert SENTENCE in shown
        assert "went wrong" not in shown


async def test_a_follow_up_is_searched_with_the_question_before(scene: Scene) -> None:
    await scene.driver.ask("Which grain ships may pass the strait?", scene.stage.ann)
    shown = await scene.driver.follow_up("and until when?")
    assert "Searched for: Which grain ships may pass the strait? and until when?" in words(shown)


async def test_an_admin_sees_that_an_older_generation_answers(scene: Scene, tmp_path: Path) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    (tmp_path / "data" / "index" / "CURRENT").write_text("nonsense")
    assert SENTENCE in words(await scene.driver.ask(QUESTION, scene.stage.ann))
    shown = words(await scene.driver.command("status", user=scene.stage.admin))
    assert "generation 1 answers, since the current one cannot" in shown


async def test_a_new_topic_lets_go_of_what_went_before(scene: Scene) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    assert "Searched for" not in words(await scene.driver.follow_up("New topic: and the ferry to Bergen?"))


@pytest.mark.parametrize("threshold", [2.0])
async def test_who_does_not_know_says_so_what_there_is_and_what_came_nearest(scene: Scene) -> None:
    shown = await scene.driver.ask(QUESTION, scene.stage.ann)
    assert "The corpus does not seem to answer this." in words(shown)
    assert "5 articles, 2022 to 10 July 2024" in words(shown)
    assert "Grain talks in Oslo end with a deal (9 July 2024)" in words(shown)
    assert SENTENCE not in words(shown)


async def test_further_passages_are_shown_until_there_are_no_more(scene: Scene) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    shown = await scene.driver.press("More passages")
    assert SENTENCE not in words(shown)
    assert "Whales are seen there" in words(shown)


async def test_context_shows_the_paragraph_after(scene: Scene) -> None:
    shown = await scene.driver.ask("Which grain ships may pass the strait until December?", scene.stage.ann)
    assert "Insurers raised their rates" not in words(shown)
    shown = await scene.driver.press("Context 1")
    assert SENTENCE in words(shown)


async def test_feedback_is_thanked_for_and_a_bad_answer_is_found_by_an_admin(scene: Scene) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    assert "Thank you" in words(await scene.driver.press("👍"))
    assert QUESTION not in words(await scene.driver.command("gaps", user=scene.stage.admin))
    await scene.driver.ask(QUESTION, scene.stage.ann)
    assert "Thank you" in words(await scene.driver.down_vote("out of date"))
    assert QUESTION in words(await scene.driver.command("gaps", user=scene.stage.admin))


async def test_a_topic_and_an_article_are_summarised(scene: Scene) -> None:
    shown = await scene.driver.command("summary", "grain talks", scene.stage.ann)
    assert "every sentence verbatim" in words(shown)
    shown = await scene.driver.command("summary", "Storm delays the ferry", scene.stage.ann)
    assert "The ferry to Bergen was late because of the storm." in words(shown)
    assert SENTENCE not in words(shown)


async def test_a_topic_and_an_article_have_timelines(scene: Scene) -> None:
    for topic in ("grain talks in Oslo", "Grain talks in Oslo end with a deal"):
        shown = await scene.driver.command("timeline", topic, scene.stage.ann)
        assert "8 July 2024 Envoys of both countries met in Oslo on Monday." in words(shown)
        assert "every sentence verbatim" in words(shown)
    shown = await scene.driver.command("timeline", "grain talks in Oslo until:2023", scene.stage.ann)
    assert "No dated event on this was found" in words(shown)
    assert "Only events until 2023-12-31." in words(shown)


async def test_a_person_is_quoted_word_for_word(scene: Scene) -> None:
    text = f"Mayor Anna Lund opened the quay. {SAID} she said.\n\n“I paint it,” said Jens Lund."
    write_jsonl(scene.feed, *NEWS, record("quay", text, title="The quay", source="The Wire", published="2024-07-08"))
    await scene.driver.command("reindex", user=scene.stage.admin)
    shown = await scene.driver.command("quotes", "Lund", scene.stage.ann)
    for part in (SAID, "8 July 2024", "Anna Lund (“she”)", "The quay", "The Wire", "1 quote by Anna Lund"):
        assert part in words(shown).replace("\\", "")
    assert "Also quoted: Jens Lund (1)." in words(shown).replace("\\", "")
    shown = await scene.driver.command("quotes", "Anna Lundt", scene.stage.ann)
    assert "No quotation by “Anna Lundt” was found" in words(shown)
    shown = await scene.driver.command("quotes", "Anna Lund source:“BBC News”", scene.stage.ann)
    assert SAID not in words(shown)
    assert "Only articles from BBC News." in words(shown)


async def test_what_is_in_the_corpus_is_told(scene: Scene) -> None:
    shown = await scene.driver.command("sources", user=scene.stage.ann)
    assert "BBC News" in words(shown)
    assert "5 articles" in words(shown)


async def test_an_answer_is_shown_again_after_a_restart(scene: Scene) -> None:
    given = answer_id(await scene.driver.ask(QUESTION, scene.stage.ann))
    await scene.driver.restart()
    shown = await scene.driver.command("answer", given, scene.stage.ann)
    assert SENTENCE in words(shown)
    assert f"Answer {given}, as given on" in words(shown)


@pytest.mark.parametrize("stage", [STAGES[name] for name in CHATS], ids=CHATS)
async def test_buttons_and_threads_go_on_after_a_restart(scene: Scene) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    await scene.driver.restart()
    assert "Whales are seen there" in words(await scene.driver.press("More passages"))


@pytest.mark.parametrize("stage", [STAGES[name] for name in CHATS], ids=CHATS)
async def test_a_thread_goes_on_after_a_restart(scene: Scene) -> None:
    await scene.driver.ask(QUESTION, scene.stage.ann)
    await scene.driver.restart()
    assert f"Searched for: {QUESTION} and until when?" in words(await scene.driver.follow_up("and until when?"))


async def test_what_a_person_asked_is_deleted_when_they_want_it(scene: Scene) -> None:
    given = answer_id(await scene.driver.ask(QUESTION, scene.stage.ann))
    assert "Deleted: 1 answer," in words(await scene.driver.command("forget", user=scene.stage.ann))
    shown = await scene.driver.command("answer", given, scene.stage.ann)
    assert "here is no answer" in words(shown)
    assert SENTENCE not in words(shown)


@pytest.mark.parametrize("stage", [STAGES[name] for name in CHATS], ids=CHATS)
async def test_nobody_elses_answers_are_deleted(scene: Scene) -> None:
    given = answer_id(await scene.driver.ask(QUESTION, scene.stage.ann))
    assert "Deleted: 0 answers," in words(await scene.driver.command("forget", user=scene.stage.bob))
    assert SENTENCE in words(await scene.driver.command("answer", given, scene.stage.ann))


@pytest.mark.parametrize("stage", [STAGES[name] for name in CHATS], ids=CHATS)
@pytest.mark.parametrize("command", ["reindex", "status", "gaps"])
async def test_who_is_no_admin_is_refused_what_admins_do(scene: Scene, command: str) -> None:
    assert "Only admins of the bot can do that" in words(await scene.driver.command(command, user=scene.stage.ann))


async def test_an_admin_sees_how_things_stand(scene: Scene) -> None:
    assert "5 articles" in words(await scene.driver.command("status", user=scene.stage.admin))


async def test_an_admin_brings_the_index_up_to_date_and_the_next_answer_is_from_it(scene: Scene) -> None:
    assert NEW not in words(await scene.driver.ask("Where was a comet seen?", scene.stage.ann))
    write_jsonl(scene.feed, *NEWS, record("turku", NEW))
    await scene.driver.command("reindex", user=scene.stage.admin)
    assert "6 articles" in words(await scene.driver.command("status", user=scene.stage.admin))
    assert NEW in words(await scene.driver.ask("Where was a comet seen?", scene.stage.ann))


async def test_an_answer_from_an_older_text_is_shown_again_and_says_what_became_of_it(scene: Scene) -> None:
    given = answer_id(await scene.driver.ask(QUESTION, scene.stage.ann))
    oslo = str(NEWS[0]["text"])
    for text, became in (
        (f"{oslo} Correction: it was on Tuesday.", "The marked sentence still stands in it."),
        (oslo.replace("on Monday", "on Tuesday"), "The marked sentence is no longer in it."),
    ):
        write_jsonl(scene.feed, *NEWS[1:], NEWS[0] | {"text": text})
        await scene.driver.command("reindex", user=scene.stage.admin)
        shown = await scene.driver.command("answer", given, scene.stage.ann)
        assert SENTENCE in words(shown)
        assert "The article has changed since (seen " in words(shown)
        assert became in words(shown)
    write_jsonl(scene.feed, *NEWS[1:])
    await scene.driver.command("reindex", user=scene.stage.admin)
    await scene.driver.restart()
    shown = await scene.driver.command("answer", given, scene.stage.ann)
    assert SENTENCE in words(shown)
    assert "The article has been removed since (seen " in words(shown)
    context = words(await scene.driver.press("Context 1"))
    assert SENTENCE in context
    assert "The article has been removed since (seen " in context


async def test_what_an_article_said_before_is_told(scene: Scene) -> None:
    text = str(NEWS[0]["text"]).replace("until December", "until November")
    write_jsonl(scene.feed, *NEWS[1:], NEWS[0] | {"text": text})
    await scene.driver.command("reindex", user=scene.stage.admin)
    for name in ("oslo", "https://wire.example/oslo", "Grain talks in Oslo end with a deal"):
        shown = words(await scene.driver.command("history", name, scene.stage.ann)).replace("\\", "")
        assert "2 revisions" in shown
        assert f"- {SENTENCE}" in shown
        assert "+ They agreed to let grain ships pass the strait until November." in shown
    assert "here is no article" in words(await scene.driver.command("history", "nobody", scene.stage.ann))


async def test_what_cannot_be_asked_is_told_politely(scene: Scene) -> None:
    assert "holds no word" in words(await scene.driver.ask("?!", scene.stage.ann))
