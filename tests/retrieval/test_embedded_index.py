"""What only the embedded index promises: damage is refused, and no crash costs the generation that answers."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import build_and_die
import faiss
import numpy as np
import pytest
from build_and_die import NEW, OLD, open_store

from retrieval.errors import IndexDamaged, IndexForeign, IndexMissing
from retrieval.files import size_and_sha256
from retrieval.index.dense import DenseIndex
from retrieval.index.embedded import EmbeddedGenerations, EmbeddedIndex, EmbeddedIndexStore
from retrieval.index.generations import current_number, withdraw
from retrieval.index.lexical import LexicalIndex
from retrieval.index.manifest import SCHEMA
from retrieval.index.port import IndexedPassage
from retrieval.index.table import PassageTable

AXES = np.eye(2, dtype=np.float32)


def fill(store: EmbeddedIndexStore) -> None:
    with store.begin() as writer:
        writer.add([IndexedPassage(number, f"article-{number}", "", OLD) for number in (1, 2)], AXES)
        writer.publish()


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine") / "index"
    fill(open_store(folder))
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """An index of one generation, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "index"))


@pytest.fixture
def generation(folder: Path) -> Path:
    return folder / "000001"


def holds(index: EmbeddedIndex, word: str, ids: list[int]) -> bool:
    dense = sorted(match.passage_id for match in index.search_dense(AXES[0], 9))
    lexical = sorted(match.passage_id for match in index.search_lexical(f"{OLD} {NEW}", 9))
    return dense == lexical == ids and index.document_frequencies([word]) == [len(ids)]


def assert_refused(folder: Path, error: type[Exception], message: str) -> None:
    """It is neither read nor built upon, and can be made anew."""
    store = open_store(folder)
    with pytest.raises(error, match=message):
        store.current()
    with pytest.raises(error, match=message):
        store.begin()
    with store.begin(fresh=True) as writer:
        build_and_die.change(writer)
        writer.publish()
    assert holds(store.current(), NEW, [3, 4, 5])


# Damage


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def change_a_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def change_a_byte_and_the_time(file: Path) -> None:
    before = file.stat()
    change_a_byte(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


@pytest.mark.parametrize("damage", [cut_short, change_a_byte, change_a_byte_and_the_time, lengthen, Path.unlink])
def test_any_damaged_file_is_refused(generation: Path, damage: Callable[[Path], None]) -> None:
    names = list(json.loads((generation / "manifest.json").read_text(encoding="utf-8"))["files"])
    assert {"dense.faiss", "passages.npz", "articles.json", "lexical/meta.json"} < set(names)
    store = open_store(generation.parent)
    for name in names:
        file = generation / name
        data = file.read_bytes()
        store.current()  # found whole, and noted so
        damage(file)
        for refused in (store.current, store.begin):
            with pytest.raises(IndexDamaged, match=r"--rebuild") as raised:
                refused()
            assert str(file) in str(raised.value)
        file.write_bytes(data)
    assert holds(store.current(), OLD, [1, 2])


def test_what_was_found_whole_is_read_again_only_before_it_is_built_upon(generation: Path) -> None:
    store = open_store(generation.parent)
    store.current()
    file, seen = generation / "articles.json", generation / "seen.json"
    file.write_bytes(file.read_bytes().replace(b"article-2", b"article-9"))
    looks = json.loads(seen.read_text(encoding="utf-8"))
    now = file.stat()
    looks["articles.json"] = [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino]
    seen.write_text(json.dumps(looks), encoding="utf-8")
    assert store.current().known_articles(["article-9"])
    with pytest.raises(IndexDamaged, match=r"articles\.json has changed"):
        store.begin()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"dense.faiss": null}'])
def test_a_note_that_is_broken_is_made_anew(generation: Path, note: str) -> None:
    store = open_store(generation.parent)
    (generation / "seen.json").write_text(note, encoding="utf-8")
    assert holds(store.current(), OLD, [1, 2])
    assert json.loads((generation / "seen.json").read_text(encoding="utf-8"))["dense.faiss"]


def test_an_index_can_be_opened_again_and_again(folder: Path) -> None:
    for _ in range(3):
        assert holds(open_store(folder).current(), OLD, [1, 2])


def test_words_are_counted_anew_once_passages_come_or_go(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path)
    for number in (1, 2, 3):
        index.add([IndexedPassage(number, "a", "", "The summit ended.")])
        index.commit()
        assert index.document_frequencies(["summit", "summits", "pact"]) == [number, number, 0]
    index.remove([2])
    index.commit()
    assert index.document_frequencies(["summit"]) == [2]


