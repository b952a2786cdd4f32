import datetime as dt
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from corpus.catalogue import Catalogue, KnownFeed, article_digest, input_digest
from corpus.database import Place
from corpus.errors import CatalogueError
from corpus.feed_records import PageRecord
from corpus.schema import VERSION
from corpus.tables import passages, revisions
from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged, QuotationError
from retrieval.index.port import GenerationInfo
from retrieval.types import Article, Horizon, Span
from tests.corpus.old_catalogues import rows

WIRE = KnownFeed("wire", "/news/wire")
OSLO = Article("oslo", "Envoys met in Oslo. They spoke of grain.", "Talks", "The Wire", "https://w.example/1")


@pytest.fixture
def catalogue(place: Place) -> Iterator[Catalogue]:
    catalogue = Catalogue(place)
    catalogue.add_feed(WIRE)
    yield catalogue
    catalogue.close()


def cut(catalogue: Catalogue, cut_for: str = "encoder") -> None:
    """Make one passage of each article that has none for this encoder."""
    rows = catalogue.revisions(catalogue.uncut(cut_for))
    catalogue.store_passages(((r, a, [Span(0, len(a.text))]) for r, a in rows), cut_for)


def current(catalogue: Catalogue) -> list[int]:
    return [int(i) for i in catalogue.current_passages()]


def publish(catalogue: Catalogue, number: int) -> None:
    catalogue.published(GenerationInfo(number, "2024-07-09", "encoder", 64, 1, Horizon(1, None, None)))


def execute(catalogue: Catalogue, statement: str) -> None:
    """Change the database behind the catalogue's back."""
    assert catalogue._write(text(statement))


# The file


def test_a_new_file_gets_the_tables_of_this_version_and_a_write_ahead_log(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "catalogue.sqlite3"
    Catalogue(file).close()
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert {"feeds", "articles", "revisions", "passages", "generations", "answers"} <= set(rows(file))


def test_an_empty_file_is_migrated_like_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite3"
    file.touch()
    catalogue = Catalogue(file)
    assert catalogue.count_articles() == 0
    catalogue.close()


def test_what_was_stored_is_there_when_it_is_opened_again(bare_place: Place) -> None:
    first = Catalogue(bare_place)
    first.add_feed(WIRE)
    first.store("wire", [OSLO])
    first.close()
    second = Catalogue(bare_place)
    assert second.article("oslo") == OSLO
    assert second.feeds() == [WIRE]
    second.close()


def test_a_newer_versions_file_is_refused_with_the_way_out_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite3"
    Catalogue(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = rows(file)
    with pytest.raises(CatalogueError, match=r"belongs to a newer version.*upgrade Backchannel, or .* --data-dir"):
        Catalogue(file)
    assert rows(file) == before


def test_a_file_that_is_no_database_is_refused_by_name_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.sqlite3"
    file.write_text("Dear diary, " * 200)
    with pytest.raises(CatalogueError, match=r"catalogue\.sqlite3 is damaged .*move it away .*--data-dir"):
        Catalogue(file)
    assert file.read_text() == "Dear diary, " * 200


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("a file")
    with pytest.raises(CatalogueError, match=r"letter.data.catalogue\.sqlite3 cannot be used .*--data-dir"):
        Catalogue(tmp_path / "letter" / "data" / "catalogue.sqlite3")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite3").mkdir()
    with pytest.raises(CatalogueError, match="cannot be used"):
        Catalogue(tmp_path / "catalogue.sqlite3")


def test_many_may_open_a_new_catalogue_at_the_same_moment(bare_place: Place) -> None:
    barrier = threading.Barrier(6)
    failures: list[CatalogueError] = []

    def open_it() -> None:
        barrier.wait()
        try:
            Catalogue(bare_place).close()
        except CatalogueError as error:
            failures.append(error)

    run_together([open_it] * 6)
    assert failures == []


def test_a_generation_is_known_by_all_that_was_noted_of_it(catalogue: Catalogue) -> None:
    info = GenerationInfo(3, "2024-07-09", "encoder", 64, 7, Horizon(1, None, None))
    assert not catalogue.noted(info)
    catalogue.note(info, 0.1)
    assert catalogue.noted(info)
    for other in ({"number": 2}, {"created": "2024-07-10"}, {"encoder": "other"}, {"passages": 8}):
        assert not catalogue.noted(replace(info, **other))
    catalogue.note(replace(info, created="2024-07-11"), 0.1)
    assert not catalogue.noted(info)


# Feeds


def test_feeds_are_listed_oldest_first_and_a_known_one_stays_as_it_is(catalogue: Catalogue) -> None:
    other = KnownFeed("archive", "/news/archive")
    catalogue.add_feed(other)
    catalogue.add_feed(WIRE)
    assert catalogue.feeds() == [WIRE, other]


def test_a_removed_feed_takes_its_articles_along_and_no_others(catalogue: Catalogue) -> None:
    catalogue.add_feed(KnownFeed("archive", "/news/archive"))
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen")])
    catalogue.store("archive", [replace(OSLO, id="old")])
    assert catalogue.remove_feed("wire") == 2
    assert [feed.name for feed in catalogue.feeds()] == ["archive"]
    assert catalogue.article("oslo") is None
    assert catalogue.article("old") is not None


def test_articles_are_found_together_those_that_are_there(catalogue: Catalogue) -> None:
    bergen = replace(OSLO, id="bergen", text="Whales.")
    catalogue.store("wire", [OSLO, bergen])
    catalogue.store("wire", [replace(OSLO, text="Later.")])
    found = catalogue.articles(["bergen", "oslo", "gone"])
    assert {article.id: article.text for article in found} == {"bergen": "Whales.", "oslo": "Later."}
    assert catalogue.articles([]) == []


def test_articles_are_counted_in_all_and_by_feed(catalogue: Catalogue) -> None:
    catalogue.add_feed(KnownFeed("archive", "/news/archive"))
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen")])
    assert (catalogue.count_articles(), catalogue.count_articles("wire"), catalogue.count_articles("archive")) == (
        2,
        2,
        0,
    )


# Articles

storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
dates = (
    st.none()
    | st.builds(PartialDate, st.integers(1, 9999), st.none() | st.integers(1, 12), st.none())
    | st.builds(PartialDate, st.integers(1, 9999), st.integers(1, 12), st.integers(1, 28))
)


@settings(max_examples=25)
@given(st.builds(Article, storable.filter(bool), storable, storable, storable, storable, dates))
def test_an_article_comes_back_as_it_was_given(article: Article) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder) / "catalogue.sqlite3")
        catalogue.add_feed(WIRE)
        catalogue.store("wire", [article])
        assert catalogue.article(article.id) == article
        assert catalogue.text(article.id, article.text_hash) == article.text
        assert catalogue.owners([article.id]) == {article.id: ("wire", article_digest(article))}
        catalogue.close()


