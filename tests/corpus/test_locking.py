import os
from pathlib import Path

import pytest

from corpus.errors import IndexBusy
from corpus.locking import indexing_lock
from tests.fakes import indexing_process


def test_the_second_of_two_processes_says_who_is_at_it_and_since_when(tmp_path: Path) -> None:
    with indexing_process(tmp_path) as holder:
        said = rf"is being indexed already by process {holder.pid} since 20\d\d-.*: wait until that has ended"
        with pytest.raises(IndexBusy, match=said), indexing_lock(tmp_path):
            pytest.fail("the lock was given twice")


def test_the_lock_is_free_when_its_holder_has_ended(tmp_path: Path) -> None:
    with indexing_process(tmp_path) as holder:
        holder.communicate("")
        assert holder.returncode == 0
        with indexing_lock(tmp_path):
            pass


def test_a_killed_holders_lock_is_free(tmp_path: Path) -> None:
    with indexing_process(tmp_path) as holder:
        holder.kill()
        holder.wait()
        assert str(holder.pid) in (tmp_path / "indexing.json").read_text()
        with indexing_lock(tmp_path):
            assert str(os.getpid()) in (tmp_path / "indexing.json").read_text()


def test_two_runs_in_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with (
        indexing_lock(tmp_path),
        pytest.raises(IndexBusy, match=f"by process {os.getpid()}"),
        indexing_lock(tmp_path),
    ):
        pytest.fail("the lock was given twice")


def test_folders_do_not_exclude_each_other(tmp_path: Path) -> None:
    with indexing_lock(tmp_path / "a"), indexing_lock(tmp_path / "b"):
        assert (tmp_path / "a" / "indexing.json").exists()
        assert (tmp_path / "b" / "indexing.json").exists()


def test_an_error_inside_frees_the_lock_and_nobody_is_named_any_more(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), indexing_lock(tmp_path):
        raise ZeroDivisionError
    assert not (tmp_path / "indexing.json").exists()
    with indexing_lock(tmp_path):
        pass


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', "\udcff"])
def test_a_broken_note_of_the_holder_does_not_hide_that_the_lock_is_held(note: str, tmp_path: Path) -> None:
    with indexing_lock(tmp_path):
        (tmp_path / "indexing.json").write_text(note, errors="surrogateescape")
        with pytest.raises(IndexBusy, match="is being indexed already: wait"), indexing_lock(tmp_path):
            pytest.fail("the lock was given twice")
