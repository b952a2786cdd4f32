import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.catalogue import Catalogue
from corpus.database import Place
from corpus.errors import FeedError, IndexBusy, NothingToIndex
from corpus.feeds import builtin_feed
from corpus.feeds_file import BUILTIN
from corpus.indexer import Indexer, IndexRun
from corpus.locking import indexing_lock
from corpus.progress import Step
from retrieval.engine import Engine
from retrieval.errors import IndexForeign
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.parameters import Parameters
from retrieval.types import Article, Query
from tests.fakes import CountingEncoder, record, write_jsonl

OSLO = "Envoys of both countries met in Oslo on Monday and spoke of grain."
BERGEN = "The ferry to Bergen was late again because of the autumn storm."
NARVIK = "Iron ore leaves Narvik by ship, as it has for a hundred years."


class DataFolder:
    """A data folder with everything that indexes it; opened anew it stands for a new process."""

    def __init__(self, folder: Path, place: Place, encoder: CountingEncoder | None = None) -> None:
        self.folder, self.place = folder, place
        self.encoder = encoder or CountingEncoder()
        self.catalogue = Catalogue(place)
        self.store = EmbeddedIndexStore(folder / "index", self.encoder.fingerprint, self.encoder.dimension)
        self.progress: list[tuple[str, int, int | None]] = []

    def index(self, *feeds: Path | str, rebuild: bool = False) -> IndexRun:
        def note(step: Step) -> None:
            self.progress.append((step.stage, step.done, step.total))

        indexer = Indexer(self.catalogue, self.store, self.encoder, self.folder)
        return indexer.run([str(feed) for feed in feeds], rebuild=rebuild, progress=note)

    def texts(self) -> list[str]:
        """What the published generation would quote, in order of ids."""
        return [p.text for p in self.catalogue.passages(self.store.current().passage_ids().tolist())]

    def best(self, question: str) -> str:
        """The best passage for a question."""
        engine = Engine(self.store.current(), self.catalogue, self.encoder, None, Parameters.load())
        return engine.answer(Query(question)).citations[0].text

    def newly_encoded(self) -> int:
        """How many passages were encoded since this was last asked."""
        number = len(self.encoder.encoded)
        self.encoder.encoded.clear()
        return number


@pytest.fixture
def data(tmp_path: Path, place: Place) -> Iterator[DataFolder]:
    data = DataFolder(tmp_path / "data", place)
    yield data
    data.catalogue.close()


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "wire" / "news.jsonl", record("oslo", OSLO), record("bergen", BERGEN)).parent


def did(run: IndexRun) -> tuple[int, int, int]:
    return run.added, run.changed, run.removed


# The briefs


def test_the_first_run_indexes_the_briefs(data: DataFolder) -> None:
    run = data.index()
    articles = sum(isinstance(item, Article) for item in builtin_feed().items())
    assert (run.generation, run.articles, did(run), run.errors) == (1, articles, (articles, 0, 0), [])
    assert run.passages == len(data.texts()) > articles
    assert run.seconds > 0
    assert [feed.name for feed in data.catalogue.feeds()] == [BUILTIN]


def test_the_first_own_feed_replaces_the_briefs(data: DataFolder, wire: Path) -> None:
    briefs = data.index().articles
    run = data.index(wire)
    assert did(run) == (2, 0, briefs)
    assert data.texts() == [OSLO, BERGEN]
    assert [feed.name for feed in data.catalogue.feeds()] == ["wire"]


def test_an_own_feed_without_an_article_does_not_replace_the_briefs(data: DataFolder, tmp_path: Path) -> None:
    briefs = data.index().articles
    (tmp_path / "empty").mkdir()
    run = data.index(tmp_path / "empty")
    assert (run.articles, did(run)) == (briefs, (0, 0, 0))
    (tmp_path / "empty" / "a.txt").write_text(NARVIK)
    assert data.index().articles == 1