def edited(**changes: object) -> Callable[[dict[str, object]], object]:
    return lambda manifest: manifest | changes


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "\x00\xff",
        lambda _: None,
        lambda _: [],
        lambda _: {},
        lambda _: {"schema": SCHEMA},
        edited(info="none"),
        edited(info=[]),
        edited(info={"horizon": None}),
        edited(files=[]),
        edited(files="none"),
        edited(files={"dense.faiss": 1}),
        lambda manifest: edited(info=manifest["info"] | {"colour": "red"})(manifest),
        lambda manifest: edited(info={k: v for k, v in manifest["info"].items() if k != "encoder"})(manifest),
    ],
)
def test_a_broken_manifest_is_refused(generation: Path, broken: str | Callable[[object], object]) -> None:
    file = generation / "manifest.json"
    if isinstance(broken, str):
        file.write_bytes(broken.encode("latin-1"))
    else:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(broken(manifest)), encoding="utf-8")
    assert_refused(generation.parent, IndexDamaged, r"manifest\.json.*--rebuild")


def test_a_missing_manifest_is_refused(generation: Path) -> None:
    (generation / "manifest.json").unlink()
    assert_refused(generation.parent, IndexDamaged, r"manifest\.json")


def test_a_newer_layout_is_refused(generation: Path) -> None:
    file = generation / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({"schema": SCHEMA + 1, "whatever": manifest["info"]}), encoding="utf-8")
    assert_refused(generation.parent, IndexForeign, f"layout {SCHEMA + 1}.*reads {SCHEMA}")


def test_an_index_of_another_encoder_is_refused(folder: Path) -> None:
    other = EmbeddedIndexStore(folder, "another-encoder", 3)
    for refused in (other.current, other.begin):
        with pytest.raises(IndexForeign, match=f"{build_and_die.ENCODER}.*another-encoder.*--rebuild"):
            refused()
    with other.begin(fresh=True) as writer:
        writer.add([IndexedPassage(1, "a", "", "pact")], np.eye(3, dtype=np.float32)[:1])
        writer.publish()
    assert (other.current().info.dimension, other.current().info.number) == (3, 2)


def test_whatever_encoder_made_an_index_it_can_be_looked_into(folder: Path, tmp_path: Path) -> None:
    assert EmbeddedGenerations(folder, None).current().info.encoder == build_and_die.ENCODER
    with pytest.raises(IndexMissing):
        EmbeddedGenerations(tmp_path / "nowhere", None).current()


@pytest.mark.parametrize("content", [b"", b"\n", b"latest", b"-1", b"1.0", b"\xff\x00", b"1 2", b"7"])
def test_a_broken_pointer_is_refused(folder: Path, content: bytes) -> None:
    (folder / "CURRENT").write_bytes(content)
    assert_refused(folder, IndexDamaged, r"--rebuild")


def test_a_folder_without_pointer_holds_no_index(folder: Path) -> None:
    (folder / "CURRENT").unlink()
    assert current_number(folder) is None
    with pytest.raises(IndexMissing, match="backchannel index"):
        open_store(folder).current()


