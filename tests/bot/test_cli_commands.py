import json
import os
import shutil
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.cli import run
from corpus.schema import VERSION
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import CommandLine
from tests.fakes import indexing_process, record, write_jsonl

QUESTION = "What did envoys agree on in Oslo?"

# Summary


def test_a_summary_has_the_keys_of_the_interface_in_their_order(cli: CommandLine) -> None:
    summary = cli("summary", "grain talks in Oslo", "--json").json
    assert list(summary) == ["query", "sentences", "articles", "elapsed_ms"]
    assert summary["query"] == "grain talks in Oslo"
    assert len(summary["sentences"]) == 3
    assert type(summary["articles"]) is int
    assert type(summary["elapsed_ms"]) is float
    for sentence in summary["sentences"]:
        assert list(sentence) == ["article_id", "title", "source", "published", "url", "text", "start", "end", "outlet"]


def test_every_sentence_of_a_summary_is_its_articles_text_between_its_offsets(cli: CommandLine) -> None:
    for query in ("grain", "oslo", "harbour source:“BBC News”"):
        for sentence in cli("summary", query, "--json", "--sentences", "9").json["sentences"]:
            article = cli.catalogue.article(sentence["article_id"])
            assert article is not None
            assert sentence["text"] == article.text[sentence["start"] : sentence["end"]] != ""


def test_a_summary_by_article_id_is_of_that_article_alone_in_reading_order(cli: CommandLine) -> None:
    summary = cli("summary", "oslo", "--json", "--sentences", "4").json
    assert summary["articles"] == 1
    assert {sentence["article_id"] for sentence in summary["sentences"]} == {"oslo"}
    starts = [sentence["start"] for sentence in summary["sentences"]]
    assert starts == sorted(starts)
    assert len(set(starts)) == 4


def test_what_an_article_lacks_is_null_in_a_summary(cli: CommandLine) -> None:
    (sentence,) = cli("summary", "undated", "--json", "--sentences", "1").json["sentences"]
    assert [sentence[key] for key in ("source", "published", "url")] == [None] * 3


def test_a_summary_as_text_cites_every_sentence(cli: CommandLine) -> None:
    out = cli("summary", "bergen", "--sentences", "2").out
    assert "The ferry to Bergen was late because of the storm. [1]" in out
    assert "[2] Storm delays the ferry · BBC News · May 2023" in out
    assert "every sentence verbatim · from 1 article" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["?!"], "holds no word"),
        ([""], "blank"),
        (["a" * 2001], "at most 2,000"),
        (["grain source:Nobody"], "no article is from the source 'Nobody'"),
        (["grain since:2025 until:2024"], "swap the two dates"),
        (["grain", "--sentences", "0"], "'--sentences'"),
        (["grain", "--sentences", "51"], "'--sentences'"),
        ([], "give either TOPIC or --batch FILE"),
        (["--batch", "items.jsonl"], "--batch and --output go together"),
        (["--batch", "missing.jsonl", "--output", "o.jsonl"], "missing.jsonl"),
    ],
)
def test_a_summary_of_nothing_that_can_be_summarised_is_bad_input(
    cli: CommandLine, arguments: list[str], said: str
) -> None:
    write_jsonl(Path("items.jsonl"), {"id": 1, "query": "grain"})
    assert said in cli("summary", *arguments, "--json" if "--batch" not in arguments else "--sentences=3").refused(2)


# Index


def test_an_index_run_has_the_keys_of_the_interface_in_their_order(fresh: CommandLine, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "a.jsonl", record("a", "Envoys met in Oslo."), "broken")
    run = fresh("index", str(feed), "--json").json
    keys = ["generation", "articles", "passages", "added", "changed", "removed", "errors", "seconds", "feeds"]
    assert list(run) == keys
    assert [run[key] for key in keys[:6]] == [1, 1, 1, 1, 0, 0]
    assert len(run["errors"]) == 1
    assert run["errors"][0].startswith("a.jsonl line 2: ")
    assert type(run["seconds"]) is float
    assert run["feeds"] == [{"name": "a.jsonl", "added": 1, "changed": 0, "removed": 0, "errors": 1, "failed": None}]


