import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from corpus.catalogue import Catalogue
from corpus.database import Place
from corpus.feed_options import FeedOptions, OutletFacts
from corpus.feeds import FeedItem, LocalFeed, name_feed, open_local
from corpus.indexer import Indexer, IndexRun
from corpus.readers import READING, BadItem
from corpus.webfeeds.port import Kept
from retrieval.encoders.fake import FakeEncoder
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.types import Article
from tests.fakes import record, write_jsonl

OSLO = "Envoys of both countries met in Oslo on Monday and spoke of grain."
BERGEN = "The ferry to Bergen was late again because of the autumn storm."
NARVIK = "Iron ore leaves Narvik by ship, as it has for a hundred years."
AN_HOUR = 3_600_000_000_000


class DataFolder:
    """A data folder that indexes one feed, and what the feed would give the next run."""

    def __init__(self, folder: Path, feed: Path, place: Place) -> None:
        self.folder, self.place = folder, place
        self.feed = feed
        self.catalogue = Catalogue(place)
        encoder = FakeEncoder()
        store = EmbeddedIndexStore(folder / "index", encoder.fingerprint, encoder.dimension)
        self.indexer = Indexer(self.catalogue, store, encoder, folder)

    def index(self, *, rebuild: bool = False) -> IndexRun:
        return self.indexer.run([str(self.feed)], rebuild=rebuild)

    def opened(self, options: FeedOptions | None = None) -> LocalFeed:
        known = name_feed(str(self.feed), self.catalogue.feeds())
        self.catalogue.add_feed(known)
        return open_local(known, options or FeedOptions(), self.catalogue)

    def items(self, options: FeedOptions | None = None) -> list[FeedItem]:
        return list(self.opened(options).items())

    def read(self, options: FeedOptions | None = None) -> list[str]:
        """The articles that would be read."""
        return [item.id for item in self.items(options) if isinstance(item, Article)]

    def kept(self) -> list[str]:
        """The articles that would not."""
        return [item.id for item in self.items() if isinstance(item, Kept)]

    def text(self, article_id: str) -> str | None:
        article = self.catalogue.article(article_id)
        return article.text if article else None

    def write(self, statement: str) -> None:
        assert self.catalogue._write(text(statement)) > 0


def old(file: Path) -> Path:
    """The file, as if it had been written an hour ago."""
    hour_ago = time.time_ns() - AN_HOUR
    os.utime(file, ns=(hour_ago, hour_ago))
    return file


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    folder = tmp_path / "wire"
    old(write_jsonl(folder / "a.jsonl", record("oslo", OSLO), record("bergen", BERGEN)))
    (folder / "narvik.txt").write_text(NARVIK)
    old(folder / "narvik.txt")
    return folder


@pytest.fixture
def data(tmp_path: Path, wire: Path, place: Place) -> Iterator[DataFolder]:
    data = DataFolder(tmp_path / "data", wire, place)
    yield data
    data.catalogue.close()


# What is not read again


def test_files_that_have_not_changed_are_not_read_and_keep_their_articles(data: DataFolder) -> None:
    assert sorted(data.read()) == ["bergen", "oslo", "wire/narvik.txt"]
    assert data.index().articles == 3
    assert (data.read(), sorted(data.kept())) == ([], ["bergen", "oslo", "wire/narvik.txt"])
    run = data.index()
    assert (run.articles, run.added, run.changed, run.removed, run.errors) == (3, 0, 0, 0, [])


def test_a_single_file_is_not_read_again_either(data: DataFolder, wire: Path) -> None:
    data.feed = wire / "a.jsonl"
    data.index()
    assert (data.read(), data.kept()) == ([], ["bergen", "oslo"])


def test_of_a_file_with_many_articles_all_are_kept(data: DataFolder, wire: Path) -> None:
    # No copies of each other, which would all be compared.
    texts = (f"Berth {n} took in {n} tons on day {n} of {n} days." for n in range(2500))
    old(write_jsonl(wire / "a.jsonl", *(record(f"{n:04}", text) for n, text in enumerate(texts))))
    assert data.index().articles == 2501
    assert data.kept() == [*(f"{n:04}" for n in range(2500)), "wire/narvik.txt"]
    assert data.index().removed == 0


def test_a_changed_file_is_read_and_the_others_are_not(data: DataFolder, wire: Path) -> None:
    data.index()
    old(write_jsonl(wire / "a.jsonl", record("oslo", OSLO), record("new", BERGEN)))
    assert (data.read(), data.kept()) == (["oslo", "new"], ["wire/narvik.txt"])
    run = data.index()
    assert (run.added, run.changed, run.removed) == (1, 0, 1)
    assert data.read() == []


