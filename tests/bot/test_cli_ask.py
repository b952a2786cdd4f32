import re
import sqlite3
from pathlib import Path

import pytest

from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import CommandLine, Ran, application, close
from tests.fakes import record, write_jsonl

QUESTION = "What did envoys agree on in Oslo?"


def stored_answers(data: Path) -> list[tuple[str, str, str, int]]:
    connection = sqlite3.connect(data / "catalogue.sqlite3")
    rows = connection.execute("SELECT id, asked, question, abstained FROM answers ORDER BY asked").fetchall()
    connection.close()
    return rows


def cited(ran: Ran) -> list[str]:
    return [citation["article_id"] for citation in ran.json["citations"]]


# What is printed


def test_an_answer_has_the_keys_of_the_interface_in_their_order(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json").json
    assert list(answer) == [
        "answer_id",
        "question",
        "abstained",
        "confidence",
        "as_of",
        "understood",
        "corpus",
        "citations",
        "nearest",
        "elapsed_ms",
        "independent_sources",
        "disagreements",
    ]
    assert list(answer["understood"]) == ["since", "until", "source", "suggested"]
    assert list(answer["corpus"]) == ["articles", "first", "last"]
    for citation in answer["citations"]:
        assert list(citation) == [
            "article_id",
            "title",
            "source",
            "url",
            "published",
            "text",
            "start",
            "end",
            "score",
            "also_in",
            "highlights",
            "outlet",
            "outlets",
            "story",
        ]
        assert list(citation["highlights"][0]) == ["start", "end", "text", "score"]
    assert all(list(headline) == ["article_id", "title", "published"] for headline in answer["nearest"])


def test_an_answers_values_have_the_types_of_the_interface(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json").json
    assert answer["question"] == QUESTION
    assert type(answer["abstained"]) is bool
    assert type(answer["confidence"]) is float
    assert 0 <= answer["confidence"] <= 1
    assert answer["confidence"] != round(answer["confidence"], 3)
    assert type(answer["elapsed_ms"]) is float
    assert answer["elapsed_ms"] > 0
    assert answer["corpus"] == {"articles": 5, "first": "2022", "last": "2024-07-10"}
    for citation in answer["citations"]:
        assert [type(citation[key]) for key in ("article_id", "title", "text")] == [str] * 3
        assert [type(citation[key]) for key in ("start", "end")] == [int] * 2
        assert type(citation["score"]) is float
        assert [type(h["score"]) for h in citation["highlights"]] == [float] * len(citation["highlights"])


def test_every_quotation_is_its_articles_text_between_its_offsets(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json", "-k", "50").json
    quotes = [(c["article_id"], quote) for c in answer["citations"] for quote in (c, *c["highlights"])]
    assert len(quotes) > 10
    for article_id, quote in quotes:
        article = cli.catalogue.article(article_id)
        assert article is not None
        assert quote["text"] == article.text[quote["start"] : quote["end"]] != ""


def test_the_best_passage_comes_first_with_its_sentence_marked(cli: CommandLine) -> None:
    first = cli("ask", QUESTION, "--json").json["citations"][0]
    assert first["article_id"] in {"oslo", "copy"}
    (highlight,) = first["highlights"]
    assert highlight["text"] in {
        "Envoys of both countries met in Oslo on Monday.",
        "They agreed to let grain ships pass the strait until December.",
    }
    assert first["start"] <= highlight["start"] < highlight["end"] <= first["end"]


def test_what_an_article_lacks_is_null(cli: CommandLine) -> None:
    first = cli("ask", "Where are whales seen from November until January?", "--json").json["citations"][0]
    assert first["article_id"] == "undated"
    assert [first[key] for key in ("source", "url", "published")] == [None] * 3
    assert first["title"] == ""


def test_as_of_is_the_newest_date_among_the_citations(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json", "-k", "5").json
    assert answer["as_of"] == "2024-07-10"
    old = cli("ask", "Why was the ferry to Bergen late?", "--json", "-k", "1", "--until", "2023").json
    assert (old["citations"][0]["published"], old["as_of"]) == ("2023-05", "2023-05")


def test_near_identical_passages_are_all_listed_and_name_each_other(cli: CommandLine) -> None:
    citations = {c["article_id"]: c for c in cli("ask", QUESTION, "--json").json["citations"]}
    assert citations["oslo"]["also_in"] == ["copy"]
    assert citations["copy"]["also_in"] == ["oslo"]


def test_without_json_the_answer_is_text_with_its_sources(cli: CommandLine) -> None:
    cli.threshold = 0
    ran = cli("ask", QUESTION)
    assert (ran.status, ran.err) == (0, "")
    assert "Grain talks in Oslo end with a deal" in ran.out
    assert "The Wire · 9 July 2024" in ran.out
    assert "https://wire.example/oslo" in ran.out
    assert "⟦" in ran.out
    assert re.search(r"answer [0-9A-Z]{6}\b", ran.out)
    assert "\x1b" not in ran.out


# Abstaining


def test_abstaining_is_success_and_still_lists_what_was_found(cli: CommandLine) -> None:
    cli.threshold = 2
    answer = cli("ask", QUESTION, "--json").json
    assert answer["abstained"] is True
    assert answer["confidence"] > 0
    assert answer["citations"][0]["article_id"] in {"oslo", "copy"}
    assert len(answer["citations"][0]["highlights"]) == 1
    assert answer["nearest"][0]["article_id"] == answer["citations"][0]["article_id"]


def test_where_no_word_is_known_there_is_still_a_confidence_and_a_highlight(cli: CommandLine) -> None:
    answer = cli("ask", "Quokka marmalade zyzzyva?", "--json").json
    assert answer["abstained"] is True
    assert 0 <= answer["confidence"] < 0.5
    assert len(answer["citations"][0]["highlights"]) == 1


def test_an_abstention_as_text_shows_the_horizon_and_headlines_and_folds_what_was_found(cli: CommandLine) -> None:
    cli.threshold = 2
    out = cli("ask", QUESTION).out
    assert "The corpus does not seem to answer this." in out
    assert "5 articles, 2022 to 10 July 2024" in out
    assert "• Grain talks in Oslo end with a deal (9 July 2024)" in out
    assert "They agreed to let grain ships pass" not in out


def test_explain_unfolds_what_an_abstention_found(cli: CommandLine) -> None:
    cli.threshold = 2
    out = " ".join(cli("ask", QUESTION, "--explain").out.split())
    assert "The corpus does not seem to answer this." in out
    assert re.search(r"dense -?0\.\d+ #\d", out)


# How much is cited


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_k_articles_are_cited_each_once(cli: CommandLine, k: int) -> None:
    ids = cited(cli("ask", QUESTION, "--json", "-k", str(k)))
    assert len(ids) == len(set(ids)) == k


def test_three_articles_are_cited_where_nothing_else_is_said(cli: CommandLine) -> None:
    assert len(cited(cli("ask", QUESTION, "--json"))) == 3


def test_two_hundred_work_and_then_further_passages_of_an_article_come_after_the_first_of_each(
    cli: CommandLine,
) -> None:
    ids = cited(cli("ask", QUESTION, "--json", "-k", "200"))
    assert sorted(ids[:5]) == ["bergen", "copy", "narvik", "oslo", "undated"]
    assert ids[5:] == ["oslo"]


def test_confidence_and_order_are_the_same_for_every_k(cli: CommandLine) -> None:
    answers = [cli("ask", QUESTION, "--json", "-k", str(k)).json for k in (1, 3, 200)]
    assert len({answer["confidence"] for answer in answers}) == 1
    ids = [[c["article_id"] for c in answer["citations"]] for answer in answers]
    assert ids[0] == ids[1][:1] == ids[2][:1]
    assert ids[1] == ids[2][:3]


@pytest.mark.parametrize("k", ["0", "-1", "1001", "three", "2.5"])
def test_another_k_is_bad_input(cli: CommandLine, k: str) -> None:
    assert "'-k'" in cli("ask", QUESTION, "-k", k).refused(2)


def test_explain_adds_to_each_citation_how_it_came_to_its_place(cli: CommandLine) -> None:
    for citation in cli("ask", QUESTION, "--json", "--explain", "-k", "5").json["citations"]:
        assert list(citation)[-1] == "explain"
        explain = citation["explain"]
        assert list(explain) == [
            "dense",
            "dense_rank",
            "lexical",
            "lexical_rank",
            "fused",
            "fused_rank",
            "reader",
            "reader_rank",
        ]
        assert explain["dense_rank"] is None or explain["dense_rank"] >= 1
        assert explain["fused_rank"] >= 1
    cli.threshold = 0
    assert re.search(r"dense -?0\.\d+ #\d", " ".join(cli("ask", QUESTION, "--explain").out.split()))
    assert "fused" not in cli("ask", QUESTION).out


# Filters


@pytest.mark.parametrize(
    ("options", "tokens", "expected"),
    [
        (["--since", "2024-07-10"], "since:2024-07-10", {"copy"}),
        (["--since", "2024-07"], "since:2024-07", {"copy", "oslo"}),
        (["--since", "2023-05-20"], "since:2023-05-20", {"bergen", "copy", "oslo"}),
        (["--since", "2022-12-31"], "since:2022-12-31", {"bergen", "copy", "narvik", "oslo"}),
        (["--until", "2022-01-01"], "until:2022-01-01", {"narvik"}),
        (["--until", "2023"], "until:2023", {"narvik", "bergen"}),
        (["--since", "2023-01", "--until", "2023-12"], "since:2023-01 until:2023-12", {"bergen"}),
        (["--source", "BBC News"], 'source:"BBC News"', {"bergen", "narvik"}),
        (["--source", "bbc news"], "source:“bbc news”", {"bergen", "narvik"}),
        (["--source", "BBC News", "--since", "2023"], 'Source:"BBC News" SINCE:2023', {"bergen"}),
    ],
)
def test_filters_narrow_the_search_as_options_and_as_tokens_in_the_question(
    cli: CommandLine, options: list[str], tokens: str, expected: set[str]
) -> None:
    by_option = cli("ask", QUESTION, "--json", "-k", "50", *options).json
    by_token = cli("ask", f"What did envoys {tokens} agree on in Oslo?", "--json", "-k", "50").json
    assert {c["article_id"] for c in by_option["citations"]} == expected
    assert {c["article_id"] for c in by_token["citations"]} == expected
    assert by_token["question"] == QUESTION
    assert by_token["confidence"] == by_option["confidence"]
    assert by_token["understood"]["since"] == by_option["understood"]["since"]


def test_what_was_understood_is_told_in_full_dates(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json", "--since", "2022", "--until", "2024-02", "--source", "BBC News").json
    assert answer["understood"] == {
        "since": "2022-01-01",
        "until": "2024-02-29",
        "source": "BBC News",
        "suggested": None,
    }


def test_a_date_in_plain_words_removes_nothing_and_is_offered(cli: CommandLine) -> None:
    answer = cli("ask", "What did envoys agree on in Oslo in June 2019?", "--json", "-k", "5").json
    assert len(answer["citations"]) == 5
    assert answer["understood"] == {
        "since": None,
        "until": None,
        "source": None,
        "suggested": {"phrase": "in June 2019", "since": "2019-06-01", "until": "2019-06-30"},
    }
    out = cli("ask", "What did envoys agree on in Oslo in June 2019?").out
    assert "add since:2019-06-01 until:2019-06-30" in " ".join(out.split())


def test_a_filter_that_leaves_nothing_abstains(cli: CommandLine) -> None:
    answer = cli("ask", QUESTION, "--json", "--since", "2031").json
    assert (answer["abstained"], answer["confidence"], answer["citations"], answer["nearest"]) == (True, 0.0, [], [])
    assert answer["as_of"] is None
    assert "does not seem to answer" in cli("ask", QUESTION, "--since", "2031").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "2024-02", "--until", "2024-01"],
        ["since:2024-02 until:2024-01"],
        ["since:2024-02", "--until", "2024-01"],
    ],
)
def test_dates_that_are_upside_down_are_bad_input(cli: CommandLine, arguments: list[str]) -> None:
    if arguments[0].startswith("since:"):
        arguments = [f"{QUESTION} {arguments[0]}", *arguments[1:]]
    else:
        arguments = [QUESTION, *arguments]
    message = cli("ask", *arguments).refused(2)
    assert "since 2024-02-01 lies after until 2024-01-31: swap" in message


@pytest.mark.parametrize("value", ["2024-13", "2024-02-30", "yesterday", "", "20245", "２０２４-99"])
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_date_that_is_none_is_bad_input(cli: CommandLine, option: str, value: str) -> None:
    message = cli("ask", QUESTION, option, value).refused(2)
    assert f"{option[2:]}: {value!r} is no date" in message


@pytest.mark.parametrize("token", ["since:", "until:", 'source:""', "source: BBC"])
def test_a_filter_without_a_value_is_bad_input(cli: CommandLine, token: str) -> None:
    assert "has no value" in cli("ask", f"{QUESTION} {token}").refused(2)


def test_a_source_that_does_not_exist_names_the_nearest(cli: CommandLine) -> None:
    message = cli("ask", QUESTION, "--source", "BBC Newz").refused(2)
    assert "no article is from the source 'BBC Newz': try 'BBC News'" in message
    message = cli("ask", f"{QUESTION} source:wire").refused(2)
    assert "'The Wire'" in message


def test_a_source_that_is_like_none_names_some_that_exist(cli: CommandLine) -> None:
    message = cli("ask", QUESTION, "--source", "Æøå").refused(2)
    assert "'BBC News', 'Morning Post', 'The Wire'" in message


# What can be asked


@pytest.mark.parametrize("question", ["", " \n\t", "?!…", "🚢🌾", "\x00\x07", "\u200b", "since:2024"])
def test_a_question_without_a_word_is_bad_input(cli: CommandLine, question: str) -> None:
    assert re.search("blank|holds no word", cli("ask", question, "--json").refused(2))


@pytest.mark.parametrize("length", [2001, 100_000])
def test_a_question_over_two_thousand_characters_is_bad_input(cli: CommandLine, length: int) -> None:
    assert f"has {length:,} characters, at most 2,000" in cli("ask", "a" * length, "--json").refused(2)


def test_a_question_of_two_thousand_characters_is_asked(cli: CommandLine) -> None:
    assert len(cli("ask", ("Oslo " * 400)[:1999] + "?", "--json").json["question"]) == 2000


@pytest.mark.parametrize(
    "question",
    [
        "Worüber einigten sich die Gesandten in Oslo?",
        "О чём договорились посланники в Осло?",
        "特使们在奥斯陆达成了什么协议？",
        "🚢 grain ships 🌾?",
        "ø",
        "7",
    ],
)
def test_another_language_and_emoji_beside_words_are_searched(cli: CommandLine, question: str) -> None:
    answer = cli("ask", question, "--json").json
    assert answer["question"] == question
    assert len(answer["citations"]) == 3


def test_control_characters_in_a_question_are_passed_over(cli: CommandLine) -> None:
    plain = cli("ask", QUESTION, "--json").json
    dirty = cli("ask", "\x1b What did\x00envoys\u202e agree\ufeff on\r\nin \x07Oslo?\udcff", "--json").json
    assert dirty["question"] == QUESTION
    assert (dirty["confidence"], dirty["citations"]) == (plain["confidence"], plain["citations"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either QUESTION or --batch FILE"),
        (["a question", "--batch", "q.jsonl", "--output", "o.jsonl"], "give either QUESTION or --batch FILE"),
        (["--batch", "q.jsonl"], "--batch and --output go together"),
        (["a question", "--output", "o.jsonl"], "--batch and --output go together"),
        (["two", "questions"], "unexpected extra argument"),
        (["a question", "--sinse", "2024"], "No such option '--sinse'"),
    ],
)
def test_a_wrong_use_of_options_is_bad_input(cli: CommandLine, arguments: list[str], said: str) -> None:
    write_jsonl(Path("q.jsonl"), {"id": 1, "question": "Who?"})
    assert said in cli("ask", *arguments).refused(2)
    assert not Path("o.jsonl").exists()


# What is kept


def test_an_answer_is_kept_under_its_id_and_with_its_time_in_utc(cli: CommandLine, news: Path) -> None:
    typed = f"{QUESTION} since:2024"
    answer = cli("ask", typed, "--json").json
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{6}", answer["answer_id"])
    ((answer_id, asked, question, abstained),) = stored_answers(news)
    assert (answer_id, question, bool(abstained)) == (answer["answer_id"], typed, answer["abstained"])
    assert asked.endswith("+00:00")


def test_nothing_is_kept_of_a_refused_question(cli: CommandLine, news: Path) -> None:
    cli("ask", "?!").refused(2)
    cli("ask", QUESTION, "--source", "nobody").refused(2)
    assert stored_answers(news) == []


# A fresh data folder


def test_a_first_question_indexes_the_briefs_and_says_so(fresh: CommandLine) -> None:
    ran = fresh("ask", "Why does India keep channels open to Russia?", "--json")
    assert ran.err == "No index yet: indexing the briefs that ship with Backchannel.\n"
    assert ran.json["corpus"]["articles"] >= 20
    assert ran.json["citations"][0]["source"] == "Backchannel brief"
    again = fresh("ask", "Why does India keep channels open to Russia?", "--json")
    assert again.err == ""
    assert again.json["citations"] == ran.json["citations"]


def test_a_bad_first_question_makes_no_data_folder(fresh: CommandLine) -> None:
    fresh("ask", "?!").refused(2)
    fresh("ask", QUESTION, "--since", "2025", "--until", "2024").refused(2)
    assert fresh.data_dir is not None
    assert not fresh.data_dir.exists()


def test_where_own_feeds_are_known_but_their_index_is_lost_the_briefs_do_not_take_its_place(
    cli: CommandLine, news: Path
) -> None:
    (news / "index" / "CURRENT").unlink()
    assert "there is no index" in cli("ask", QUESTION).refused(1)
    assert cli("index", "--json").json["articles"] == 5


# Hostile articles


def test_articles_of_any_text_are_quoted_verbatim_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fresh: CommandLine
) -> None:
    text = 'A \x1b[31mred\x1b[0m harbour\u202e,\r\n[bold]"quoted"[/bold] \\ back\u2028slash 🚢\ufeff and a tab\t.'
    feed = write_jsonl(tmp_path / "hostile.jsonl", record("\x1b]0;id\x07", text, title="[red]T[/red]", source="\x9bS"))
    app = application(Settings(data_dir=fresh.data_dir or Path()), FakeEncoder())
    app.service.reindex([str(feed)])
    close(app)
    (citation,) = fresh("ask", "Which harbour?", "--json").json["citations"]
    assert (citation["article_id"], citation["text"]) == ("\x1b]0;id\x07", text)
    assert (citation["title"], citation["source"]) == ("[red]T[/red]", "\x9bS")
    assert "\x1b" not in fresh("ask", "Which harbour?").out