def test_index_without_feeds_indexes_the_briefs_in_a_fresh_folder(fresh: CommandLine) -> None:
    run = fresh("index", "--json").json
    assert run["articles"] == run["added"] >= 20
    assert run["errors"] == []


def test_an_index_run_as_text_counts_and_lists_what_was_bad(fresh: CommandLine, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "a.jsonl", record("a", "Envoys met in Oslo."), *["broken"] * 12)
    ran = fresh("index", str(feed))
    assert (ran.status, ran.err) == (0, "")
    assert "Generation 1 holds 1 article in 1 passage: 1 added, 0 changed, 0 removed" in " ".join(ran.out.split())
    assert "12 bad items:" in ran.out
    assert "a.jsonl line 11" in ran.out
    assert "and 2 more (--json lists all)" in ran.out


def test_index_again_refreshes_and_rebuild_makes_a_new_generation(cli: CommandLine) -> None:
    assert cli("index", "--json").json["generation"] == 1
    assert cli("index", "--rebuild", "--json").json["generation"] == 2


@pytest.mark.parametrize(
    ("feed", "status", "said"),
    [
        ("nowhere", 2, "the feed 'nowhere' does not exist: name a folder or a file"),
        ("", 2, "the feed '' does not exist"),
        ("report.docx", 2, "cannot be read: files end in .htm, .html, .html.gz, .jsonl, .markdown, .md, .pdf, .txt"),
        ("ftp://news.example/rss", 2, "no address of http or https"),
        ("empty", 1, "no article was found"),
    ],
)
def test_a_feed_that_cannot_be_indexed_is_named_and_no_index_is_made(
    fresh: CommandLine, feed: str, status: int, said: str
) -> None:
    Path("report.docx").touch()
    Path("empty").mkdir()
    assert said in fresh("index", feed, "--json").refused(status)
    fresh("status").refused(1)


def test_an_old_index_answers_on_where_a_feed_has_become_empty(cli: CommandLine, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "own" / "a.jsonl", record("own", "A comet was seen over Turku."))
    cli.data_dir = tmp_path / "data"
    assert cli("index", str(feed.parent)).status == 0
    feed.unlink()
    cli("index").refused(1)
    assert cli("ask", "Where was a comet seen?", "--json").json["citations"][0]["article_id"] == "own"


def test_the_second_of_two_processes_that_index_says_who_is_at_it(cli: CommandLine, news: Path) -> None:
    with indexing_process(news) as holder:
        assert f"is being indexed already by process {holder.pid}" in cli("index", "--json").refused(1)
        assert cli("ask", QUESTION, "--json").json["citations"]
        holder.communicate("")
    assert cli("index").status == 0


def test_an_index_of_another_model_is_refused_with_the_way_out(cli: CommandLine) -> None:
    cli.encoder = FakeEncoder(dimension=32)
    for arguments in (["ask", QUESTION], ["summary", "grain"], ["index"]):
        message = cli(*arguments).refused(1)
        assert "made with the model fake-64-96" in message
        assert "--rebuild" in message
    assert cli("status", "--json").json["model"] == "fake-64-96"
    assert cli("index", "--rebuild", "--json").json["articles"] == 5
    assert cli("ask", QUESTION, "--json").json["citations"]


@pytest.mark.parametrize("rebuild", [[], ["--rebuild"]])
def test_a_damaged_index_is_refused_with_the_way_out(cli: CommandLine, news: Path, rebuild: list[str]) -> None:
    dense = news / "index" / "000001" / "dense.faiss"
    dense.write_bytes(dense.read_bytes()[:-1])
    for arguments in (["ask", QUESTION], ["summary", "grain"], ["status"]):
        assert "backchannel index --rebuild" in cli(*arguments, "--json").refused(1)
    assert cli("index", *rebuild).status == 0
    assert cli("status").status == 0