def test_a_generation_of_the_first_layout_answers_and_is_built_upon(folder: Path, generation: Path) -> None:
    ids = faiss.IndexIDMap2(faiss.IndexScalarQuantizer(2, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT))
    ids.add_with_ids(AXES, np.array([1, 2]))  # type: ignore[call-arg]
    faiss.write_index(ids, str(generation / "dense.faiss"))
    manifest = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
    manifest["schema"] = 1
    manifest["files"]["dense.faiss"] = size_and_sha256(generation / "dense.faiss")
    (generation / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    store = open_store(folder)
    assert holds(store.current(), OLD, [1, 2])
    with store.begin() as writer:
        writer.add([IndexedPassage(3, "article-3", "", OLD)], AXES[:1])
        writer.publish()
    assert holds(store.current(), OLD, [1, 2, 3])
    assert store.current().vectors([3, 2, 1]).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert json.loads((store.folder_of(2) / "manifest.json").read_text(encoding="utf-8"))["schema"] == SCHEMA


def test_parts_that_do_not_belong_together_are_found(folder: Path) -> None:
    store = open_store(folder)
    with store.begin() as writer:
        build_and_die.change(writer)
        writer.publish()
    old, new = store.folder_of(1), store.folder_of(2)
    info = store.current().info
    parts = [DenseIndex.load(new), LexicalIndex(new / "lexical"), PassageTable.load(new)]
    EmbeddedIndex(info, *parts).verify()
    strangers = [DenseIndex.load(old), LexicalIndex(old / "lexical"), PassageTable.load(old)]
    for at, stranger in enumerate(strangers):
        mixed = [stranger if place == at else part for place, part in enumerate(parts)]
        with pytest.raises(IndexDamaged, match=r"\[2, 3\]"):
            EmbeddedIndex(info, *mixed).verify()


# Publishing


def generations(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in {"CURRENT", "leases"})


def publish_nothing(store: EmbeddedIndexStore) -> None:
    with store.begin() as writer:
        writer.publish()
    store.clean_up()


def test_two_generations_are_kept(folder: Path) -> None:
    store = open_store(folder)
    for number in range(2, 6):
        publish_nothing(store)
        assert generations(folder) == [f"{number - 1:06}", f"{number:06}"]


READ = """
import sys
from pathlib import Path
from build_and_die import open_store
index = open_store(Path(sys.argv[1])).current()
print(index.info.number, flush=True)
sys.stdin.read()
"""


def test_a_generation_is_kept_as_long_as_another_process_reads_it_and_no_longer_when_that_is_killed(
    folder: Path,
) -> None:
    store = open_store(folder)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "1\n"
        for _ in range(3):
            publish_nothing(store)
        assert generations(folder) == ["000001", "000003", "000004"]
        reader.kill()
        reader.wait()
    publish_nothing(store)
    assert generations(folder) == ["000004", "000005"]
    assert list((folder / "leases").glob("*.lease")) == []


def test_a_generation_that_was_named_but_never_current_does_not_push_the_current_one_out(folder: Path) -> None:
    store = open_store(folder)
    for name in ("000002", "000003"):
        shutil.copytree(folder / "000001", folder / name)
    assert store.clean_up() == 1
    assert holds(store.current(), OLD, [1, 2])


@pytest.mark.parametrize(
    "damage", ["CURRENT", *(f"000002/{n}" for n in ("manifest.json", "dense.faiss", "articles.json"))]
)
def test_the_generation_before_stands_in_for_a_damaged_one(folder: Path, damage: str) -> None:
    store = open_store(folder)
    with store.begin() as writer:
        build_and_die.change(writer)
        writer.publish()
    cut_short(folder / damage)
    (folder / "CURRENT").write_text("" if damage == "CURRENT" else "2")
    with pytest.raises(IndexDamaged):
        store.current()
    good = store.last_good()
    assert good is not None
    assert good.info.number == (2 if damage == "CURRENT" else 1)
    assert EmbeddedIndexStore(folder, "another-encoder", 3).last_good() is None


def test_the_pointer_never_goes_astray_while_generations_are_published(folder: Path) -> None:
    seen: list[int | None] = []
    done = Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(current_number(folder))
        seen.append(current_number(folder))

    watcher = Thread(target=watch)
    watcher.start()
    store = open_store(folder)
    for _ in range(5):
        with store.begin() as writer:
            writer.publish()
    done.set()
    watcher.join()
    assert None not in seen
    assert seen == sorted(seen)
    assert seen[-1] == 6


def test_an_opened_generation_answers_after_its_files_are_gone(folder: Path) -> None:
    store = open_store(folder)
    opened = store.current()
    for _ in range(3):
        with store.begin(fresh=True) as writer:
            build_and_die.change(writer)
            writer.publish()
    shutil.rmtree(store.folder_of(1))
    assert holds(opened, OLD, [1, 2])
    assert holds(store.current(), NEW, [3, 4, 5])


# Crashes

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")


def run_arguments(*arguments: object) -> list[str]:
    return [sys.executable, build_and_die.__file__, *map(str, arguments)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@posix
def test_a_build_killed_at_any_point_costs_nothing(folder: Path, tmp_path: Path) -> None:
    with open_store(folder).begin() as writer:
        assert writer.publish().number == 2
    out = tmp_path / "killed"
    out.mkdir()
    subprocess.run(run_arguments(folder, out, 3), env=environment(), check=True, timeout=300)
    (lived,) = out.glob("*.lived")
    killed = [path for path in out.iterdir() if path.is_dir() and path.name != lived.stem]
    assert len(killed) > 20
    outcomes = set()
    for copy in killed:
        store = open_store(copy)
        number = store.current_number()
        outcomes.add((number, store.folder_of(3).exists()))
        ids, word = ([1, 2], OLD) if number == 2 else ([3, 4, 5], NEW)
        assert holds(store.current(), word, ids)
        with store.begin() as writer:
            writer.add([IndexedPassage(9, "article-9", "", word)], AXES[:1])
            assert writer.publish().number > number
        assert holds(store.current(), word, [*ids, 9])
        store.clean_up()
        assert len(generations(copy)) == 2
    # Killed while building, between the folder's new name and the pointer's, and while cleaning up.
    assert outcomes == {(2, False), (2, True), (3, True)}


@posix
def test_a_build_killed_from_outside_costs_nothing(folder: Path) -> None:
    with subprocess.Popen(run_arguments(folder), env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "added\n"
        assert list(folder.glob("*.building"))
        process.kill()
    assert process.returncode == -signal.SIGKILL
    store = open_store(folder)
    assert holds(store.current(), OLD, [1, 2])
    with store.begin() as writer:
        build_and_die.change(writer)
        writer.publish()
    assert holds(store.current(), NEW, [3, 4, 5])
    assert not list(folder.glob("*.building"))


def test_what_was_withdrawn_neither_answers_nor_stands_in_nor_is_built_upon(folder: Path) -> None:
    withdraw(folder)
    store = open_store(folder)
    assert (current_number(folder), store.last_good()) == (None, None)
    with store.begin() as writer:
        build_and_die.change(writer)
        writer.publish()
    assert holds(store.current(), NEW, [3, 4, 5])
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["000001", "leases"]
