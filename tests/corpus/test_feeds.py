import os
import sys
from pathlib import Path

import pytest

from corpus.errors import FeedError
from corpus.feed_options import FeedOptions, OutletFacts
from corpus.feed_records import KnownFeed
from corpus.feeds import LocalFeed, builtin_feed, name_feed, open_local
from corpus.feeds_file import BUILTIN
from corpus.readers import BadItem
from retrieval.types import Article
from tests.fakes import record, write_jsonl


def put(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"Envoys met in {file.stem}.")
    return folder


def local(location: str) -> LocalFeed:
    return open_local(name_feed(location, []), FeedOptions())


def ids(feed: LocalFeed) -> list[str]:
    return [item.id for item in feed.items() if isinstance(item, Article)]


# Names


def test_a_folder_is_named_after_its_last_part(tmp_path: Path) -> None:
    feed = local(str(put(tmp_path / "wire", "a.txt")))
    assert feed.known == KnownFeed("wire", str(tmp_path / "wire"))
    assert feed.path == tmp_path / "wire"


def test_a_file_is_a_feed_of_its_own_with_its_name_as_the_place_of_its_article(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "b.txt")
    assert ids(local(str(tmp_path / "a.txt"))) == ["a.txt/a.txt"]


def test_a_second_folder_of_the_same_name_gets_the_next_free_one(tmp_path: Path) -> None:
    known: list[KnownFeed] = []
    for parent in ("x", "y", "z"):
        known.append(name_feed(str(put(tmp_path / parent / "wire", "a.txt")), known))
    assert [feed.name for feed in known] == ["wire", "wire-2", "wire-3"]


def test_no_folder_takes_the_name_of_the_briefs(tmp_path: Path) -> None:
    assert name_feed(str(put(tmp_path / BUILTIN, "a.txt")), []).name == "builtin-2"


def test_a_known_place_keeps_its_name_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "wire", "a.txt")
    known = [KnownFeed("my wire", str(tmp_path / "wire")), KnownFeed("wire", "/elsewhere/wire")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for spelled in ("wire", "./wire/", "wire/../wire", "~/wire", str(tmp_path / "wire")):
        assert name_feed(spelled, known) == known[0], spelled


def test_the_briefs_are_known_by_their_name_alone() -> None:
    assert name_feed(BUILTIN, []) == builtin_feed().known
    assert local(BUILTIN) == builtin_feed()


def test_the_briefs_are_articles_without_a_fault() -> None:
    items = list(builtin_feed().items())
    assert [item for item in items if isinstance(item, BadItem)] == []
    articles = [item for item in items if isinstance(item, Article)]
    assert len(articles) >= 20
    assert all(article.title and article.source and article.published for article in articles)


# What is no feed


@pytest.mark.parametrize("location", ["", "nowhere", "~nobody-of-this-name/wire", "x" * 300, "x" * 10_000, "a\0b"])
def test_a_place_that_does_not_exist_is_named(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FeedError, match="does not exist: name a folder or a file") as caught:
        name_feed(location, [])
    assert repr(location)[1:20].rstrip("'") in str(caught.value)


def test_a_file_of_an_unknown_kind_says_which_kinds_there_are(tmp_path: Path) -> None:
    put(tmp_path, "report.docx")
    with pytest.raises(FeedError, match=r"report\.docx' cannot be read: files end in .*\.jsonl.*\.md.*\.txt"):
        name_feed(str(tmp_path / "report.docx"), [])


def test_a_pipe_is_no_feed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FeedError, match="cannot be read"):
        name_feed(str(tmp_path / "pipe"), [])


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("ftp://news.example/rss", "no address of http or https"),
        ("file:///etc/passwd", "no address of http or https"),
        ("https://me:secret@news.example/rss", "a user name or a password"),
    ],
)
def test_an_address_that_is_not_fetched_says_why(location: str, complaint: str) -> None:
    with pytest.raises(FeedError, match=complaint):
        name_feed(location, [])


def test_a_feed_on_the_web_is_named_after_its_host() -> None:
    first = name_feed("HTTPS://WWW.News.example/rss#top", [])
    assert first == KnownFeed("news.example", "https://www.news.example/rss")
    assert name_feed("https://www.news.example/rss", [first]) == first
    assert name_feed("https://www.news.example/world/rss", [first]).name == "news.example-2"


def test_a_known_feed_can_be_named_by_its_name() -> None:
    known = KnownFeed("wire", "https://news.example/rss")
    assert name_feed("wire", [known]) == known


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS makes no such folder")
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    with pytest.raises(FeedError, match="not UTF-8"):
        name_feed(str(folder), [])


# What is in a feed