def test_an_own_article_may_have_the_id_of_a_brief(data: DataFolder, tmp_path: Path) -> None:
    data.index()
    run = data.index(write_jsonl(tmp_path / "own.jsonl", record("brics", NARVIK)))
    assert (run.articles, run.errors) == (1, [])
    assert data.texts() == [NARVIK]


def test_briefs_that_are_asked_for_beside_own_articles_stay(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    both = data.index(BUILTIN)
    assert both.articles > 2
    assert data.index(wire).articles == both.articles
    again = data.index()
    assert (again.generation, did(again)) == (both.generation, (0, 0, 0))


# Differences


def test_a_run_without_feeds_refreshes_all_that_are_known(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "old.txt").write_text(NARVIK)
    data.index(wire, archive)
    (archive / "new.txt").write_text("A new story from the archive.")
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO))
    assert did(data.index()) == (1, 0, 1)
    assert sorted(data.texts()) == sorted([OSLO, NARVIK, "A new story from the archive."])


def test_a_run_that_finds_nothing_new_publishes_nothing_and_encodes_nothing(data: DataFolder, wire: Path) -> None:
    first = data.index(wire)
    data.newly_encoded()
    again = data.index(wire)
    assert (again.generation, did(again), again.articles, again.passages) == (first.generation, (0, 0, 0), 2, 2)
    assert data.newly_encoded() == 0
    assert data.store.current_number() == 1


def test_only_what_is_new_is_encoded(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    assert data.newly_encoded() == 2
    write_jsonl(wire / "more.jsonl", record("narvik", NARVIK))
    run = data.index()
    assert (run.generation, did(run)) == (2, (1, 0, 0))
    assert data.newly_encoded() == 1
    assert data.texts() == [OSLO, BERGEN, NARVIK]


def test_a_corrected_article_replaces_its_passages(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    data.newly_encoded()
    corrected = OSLO.replace("Monday", "Tuesday")
    write_jsonl(wire / "news.jsonl", record("oslo", corrected), record("bergen", BERGEN))
    assert did(data.index()) == (0, 1, 0)
    assert data.newly_encoded() == 1
    assert data.texts() == [BERGEN, corrected]
    assert data.best("When did envoys meet in Oslo?") == corrected


def test_the_paragraphs_of_a_corrected_article_that_stayed_are_not_encoded_again(data: DataFolder, wire: Path) -> None:
    long = [f"{text} {filler}" for text, filler in ((OSLO, "So it went. " * 25), (BERGEN, "On it rained. " * 25))]
    write_jsonl(wire / "news.jsonl", record("story", "\n\n".join(long)))
    data.index(wire)
    assert data.newly_encoded() == len(data.texts()) > 1
    write_jsonl(wire / "news.jsonl", record("story", "\n\n".join([NARVIK * 6, *long])))
    assert did(data.index()) == (0, 1, 0)
    assert data.newly_encoded() == 1


@pytest.mark.parametrize("change", [{"source": "The Wire"}, {"url": "https://w.example"}, {"published": "2024-07-09"}])
def test_a_change_of_metadata_uses_the_vector_again(data: DataFolder, wire: Path, change: dict[str, str]) -> None:
    data.index(wire)
    data.newly_encoded()
    (before,) = data.store.current().vectors([1])
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO, **change), record("bergen", BERGEN))
    run = data.index()
    assert (run.generation, did(run)) == (2, (0, 1, 0))
    assert data.newly_encoded() == 0
    index = data.store.current()
    (after,) = index.vectors([int(index.passage_ids()[-1])])
    assert after.tolist() == before.tolist()
    article = data.catalogue.article("oslo")
    assert article is not None
    assert str(getattr(article, next(iter(change)))) == next(iter(change.values()))


def test_a_changed_title_is_encoded_since_passages_are_encoded_with_it(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    data.newly_encoded()
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO, title="Talks"), record("bergen", BERGEN))
    assert did(data.index()) == (0, 1, 0)
    assert data.encoder.encoded == [f"Talks. {OSLO}"]


