import gzip
from pathlib import Path

import pytest

from corpus.readers import BadItem, Origin, reader_for
from corpus.readers.html import HtmlReader
from retrieval.dates import PartialDate
from retrieval.types import Article
from tests.corpus.web_pages import BODY, TITLE, page, paragraphs


def read(folder: Path, data: str | bytes, name: str = "harbour.html") -> list[Article | BadItem]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(HtmlReader().read(Origin("clippings", path, f"2024/{name}")))


@pytest.mark.parametrize("name", ["a.html", "a.HTM", "a.html.gz", "a.b.c.HTML.GZ", "2024.07.09.html"])
def test_pages_have_a_reader(name: str) -> None:
    assert isinstance(reader_for(Path(name)), HtmlReader)


@pytest.mark.parametrize("name", ["a.gz", ".html", "html.gz", "a.txt.gz"])
def test_other_files_are_no_pages(name: str) -> None:
    assert not isinstance(reader_for(Path(name)), HtmlReader)


@pytest.mark.parametrize("packed", [False, True])
def test_the_article_of_a_page_has_its_canonical_address_as_id(tmp_path: Path, packed: bool) -> None:
    data = page(paragraphs(*BODY)).encode()
    assert read(tmp_path, gzip.compress(data) if packed else data) == [
        Article(
            id="https://courier.example/2024/harbour",
            text="\n\n".join(BODY),
            title=TITLE,
            source="Coast Courier",
            url="https://courier.example/2024/harbour",
            published=PartialDate(2024, 7, 9),
        )
    ]


def test_without_an_address_the_place_is_the_id(tmp_path: Path) -> None:
    (article,) = read(tmp_path, page(paragraphs(*BODY), head=""))
    assert isinstance(article, Article)
    assert article.id == "clippings/2024/harbour.html"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "is empty"),
        ("<title>404 Not Found</title><p>The page that you asked for is not on this server.</p>", "error page"),
        (b"\x1f\x8b\x08broken", "gzip"),
    ],
)
def test_a_page_without_an_article_is_one_bad_item(tmp_path: Path, data: str | bytes, said: str) -> None:
    (bad,) = read(tmp_path, data)
    assert isinstance(bad, BadItem)
    assert bad.where == "2024/harbour.html"
    assert said in bad.reason
    assert "\n" not in bad.reason


def test_a_file_that_cannot_be_opened_is_a_bad_item(tmp_path: Path) -> None:
    (bad,) = HtmlReader().read(Origin("clippings", tmp_path / "gone.html", "gone.html"))
    assert isinstance(bad, BadItem)
    assert "cannot be read" in bad.reason