# Status


def test_status_tells_what_the_index_holds(cli: CommandLine, news: Path) -> None:
    status = cli("status", "--json").json
    assert list(status) == [
        "generation",
        "created",
        "model",
        "articles",
        "passages",
        "first",
        "last",
        "sources",
        "feeds",
        "data_dir",
        "reindex",
        "problems",
        "trouble",
        "index",
    ]
    created = status.pop("created")
    assert created.endswith("+00:00")
    (feed,) = status.pop("feeds")
    assert (feed["name"], Path(feed["location"]).name) == ("news.jsonl", "news.jsonl")
    assert (feed["kind"], feed["refresh"], feed["articles"], feed["last_error"]) == ("file", "1h", 5, None)
    assert status == {
        "generation": 1,
        "model": "fake-64-96",
        "articles": 5,
        "passages": 6,
        "first": "2022",
        "last": "2024-07-10",
        "sources": {"The Wire": 1, "Morning Post": 1, "BBC News": 2},
        "data_dir": str(news),
        "reindex": None,
        "problems": [],
        "trouble": None,
        "index": "embedded",
    }


def test_status_as_text_tells_the_same(cli: CommandLine, news: Path) -> None:
    out = cli("status").out
    for part in ("5 articles, 2022 to 10 July 2024", "BBC News (2)", "news.jsonl", "fake-64-96"):
        assert part in out
    assert str(news) in "".join(out.split())


# Timeline


def test_a_timeline_has_the_keys_of_the_interface_in_their_order(cli: CommandLine) -> None:
    timeline = cli("timeline", "grain talks in Oslo", "--json").json
    assert list(timeline) == ["topic", "events"]
    assert timeline["topic"] == "grain talks in Oslo"
    (event,) = timeline["events"]
    assert list(event) == [
        *("date", "precision", "from", "article_id", "title", "source", "url", "text", "start", "end"),
    ]
    assert [event[key] for key in ("date", "precision", "from")] == ["2024-07-08", "day", "text"]
    assert event["text"] == "Envoys of both countries met in Oslo on Monday."


def test_every_event_of_a_timeline_is_its_articles_text_between_its_offsets(cli: CommandLine) -> None:
    for topic in ("grain", "oslo", "harbour source:“BBC News”", "whales"):
        for event in cli("timeline", topic, "--json", "--events", "50").json["events"]:
            article = cli.catalogue.article(event["article_id"])
            assert article is not None
            assert event["text"] == article.text[event["start"] : event["end"]] != ""


def test_a_timeline_by_article_id_is_of_that_article_alone(cli: CommandLine) -> None:
    events = cli("timeline", "copy", "--json").json["events"]
    assert {event["article_id"] for event in events} == {"copy"}


def test_a_timelines_filters_bound_the_dates_of_its_events(cli: CommandLine) -> None:
    for options in (["--since", "2024-07-09"], ["--until", "2024-07-07"], ["--source", "BBC News"]):
        assert cli("timeline", "grain talks in Oslo", "--json", *options).json["events"] == []
    for options in (["--since", "2024-07-08", "--until", "2024-07-08"], ["--source", "the wire"]):
        assert len(cli("timeline", "grain talks in Oslo", "--json", *options).json["events"]) == 1


