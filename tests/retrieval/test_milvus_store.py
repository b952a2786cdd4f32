"""What the contract of an index leaves to the one on a Milvus server."""

import datetime as dt
import logging
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest

from retrieval.encoders.port import Vectors
from retrieval.errors import IndexDamaged, IndexForeign, IndexMissing, IndexUnavailable, IndexUnwritable
from retrieval.index.milvus.index import NO_WORDS
from retrieval.index.milvus.records import Record, Records
from retrieval.index.milvus.server import Access, MilvusServer, Shape
from retrieval.index.milvus.store import MilvusGenerations, MilvusIndexStore, MilvusPlace
from retrieval.index.port import GenerationInfo, Index, IndexedPassage
from retrieval.types import Filters, Horizon
from tests.retrieval.milvus_stores import AT_ONCE, Wordless, lite, location, place

ENCODER = "two-dimensional"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def lying(tmp_path: Path) -> MilvusPlace:
    return place(lite(), tmp_path)


def opened(lying: MilvusPlace, grace: dt.timedelta = AT_ONCE, encoder: str = ENCODER, **shape: int) -> MilvusIndexStore:
    return MilvusIndexStore(lying, encoder, 2, Shape(**shape), grace)


def east(count: int = 1) -> Vectors:
    return np.tile(np.array([1, 0], dtype=np.float32), (count, 1))


def publish(store: MilvusIndexStore, number: int, source: str = "Wire") -> Index:
    with store.begin() as writer:
        writer.add([IndexedPassage(number, f"article-{number}", "", "the summit", source)], east())
        writer.publish()
    return store.current()


def collections(lying: MilvusPlace) -> list[str]:
    return sorted(name for name in lying.server.collections() if name.startswith(f"{lying.name}_0"))


# Generations


def test_what_was_never_finished_is_removed_by_the_next_run(lying: MilvusPlace) -> None:
    publish(opened(lying), 1)
    left = opened(lying).begin()
    left.add([IndexedPassage(2, "b", "", "")], east())
    assert len(collections(lying)) == 2
    assert opened(lying).clean_up() == 1
    assert len(collections(lying)) == 1
    opened(lying).begin()
    assert publish(opened(lying), 3).passage_ids().tolist() == [1, 3]
    assert len(collections(lying)) == 2


class Cut(Exception):
    pass


class CutBeforeTheFlip(MilvusServer):
    """A server that is never heard of again when an alias shall change."""

    def point(self, alias: str, collection: str) -> None:
        raise Cut


def test_a_crash_before_the_flip_changes_nothing(tmp_path: Path) -> None:
    lying = place(lite(), tmp_path)
    publish(opened(lying), 1)
    dying = CutBeforeTheFlip(lying.server.location)
    writer = opened(MilvusPlace(dying, lying.name, lying.words)).begin()
    writer.add([IndexedPassage(2, "b", "", "")], east())
    with pytest.raises(Cut):
        writer.publish()
    assert opened(lying).current_number() == 1
    assert opened(lying).current().passage_ids().tolist() == [1]
    assert publish(opened(lying), 3).passage_ids().tolist() == [1, 3]


def test_a_generation_is_left_for_the_grace_after_its_successor_came(lying: MilvusPlace) -> None:
    patient = opened(lying, dt.timedelta(hours=1))
    for number in range(1, 5):
        publish(patient, number).close()
    assert patient.clean_up() == 1
    assert len(collections(lying)) == 4
    assert opened(lying).clean_up() == 3
    assert len(collections(lying)) == 2


def test_the_generation_that_may_have_to_stand_in_is_loaded_when_it_does(lying: MilvusPlace) -> None:
    for number in (1, 2):
        publish(opened(lying), number).close()
    assert opened(lying).clean_up() == 1
    stands_in = opened(lying).last_good(before=2)
    assert stands_in is not None
    assert [match.passage_id for match in stands_in.search_dense(east()[0], 9)] == [1]


def test_of_two_runs_at_once_the_later_is_refused(lying: MilvusPlace) -> None:
    publish(opened(lying), 1)
    first = opened(lying).begin(fresh=True)
    # Another machine, that does not know of the first: nothing is swept.
    lying.server.create(f"{lying.name}_00000009_0123abcd", 2, Shape(), words=True)
    Records(lying.server, lying.name).note(
        f"{lying.name}_00000009_0123abcd", Record(GenerationInfo(9, "", ENCODER, 2, 0, Horizon(0, None, None)), {}, 0)
    )
    lying.server.point(lying.name, f"{lying.name}_00000009_0123abcd")
    first.add([IndexedPassage(2, "b", "", "")], east())
    with pytest.raises(IndexUnwritable, match="another run has published"), first:
        first.publish()
    assert opened(lying).current_number() == 9


