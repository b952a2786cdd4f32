"""Who published what is cited, how it is told, and where else the same stands."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import Application
from bot.askers import Question
from bot.batch import ask_batch
from bot.messages import AnswerReply, Provenance
from bot.render.words import also_in_words, footer_words, independent_words, published_words
from bot.settings import Settings
from corpus.catalogue import KnownFeed
from corpus.feed_options import FeedOptions, OutletFacts
from retrieval.encoders.fake import FakeEncoder
from retrieval.types import Filters
from tests.bot.command_line import CommandLine, application, close, jsonl
from tests.bot.conftest import ASIDE, OSLO
from tests.bot.replies import answer, cite
from tests.fakes import record, write_jsonl

QUESTION = "What did envoys agree on in Oslo?"
MORE = (
    "The accord was read out by the host alone. It names nine harbours, four of them on the northern shore, and sets "
    "up a room in which officers of both navies will sit side by side. Fishermen were told to stay within ten miles."
)
TEXT = f"{OSLO}\n\n{ASIDE}\n\n{MORE}"
RT = OutletFacts(name="RT", country="Russia", owner="ANO TV-Novosti", state_controlled=True)


# Words


def told(**facts: OutletFacts) -> Provenance:
    return Provenance(facts=facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (OutletFacts(), "The Wire · 9 July 2024"),
        (OutletFacts(country="Norway"), "The Wire · Norway · 9 July 2024"),
        (OutletFacts(name="The Wire", owner="Wire"), "The Wire · 9 July 2024"),
        (RT, "The Wire · Russia · owned by ANO TV-Novosti · state-controlled · 9 July 2024"),
        (OutletFacts(country="x" * 99), f"The Wire · {'x' * 59}… · 9 July 2024"),
        (OutletFacts(country="a\u202eb\nc", state_controlled=False), "The Wire · a\ufffdb c · 9 July 2024"),
    ],
)
def test_an_outlets_facts_stand_beside_its_name(facts: OutletFacts, said: str) -> None:
    assert published_words(cite(), told(oslo=facts), "The Wire") == said


def test_an_article_without_a_source_is_told_by_its_feeds_outlet() -> None:
    assert published_words(cite(source="", published=None), told(oslo=RT), "").startswith("RT · Russia · ")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([""], "also in 1 other article"),
        (["", ""], "also in 2 other articles"),
        (["AP"], "also in AP"),
        (["AP", "AP"], "also in AP"),
        (["AP", "BBC News"], "also in AP and BBC News"),
        (["AP", ""], "also in AP and 1 more"),
        (["AP", "BBC News", "AP", "CNN", ""], "also in AP, BBC News and 2 more"),
    ],
)
def test_a_fold_names_two_outlets_and_counts_the_others(names: list[str], said: str) -> None:
    others = {f"other {number}": name for number, name in enumerate(names)}
    known = {i: name for i, name in others.items() if name}
    citation = cite(also_in=tuple(others))
    assert also_in_words(citation, Provenance(names=known)) == said
    one = Provenance(names=known, origins=dict.fromkeys([*others, "oslo"], "ap"))
    assert also_in_words(citation, one) == f"{said} (1 independent source)"
    assert also_in_words(cite(), one) == ""


@given(st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_a_fold_is_one_short_line_whatever_outlets_are_called(names: list[str]) -> None:
    others = {f"other {number}": name for number, name in enumerate(names)}
    said = also_in_words(cite(also_in=tuple(others)), Provenance(names=others))
    assert len(said) < 160
    assert not set(said) & set("\n\r\x1b\u202e")


def test_an_answer_counts_independent_sources_where_it_cites_several_articles() -> None:
    origins = {"oslo": "ap", "copy": "ap", "other": "cnn"}
    reply = answer(cite(also_in=("copy",)), cite(article_id="copy", also_in=("oslo",)), cite(article_id="other"))
    known = AnswerReply(reply.answer, "7F3K2M", provenance=Provenance(origins=origins))
    assert independent_words(known) == "2 independent sources"
    assert "2 independent sources · answer 7F3K2M" in footer_words(known)
    assert independent_words(reply) == ""
    assert independent_words(AnswerReply(answer(cite()).answer, None, provenance=known.provenance)) == ""


# Over a data folder


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=tmp_path / "data"), FakeEncoder(), 0)
    feeds = {
        "rt": (RT, record("rt", TEXT, published="2024-07-08")),
        "sputnik": (OutletFacts(owner="ano  TV-novosti"), record("sputnik", "Envoys in Oslo were late.")),
        "bbc": (OutletFacts(name="BBC News", country="United Kingdom"), record("bbc", OSLO, source="Reuters")),
        "plain": (OutletFacts(), record("plain", "Whales are seen off Oslo from November.", source="Whale News")),
    }
    for name, (facts, row) in feeds.items():
        file = write_jsonl(tmp_path / f"{name}.jsonl", row)
        app.catalogue.add_feed(KnownFeed(name, str(file)), FeedOptions(outlet=facts))
    app.service.reindex()
    yield app
    close(app)


def test_what_is_known_of_an_outlet_travels_with_the_answer(app: Application) -> None:
    known = app.service.provenance([cite(article_id=i, source=s) for i, s in [("rt", ""), ("bbc", ""), ("plain", "")]])
    # The feed of this one is the BBC's, but the article says that it is not.
    assert "bbc" not in known.facts
    assert known.facts == {"rt": RT}
    assert (known.names["rt"], known.names["bbc"], known.names["plain"]) == ("RT", "Reuters", "Whale News")
    # Reuters printed the story that RT had the day before.
    assert known.stories == {"rt": "rt", "bbc": "rt", "plain": "plain"}
    assert known.independent(["rt", "bbc", "plain"]) == 2


def test_what_was_removed_counts_with_those_who_said_the_same(app: Application) -> None:
    gone = cite(article_id="gone", source="Late Paper", also_in=("away", "bbc"))
    known = app.service.provenance([gone])
    assert known.stories["gone"] == "rt"
    assert known.independent(["gone", "bbc"]) == 1


def test_outlets_of_one_owner_count_once(app: Application) -> None:
    known = app.service.provenance([cite(article_id=i, source="") for i in ("rt", "sputnik", "plain")])
    assert known.stories["sputnik"] == "sputnik"
    assert known.independent(["rt", "sputnik"]) == 1
    assert known.independent(["rt", "sputnik", "plain", "nobody"]) == 2


def test_stories_that_nobody_signed_are_told_apart(app: Application) -> None:
    assert app.service.provenance([cite(article_id=i, source="") for i in ("x", "y")]).independent("xy") == 2


def test_a_citation_names_all_articles_of_its_story_that_say_the_same(tmp_path: Path) -> None:
    app = application(Settings(data_dir=tmp_path / "data"), FakeEncoder(), 0)
    copies = [record(f"copy {n}", TEXT, source=f"Paper {n}", published=f"2024-07-{10 + n // 2}") for n in range(40)]
    without = record("without", f"{ASIDE}\n\n{MORE}", source="Late Paper")
    app.service.reindex([str(write_jsonl(tmp_path / "news.jsonl", *copies, without))])
    assert set(app.catalogue.story_of(["without", "copy 7"]).values()) == {"copy 0"}
    reply = app.desk.ask(_asked(QUESTION))
    assert isinstance(reply, AnswerReply)
    citation = reply.answer.citations[0]
    assert sorted([citation.article_id, *citation.also_in]) == sorted(f"copy {n}" for n in range(40))
    narrow = app.service.ask(_asked(QUESTION), filters=Filters(article_ids=frozenset({"copy 1", "copy 2"})))
    assert {i for c in narrow.answer.citations for i in c.also_in} == {"copy 1", "copy 2"}
    queries = write_jsonl(tmp_path / "q.jsonl", {"id": 1, "question": QUESTION})
    ask_batch(app, queries, tmp_path / "a.jsonl", Filters(), 3, explain=False)
    (line,) = jsonl(tmp_path / "a.jsonl")
    assert (line["independent_sources"], {c["story"] for c in line["citations"]}) == (1, {"copy 0"})
    assert len(line["citations"][0]["outlets"]) == 39
    close(app)


def test_json_tells_the_outlet(app: Application, cli: CommandLine) -> None:
    cli.data_dir = app.settings.data_dir
    citations = {c["article_id"]: c for c in cli("ask", QUESTION, "--json", "-k", "4").json["citations"]}
    assert citations["rt"]["outlet"] == {
        "name": "RT",
        "country": "Russia",
        "owner": "ANO TV-Novosti",
        "state_controlled": True,
    }
    assert citations["plain"]["outlet"] is None
    assert citations["rt"]["outlets"] == ["Reuters"]
    first = cli("summary", "rt", "--json").json["sentences"][0]
    assert first["outlet"]["country"] == "Russia"


def _asked(text: str) -> Question:
    return Question(text, dt.datetime(2024, 7, 12, tzinfo=dt.UTC))