def test_a_timeline_as_text_dates_and_cites_every_event(cli: CommandLine) -> None:
    out = " ".join(cli("timeline", "grain talks in Oslo").out.split())
    assert "8 July 2024 Envoys of both countries met in Oslo on Monday." in out
    assert "Grain talks in Oslo end with a deal · The Wire · 9 July 2024 · also in Morning Post (1 independent" in out
    assert "every sentence verbatim" in out
    assert "No dated event on this was found" in cli("timeline", "whales", "--since", "2030").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["?!"], "holds no word"),
        ([""], "blank"),
        (["grain source:Nobody"], "no article is from the source 'Nobody'"),
        (["grain", "--since", "2025", "--until", "2024"], "swap the two dates"),
        (["grain", "--since", "May"], "'May' is no date"),
        (["grain", "--events", "0"], "'--events'"),
        (["grain", "--events", "101"], "'--events'"),
        ([], "TOPIC"),
    ],
)
def test_a_timeline_of_nothing_that_can_be_told_is_bad_input(cli: CommandLine, arguments: list[str], said: str) -> None:
    assert said in cli("timeline", *arguments, "--json").refused(2)


# Quotes

QUAY = "Mayor Anna Lund opened the quay. “The old quay is gone,” she said. “The new one holds.”"


@pytest.fixture
def quay(cli: CommandLine) -> CommandLine:
    """The command line, with an article that quotes somebody."""
    feed = write_jsonl(Path("quay.jsonl"), record("quay", QUAY, title="The quay", published="2024-07-08"))
    assert cli("index", str(feed)).status == 0
    return cli


def test_quotes_have_the_keys_of_the_interface_in_their_order(quay: CommandLine) -> None:
    quotes = quay("quotes", "Anna Lund", "--json").json
    assert list(quotes) == ["person", "speakers", "quotes", "articles", "near", "elapsed_ms"]
    assert [quotes[key] for key in ("person", "speakers", "articles", "near")] == ["Anna Lund", ["Anna Lund"], 1, []]
    (quote,) = quotes["quotes"]
    assert list(quote) == [
        *("article_id", "title", "source", "published", "url", "speaker", "named", "verb", "partial"),
        *("text", "start", "end", "quotations", "also_in"),
    ]
    assert [quote[key] for key in ("article_id", "source", "published", "speaker", "named", "verb", "partial")] == [
        *("quay", None, "2024-07-08", "Anna Lund", "she", "said", False),
    ]
    assert quote["text"] == QUAY[quote["start"] : quote["end"]] == QUAY.partition("quay. ")[2]
    assert [part["text"] for part in quote["quotations"]] == ["The old quay is gone,", "The new one holds."]
    for part in quote["quotations"]:
        assert part["text"] == QUAY[part["start"] : part["end"]]


def test_quotes_take_filters_and_a_number(quay: CommandLine) -> None:
    for options in (["--since", "2024-07-09"], ["--until", "2024-07-07"], ["--source", "BBC News"]):
        assert quay("quotes", "Lund", "--json", *options).json["quotes"] == []
    assert len(quay("quotes", "Lund", "--json", "-k", "1", "--until", "2024").json["quotes"]) == 1


def test_quotes_as_text_mark_the_words_and_cite(quay: CommandLine) -> None:
    out = " ".join(quay("quotes", "Lund").out.split())
    assert "8 July 2024 “⟦The old quay is gone,⟧” she said. “⟦The new one holds.⟧” Anna Lund (“she”) · The quay" in out
    assert "1 quote by Anna Lund, newest first, out of 1 article with the name" in out
    assert "No quotation by “Nansen” was found in 0 articles with the name." in quay("quotes", "Nansen").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["?!"], "holds no word"),
        ([""], "blank"),
        (["Lund source:Nobody"], "no article is from the source 'Nobody'"),
        (["Lund", "--since", "2025", "--until", "2024"], "swap the two dates"),
        (["Lund", "-k", "0"], "'-k'"),
        ([], "PERSON"),
    ],
)
def test_quotes_of_nobody_that_can_be_named_are_bad_input(cli: CommandLine, arguments: list[str], said: str) -> None:
    assert said in cli("quotes", *arguments, "--json").refused(2)


# No index


