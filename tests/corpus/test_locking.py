import os
import threading
from pathlib import Path

import pytest

from corpus.errors import IndexBusy
from corpus.locking import HolderNote, indexing_lock, underway
from corpus.progress import Step
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


def test_the_second_is_told_what_started_the_first_and_how_far_it_is(tmp_path: Path) -> None:
    with indexing_lock(tmp_path, "/reindex"):
        with pytest.raises(IndexBusy, match=rf"by process {os.getpid()} since .*, started by /reindex: wait"):
            indexing_lock(tmp_path).__enter__()
        clock = Clock()
        note = HolderNote(tmp_path / "indexing.json", "/reindex", clock)
        note(Step("reading", 3, 40, "The Wire", 1))
        assert (held := underway(tmp_path)) is not None
        assert held.step is None, "it is told at most once a second"
        clock.now = 2.5
        note(Step("reading", 12, 40, "The Wire", 1))
        assert (held := underway(tmp_path)) is not None
        assert (held.step, held.seconds) == (Step("reading", 12, 40, "The Wire", 1), 2.5)
        said = r"started by /reindex \(reading The Wire, 12 of 40 \(30%\), 1 bad item\): wait until that has ended"
        with pytest.raises(IndexBusy, match=said):
            indexing_lock(tmp_path).__enter__()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_run_is_under_way_where_none_is_or_its_process_was_killed(tmp_path: Path) -> None:
    assert underway(tmp_path / "nowhere") is None
    with indexing_process(tmp_path) as holder:
        held = underway(tmp_path)
        assert held is not None
        assert (held.pid, held.step) == (holder.pid, None)
        holder.kill()
        holder.wait()
        assert (tmp_path / "indexing.json").exists()
        assert underway(tmp_path) is None


def test_to_look_who_is_at_it_keeps_nobody_from_it(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            underway(tmp_path)

    (tmp_path / "indexing.json").write_text("{}")
    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(20):
            with indexing_lock(tmp_path):
                pass
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


@pytest.mark.parametrize(
    "step", ["[]", '{"stage": 1, "done": "many"}', '{"more": 1}', '{"stage": "reading", "done": 1, "total": [2]}']
)
def test_a_note_that_makes_no_sense_is_none(step: str, tmp_path: Path) -> None:
    with indexing_lock(tmp_path):
        (tmp_path / "indexing.json").write_text(f'{{"pid": 1, "since": "2026", "step": {step}}}')
        held = underway(tmp_path)
        assert held is None or held.step is None


def test_a_run_goes_on_where_its_note_cannot_be_written(tmp_path: Path) -> None:
    with indexing_lock(tmp_path) as note:
        (tmp_path / "indexing.json").unlink()
        (tmp_path / "indexing.json").mkdir()
        HolderNote(tmp_path / "indexing.json", "")
        (tmp_path / "indexing.json").rmdir()
        note(Step("cutting"))


def test_a_note_that_cannot_be_taken_away_does_not_keep_the_lock(tmp_path: Path) -> None:
    note = tmp_path / "indexing.json"
    with indexing_lock(tmp_path):
        note.unlink()
        note.mkdir()
    with indexing_lock(tmp_path):
        assert note.is_dir()