def test_an_alias_of_somebody_else_is_left_alone(lying: MilvusPlace) -> None:
    lying.server.create(f"{lying.name}_theirs", 2, Shape(), words=False)
    lying.server.point(lying.name, f"{lying.name}_theirs")
    for refused in (opened(lying).current_number, opened(lying).begin, lambda: opened(lying).begin(fresh=True)):
        with pytest.raises(IndexForeign, match="BACKCHANNEL_MILVUS_NAME"):
            refused()
    assert lying.server.target(lying.name) == f"{lying.name}_theirs"


def test_another_encoder_is_refused_with_the_way_out(lying: MilvusPlace) -> None:
    publish(opened(lying), 1)
    other = opened(lying, encoder="another")
    for refused in (other.current, other.begin):
        with pytest.raises(IndexForeign, match=f"{ENCODER}.*another.*--rebuild"):
            refused()
    assert other.last_good() is None
    assert MilvusGenerations(lying, None).current().info.encoder == ENCODER
    with other.begin(fresh=True) as writer:
        writer.publish()
    assert other.current().info.number == 2


def test_a_generation_that_lost_passages_is_told_and_the_one_before_stands_in(lying: MilvusPlace) -> None:
    publish(opened(lying), 1)
    publish(opened(lying), 2)
    lying.server.delete(collections(lying)[-1], "id in [2]")
    with pytest.raises(IndexDamaged, match=r"holds 1 of 2 passages.*--rebuild"):
        opened(lying).current()
    good = opened(lying).last_good()
    assert good is not None
    assert good.info.number == 1


def test_a_collection_of_a_newer_version_is_refused_and_kept(lying: MilvusPlace) -> None:
    publish(opened(lying), 1)
    (collection,) = collections(lying)
    records = Records(lying.server, lying.name)
    records.forget(collection)
    lying.server.insert(
        f"{lying.name}_generations", [{"key": f"{collection}/000000", "text": '{"layout": 2}', "vector": [1, 0]}]
    )
    with pytest.raises(IndexForeign, match=r"layout 2.*--rebuild"):
        opened(lying).current()
    opened(lying).clean_up()
    assert collections(lying) == [collection]
    records.forget(collection)
    lying.server.insert(f"{lying.name}_generations", [{"key": f"{collection}/0", "text": "{", "vector": [1, 0]}])
    with pytest.raises(IndexDamaged, match="--rebuild"):
        opened(lying).current()


def test_so_many_outlets_as_no_field_holds_are_known(lying: MilvusPlace) -> None:
    store = opened(lying)
    count = 1500
    sources = [f"{'outlet ' * 8}{number}" for number in range(count)]
    with store.begin() as writer:
        writer.add([IndexedPassage(n, f"article-{n}", "", "", source) for n, source in enumerate(sources)], east(count))
        writer.publish()
    assert dict(store.current().sources()) == dict.fromkeys(sources, 1)


def test_partitions_by_source_keep_what_they_should(lying: MilvusPlace) -> None:
    store = opened(lying, partitions=3)
    with store.begin() as writer:
        passages = [IndexedPassage(n, f"article-{n}", "", "summit", f"outlet-{n % 5}") for n in range(50)]
        writer.add(passages, east(50))
        writer.delete([5])
        writer.publish()
    index = publish(store, 100, "outlet-0")
    only = Filters(sources=frozenset({"outlet-0"}))
    for matches in (index.search_dense(east()[0], 99, only), index.search_lexical("summit", 99, only)):
        assert sorted(m.passage_id for m in matches) == [0, *range(10, 50, 5), 100]


def test_milvus_lite_is_opened_again_by_the_next_process(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from tests.retrieval.test_milvus_store import *
there = MilvusPlace(MilvusServer(location("milvus+lite://{tmp_path}/lite.db")), "news", Path("{tmp_path}/words"))
print(*publish(opened(there), int(sys.argv[1])).passage_ids())
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code, number], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for number in "12"
    ]
    assert said == ["1\n", "1 2\n"]


# Words


def test_without_words_anywhere_it_searches_by_meaning_and_says_so(tmp_path: Path) -> None:
    made = place(lite(Wordless), tmp_path / "one")
    with opened(made).begin() as writer:
        writer.add([IndexedPassage(n, f"a{n}", "", "the summit") for n in (1, 2, 3)], east(3))
        writer.publish()
    assert opened(made).current().shortcoming == ""
    elsewhere = MilvusPlace(made.server, made.name, tmp_path / "two")
    index = opened(elsewhere).current()
    assert index.shortcoming == NO_WORDS
    assert index.search_lexical("summit", 9) == []
    assert index.document_frequencies(["summit", "the", "pact"]) == [1, 3, 1]
    assert [match.passage_id for match in index.search_dense(east()[0], 9)] == [1, 2, 3]