@pytest.mark.parametrize(
    "change",
    [
        {"text": OSLO.text + " "},
        {"title": "Talk"},
        {"source": ""},
        {"url": "https://w.example/2"},
        {"published": PartialDate(2024)},
    ],
)
def test_the_digest_tells_any_change_of_an_article(change: dict[str, object]) -> None:
    assert article_digest(replace(OSLO, **change)) != article_digest(OSLO)  # type: ignore[arg-type]


def test_the_digest_of_the_same_article_is_the_same() -> None:
    assert article_digest(replace(OSLO)) == article_digest(OSLO)


def test_an_article_that_nobody_stored_is_not_there(catalogue: Catalogue) -> None:
    assert catalogue.article("oslo") is None
    assert catalogue.owners(["oslo"]) == {}
    assert catalogue.text("oslo", OSLO.text_hash) is None


def test_texts_are_told_by_article_and_hash(catalogue: Catalogue) -> None:
    older, other = replace(OSLO, text="Nobody met in Oslo."), replace(OSLO, id="copy")
    for articles in ([older, other], [OSLO]):
        catalogue.store("wire", articles)
    wanted = [(OSLO.id, OSLO.text_hash), (OSLO.id, older.text_hash), ("copy", other.text_hash)]
    expected = dict(zip(wanted, [OSLO.text, older.text, other.text], strict=True))
    assert catalogue.texts(wanted) == expected
    unknown = [("copy", older.text_hash), ("nobody", OSLO.text_hash)]
    assert catalogue.texts(unknown) == {}
    assert {key: catalogue.texts([key, *unknown]) for key in wanted} == {key: {key: expected[key]} for key in wanted}
    assert catalogue.texts([]) == {}


def test_where_one_article_of_several_cannot_be_stored_none_is(catalogue: Catalogue) -> None:
    def articles() -> Iterator[Article]:
        yield OSLO
        raise KeyError("the reader failed")

    with pytest.raises(KeyError):
        catalogue.store("wire", articles())
    assert catalogue.count_articles() == 0


def test_only_what_is_named_is_kept_of_a_feed(catalogue: Catalogue) -> None:
    catalogue.add_feed(KnownFeed("archive", "/news/archive"))
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen"), replace(OSLO, id="narvik")])
    catalogue.store("archive", [replace(OSLO, id="old")])
    assert catalogue.keep_only("wire", ["bergen"]) == 2
    assert [catalogue.article(i) is not None for i in ("oslo", "bergen", "narvik", "old")] == [False, True, False, True]


