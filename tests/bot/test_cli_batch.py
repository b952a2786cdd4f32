import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.bot.command_line import CommandLine, jsonl
from tests.fakes import write_jsonl

QUESTION = "What did envoys agree on in Oslo?"


def ask(cli: CommandLine, *rows: object, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Ask a batch, each row an object or a line as it stands; gives the lines that came out."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    Path("queries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    ran = cli("ask", "--batch", "queries.jsonl", "--output", "answers.jsonl", *options)
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    return jsonl(Path("answers.jsonl"))


def count_answers(data: Path) -> int:
    connection = sqlite3.connect(data / "catalogue.sqlite3")
    ((count,),) = connection.execute("SELECT COUNT(*) FROM answers").fetchall()
    connection.close()
    return int(count)


def test_a_batchs_answer_is_the_answer_of_the_interface_with_the_querys_id_first(cli: CommandLine) -> None:
    (answer,) = ask(cli, {"id": "q1", "question": QUESTION})
    single = cli("ask", QUESTION, "--json").json
    assert list(answer) == ["id", *single]
    for key in set(single) - {"answer_id", "elapsed_ms"}:
        assert answer[key] == single[key], key


def test_every_line_gives_one_line_in_order(cli: CommandLine) -> None:
    rows = [
        {"id": 1, "question": QUESTION},
        b"{not json",
        {"id": 2, "question": "?!"},
        b"",
        {"id": 3, "question": "Why was the ferry late?"},
        b"[]",
        {"id": 1, "question": "Where are whales seen?"},
    ]
    answers = ask(cli, *rows)
    assert [answer["id"] for answer in answers] == [1, None, 2, None, 3, None, 1]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False, True, False]
    assert all(list(answer) == ["id", "error"] for answer in answers if "error" in answer)
    assert [answers[at]["question"] for at in (0, 4, 6)] == [rows[at]["question"] for at in (0, 4, 6)]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    "row_id", ["q1", "", 7, -0.25, 10**30, True, None, ["a", {"b": None}], {"set": "dev", "n": 3}, "🚢\ud800\x00"]
)
def test_an_id_comes_back_as_it_was_whatever_it_is(cli: CommandLine, row_id: object) -> None:
    good, bad = ask(cli, {"id": row_id, "question": QUESTION}, {"id": row_id})
    assert (type(good["id"]), good["id"]) == (type(row_id), row_id)
    assert (type(bad["id"]), bad["id"]) == (type(row_id), row_id)
    assert "error" in bad


def test_a_question_without_an_id_is_answered_with_a_null_one(cli: CommandLine) -> None:
    (answer,) = ask(cli, {"question": QUESTION})
    assert answer["id"] is None
    assert answer["citations"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"{'id': 1}", "line 1 is no JSON"),
        (b'{"id": 1, "question": "Oslo?"', "line 1 is no JSON"),
        (b"\xff\xfe", "line 1 is no JSON"),
        (b"[" * 100_000, "line 1 is no JSON"),
        (b'{"id": NaN, "question": "Oslo?"}', "line 1 is no JSON"),
        (b'"Oslo?"', "line 1 is 'Oslo?': give an object"),
        (b"null", "line 1 is None: give an object"),
        ({"id": 1}, "'question' is None: give a text"),
        ({"id": 1, "question": None}, "'question' is None: give a text"),
        ({"id": 1, "question": 42}, "'question' is 42: give a text"),
        ({"id": 1, "question": [QUESTION]}, "give a text"),
        ({"id": 1, "question": ""}, "blank"),
        ({"id": 1, "question": " \n "}, "blank"),
        ({"id": 1, "question": "?!…"}, "holds no word"),
        ({"id": 1, "question": "🚢🌾"}, "holds no word"),
        ({"id": 1, "question": "a" * 2001}, "has 2,001 characters, at most 2,000"),
        ({"id": 1, "question": f"{QUESTION} since:tomorrow"}, "since: 'tomorrow' is no date"),
        ({"id": 1, "question": f"{QUESTION} since:2024 until:2023"}, "swap the two dates"),
        ({"id": 1, "question": f"{QUESTION} source:Nobody"}, "no article is from the source 'Nobody'"),
        ({"id": 1, "question": QUESTION, "article_ids": ["oslo", "gone"]}, "there is no article 'gone'"),
        ({"id": 1, "question": QUESTION, "article_ids": ["\ud800"]}, "there is no article"),
        ({"id": 1, "question": QUESTION, "article_ids": []}, "article_ids is empty"),
        ({"id": 1, "question": QUESTION, "article_ids": "oslo"}, "'article_ids' is 'oslo': give a list of texts"),
        ({"id": 1, "question": QUESTION, "article_ids": [1]}, "'article_ids' is [1]: give a list of texts"),
        ({"id": 1, "question": QUESTION, "article_ids": {"oslo": 1}}, "give a list of texts"),
        ({"id": 1, "question": QUESTION, "article_ids": 0}, "give a list of texts"),
    ],
)
def test_a_line_that_cannot_be_asked_says_why_and_the_next_is_answered(
    cli: CommandLine, row: object, said: str
) -> None:
    bad, good = ask(cli, row, {"id": 2, "question": QUESTION})
    assert list(bad) == ["id", "error"]
    assert said in bad["error"]
    assert "\n" not in bad["error"]
    assert bad["id"] == (row["id"] if isinstance(row, dict) else None)
    assert good["citations"]