def test_a_change_that_keeps_size_and_time_is_seen(data: DataFolder, wire: Path) -> None:
    data.index()
    before = (wire / "narvik.txt").stat()
    time.sleep(0.02)
    (wire / "narvik.txt").write_text(NARVIK.replace("ship", "rail"))
    os.utime(wire / "narvik.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert data.index().changed == 1
    assert data.text("wire/narvik.txt") == NARVIK.replace("ship", "rail")


@pytest.mark.parametrize("ahead", [0, AN_HOUR])
def test_a_file_that_was_only_just_written_or_will_be_is_read_again(data: DataFolder, wire: Path, ahead: int) -> None:
    written = time.time_ns() + ahead
    os.utime(wire / "a.jsonl", ns=(written, written))
    data.index()
    assert (data.read(), data.kept()) == (["oslo", "bergen"], ["wire/narvik.txt"])


def test_a_file_that_takes_the_place_of_another_is_read(data: DataFolder, wire: Path) -> None:
    data.index()
    before = (wire / "narvik.txt").stat()
    copy = wire.parent / "copy.txt"
    copy.write_text(NARVIK.replace("ship", "rail"))
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(wire / "narvik.txt")
    assert data.read() == ["wire/narvik.txt"]


# What is wrong is told each time


def test_what_was_wrong_in_a_file_is_told_though_it_is_not_read(data: DataFolder, wire: Path) -> None:
    old(write_jsonl(wire / "a.jsonl", "no object", record("oslo", OSLO), record("dated", BERGEN, published="once")))
    (wire / "blank.md").write_text("---\ntitle: Nothing\n---\n")
    old(wire / "blank.md")
    first = data.index()
    assert len(first.errors) == 3
    assert data.read() == []
    assert data.index().errors == first.errors


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS makes no such file")
def test_a_file_whose_name_cannot_be_stored_is_told_each_time(data: DataFolder, wire: Path) -> None:
    (wire / os.fsdecode(b"\xff.txt")).write_text(OSLO)
    for _ in range(2):
        run = data.index()
        assert (run.articles, len(run.errors)) == (3, 1)


@pytest.mark.parametrize("second", [OSLO, NARVIK])
def test_an_id_that_occurs_twice_is_told_each_time(data: DataFolder, wire: Path, second: str) -> None:
    old(write_jsonl(wire / "b.jsonl", record("oslo", second)))
    for _ in range(3):
        (error,) = data.index().errors
        assert "'oslo' occurs twice" in error
        assert data.text("oslo") == OSLO


def test_the_second_of_two_files_with_one_id_takes_its_place_when_the_first_is_gone(
    data: DataFolder, wire: Path
) -> None:
    data.index()
    # The new one comes before the other by its name.
    old(write_jsonl(wire / "A.jsonl", record("oslo", NARVIK)))
    data.index()
    assert data.text("oslo") == NARVIK
    data.index()
    (wire / "A.jsonl").unlink()
    run = data.index()
    assert (run.errors, run.changed, data.text("oslo")) == ([], 1, OSLO)


def test_an_article_that_another_feed_gives_up_is_taken_in(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    other = DataFolder(data.folder, old(write_jsonl(tmp_path / "other.jsonl", record("oslo", BERGEN))), data.place)
    other.index()
    for _ in range(2):
        (error,) = data.index().errors
        assert "'oslo' is taken by an article of other.jsonl" in error
    data.catalogue.remove_feed("other.jsonl")
    run = data.index()
    assert (run.added, run.errors, data.text("oslo")) == (1, [], OSLO)
    other.catalogue.close()


def test_an_article_that_a_feed_drops_stays_with_another_that_is_not_read_now(
    data: DataFolder, wire: Path, tmp_path: Path
) -> None:
    other = DataFolder(data.folder, old(write_jsonl(tmp_path / "other.jsonl", record("oslo", OSLO))), data.place)
    other.index()
    data.index()
    old(write_jsonl(other.feed, record("narvik", NARVIK)))
    assert (other.index().removed, data.text("oslo")) == (0, OSLO)
    assert [revision.ended for revision in data.catalogue.history("oslo")] == [None]
    assert "oslo" in data.kept()
    (wire / "a.jsonl").unlink()
    assert (data.index().removed, data.text("oslo")) == (2, None)
    other.catalogue.close()


# What must be read after all


def test_a_file_whose_article_was_lost_is_read(data: DataFolder) -> None:
    data.index()
    data.write("DELETE FROM articles WHERE id = 'oslo'")
    assert data.read() == ["oslo", "bergen"]


def test_files_are_read_again_where_the_feed_is_read_in_another_way(data: DataFolder) -> None:
    data.index()
    assert data.read(FeedOptions(refresh="5m")) == []
    assert len(data.read(FeedOptions(outlet=OutletFacts(name="The Wire")))) == 3
    assert len(data.read(FeedOptions(max_age=1000))) == 3


def test_files_that_an_older_version_read_are_read_again(data: DataFolder) -> None:
    data.index()
    version = f"{READING}:"
    data.write(f"UPDATE files SET stamp = '0:' || substr(stamp, {len(version) + 1}) WHERE stamp LIKE '{version}%'")  # noqa: S608
    assert len(data.read()) == 3


def test_a_rebuild_reads_every_file(data: DataFolder) -> None:
    data.index()
    data.write("""UPDATE files SET problems = '[["here", "from memory"]]' WHERE path = 'a.jsonl'""")
    assert data.index().errors == ["wire: here: from memory"]
    assert data.index(rebuild=True).errors == []


def test_without_a_memory_everything_is_read(data: DataFolder) -> None:
    data.index()
    feed = data.opened()
    feed.memory = None
    assert len([item for item in feed.items() if isinstance(item, Article)]) == 3


def test_a_file_that_changes_while_it_is_read_is_read_again(data: DataFolder, wire: Path) -> None:
    file = wire / "a.jsonl"
    for item in data.opened().items():
        if item == Kept("oslo") or (isinstance(item, Article) and item.id == "oslo"):
            old(write_jsonl(file, record("oslo", OSLO), record("late", NARVIK)))
    data.index()
    assert "late" in data.kept()


def test_a_file_that_cannot_be_read_whole_does_not_have_the_others_read_again(data: DataFolder, wire: Path) -> None:
    data.index()
    for file in (wire / "a.jsonl", wire / "narvik.txt"):
        os.utime(file, ns=(time.time_ns() - 2 * AN_HOUR,) * 2)
    feed = data.opened()
    for item in feed.items():
        if isinstance(item, Article) and item.id == "oslo":
            write_jsonl(wire / "a.jsonl", record("oslo", OSLO), record("bergen", BERGEN))
    assert not feed.lists_all
    assert data.kept() == ["wire/narvik.txt"]


# Age and disappearance


def test_articles_that_are_too_old_do_not_have_their_file_read_again(data: DataFolder, wire: Path) -> None:
    options = FeedOptions(max_age=30)
    old(write_jsonl(wire / "a.jsonl", record("oslo", OSLO, published="2001-01-01"), record("bergen", BERGEN)))
    data.catalogue.add_feed(data.opened().known, options)
    assert data.index().articles == 2
    assert data.read(options) == []


def test_an_article_that_has_become_too_old_goes(data: DataFolder, wire: Path) -> None:
    options = FeedOptions(max_age=30)
    old(write_jsonl(wire / "a.jsonl", record("oslo", OSLO), record("bergen", BERGEN)))
    data.catalogue.add_feed(data.opened().known, options)
    data.index()
    data.write("UPDATE revisions SET published = '2001-01-01' WHERE article_id = 'oslo'")
    run = data.index()
    assert (run.removed, run.articles) == (1, 2)


def test_the_records_of_files_that_are_gone_go(data: DataFolder, wire: Path) -> None:
    data.index()
    (wire / "a.jsonl").unlink()
    assert data.index().removed == 2
    assert list(data.catalogue.file_articles("wire", "a.jsonl")) == []
    assert list(data.catalogue.file_articles("wire", "narvik.txt")) == ["wire/narvik.txt"]


def test_the_records_of_a_file_that_was_read_as_it_was_written_go_with_it(data: DataFolder, wire: Path) -> None:
    write_jsonl(wire / "a.jsonl", record("oslo", OSLO))
    data.index()
    assert list(data.catalogue.file_articles("wire", "a.jsonl")) == ["oslo"]
    (wire / "a.jsonl").unlink()
    data.index()
    assert list(data.catalogue.file_articles("wire", "a.jsonl")) == []


def test_the_records_of_a_feed_that_is_removed_go_with_it(data: DataFolder) -> None:
    data.index()
    data.catalogue.remove_feed("wire")
    assert list(data.catalogue.file_articles("wire", "a.jsonl")) == []


def test_items_say_what_they_are(data: DataFolder, wire: Path) -> None:
    (wire / "bad.jsonl").write_text("{")
    old(wire / "bad.jsonl")
    data.index()
    bad = [item.where for item in data.items() if isinstance(item, BadItem)]
    assert bad == ["bad.jsonl line 1"]
