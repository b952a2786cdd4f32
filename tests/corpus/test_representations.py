"""What the encoder made of passages, kept within bounds, and never in the way of an answer."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from corpus.disposable import Disposable
from corpus.representations import KeptRepresentations, RepresentationCache

ONE, TWO, THREE = (bytes([number]) * 16 for number in (1, 2, 3))
KEYS = st.binary(min_size=16, max_size=16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / RepresentationCache.NAME


@pytest.fixture
def cache(file: Path) -> Iterator[RepresentationCache]:
    with closing(RepresentationCache(file, 100)) as cache:
        yield cache


def test_what_was_kept_is_found_by_every_process(cache: RepresentationCache, file: Path) -> None:
    cache.keep({ONE: b"one", TWO: b"two"}, make_room=False)
    with closing(RepresentationCache(file, 100)) as other:
        assert other.find([TWO, THREE, ONE]) == {ONE: b"one", TWO: b"two"}
        assert other.size == 6


def test_nothing_is_found_for_nothing(cache: RepresentationCache) -> None:
    cache.keep({}, make_room=True)
    assert cache.find([]) == {}


def test_what_is_there_already_stays(cache: RepresentationCache) -> None:
    cache.keep({ONE: b"one"}, make_room=False)
    cache.keep({ONE: b"other", TWO: b"two"}, make_room=True)
    assert cache.find([ONE, TWO]) == {ONE: b"one", TWO: b"two"}


def test_indexing_fills_it_and_then_keeps_no_more(cache: RepresentationCache) -> None:
    cache.keep({ONE: b"1" * 60}, make_room=False)
    assert not cache.full
    cache.keep({TWO: b"2" * 60}, make_room=False)
    assert cache.find([ONE, TWO]) == {ONE: b"1" * 60}
    cache.keep({THREE: b"3" * 38}, make_room=False)
    assert cache.full


def test_reading_lets_go_of_what_was_kept_longest_ago(cache: RepresentationCache) -> None:
    cache.keep({ONE: b"1" * 40}, make_room=True)
    cache.keep({TWO: b"2" * 40}, make_room=True)
    cache.keep({THREE: b"3" * 40}, make_room=True)
    assert set(cache.find([ONE, TWO, THREE])) == {TWO, THREE}
    assert cache.size == 80


def test_what_is_larger_than_all_room_costs_nothing_that_is_there(cache: RepresentationCache) -> None:
    cache.keep({ONE: b"one"}, make_room=True)
    cache.keep({TWO: b"2" * 101}, make_room=True)
    assert cache.find([ONE, TWO]) == {ONE: b"one"}


def test_what_is_there_already_is_not_counted_twice(cache: RepresentationCache) -> None:
    cache.keep({ONE: b"one"}, make_room=False)
    size = cache.size
    cache.keep({ONE: b"another", TWO: b"two"}, make_room=False)
    assert cache.size == size + 3
    assert cache.find([ONE, TWO]) == {ONE: b"one", TWO: b"two"}


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(min_size=20, max_size=60)), st.booleans()
        )
    )
)
def test_it_never_holds_more_than_it_may(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[dict[bytes, bytes], bool]]
) -> None:
    with closing(RepresentationCache(tmp_path_factory.mktemp("kept") / "file", 100)) as cache:
        for values, make_room in steps:
            before = cache.find(list(values))
            cache.keep(values, make_room=make_room)
            held = sum(size for (size,) in rows(cache, "SELECT length(value) FROM representations"))
            assert held <= 100
            fits = sum(map(len, values.values())) <= 100
            if make_room and fits and not before:
                assert cache.find(list(values)) == values


def rows(cache: RepresentationCache, query: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(str(cache._backend))) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("value", [b"\0", "text", 7])
def test_what_was_altered_is_not_found(cache: RepresentationCache, file: Path, value: object) -> None:
    cache.keep({ONE: b"one", TWO: b"two"}, make_room=False)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE representations SET value = ? WHERE key = ?", [value, ONE])
    assert cache.find([ONE, TWO]) == {TWO: b"two"}


def test_a_lowered_limit_is_kept_to_step_by_step(file: Path) -> None:
    with closing(RepresentationCache(file, 10_000)) as wide:
        wide.keep({bytes([n]) * 16: bytes(100) for n in range(50)}, make_room=True)
    with closing(RepresentationCache(file, 1000)) as cache:
        sizes = []
        for n in range(100, 104):
            cache.keep({bytes([n]) * 16: bytes(100)}, make_room=True)
            sizes.append(cache.size)
        assert sizes == [3400, 1800, 1000, 1000]
        assert list(cache.find([bytes([n]) * 16 for n in range(256)])) != []


def test_a_full_disk_ends_keeping_and_not_finding(file: Path) -> None:
    with closing(RepresentationCache(file, 10**6)) as cache:
        cache.keep({ONE: b"one"}, make_room=True)
        narrow = "PRAGMA max_page_count = 6"
        event.listen(cache._backend.engine, "connect", lambda connection, _: connection.execute(narrow))
        cache.close()  # connections made from now on are so
        cache.keep({TWO: bytes(50_000)}, make_room=True)
        assert cache.find([ONE, TWO]) == {ONE: b"one"}


def test_nobody_waits_for_others_that_write(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(KeptRepresentations(file, 100)) as kept, closing(sqlite3.connect(file)) as other:
        kept.keep({ONE: b"one"}, make_room=True)
        other.execute("BEGIN IMMEDIATE")
        kept.keep({TWO: b"two"}, make_room=True)
        assert kept.find([ONE, TWO]) == {ONE: b"one"}
        other.rollback()
        kept.keep({TWO: b"two"}, make_room=True)
        assert kept.find([TWO]) == {TWO: b"two"}
    assert caplog.records == []


def test_a_damaged_file_is_put_aside_and_made_anew(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(KeptRepresentations(file, 10**6)) as kept:
        kept.keep({bytes([n]) * 16: bytes(3000) for n in range(50)}, make_room=True)
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 50_000)
    with closing(KeptRepresentations(file, 10**6)) as kept:
        for _ in range(2):
            kept.find([ONE])
            kept.keep({ONE: b"one"}, make_room=True)
        assert kept.find([ONE]) == {ONE: b"one"}
    (warning,) = caplog.records
    assert "representations.sqlite3.damaged, and a new one is made" in warning.message


def many_kept(file: Path) -> KeptRepresentations:
    kept = KeptRepresentations(file, 10**6)
    kept.keep({bytes([n]) * 16: bytes(3000) for n in range(50)}, make_room=True)
    return kept


def harm(file: Path) -> None:
    """Where it lies, so that whoever has it open meets the damage."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * 150_000)