def test_only_the_named_articles_are_searched(cli: CommandLine) -> None:
    one, two, everything, right = ask(
        cli,
        {"id": 1, "question": QUESTION, "article_ids": ["narvik"]},
        {"id": 2, "question": QUESTION, "article_ids": ["undated", "bergen", "bergen"]},
        {"id": 3, "question": QUESTION, "article_ids": None},
        {"id": 4, "question": QUESTION, "article_ids": ["oslo"]},
        options=("-k", "9"),
    )
    assert {c["article_id"] for c in one["citations"]} == {"narvik"}
    assert {c["article_id"] for c in two["citations"]} == {"undated", "bergen"}
    assert {c["article_id"] for c in everything["citations"]} == {"oslo", "copy", "bergen", "narvik", "undated"}
    assert one["confidence"] < right["confidence"]


def test_confidence_is_there_also_where_one_article_is_searched(cli: CommandLine) -> None:
    rows = [{"id": n, "question": QUESTION, "article_ids": [n]} for n in ("oslo", "bergen", "undated")]
    answers = ask(cli, *rows)
    assert all(type(answer["confidence"]) is float and answer["citations"][0]["highlights"] for answer in answers)


def test_options_hold_for_every_line_beside_the_lines_own_filters(cli: CommandLine) -> None:
    first, second, third = ask(
        cli,
        {"id": 1, "question": QUESTION},
        {"id": 2, "question": f"{QUESTION} until:2022"},
        {"id": 3, "question": QUESTION, "article_ids": ["oslo", "bergen"]},
        options=("--source", "BBC News", "-k", "4", "--explain"),
    )
    assert {c["article_id"] for c in first["citations"]} == {"bergen", "narvik"}
    assert {c["article_id"] for c in second["citations"]} == {"narvik"}
    assert {c["article_id"] for c in third["citations"]} == {"bergen"}
    assert "explain" in first["citations"][0]


def test_nothing_of_a_batch_is_kept(cli: CommandLine, news: Path) -> None:
    answers = ask(cli, {"id": 1, "question": QUESTION}, {"id": 2, "question": "Quokka marmalade?"})
    assert [answer["answer_id"] for answer in answers] == [None, None]
    assert count_answers(news) == 0


def test_a_byte_order_mark_and_carriage_returns_are_passed_over(cli: CommandLine) -> None:
    line = json.dumps({"id": 1, "question": QUESTION}).encode()
    answers = ask(cli, b"\xef\xbb\xbf" + line + b"\r", line + b"\r")
    assert ["error" in answer for answer in answers] == [False, False]


def test_a_last_line_without_its_end_is_answered(cli: CommandLine) -> None:
    Path("q.jsonl").write_text(json.dumps({"id": 1, "question": QUESTION}))
    assert cli("ask", "--batch", "q.jsonl", "--output", "a.jsonl").status == 0
    assert [row["id"] for row in jsonl(Path("a.jsonl"))] == [1]


def test_no_line_gives_none(cli: CommandLine) -> None:
    assert ask(cli) == []


def test_other_scripts_stay_readable_in_the_output(cli: CommandLine) -> None:
    ask(cli, {"id": "ключ", "question": "Tromsø?"})
    written = Path("answers.jsonl").read_text(encoding="utf-8")
    assert '"id": "ключ"' in written
    assert '"question": "Tromsø?"' in written


# Files


def test_an_output_that_exists_stays_where_the_input_is_missing(cli: CommandLine) -> None:
    Path("answers.jsonl").write_text("precious\n")
    message = cli("ask", "--batch", "missing.jsonl", "--output", "answers.jsonl").refused(2)
    assert "missing.jsonl" in message
    assert Path("answers.jsonl").read_text() == "precious\n"


def test_an_output_that_exists_stays_where_there_is_no_index(fresh: CommandLine) -> None:
    Path("answers.jsonl").write_text("precious\n")
    write_jsonl(Path("queries.jsonl"), {"id": 1, "question": QUESTION})
    message = fresh("ask", "--batch", "queries.jsonl", "--output", "answers.jsonl").refused(1)
    assert "backchannel index" in message
    assert Path("answers.jsonl").read_text() == "precious\n"