def test_text_that_was_altered_in_the_database_is_never_handed_out(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    execute(catalogue, "UPDATE revisions SET text = replace(text, 'grain', 'grail')")
    with pytest.raises(QuotationError, match="'oslo'"):
        catalogue.article("oslo")
    with pytest.raises(QuotationError, match="'oslo'"):
        catalogue.passages(current(catalogue))


# Passages and generations


def test_a_changed_article_replaces_its_passages(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen")])
    cut(catalogue)
    before = current(catalogue)
    catalogue.store("wire", [replace(OSLO, text="Envoys met in Oslo. They spoke of fish.")])
    cut(catalogue)
    after = current(catalogue)
    assert [p.text for p in catalogue.passages(after)] == [OSLO.text, "Envoys met in Oslo. They spoke of fish."]
    assert len(set(before) & set(after)) == 1


def test_a_removed_articles_passages_are_no_longer_current(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen")])
    cut(catalogue)
    catalogue.keep_only("wire", ["bergen"])
    assert [p.article.id for p in catalogue.passages(current(catalogue))] == ["bergen"]


def test_cutting_anew_replaces_the_passages_of_the_same_text(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue, "old encoder")
    old = current(catalogue)
    assert catalogue.uncut("old encoder") == []
    cut(catalogue, "new encoder")
    assert len(current(catalogue)) == 1
    assert not set(current(catalogue)) & set(old)


def test_everything_can_be_cut_anew_also_what_was_never_cut(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    catalogue.store("wire", [replace(OSLO, id="bergen")])
    assert [article.id for _, article in catalogue.revisions(catalogue.uncut(None))] == ["oslo", "bergen"]


def test_what_the_generation_before_quotes_stays_readable_until_that_generation_goes(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    quoted = current(catalogue)
    publish(catalogue, 1)
    catalogue.store("wire", [replace(OSLO, text="Nobody met in Oslo.")])
    cut(catalogue)
    publish(catalogue, 2)
    publish(catalogue, 2)  # a run that changed nothing
    assert [p.text for p in catalogue.passages(quoted)] == [OSLO.text]
    publish(catalogue, 3)
    with pytest.raises(IndexDamaged, match="--rebuild"):
        catalogue.passages(quoted)


# Revisions


def removed_in_2024(catalogue: Catalogue) -> None:
    """As if what has ended had done so at the end of 2024."""
    execute(catalogue, "UPDATE revisions SET ended = '2024-12-31T00:00:00+00:00' WHERE ended IS NOT NULL")


def test_every_revision_of_an_article_that_is_there_is_kept(catalogue: Catalogue) -> None:
    other = replace(OSLO, text="Nobody met in Oslo.")
    versions = [OSLO, other, OSLO, replace(OSLO, title="Talk"), replace(OSLO, published=PartialDate(2024))]
    for number, version in enumerate(versions, start=1):
        catalogue.store("wire", [version])
        cut(catalogue)
        publish(catalogue, number)
    removed_in_2024(catalogue)
    assert catalogue.expire_removed(dt.datetime(2025, 6, 1, tzinfo=dt.UTC)) == 0
    history = catalogue.history("oslo")
    assert [revision.article for revision in history] == versions
    assert [bool(revision.ended) for revision in history] == [True] * 4 + [False]
    assert not any(revision.removed for revision in history)
    assert catalogue.text("oslo", other.text_hash) == other.text


def test_what_a_removed_article_said_is_kept_so_long_and_as_an_index_may_quote_it(
    catalogue: Catalogue,
) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    publish(catalogue, 1)
    catalogue.store("wire", [replace(OSLO, text="Nobody met in Oslo.")])
    cut(catalogue)
    quoted = current(catalogue)
    catalogue.keep_only("wire", [])
    publish(catalogue, 2)
    assert [revision.removed for revision in catalogue.history("oslo")] == [False, True]
    removed_in_2024(catalogue)
    assert catalogue.expire_removed(dt.datetime(2024, 12, 31, tzinfo=dt.UTC)) == 0
    later = dt.datetime(2024, 12, 31, 0, 0, 1, tzinfo=dt.UTC)
    assert catalogue.expire_removed(later) == 0
    assert catalogue.passages(quoted)[0].text == "Nobody met in Oslo."
    publish(catalogue, 3)
    assert catalogue.expire_removed(later) == 2
    for table in (revisions, passages):
        assert catalogue._rows(select(table)) == []


def test_what_an_article_said_before_its_removal_lately_is_kept_with_the_rest(
    catalogue: Catalogue,
) -> None:
    catalogue.store("wire", [OSLO])
    catalogue.store("wire", [replace(OSLO, text="Nobody met in Oslo.")])
    removed_in_2024(catalogue)
    catalogue.keep_only("wire", [])
    assert catalogue.expire_removed(dt.datetime(2025, 6, 1, tzinfo=dt.UTC)) == 0


def test_an_article_that_comes_back_keeps_what_it_said(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    catalogue.keep_only("wire", [])
    removed_in_2024(catalogue)
    catalogue.store("wire", [OSLO])
    assert catalogue.expire_removed(dt.datetime(2025, 6, 1, tzinfo=dt.UTC)) == 0
    assert [revision.removed for revision in catalogue.history("oslo")] == [True, False]


def test_the_same_article_from_another_feed_is_no_revision(catalogue: Catalogue) -> None:
    catalogue.add_feed(KnownFeed("archive", "/news/archive"))
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    before = current(catalogue)
    catalogue.store("archive", [OSLO])
    assert catalogue.owners(["oslo"]) == {"oslo": ("archive", article_digest(OSLO))}
    assert len(catalogue.history("oslo")) == 1
    assert current(catalogue) == before


def test_a_revision_with_the_same_text_is_found_by_its_hash_after_the_older_one_went(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    publish(catalogue, 1)
    catalogue.store("wire", [replace(OSLO, source="The Other Wire")])
    cut(catalogue)
    publish(catalogue, 2)
    publish(catalogue, 3)
    assert catalogue.text("oslo", OSLO.text_hash) == OSLO.text


def test_ids_of_passages_are_never_used_again(catalogue: Catalogue) -> None:
    used: set[int] = set()
    for number in range(1, 7):
        catalogue.store("wire", [replace(OSLO, text=f"Version {number}.")])
        cut(catalogue)
        assert not used & set(current(catalogue))
        used.update(current(catalogue))
        catalogue.keep_only("wire", [])
        publish(catalogue, 2 * number)
        publish(catalogue, 2 * number + 1)
    assert len(used) == 6


def test_passages_come_in_the_order_of_their_ids_as_asked_for_however_many(catalogue: Catalogue) -> None:
    many = [replace(OSLO, id=f"a{n}", text=f"Story {n}.") for n in range(1203)]
    catalogue.store("wire", many)
    cut(catalogue)
    ids = current(catalogue)[::-1]
    assert [p.text for p in catalogue.passages(ids)] == [article.text for article in many[::-1]]
    assert [p.id for p in catalogue.passages(ids)] == ids
    assert catalogue.passages([]) == []


def test_an_unknown_passage_says_that_the_index_is_another_catalogues(catalogue: Catalogue) -> None:
    with pytest.raises(IndexDamaged, match=r"passage 77 .* not in the catalogue .*--rebuild"):
        catalogue.passages([77])


def test_texts_count_as_encoded_while_a_passage_has_them(catalogue: Catalogue) -> None:
    catalogue.store("wire", [OSLO])
    cut(catalogue)
    digest, other = input_digest(OSLO.title, OSLO.text), input_digest("", OSLO.text)
    assert catalogue.encoded_texts([digest, other]) == {digest}
    assert catalogue.encoded_texts([]) == set()
    catalogue.keep_only("wire", [])
    publish(catalogue, 1)
    assert catalogue.encoded_texts([digest]) == {digest}
    publish(catalogue, 2)
    assert catalogue.encoded_texts([digest]) == set()


# Threads


def run_together(jobs: list[object]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_several_threads_write_and_read_at_once_and_nothing_is_lost(catalogue: Catalogue) -> None:
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(15):
                catalogue.store("wire", [replace(OSLO, id=f"{name}-{number}")])
                assert catalogue.article(f"{name}-{number}") is not None
        except BaseException as error:
            failures.append(error)
        finally:
            catalogue.close()

    run_together([lambda name=name: work(name) for name in range(4)])
    assert failures == []
    assert catalogue.count_articles() == 60


def test_two_feeds_that_have_both_let_go_of_an_article_do_not_hand_it_to_each_other(catalogue: Catalogue) -> None:
    catalogue.add_feed(KnownFeed("map", "https://map.example/"))
    catalogue.store("wire", [OSLO])
    for feed in ("wire", "map"):
        catalogue.remember_fetched(feed, [PageRecord("https://w.example/1", "oslo")])
    assert catalogue.hand_over("wire", ["oslo"], {}) == 0
    assert catalogue.owners(["oslo"])["oslo"][0] == "map"
    assert catalogue.hand_over("map", ["oslo"], {}) == 1
    assert catalogue.article("oslo") is None
