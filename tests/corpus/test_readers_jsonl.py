import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.readers import BadItem, Origin
from corpus.readers.jsonl import MAX_LINE_BYTES, JsonLinesReader
from retrieval.dates import PartialDate
from retrieval.types import Article

GOOD = b'{"id": "good", "text": "Envoys met."}'


def read(folder: Path, data: bytes) -> list[Article | BadItem]:
    path = folder / "news.jsonl"
    path.write_bytes(data)
    return list(JsonLinesReader().read(Origin("wire", path, "news.jsonl")))


def line_of(**fields: object) -> bytes:
    return json.dumps({"id": "a", "text": "Envoys met.", **fields}).encode()


def test_every_field_is_kept_as_given(tmp_path: Path) -> None:
    text = " \tEnvoys met.\r\n\r\n\r\n“Cafe\u0301”  \ufb01\u2028\n "
    fields = {
        "id": " wire:1 ",
        "title": " Envoys  meet ",
        "source": "The Wire",
        "url": "https://wire.example/1",
        "published": "2024-07-09",
    }
    assert read(tmp_path, line_of(**fields, text=text, section={"unknown": [1]})) == [
        Article(" wire:1 ", text, " Envoys  meet ", "The Wire", "https://wire.example/1", PartialDate(2024, 7, 9))
    ]


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(("title", "source", "url", "published"))])
def test_only_id_and_text_are_needed(tmp_path: Path, absent: dict[str, None]) -> None:
    assert read(tmp_path, line_of(**absent)) == [Article("a", "Envoys met.")]
    assert read(tmp_path, line_of(**dict.fromkeys(absent, ""))) == [Article("a", "Envoys met.")]


def test_a_value_that_is_not_a_number_counts_as_missing(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"id": "a", "title": NaN, "text": "Envoys met."}') == [Article("a", "Envoys met.")]


@pytest.mark.parametrize("number", ["17", "-1", "1.50", "1e400", "9" * 5000])
def test_a_number_as_id_keeps_its_digits(tmp_path: Path, number: str) -> None:
    assert read(tmp_path, b'{"id": %s, "text": "x"}' % number.encode()) == [Article(number, "x")]


@pytest.mark.parametrize("published", ["2024-07-09", "2024-07", "2024", 2024, "2024-07-09T10:00:00Z"])
def test_dates_may_be_partial(tmp_path: Path, published: object) -> None:
    (article,) = read(tmp_path, line_of(published=published))
    assert isinstance(article, Article)
    assert article.published is not None
    assert article.published.year == 2024


@pytest.mark.parametrize("published", ["last week", "2024-13-01", "2023-02-29", 1720483200, True, ["2024"]])
def test_a_wrong_date_costs_the_date_alone(tmp_path: Path, published: object) -> None:
    article, complaint = read(tmp_path, line_of(published=published))
    assert article == Article("a", "Envoys met.")
    assert isinstance(complaint, BadItem)
    assert complaint.where == "news.jsonl line 1"
    assert "kept without a date" in complaint.reason


