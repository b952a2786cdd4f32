from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers import BadItem, Origin
from corpus.readers.files import MAX_FILE_BYTES
from corpus.readers.markdown import MarkdownReader
from retrieval.dates import PartialDate
from retrieval.types import Article

BRIEFS = sorted((Path(__file__).parents[2] / "corpus" / "articles").glob("*.md"))


def read(folder: Path, data: str | bytes) -> list[Article | BadItem]:
    path = folder / "brief.md"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(MarkdownReader().read(Origin("desk", path, "asia/brief.md")))


def read_article(folder: Path, data: str | bytes) -> Article:
    (article,) = read(folder, data)
    assert isinstance(article, Article)
    return article


def read_bad_item(folder: Path, data: str | bytes) -> BadItem:
    (bad,) = read(folder, data)
    assert isinstance(bad, BadItem)
    assert len(bad.reason.splitlines()) == 1
    assert len(bad.reason) < 250
    return bad


def test_front_matter_gives_the_fields(tmp_path: Path) -> None:
    article = read_article(
        tmp_path,
        """---
id: envoys
title: "Envoys meet: talks resume"
source: The Desk
url: https://desk.example/envoys
published: 2024-07-09
tags: [talks, borders]
---

The envoys met.

They meet again in “May”.
""",
    )
    assert article == Article(
        "envoys",
        "The envoys met.\n\nThey meet again in “May”.",
        "Envoys meet: talks resume",
        "The Desk",
        "https://desk.example/envoys",
        PartialDate(2024, 7, 9),
    )


@pytest.mark.parametrize("brief", BRIEFS, ids=lambda path: path.stem)
def test_the_shipped_briefs_are_read_whole(brief: Path) -> None:
    (article,) = MarkdownReader().read(Origin("builtin", brief, brief.name))
    assert isinstance(article, Article)
    assert article.id == brief.stem
    assert article.title
    assert article.published
    assert brief.read_text("utf-8").endswith(article.text + "\n")


@pytest.mark.parametrize(
    ("front_matter", "article_id"),
    [
        ("id: 007\nurl: https://desk.example/1", "007"),
        ("id: 2024-07-09", "2024-07-09"),
        ("id: [only]", "only"),
        ("id:\nurl: https://desk.example/1", "https://desk.example/1"),
        ("id: null\nurl: ~", "desk/asia/brief.md"),
        ("title: Envoys", "desk/asia/brief.md"),
    ],
)
def test_the_id_is_given_or_the_url_or_the_place(tmp_path: Path, front_matter: str, article_id: str) -> None:
    assert read_article(tmp_path, f"---\n{front_matter}\n---\nThe envoys met.").id == article_id


@pytest.mark.parametrize("value", ["[a, b]", "{a: b}", "[[a]]"])
def test_a_field_of_many_values_is_left_out_and_said(tmp_path: Path, value: str) -> None:
    article, complaint = read(tmp_path, f"---\nid: a\nsource: {value}\n---\nThe envoys met.")
    assert article == Article("a", "The envoys met.", "The envoys met.")
    assert isinstance(complaint, BadItem)
    assert complaint.reason.startswith("source is ")


@pytest.mark.parametrize("value", ["No", "12", "1.50", "2024-02-30"])
def test_values_are_read_as_they_are_written(tmp_path: Path, value: str) -> None:
    assert read_article(tmp_path, f"---\ntitle: {value}\n---\nThe envoys met.").title == value


def test_characters_that_cannot_be_stored_leave_a_field(tmp_path: Path) -> None:
    assert read_article(tmp_path, '---\ntitle: "Envoys\\0 \\a meet\\n"\n---\nThey met.').title == "Envoys meet"


@pytest.mark.parametrize("published", ["2024-07", "2024", "2024-07-09 12:30:00+02:00", "'2024-07-09'"])
def test_dates_may_be_partial_or_have_a_time(tmp_path: Path, published: str) -> None:
    article = read_article(tmp_path, f"---\npublished: {published}\n---\nThe envoys met.")
    assert article.published is not None
    assert article.published.year == 2024


@pytest.mark.parametrize("published", ["last week", "2024-02-30", "true", "July 9, 2024"])
def test_a_wrong_date_costs_the_date_alone(tmp_path: Path, published: str) -> None:
    article, complaint = read(tmp_path, f"---\nid: a\npublished: {published}\n---\nThe envoys met.")
    assert isinstance(article, Article)
    assert article.published is None
    assert isinstance(complaint, BadItem)
    assert complaint.where == "asia/brief.md"
    assert published in complaint.reason


@pytest.mark.parametrize(
    "heading",
    ["# Envoys meet\n\n", "# Envoys meet #\n", "Envoys meet\n===\n", "#\tEnvoys meet\n", "\n\n# Envoys meet\n"],
)
@pytest.mark.parametrize("front_matter", ["", "---\nid: a\n---\n", "---\ntitle: Envoys  meet\n---\n"])
def test_a_first_heading_is_the_title(tmp_path: Path, front_matter: str, heading: str) -> None:
    article = read_article(tmp_path, front_matter + heading + "## Where\n\nIn Geneva.")
    assert article.title == "Envoys meet"
    assert article.text == "## Where\n\nIn Geneva."


@pytest.mark.parametrize("body", ["# Another\n\nThey met.", "## Where\n\nThey met.", "#tag\n\nThey met."])
def test_other_headings_stay(tmp_path: Path, body: str) -> None:
    assert read_article(tmp_path, f"---\ntitle: Envoys meet\n---\n{body}").text == body