@pytest.mark.parametrize(
    "arguments",
    [
        ["summary", "grain"],
        ["summary", "grain", "--json"],
        ["summary", "--batch", "in.jsonl", "--output", "out.jsonl"],
        ["timeline", "grain"],
        ["timeline", "grain", "--json"],
        ["quotes", "Lund"],
        ["status"],
        ["status", "--json"],
        ["ask", "--batch", "in.jsonl", "--output", "out.jsonl"],
    ],
)
def test_all_but_ask_and_chat_name_the_command_that_makes_an_index(fresh: CommandLine, arguments: list[str]) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": "Who?", "query": "grain"})
    message = fresh(*arguments).refused(1)
    assert f"there is no index in {fresh.data_dir}: run `backchannel index`" in message
    assert not Path("out.jsonl").exists()
    assert fresh.data_dir is not None
    assert not fresh.data_dir.exists()


# The data folder

EVERY_COMMAND = [
    ["ask", QUESTION],
    ["ask", QUESTION, "--json"],
    ["ask", "--batch", "in.jsonl", "--output", "out.jsonl"],
    ["summary", "grain"],
    ["timeline", "grain"],
    ["quotes", "Lund"],
    ["index"],
    ["chat"],
    ["status"],
]


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=" ".join)
def test_a_data_folder_that_is_a_file_is_refused(fresh: CommandLine, arguments: list[str]) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": QUESTION})
    assert fresh.data_dir is not None
    fresh.data_dir.write_text("a letter")
    message = fresh(*arguments).refused(2)
    assert f"the data folder {fresh.data_dir} is a file: name a folder by --data-dir" in message
    assert fresh.data_dir.read_text() == "a letter"


@pytest.mark.parametrize("arguments", [["ask", QUESTION], ["index", "--json"], ["chat"]], ids=" ".join)
def test_a_data_folder_that_cannot_be_made_is_refused(fresh: CommandLine, arguments: list[str]) -> None:
    Path("letter").write_text("a file")
    fresh.data_dir = Path("letter") / "data"
    message = fresh(*arguments).refused(1)
    assert "letter/data" in message
    assert "--data-dir" in message


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=" ".join)
def test_a_data_folder_with_an_endless_name_is_refused(fresh: CommandLine, arguments: list[str]) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": QUESTION})
    fresh.data_dir = Path("x" * 300)
    assert "--data-dir" in fresh(*arguments).refused(1)


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=" ".join)
def test_a_file_in_the_place_of_the_index_is_told_in_one_line(fresh: CommandLine, arguments: list[str]) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": QUESTION})
    assert fresh.data_dir is not None
    fresh.data_dir.mkdir()
    (fresh.data_dir / "index").write_text("")
    assert str(fresh.data_dir / "index") in fresh(*arguments).refused(1)


@pytest.mark.parametrize("arguments", [*EVERY_COMMAND, ["index", "--rebuild"]], ids=" ".join)
def test_a_newer_versions_data_folder_is_refused_and_left_as_it_is(
    cli: CommandLine, news: Path, arguments: list[str]
) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": QUESTION})
    connection = sqlite3.connect(news / "catalogue.sqlite3")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    message = cli(*arguments).refused(1)
    assert "belongs to a newer version" in message
    assert "upgrade Backchannel, or name another folder by --data-dir" in message
    assert (news / "index" / "CURRENT").read_text() == "1\n"
    assert not Path("out.jsonl").exists()


def test_nothing_is_written_outside_the_data_folder(fresh: CommandLine, tmp_path: Path) -> None:
    fresh("ask", QUESTION, "--json")
    fresh("summary", "oil")
    fresh("index", "--rebuild")
    assert [path.name for path in tmp_path.iterdir()] == ["fresh"]