BAD_LINES = {
    "broken": (b'{"id": "a", "text": "Envoys', "is no JSON"),
    "a raw control character": (b'{"id": "a", "text": "x\x01"}', "is no JSON"),
    "a list": (b'["a", "b"]', "no object"),
    "a string": (b'"Envoys met."', "no object"),
    "null": (b"null", "no object"),
    "too deep": (b"[" * 100_000, "nested too deeply"),
    "too deep in an unknown key": (b'{"id": "a", "text": "x", "y": ' + b"[" * 100_000, "nested too deeply"),
    "no id": (b'{"text": "x"}', "no id"),
    "null id": (b'{"id": null, "text": "x"}', "no id"),
    "empty id": (b'{"id": "", "text": "x"}', "no id"),
    "blank id": (b'{"id": " ", "text": "x"}', "no id"),
    "list as id": (b'{"id": ["a"], "text": "x"}', "id is ['a']"),
    "true as id": (b'{"id": true, "text": "x"}', "id is True"),
    "no text": (b'{"id": "a"}', "no text"),
    "null text": (b'{"id": "a", "text": null}', "no text"),
    "empty text": (b'{"id": "a", "text": ""}', "no text"),
    "blank text": (b'{"id": "a", "text": " \\n\\t\\u00a0"}', "no text"),
    "number as text": (b'{"id": "a", "text": 5}', "text is '5'"),
    "list as text": (b'{"id": "a", "text": ["x"]}', "text is ['x']"),
    "number as title": (b'{"id": "a", "text": "x", "title": 5}', "title is '5'"),
    "object as source": (b'{"id": "a", "text": "x", "source": {"n": "W"}}', "source is {'n': 'W'}"),
    "false as url": (b'{"id": "a", "text": "x", "url": false}', "url is False"),
    "NUL": (b'{"id": "a", "text": "ab\\u0000c"}', r"text holds '\x00' at character 2"),
    "lone surrogate": (b'{"id": "a", "text": "x\\ud800"}', r"text holds '\ud800' at character 1"),
    "lone surrogate in the id": (b'{"id": "\\udc00", "text": "x"}', r"id holds '\udc00'"),
    "not UTF-8": (b'{"id": "a", "text": "caf\xe9"}', "is not UTF-8 at byte 24 (0xe9"),
    "encoded surrogate": (b'{"id": "a", "text": "\xed\xa0\x80"}', "is not UTF-8"),
    "the same id again": (GOOD, "id 'good' is taken by line 1"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_costs_itself_alone(tmp_path: Path, line: bytes, reason: str) -> None:
    before, bad, after = read(tmp_path, b"\n".join((GOOD, line, b'{"id": "after", "text": "It ended."}')))
    assert before == Article("good", "Envoys met.")
    assert after == Article("after", "It ended.")
    assert isinstance(bad, BadItem)
    assert bad.where == "news.jsonl line 2"
    assert reason in bad.reason
    assert len(bad.reason.splitlines()) == 1
    assert len(bad.reason) < 250


def test_a_pair_of_surrogates_is_a_character(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"id": "a", "text": "\\ud83d\\ude80"}') == [Article("a", "🚀")]


def test_a_number_and_a_string_are_one_id(tmp_path: Path) -> None:
    kept, bad = read(tmp_path, b'{"id": 17, "text": "x"}\n{"id": "17", "text": "y"}')
    assert kept == Article("17", "x")
    assert isinstance(bad, BadItem)


def test_an_id_that_gave_no_article_is_still_free(tmp_path: Path) -> None:
    bad, kept = read(tmp_path, b'{"id": "a", "text": ""}\n{"id": "a", "text": "y"}')
    assert isinstance(bad, BadItem)
    assert kept == Article("a", "y")


def test_two_ids_with_one_text_are_two_articles(tmp_path: Path) -> None:
    assert len(read(tmp_path, line_of(id="a") + b"\n" + line_of(id="b"))) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + GOOD,
        b"\xef\xbb\xbf\n" + GOOD + b"\n",
        b"\n \t\r\n" + GOOD + b"\r\n\r\n",
        GOOD,
    ],
    ids=["byte order mark", "byte order mark alone in its line", "blank lines", "no line break at the end"],
)
def test_marks_and_blank_lines_are_passed_over(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == [Article("good", "Envoys met.")]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_gives_nothing(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == []


def test_blank_lines_count(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, b"\n\nnothing")
    assert isinstance(bad, BadItem)
    assert bad.where == "news.jsonl line 3"


@pytest.mark.parametrize("name", ["gone.jsonl", "."])
def test_a_file_that_cannot_be_opened_is_a_bad_item(tmp_path: Path, name: str) -> None:
    (bad,) = JsonLinesReader().read(Origin("wire", tmp_path / name, "news.jsonl"))
    assert isinstance(bad, BadItem)
    assert bad.where == "news.jsonl"
    assert "cannot be read" in bad.reason


def test_a_line_may_be_as_long_as_the_limit(tmp_path: Path) -> None:
    frame = b'{"id": "a", "text": "%s"}'
    room = MAX_LINE_BYTES - len(frame % b"")
    just, over = read(tmp_path, frame % (b"x" * room) + b"\n" + frame % (b"x" * (room + 1)) + b"\n")
    assert isinstance(just, Article)
    assert len(just.text) == room
    assert over == BadItem("news.jsonl line 2", "is longer than 32 MiB: split the article")


@pytest.mark.parametrize("ending", [b"\n" + GOOD, b""], ids=["line after it", "end of file"])
def test_a_line_of_200_megabytes_is_never_in_memory(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "news.jsonl"
    with path.open("wb") as file:
        file.write(line_of(id="before") + b'\n{"id": "huge", "text": "')
        # A hole in the file: 200 million bytes that take no room on the disk.
        file.truncate(200_000_000)
        file.seek(200_000_000)
        file.write(ending or b"x")
    tracemalloc.start()
    try:
        items = list(JsonLinesReader().read(Origin("wire", path, "news.jsonl")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    found = [item.id if isinstance(item, Article) else item.where for item in items]
    assert found == ["before", "news.jsonl line 2", *(["good"] if ending else [])]
    # A buffer that grows keeps some room in reserve, an eighth of its length.
    assert peak < 1.25 * MAX_LINE_BYTES


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(deadline=None)
@given(text=storable.filter(str.strip), title=storable, ensure_ascii=st.booleans())
def test_any_text_comes_back_letter_for_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str, title: str, ensure_ascii: bool
) -> None:
    record = {"id": "a", "title": title, "text": text}
    data = json.dumps(record, ensure_ascii=ensure_ascii).encode()
    assert read(tmp_path_factory.getbasetemp(), data) == [Article("a", text, title)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
records = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "title", "source", "url", "published", "text"), anything)
)
lines = st.one_of(
    st.binary(max_size=40),
    records.map(lambda record: json.dumps(record).encode()),
    st.builds(lambda n: b'{"id": %d, "text": "x", "published": "2024-%d"}' % (n % 5, n), st.integers(0, 20)),
)


@settings(deadline=None)
@given(st.lists(lines, max_size=8).map(b"\n".join) | st.binary())
def test_whatever_the_bytes_every_line_is_accounted_for(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    items = read(tmp_path_factory.getbasetemp(), data)
    written = [
        number for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1) if line.strip()
    ]
    articles = [item for item in items if isinstance(item, Article)]
    complaints = [item for item in items if isinstance(item, BadItem)]
    refused = [item for item in complaints if "kept without a date" not in item.reason]
    assert len(articles) + len(refused) == len(written)
    assert {item.where for item in complaints} <= {f"news.jsonl line {number}" for number in written}
    assert len({article.id for article in articles}) == len(articles)
    assert all(article.id.strip() and article.text.strip() for article in articles)
