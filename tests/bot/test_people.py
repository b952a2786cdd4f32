import stat
import sys
import threading
from pathlib import Path

import pytest

from bot.errors import SaltError
from bot.people import Pseudonyms


def test_a_person_is_known_by_the_same_digits_whenever_the_folder_is_opened(tmp_path: Path) -> None:
    first = Pseudonyms(tmp_path / "data" / "salt").of("slack:T1:ann")
    assert Pseudonyms(tmp_path / "data" / "salt").of("slack:T1:ann") == first
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


def test_people_differ_and_so_does_one_person_in_two_folders(tmp_path: Path) -> None:
    one, other = Pseudonyms(tmp_path / "salt"), Pseudonyms(tmp_path / "pepper")
    assert len({one.of("slack:T1:ann"), one.of("slack:T2:ann"), one.of(""), other.of("slack:T1:ann")}) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_salt_is_for_its_owner_alone_and_no_draft_is_left(tmp_path: Path) -> None:
    Pseudonyms(tmp_path / "salt")
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["salt"]


def test_of_many_who_make_the_salt_at_once_all_get_the_same(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    found: list[str] = []

    def make() -> None:
        barrier.wait()
        found.append(Pseudonyms(tmp_path / "salt").of("ann"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["salt"]


@pytest.mark.parametrize("salt", [b"", b"short", b"x" * 33])
def test_a_salt_that_is_not_what_was_written_is_refused_and_left(tmp_path: Path, salt: bytes) -> None:
    (tmp_path / "salt").write_bytes(salt)
    with pytest.raises(SaltError, match=rf"has {len(salt)} bytes, not 32: restore it, or delete it"):
        Pseudonyms(tmp_path / "salt")
    assert (tmp_path / "salt").read_bytes() == salt


def test_a_salt_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("a file")
    with pytest.raises(SaltError, match=r"letter.salt cannot be read or made"):
        Pseudonyms(tmp_path / "letter" / "salt")
    (tmp_path / "salt").mkdir()
    with pytest.raises(SaltError, match="cannot be read or made"):
        Pseudonyms(tmp_path / "salt")