def test_an_output_that_exists_stays_where_a_quotation_turns_out_to_be_false(cli: CommandLine, news: Path) -> None:
    Path("answers.jsonl").write_text("precious\n")
    write_jsonl(Path("queries.jsonl"), {"id": 1, "question": "?!"}, {"id": 2, "question": QUESTION})
    connection = sqlite3.connect(news / "catalogue.sqlite3")
    connection.execute("UPDATE revisions SET text = upper(text)")
    connection.commit()
    connection.close()
    message = cli("ask", "--batch", "queries.jsonl", "--output", "answers.jsonl").refused(1)
    assert "is not what was stored" in message
    assert Path("answers.jsonl").read_text() == "precious\n"
    assert not list(Path().glob(".answers*"))


def test_the_output_may_be_the_input(cli: CommandLine) -> None:
    write_jsonl(Path("both.jsonl"), {"id": 1, "question": QUESTION}, {"id": 2, "question": QUESTION})
    assert cli("ask", "--batch", "both.jsonl", "--output", "both.jsonl").status == 0
    assert [row["id"] for row in jsonl(Path("both.jsonl"))] == [1, 2]


def test_an_output_that_is_a_link_stays_one(cli: CommandLine) -> None:
    Path("real.jsonl").write_text("")
    Path("link.jsonl").symlink_to("real.jsonl")
    write_jsonl(Path("queries.jsonl"), {"id": 1, "question": QUESTION})
    assert cli("ask", "--batch", "queries.jsonl", "--output", "link.jsonl").status == 0
    assert Path("link.jsonl").is_symlink()
    assert len(jsonl(Path("real.jsonl"))) == 1


@pytest.mark.parametrize("output", ["no/such/folder/answers.jsonl", "folder", "x" * 300])
def test_an_output_that_cannot_be_written_is_bad_input_and_leaves_nothing(cli: CommandLine, output: str) -> None:
    Path("folder").mkdir()
    write_jsonl(Path("queries.jsonl"), {"id": 1, "question": QUESTION})
    before = sorted(Path().rglob("*.jsonl*"))
    assert output[:40] in cli("ask", "--batch", "queries.jsonl", "--output", output).refused(2)
    assert sorted(Path().rglob("*.jsonl*")) == before


def test_nothing_but_the_output_is_left_beside_it(cli: CommandLine, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    ask(cli, {"id": 1, "question": QUESTION})
    assert {path.name for path in tmp_path.iterdir()} - before == {"queries.jsonl", "answers.jsonl"}


# Summaries


def summarize(cli: CommandLine, *rows: object, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    write_jsonl(Path("items.jsonl"), *rows)
    ran = cli("summary", "--batch", "items.jsonl", "--output", "summaries.jsonl", *options)
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    return jsonl(Path("summaries.jsonl"))


def test_a_batch_of_summaries_gives_the_summary_object_with_the_items_id_first(cli: CommandLine) -> None:
    topic, article = summarize(
        cli, {"id": "t", "query": "grain talks", "sentences": 2}, {"id": 5, "query": "oslo", "sentences": 1}
    )
    assert list(topic) == ["id", "query", "sentences", "articles", "elapsed_ms"]
    assert (topic["id"], topic["query"], len(topic["sentences"])) == ("t", "grain talks", 2)
    assert (article["id"], article["articles"], len(article["sentences"])) == (5, 1, 1)
    assert article["sentences"][0]["article_id"] == "oslo"


def test_items_without_a_number_of_sentences_get_the_options(cli: CommandLine) -> None:
    one, two, three = summarize(
        cli,
        {"id": 1, "query": "oslo"},
        {"id": 2, "query": "oslo", "sentences": None},
        {"id": 3, "query": "oslo", "sentences": 3},
        options=("--sentences", "2"),
    )
    assert [len(item["sentences"]) for item in (one, two, three)] == [2, 2, 3]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": 1}, "'query' is None"),
        ({"id": 1, "query": "?!"}, "holds no word"),
        ({"id": 1, "query": "grain", "sentences": 0}, "'sentences' is 0: give a whole number from 1 to 50"),
        ({"id": 1, "query": "grain", "sentences": 51}, "'sentences' is 51"),
        ({"id": 1, "query": "grain", "sentences": 2.0}, "'sentences' is 2.0"),
        ({"id": 1, "query": "grain", "sentences": True}, "'sentences' is True"),
        ({"id": 1, "query": "grain", "sentences": "3"}, "'sentences' is '3'"),
        ({"id": 1, "query": "grain source:Nobody"}, "no article is from the source 'Nobody'"),
    ],
)
def test_an_item_that_cannot_be_summarised_says_why_and_the_next_is(
    cli: CommandLine, row: dict[str, object], said: str
) -> None:
    bad, good = summarize(cli, row, {"id": 2, "query": "grain"})
    assert list(bad) == ["id", "error"]
    assert said in bad["error"]
    assert good["sentences"]