def test_a_closing_mark_stands_apart(tmp_path: Path) -> None:
    assert read_article(tmp_path, "# Why C#\n\nIt compiles.").title == "Why C#"


def test_without_a_title_the_first_sentence_is_it(tmp_path: Path) -> None:
    article = read_article(tmp_path, "Gen. Smith met\nMr. Jones. They talked.\n\nIt went well.")
    assert article.title == "Gen. Smith met Mr. Jones."
    assert article.text.startswith("Gen. Smith")
    long = read_article(tmp_path, "Talks " * 500 + "ended.")
    assert long.title == ("Talks " * 20).strip() + "…"


@pytest.mark.parametrize(
    "text",
    [
        "---\nNothing but prose here.\n---\nAnd here.",
        "---\n\nA rule above, no end below.",
        "---\n- one\n- two\n---\nAnd here.",
        "One.\n\n---\n\nTwo.\n\n---\n\nThree.",
        "{\n}\nOne.",
        "+++\na = 1\n+++\nOne.",
    ],
)
def test_rules_and_braces_in_prose_are_no_front_matter(tmp_path: Path, text: str) -> None:
    assert read_article(tmp_path, text).text == text


@pytest.mark.parametrize("text", ["---\n---\nThey met.", "---\n\n# nothing yet\n---\nThey met."])
def test_front_matter_may_be_blank(tmp_path: Path, text: str) -> None:
    assert read_article(tmp_path, text).text == "They met."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nid: a\ntitle: Envoys: they meet\n---\nThey met.", 3),
        ("\n\n---\nid: a\n\ntitle: 'Envoys\n---\nThey met.", 7),
        ("---\nid: a\ntags: [a, b\n---\nThey met.", 4),
        ("---\nid: a\n\ttitle: b\n---\nThey met.", 3),
        ("---\nid: a\n[a]: b: c\n---\nThey met.", 3),
        ("---\n? [a]\n: b\n---\nThey met.", 2),
        ('---\nid: a\ntitle: "\\UFFFFFFFF"\n---\nThey met.', 1),
        ("---\nid: a\nurl: &x [*x]\n---\nThey met.", 3),
        ("---\nid: " + "[" * 5000 + "\n---\nThey met.", 1),
        ("---\nid: a\ntitle: Envoys\n\nThey met.", 1),
    ],
    ids=[
        "colon",
        "quotation without an end",
        "list without an end",
        "tab",
        "nested",
        "list as key",
        "no character",
        "recursive",
        "too deep",
        "without an end",
    ],
)
def test_broken_front_matter_names_its_line(tmp_path: Path, text: str, line: int) -> None:
    bad = read_bad_item(tmp_path, text)
    assert bad.where == f"asia/brief.md line {line}"
    assert bad.reason.startswith("front matter ")


def test_the_text_is_tidied(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf---\r\nid: a\r\n---\r\nOne.\x00\x07 \t\r\n\r\n\r\n\r\nTwo\tand\xc2\xa0\r\nthree.\rFour.\r\n"
    assert read_article(tmp_path, data) == Article("a", "One.\n\nTwo\tand\nthree.\nFour.", "One.")


@pytest.mark.parametrize("data", ["", " \n", "---\nid: a\n---\n", "# Envoys meet\n", "\ufeff"])
def test_no_text_is_a_bad_item(tmp_path: Path, data: str) -> None:
    bad = read_bad_item(tmp_path, data)
    assert bad.where == "asia/brief.md"
    assert "no text" in bad.reason


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    assert "is not UTF-8 at byte 4 (0xe9" in read_bad_item(tmp_path, b"Caf\x20\xe9 one").reason
    assert "is not UTF-8 at byte 4 (0xe9" in read_bad_item(tmp_path, b"\xef\xbb\xbfa\xe9 one").reason


@pytest.mark.parametrize("name", ["gone.md", "."])
def test_a_file_that_cannot_be_opened_is_a_bad_item(tmp_path: Path, name: str) -> None:
    (bad,) = MarkdownReader().read(Origin("desk", tmp_path / name, "asia/brief.md"))
    assert isinstance(bad, BadItem)
    assert "cannot be read" in bad.reason


def test_a_file_that_is_too_long_is_a_bad_item(tmp_path: Path) -> None:
    path = tmp_path / "brief.md"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    (bad,) = MarkdownReader().read(Origin("desk", path, "brief.md"))
    assert isinstance(bad, BadItem)
    assert "longer than 32 MiB" in bad.reason


def test_a_file_name_that_is_not_utf8_gives_no_id(tmp_path: Path) -> None:
    path = tmp_path / "brief.md"
    path.write_text("They met.")
    (bad,) = MarkdownReader().read(Origin("desk", path, "caf\udce9.md"))
    assert isinstance(bad, BadItem)
    assert "rename it" in bad.reason


pieces = st.sampled_from(["---\n", "\n", "id: a", "title:", ": ", "[", "{", "'", '"\\ud800"', "&a *a", "# ", "=\n"])


@settings(deadline=None)
@given(
    st.binary()
    | st.text().map(lambda text: f"---\n{text}\n---\n{text}".encode())
    | st.lists(pieces | st.text(max_size=5)).map(lambda parts: "---\n".join(("", "".join(parts))).encode())
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    items = read(tmp_path_factory.getbasetemp(), data)
    assert items
    assert all(isinstance(item, BadItem) for item in items[1:])
    for item in items:
        if isinstance(item, Article):
            assert item.id
            assert item.title
            assert item.text == item.text.strip() != ""
            "\n".join((item.id, item.title, item.source, item.url, item.text)).encode()