def test_who_builds_on_an_index_without_words_is_warned_and_a_rebuild_has_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = place(lite(Wordless), tmp_path / "one")
    publish(opened(made), 1)
    elsewhere = MilvusPlace(made.server, made.name, tmp_path / "two")
    with caplog.at_level(logging.WARNING):
        assert publish(opened(elsewhere), 2).shortcoming == NO_WORDS
    assert NO_WORDS in caplog.messages
    with opened(elsewhere).begin(fresh=True) as writer:
        writer.add([IndexedPassage(1, "a", "", "the summit")], east())
        writer.publish()
    assert [match.passage_id for match in opened(elsewhere).current().search_lexical("summit", 9)] == [1]


def test_words_in_the_folder_go_with_their_collections(tmp_path: Path) -> None:
    made = place(lite(Wordless), tmp_path)
    for number in range(1, 5):
        publish(opened(made), number).close()
    opened(made).clean_up()
    assert sorted(folder.name for folder in made.words.iterdir()) == collections(made)


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    made = place(lite(Wordless), tmp_path)
    made.words.write_text("a file")
    with pytest.raises(IndexUnwritable, match=f"{made.words} cannot be written"):
        opened(made).begin()
    assert collections(made) == []


def test_a_server_that_learned_to_search_words_needs_a_rebuild(tmp_path: Path) -> None:
    old = place(lite(Wordless), tmp_path)
    publish(opened(old), 1)
    new = MilvusPlace(MilvusServer(old.server.location), old.name, old.words)
    with pytest.raises(IndexForeign, match=r"searched words otherwise.*--rebuild"):
        opened(new).begin()
    assert opened(new).current().search_lexical("summit", 9) != []


# Servers that do not answer


def test_a_server_that_cannot_be_reached_is_told_in_one_line_without_the_token(tmp_path: Path) -> None:
    server = MilvusServer(location("milvus+http://127.0.0.1:9/news"), Access("root:secret", timeout=2))
    store = opened(MilvusPlace(server, "news", tmp_path))
    for refused in (store.current_number, store.current, store.begin, store.clean_up, store.last_good, store.withdraw):
        with pytest.raises(IndexUnavailable, match=r"milvus\+http://127\.0\.0\.1:9/news.*BACKCHANNEL_INDEX") as error:
            refused()
        assert "\n" not in str(error.value)
        assert "secret" not in str(error.value)


class _Late(grpc.RpcError):
    def __str__(self) -> str:
        return "Deadline\nExceeded"


class _Slow:
    def list_collections(self, timeout: float) -> list[str]:
        raise _Late


class SlowServer(MilvusServer):
    """A server that does not answer in time."""

    def _client(self) -> object:
        return _Slow()


def test_a_server_that_answers_too_late_is_told_in_one_line() -> None:
    with pytest.raises(IndexUnavailable, match="Deadline Exceeded") as error:
        SlowServer(location("milvus+http://127.0.0.1:9")).collections()
    assert "\n" not in str(error.value)


def test_without_its_notes_the_generation_that_answers_is_not_swept_away(tmp_path: Path) -> None:
    # They are waited for, as long as an answer may take: a query node that is not ready has none either.
    lying = place(MilvusServer(lite().location, Access(timeout=2)), tmp_path)
    publish(opened(lying), 1)
    (collection,) = collections(lying)
    lying.server.drop(f"{lying.name}_generations")
    opened(lying).begin(fresh=True)
    assert collection in collections(lying)
    with pytest.raises(IndexDamaged, match="--rebuild"):
        opened(lying).current()


def test_a_store_without_notes_has_nothing(lying: MilvusPlace) -> None:
    assert (opened(lying).last_good(), opened(lying).clean_up()) == (None, None)
    with pytest.raises(IndexMissing, match="backchannel index"):
        opened(lying).current()


def test_without_pymilvus_the_way_to_it_is_named(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
sys.modules["pymilvus"] = None
from retrieval.errors import IndexUnavailable
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import MilvusServer
try:
    MilvusServer(MilvusLocation.parse("milvus+http://localhost:19530")).collections()
except IndexUnavailable as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.count("\n") == 1
    assert "pip install backchannel[milvus]" in ran.stdout


def test_the_client_library_changes_no_environment_and_says_nothing(tmp_path: Path) -> None:
    code = f"""
import os
before = dict(os.environ)
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import MilvusServer
server = MilvusServer(MilvusLocation.parse("milvus+lite://{tmp_path}/lite.db"))
assert server.target("nothing") is None
assert dict(os.environ) == before
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