def test_the_article_of_a_deleted_file_goes(data: DataFolder, wire: Path) -> None:
    (wire / "narvik.txt").write_text(NARVIK)
    data.index(wire)
    (wire / "narvik.txt").unlink()
    assert did(data.index(wire)) == (0, 0, 1)
    assert data.texts() == [OSLO, BERGEN]
    assert data.catalogue.article("wire/narvik.txt") is None


def test_an_article_that_comes_back_is_found_again(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO))
    data.index()
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO), record("bergen", BERGEN))
    assert did(data.index()) == (1, 0, 0)
    assert data.best("Why was the ferry to Bergen late?") == BERGEN


def test_other_feeds_stay_as_they_are(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    archive = write_jsonl(tmp_path / "archive.jsonl", record("narvik", NARVIK))
    data.index(archive)
    write_jsonl(archive, record("narvik", "Changed, but not asked for."))
    assert did(data.index(wire)) == (2, 0, 0)
    assert sorted(data.texts()) == sorted([NARVIK, OSLO, BERGEN])


def test_the_same_feed_named_twice_is_one_feed(data: DataFolder, wire: Path) -> None:
    run = data.index(wire, wire / ".." / "wire")
    assert (did(run), run.errors) == ((2, 0, 0), [])
    assert len(data.catalogue.feeds()) == 1


def test_a_feed_that_vanished_keeps_its_articles_and_is_listed(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    archive = write_jsonl(tmp_path / "archive.jsonl", record("narvik", NARVIK))
    data.index(archive, wire)
    archive.unlink()
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO))
    run = data.index()
    assert (run.articles, did(run)) == (2, (0, 0, 1))
    assert len(run.errors) == 1
    assert f"the feed {archive} is gone" in run.errors[0]
    assert data.best("What leaves Narvik by ship?") == NARVIK