def test_files_come_in_the_order_of_their_names_those_of_a_folder_before_its_folders(tmp_path: Path) -> None:
    put(tmp_path / "wire", "b/2.txt", "b/1.txt", "a/z/1.txt", "a/9.txt", "c.txt", "B.txt")
    assert ids(local(str(tmp_path / "wire"))) == [
        "wire/B.txt",
        "wire/c.txt",
        "wire/a/9.txt",
        "wire/a/z/1.txt",
        "wire/b/1.txt",
        "wire/b/2.txt",
    ]


def test_hidden_files_and_folders_and_unknown_kinds_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "wire", ".a.txt", ".git/a.txt", "sub/.b.md", "sub/.c/d.txt", "picture.jpg", "README", "seen.txt")
    assert ids(local(str(tmp_path / "wire"))) == ["wire/seen.txt"]


def test_a_hidden_folder_that_is_named_itself_is_read(tmp_path: Path) -> None:
    assert ids(local(str(put(tmp_path / ".wire", "a.txt")))) == [".wire/a.txt"]


def test_a_loop_of_links_is_harmless(tmp_path: Path) -> None:
    put(tmp_path / "wire", "a.txt", "sub/b.txt")
    (tmp_path / "wire" / "sub" / "up").symlink_to(tmp_path / "wire", target_is_directory=True)
    (tmp_path / "wire" / "self").symlink_to("self")
    assert ids(local(str(tmp_path / "wire"))) == ["wire/a.txt", "wire/sub/b.txt"]


def test_a_link_to_a_folder_is_a_feed_by_its_own_name(tmp_path: Path) -> None:
    put(tmp_path / "wire", "a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "wire", target_is_directory=True)
    assert ids(local(str(tmp_path / "link"))) == ["link/a.txt"]


def test_a_link_that_leads_nowhere_is_a_bad_item(tmp_path: Path) -> None:
    put(tmp_path / "wire", "a.txt")
    (tmp_path / "wire" / "b.txt").symlink_to(tmp_path / "gone.txt")
    items = list(local(str(tmp_path / "wire")).items())
    assert [item.where for item in items if isinstance(item, BadItem)] == ["b.txt"]
    assert len(items) == 2


def test_a_feed_that_is_gone_says_so(tmp_path: Path) -> None:
    feed = open_local(KnownFeed("wire", str(tmp_path / "wire")), FeedOptions())
    with pytest.raises(FeedError, match=r"wire is gone: put it back, or leave it out"):
        list(feed.items())


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    put(tmp_path / "wire", "a.txt")
    # Permissions do not stop root; a path that is too long for the system stops anybody.
    inside = os.open(tmp_path / "wire", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 250, dir_fd=inside)
        deeper = os.open("x" * 250, os.O_RDONLY, dir_fd=inside)
        os.close(inside)
        inside = deeper
    os.close(inside)
    feed = local(str(tmp_path / "wire"))
    article, bad = feed.items()
    assert isinstance(article, Article)
    assert isinstance(bad, BadItem)
    assert "cannot be listed (File name too long): give access to it, or leave it out" in bad.reason
    assert not feed.lists_all


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "wire").mkdir()
    (item,) = local(str(tmp_path / "wire")).items()
    assert isinstance(item, BadItem)
    assert item.where == str(tmp_path / "wire")
    assert "holds no file to read: files end in " in item.reason


def test_patterns_choose_among_the_files_of_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "wire", "asia/1.txt", "asia/draft.txt", "europe/1.txt")
    options = FeedOptions(include=("asia/*",), exclude=("*draft*",))
    feed = open_local(name_feed(str(tmp_path / "wire"), []), options)
    assert ids(feed) == ["wire/asia/1.txt"]


def test_an_article_without_a_source_gets_the_outlet_of_its_feed(tmp_path: Path) -> None:
    put(tmp_path / "wire", "a.txt")
    (tmp_path / "wire" / "b.txt").write_text("Source: Morning Post\n\nThe envoys met.")
    feed = open_local(name_feed(str(tmp_path / "wire"), []), FeedOptions(outlet=OutletFacts(name="The Wire")))
    assert [item.source for item in feed.items() if isinstance(item, Article)] == ["The Wire", "Morning Post"]


def test_a_file_that_changes_while_it_is_read_takes_nothing_away(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "wire.jsonl", record("oslo", "Envoys met."), record("bergen", "The ferry was late."))
    feed = local(str(file))
    items = feed.items()
    first = next(items)
    write_jsonl(file, record("oslo", "Envoys met."))
    rest = list(items)
    assert isinstance(first, Article)
    assert [item for item in (first, *rest) if isinstance(item, BadItem)] == [
        BadItem("wire.jsonl", "changed while it was read: index it again once it is whole")
    ]
    assert not feed.lists_all
    assert ids(feed) == ["oslo"]
    assert feed.lists_all