def test_several_threads_that_meet_damage_make_one_new_file(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(many_kept(file)) as kept:
        harm(file)
        threads = [threading.Thread(target=kept.find, args=([bytes([n]) * 16],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept.keep({ONE: b"one"}, make_room=True)
        assert kept.find([ONE]) == {ONE: b"one"}
    assert len(caplog.records) == 1


def test_who_meets_damage_later_leaves_the_new_file_alone(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(many_kept(file)) as one, closing(KeptRepresentations(file, 10**6)) as other:
        assert other.find([ONE])
        harm(file)
        for kept, key, value in ((one, TWO, b"two"), (other, THREE, b"three")):
            kept.find([bytes([40]) * 16])
            kept.keep({key: value}, make_room=True)
        assert one.find([TWO, THREE]) == other.find([TWO, THREE]) == {TWO: b"two", THREE: b"three"}
    assert len(caplog.records) == 1


def test_a_file_that_is_deleted_meanwhile_is_made_anew(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(many_kept(file)) as kept:
        kept.close()  # the next connection is a new one
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()
        kept.find([ONE])
        kept.keep({ONE: b"one"}, make_room=True)
        assert kept.find([ONE]) == {ONE: b"one"}
    assert caplog.records == []


def test_a_new_file_may_be_told_apart_by_nothing_but_that_it_is_empty(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(many_kept(file)) as kept:
        kept.close()
        for each in file.parent.glob(f"{file.name}-*"):
            each.unlink()
        before = file.stat().st_ino
        os.truncate(file, 0)  # as where a deleted file's number is given to the one that takes its place
        kept.find([ONE])
        kept.keep({ONE: b"one"}, make_room=True)
        assert kept.find([ONE]) == {ONE: b"one"}
        assert file.stat().st_ino == before
    assert caplog.records == []


def test_a_file_that_is_locked_for_a_while_is_used_again(file: Path) -> None:
    with closing(many_kept(file)) as kept, closing(sqlite3.connect(file)) as other:
        kept.close()
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert kept.find([ONE]) == {}
        other.rollback()
        other.close()
        assert kept.find([ONE]) == {ONE: bytes(3000)}


def test_what_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way of a folder")
    cache = Disposable(blocked / "cache", lambda file: RepresentationCache(file, 100), pause=0)
    assert cache.use(lambda cache: cache.find([ONE]), None) is None
    assert cache.unusable
    blocked.unlink()
    assert cache.use(lambda cache: cache.find([ONE]), None) == {}
    assert not cache.unusable
    cache.close()


def test_a_file_that_cannot_be_opened_is_told_of_once_and_costs_time_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    kept = KeptRepresentations(tmp_path / "file" / "representations.sqlite3", 100)
    for _ in range(2):
        kept.keep({ONE: b"one"}, make_room=True)
        assert kept.find([ONE]) == {}
    assert kept.full
    kept.close()
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "cannot be used" in warning.message
    assert "answers take longer" in warning.message
