import gzip
import json
from pathlib import Path

import pytest

from tests.bot.command_line import CommandLine
from tests.corpus.web_pages import BODY, TITLE, page, paragraphs

LOGIN = "<title>Log in</title><p>Give your name and your password to read on, please.</p><input type='password'>"


@pytest.fixture
def harbour() -> str:
    Path("harbour.html").write_text(page(paragraphs(*BODY)), encoding="utf-8")
    return "harbour.html"


@pytest.fixture
def login() -> str:
    Path("login.html").write_text(LOGIN, encoding="utf-8")
    return "login.html"


def test_a_page_as_json_has_the_keys_of_the_interface_in_their_order(fresh: CommandLine, harbour: str) -> None:
    found = fresh("extract", harbour, "--json").json
    assert found == {
        "file": "harbour.html",
        "title": TITLE,
        "author": "Ana Brandt",
        "source": "Coast Courier",
        "url": "https://courier.example/2024/harbour",
        "published": "2024-07-09",
        "text": "\n\n".join(BODY),
    }
    assert list(found) == ["file", "title", "author", "source", "url", "published", "text"]


def test_what_a_page_does_not_tell_is_null(fresh: CommandLine) -> None:
    Path("bare.htm").write_text(page(paragraphs(*BODY), head=""), encoding="utf-8")
    found = fresh("extract", "bare.htm", "--json").json
    assert [found[key] for key in ("author", "source", "url", "published")] == [None] * 4


def test_several_pages_are_an_object_a_line_in_order(fresh: CommandLine, harbour: str) -> None:
    Path("packed.html.gz").write_bytes(gzip.compress(Path(harbour).read_bytes()))
    ran = fresh("extract", "packed.html.gz", harbour, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert [json.loads(line)["file"] for line in ran.out.splitlines()] == ["packed.html.gz", harbour]


def test_a_page_without_an_article_is_a_line_on_standard_error_and_the_rest_is_printed(
    fresh: CommandLine, harbour: str, login: str
) -> None:
    ran = fresh("extract", login, harbour, login, "--json")
    assert ran.status == 0
    assert json.loads(ran.out)["file"] == harbour
    assert ran.err.count("\n") == 2
    assert ran.err.startswith("backchannel: login.html: holds no article: 'Log in' is a login page")


def test_where_no_page_holds_an_article_it_fails(fresh: CommandLine, login: str) -> None:
    assert "login.html: holds no article" in fresh("extract", login, "--json").refused(1)
    ran = fresh("extract", login, login)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 2)


def test_a_page_as_text_has_a_head_and_its_paragraphs(fresh: CommandLine, harbour: str) -> None:
    ran = fresh("extract", harbour)
    assert ran.out == (
        f"{TITLE}\nAna Brandt · Coast Courier · 2024-07-09\nhttps://courier.example/2024/harbour\n\n"
        + "\n\n".join(BODY)
        + "\n"
    )
    assert fresh("extract", harbour, harbour).out == f"{ran.out}\n* * *\n\n{ran.out}"


def test_the_address_can_be_given_for_a_page_that_does_not_tell(fresh: CommandLine) -> None:
    Path("bare.html").write_text(page(paragraphs(*BODY), head=""), encoding="utf-8")
    found = fresh("extract", "bare.html", "--url", "https://news.example/1", "--json").json
    assert found["url"] == "https://news.example/1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "FILE.html"),
        (["gone.html"], "'gone.html' does not exist"),
        (["harbour.html", "gone.html"], "'gone.html' does not exist"),
        (["."], "is a directory"),
        (["harbour.html", "harbour.html", "--url", "https://news.example/1"], "--url goes with a single FILE"),
        (["harbour.html", "--url", "news.example"], "--url 'news.example' is no web address"),
    ],
)
@pytest.mark.usefixtures("harbour")
def test_bad_input_is_refused_before_anything_is_printed(fresh: CommandLine, arguments: list[str], said: str) -> None:
    assert said in fresh("extract", *arguments, "--json").refused(2)


def test_nothing_is_written(fresh: CommandLine, harbour: str) -> None:
    fresh("extract", harbour)
    assert fresh.data_dir is not None
    assert not fresh.data_dir.exists()


def test_a_folder_of_pages_is_indexed(fresh: CommandLine, login: str, harbour: str) -> None:
    run = fresh("index", ".", "--json").json
    assert (run["articles"], len(run["errors"])) == (1, 1)
    assert f": {login}: holds no article" in run["errors"][0]
    assert fresh.catalogue.article("https://courier.example/2024/harbour") is not None