def test_without_the_option_the_setting_names_the_data_folder(
    cli: CommandLine, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.data_dir = None
    cli("status").refused(1)
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", str(news))
    assert cli("status", "--json").json["data_dir"] == str(news)


def test_the_option_wins_over_the_setting(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", "/nowhere")
    assert cli("status").status == 0


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=" ".join)
def test_a_broken_setting_is_named_by_every_command(
    cli: CommandLine, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(Path("in.jsonl"), {"id": 1, "question": QUESTION})
    monkeypatch.setenv("BACKCHANNEL_LOG_LEVEL", "shout")
    assert "BACKCHANNEL_LOG_LEVEL='shout' cannot be used" in cli(*arguments).refused(2)


def test_a_broken_line_of_the_env_file_names_its_variable(cli: CommandLine) -> None:
    Path(".env").write_text("BACKCHANNEL_READER_BUDGET_MS=soon\nSLACK_BOT_TOKEN=xoxb-1\n")
    assert "BACKCHANNEL_READER_BUDGET_MS='soon' cannot be used" in cli("status").refused(2)


def test_an_env_file_that_is_not_utf8_is_told_in_one_line(cli: CommandLine) -> None:
    Path(".env").write_bytes(b"BACKCHANNEL_MODEL=caf\xe9\n")
    assert ".env cannot be read" in cli("status").refused(2)


# A quotation that was altered


@pytest.mark.parametrize("arguments", [["ask", QUESTION], ["ask", QUESTION, "--json"], ["summary", "grain talks"]])
@pytest.mark.parametrize("altered", ["replace(text, 'grain', 'grape')", "substr(text, 1, 20)", "text || ' Indeed.'"])
def test_an_article_that_was_altered_behind_our_back_is_never_shown(
    cli: CommandLine, news: Path, arguments: list[str], altered: str
) -> None:
    connection = sqlite3.connect(news / "catalogue.sqlite3")
    connection.execute(f"UPDATE revisions SET text = {altered}")  # noqa: S608
    connection.commit()
    connection.close()
    assert "is not what was stored" in cli(*arguments).refused(1)


# Help and usage


def test_the_version_is_the_packages(cli: CommandLine) -> None:
    cli.data_dir = None
    ran = cli("--version")
    assert (ran.status, ran.out) == (0, f"backchannel, version {version('backchannel')}\n")


def test_help_lists_every_command_of_the_interface(cli: CommandLine) -> None:
    cli.data_dir = None
    out = cli("--help").out
    for command in ("ask", "summary", "timeline", "quotes", "index", "extract", "chat", "serve", "status"):
        assert f"\n  {command} " in out
        assert cli(command, "--help").status == 0
        assert "--data-dir DIR" in cli(command, "--help").out


def test_no_command_prints_the_help_to_standard_error(cli: CommandLine) -> None:
    cli.data_dir = None
    ran = cli()
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: backchannel" in ran.err


def test_an_unknown_command_is_bad_input(cli: CommandLine) -> None:
    cli.data_dir = None
    assert "No such command 'aks'" in cli("aks", "who?").refused(2)


# The terminal


def test_chat_in_a_fresh_folder_indexes_the_briefs_and_says_so(
    fresh: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"/status\n/quit\n")
    os.close(write_end)
    with os.fdopen(read_end) as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        ran = fresh("chat")
    assert ran.status == 0
    assert ran.err == "No index yet: indexing the briefs that ship with Backchannel.\n"
    assert "builtin" in ran.out


def test_a_copy_of_a_data_folder_answers_the_same(cli: CommandLine, news: Path, tmp_path: Path) -> None:
    before = cli("ask", QUESTION, "--json").json["citations"]
    cli.close()
    shutil.move(news, tmp_path / "moved")
    cli.data_dir = tmp_path / "moved"
    assert cli("ask", QUESTION, "--json").json["citations"] == before


def test_json_keeps_other_scripts_readable(cli: CommandLine) -> None:
    ran = cli("summary", "undated", "--json", "--sentences", "1")
    assert "Tromsø" in ran.out
    assert json.loads(ran.out)["sentences"][0]["text"].startswith("Tromsø")


def test_an_empty_name_is_no_data_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--data-dir", ""]) == 2
    assert tuple(capsys.readouterr()) == (
        "",
        "backchannel: Invalid value for '--data-dir': it is empty: name a folder\n",
    )