def test_a_single_file_feed_that_became_empty_loses_its_articles(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    archive = write_jsonl(tmp_path / "archive.jsonl", record("narvik", NARVIK))
    data.index(archive, wire)
    write_jsonl(archive)
    assert did(data.index()) == (0, 0, 1)
    assert data.texts() == [OSLO, BERGEN]


# Bad items


def test_bad_items_are_listed_with_their_place_and_the_rest_is_read(data: DataFolder, tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    write_jsonl(feed / "a.jsonl", record("oslo", OSLO), "no object", record("dated", BERGEN, published="yesterday"))
    (feed / "blank.md").write_text("---\ntitle: Nothing\n---\n")
    (feed / "latin.txt").write_bytes(b"caf\xe9")
    (feed / "narvik.txt").write_text(NARVIK)
    run = data.index(feed)
    assert run.articles == 3
    assert [error.split(": ")[:2] for error in run.errors] == [
        ["feed", "a.jsonl line 2"],
        ["feed", "a.jsonl line 3"],
        ["feed", "blank.md"],
        ["feed", "latin.txt"],
    ]
    assert data.index().errors == run.errors


def test_of_two_files_with_one_id_the_first_is_kept_and_the_second_listed(data: DataFolder, tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    write_jsonl(feed / "a.jsonl", record("oslo", OSLO))
    write_jsonl(feed / "b.jsonl", record("oslo", BERGEN), record("narvik", NARVIK))
    for _ in range(2):
        run = data.index(feed)
        assert data.texts() == [OSLO, NARVIK]
        (error,) = run.errors
        assert "'oslo' occurs twice" in error
    assert did(run) == (0, 0, 0)


def test_an_id_that_another_feed_holds_stays_there_and_is_listed(data: DataFolder, wire: Path, tmp_path: Path) -> None:
    data.index(wire)
    other = write_jsonl(tmp_path / "other.jsonl", record("oslo", NARVIK), record("new", NARVIK))
    run = data.index(other)
    assert did(run) == (1, 0, 0)
    (error,) = run.errors
    assert "'oslo' is taken by an article of wire" in error
    assert data.texts() == [OSLO, BERGEN, NARVIK]


def test_the_same_article_in_two_feeds_is_one_article_and_no_error(
    data: DataFolder, wire: Path, tmp_path: Path
) -> None:
    copy = write_jsonl(tmp_path / "copy.jsonl", record("oslo", OSLO))
    run = data.index(wire, copy)
    assert (run.articles, did(run), run.errors) == (2, (2, 0, 0), [])


def test_two_ids_with_one_text_are_two_articles(data: DataFolder, tmp_path: Path) -> None:
    run = data.index(write_jsonl(tmp_path / "a.jsonl", record("a", OSLO), record("b", OSLO)))
    assert (run.articles, run.passages) == (2, 2)


# What cannot be indexed


def test_an_empty_folder_is_refused_by_name_of_what_is_wanted(data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToIndex, match=r"empty: holds no file to read: files end in .*\.jsonl.*\.md.*\.txt"):
        data.index(tmp_path / "empty")
    assert data.store.current_number() is None


def test_where_nothing_is_left_the_old_index_stays_and_answers(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    (wire / "news.jsonl").write_text("{broken\n")
    with pytest.raises(NothingToIndex, match=r"no article was found \(wire: news\.jsonl line 1: "):
        data.index()
    assert data.store.current_number() == 1
    assert data.best("Who met in Oslo?") == OSLO
    write_jsonl(wire / "news.jsonl", record("oslo", OSLO))
    assert data.index().articles == 1
    assert data.texts() == [OSLO]


@pytest.mark.parametrize("location", ["/nowhere/at/all", "ftp://news.example/rss"])
def test_where_one_named_feed_cannot_be_read_nothing_is_changed(data: DataFolder, wire: Path, location: str) -> None:
    with pytest.raises(FeedError):
        data.index(wire, location)
    assert data.catalogue.feeds() == []
    assert data.catalogue.count_articles() == 0


def test_a_run_beside_another_is_refused_and_changes_nothing(data: DataFolder, wire: Path) -> None:
    with indexing_lock(data.folder), pytest.raises(IndexBusy, match="being indexed already"):
        data.index(wire)
    assert data.catalogue.feeds() == []


# Rebuilding


def test_a_rebuild_encodes_nothing_twice_and_makes_the_index_that_a_new_folder_gets(
    data: DataFolder, wire: Path, tmp_path: Path
) -> None:
    (wire / "long.txt").write_text("\n\n".join(f"{text} {'So it went on and on. ' * 15}" for text in (NARVIK, OSLO)))
    data.index(wire)
    first = data.newly_encoded()
    run = data.index(rebuild=True)
    assert (run.generation, did(run), run.articles) == (2, (0, 0, 0), 3)
    assert data.newly_encoded() == 0
    fresh = DataFolder(tmp_path / "fresh", tmp_path / "fresh.sqlite3")
    fresh.index(wire)
    assert fresh.newly_encoded() == first == len(data.texts())
    assert vectors(data) == vectors(fresh)
    fresh.catalogue.close()


def vectors(data: DataFolder) -> list[tuple[str, bytes]]:
    """Each passage of the published generation with its vector, to the bit."""
    index = data.store.current()
    rows = index.vectors(index.passage_ids().tolist())
    return [(text, row.tobytes()) for text, row in zip(data.texts(), rows, strict=True)]


@pytest.mark.parametrize("lost", ["index", "index/CURRENT", "index/000001/dense.faiss"])
def test_an_index_that_is_lost_or_damaged_costs_no_encoding(data: DataFolder, wire: Path, lost: str) -> None:
    data.index(wire)
    expected = vectors(data)
    data.newly_encoded()
    gone = data.folder / lost
    if gone.is_dir():
        shutil.rmtree(gone)
    else:
        gone.unlink()
    data.index(rebuild=True)
    assert data.newly_encoded() == 0
    assert vectors(data) == expected


def test_an_article_that_moves_to_another_feed_or_comes_back_is_not_encoded_again(
    data: DataFolder, wire: Path, tmp_path: Path
) -> None:
    other = write_jsonl(tmp_path / "other.jsonl", record("narvik", NARVIK))
    data.index(wire, other)
    data.newly_encoded()
    write_jsonl(wire / "news.jsonl", record("bergen", BERGEN))
    data.index()
    data.index()
    write_jsonl(other, record("narvik", NARVIK), record("oslo", OSLO))
    assert did(data.index()) == (1, 0, 0)
    assert data.newly_encoded() == 0
    assert data.best("Who met in Oslo?") == OSLO


def test_a_damaged_cache_of_vectors_costs_time_alone(
    data: DataFolder, wire: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data.index(wire)
    expected = vectors(data)
    data.newly_encoded()
    (data.folder / "vectors.sqlite3").write_bytes(b"no database" * 1000)
    run = data.index(rebuild=True)
    assert (run.errors, data.newly_encoded()) == ([], 2)
    assert vectors(data) == expected
    assert len(caplog.records) == 1


def test_a_rebuild_takes_new_articles_in(data: DataFolder, wire: Path) -> None:
    assert data.index(wire, rebuild=True).passages == 2
    write_jsonl(wire / "more.jsonl", record("narvik", NARVIK))
    assert data.index(rebuild=True).passages == 3


def test_an_index_of_another_encoder_is_refused_and_a_rebuild_makes_it_anew(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    changed = DataFolder(data.folder, data.place, CountingEncoder(dimension=32))
    for _ in range(2):
        with pytest.raises(IndexForeign, match=r"fake-64-96.*fake-32-96.*--rebuild"):
            changed.index()
    assert data.best("Who met in Oslo?") == OSLO
    run = changed.index(rebuild=True)
    assert (run.articles, changed.store.current().info.encoder) == (2, "fake-32-96")
    assert changed.newly_encoded() == 2
    assert changed.best("Who met in Oslo?") == OSLO
    changed.catalogue.close()


def test_an_encoder_that_sees_less_gets_shorter_passages(data: DataFolder, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "a.jsonl", record("a", " ".join([OSLO] * 6)))
    assert data.index(feed).passages == 1
    narrow = DataFolder(data.folder, data.place, CountingEncoder(max_tokens=30))
    assert narrow.index(rebuild=True).passages > 2
    assert all(len(narrow.encoder.token_spans([text])[0]) <= 30 for text in narrow.texts())
    narrow.catalogue.close()


@pytest.mark.parametrize("damage", ["CURRENT", "000001/dense.faiss", "000001/manifest.json"])
def test_a_damaged_index_is_made_anew_by_a_rebuild(data: DataFolder, wire: Path, damage: str) -> None:
    data.index(wire)
    (data.folder / "index" / damage).write_bytes(b"?")
    again = data.index(rebuild=True)
    assert (again.articles, again.generation) == (2, 2)
    assert data.texts() == [OSLO, BERGEN]


def test_a_lost_index_is_made_anew_from_the_catalogue(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    (data.folder / "index" / "CURRENT").unlink()
    run = data.index()
    assert did(run) == (0, 0, 0)
    assert data.texts() == [OSLO, BERGEN]


# Progress


def test_progress_is_told_for_every_stage_to_its_end(data: DataFolder, wire: Path) -> None:
    data.index(wire)
    stages = list(dict.fromkeys(stage for stage, _, _ in data.progress))
    assert stages == ["reading", "folding", "cutting", "encoding"]
    assert data.progress[-1] == ("encoding", 2, 2)
    assert ("cutting", 2, 2) in data.progress
    assert [done for stage, done, _ in data.progress if stage == "reading"] == [0, 1, 2, 2]
