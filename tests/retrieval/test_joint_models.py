from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.openvino import OpenVinoEncoder
from retrieval.encoders.options import Backend, Precision
from retrieval.errors import ExportImpossible, RetrievalError
from retrieval.joint.inputs import Inputs, SpecialTokens
from retrieval.joint.models import OpenVinoJointModel, TorchJointModel, example, judged, load_joint_model, quantized
from retrieval.joint.reader import JointReader
from retrieval.joint.representations import Representations, text_key
from retrieval.joint.weights import SHIPPED, Card, graph_folder, packed, unpacked, write, write_graphs
from retrieval.mixed_reader import MixedReader
from retrieval.passages import encoder_inputs
from retrieval.reader import MaxSimReader
from retrieval.types import Article, Passage
from tests.retrieval.joint_fake import alike

TEXT = "Oil fell to 70 dollars on Tuesday. Envoys of India met the president in Moscow on 9 July 2024. Nobody spoke."
PASSAGE = Passage(1, Article("a", TEXT, "A visit"), 0, len(TEXT))


# Weights


def arrays() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "layers.weight": random.normal(size=(40, 30)).astype(np.float32),
        "layers.bias": random.normal(size=40).astype(np.float32),
        "answer.weight": random.normal(size=(1, 40)).astype(np.float32),
    }


def test_packed_weights_are_small_and_near_what_they_were() -> None:
    before = arrays()
    small = packed(before)
    assert small["layers.weight"].dtype == np.int8
    after = unpacked(small)
    assert set(after) == set(before)
    for name, value in before.items():
        assert after[name].shape == value.shape
        assert np.abs(after[name] - value).max() <= np.abs(value).max() / 127


def test_a_row_of_zeros_stays_one() -> None:
    zeros = {"layers.weight": np.zeros((40, 30), dtype=np.float32)}
    assert not unpacked(packed(zeros))["layers.weight"].any()


def test_weights_are_read_as_written(tmp_path: Path) -> None:
    card = write(arrays(), 254, tmp_path / "reader.json")
    assert card.longest == 254
    found = Card.load(tmp_path / "reader.json").read()
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in unpacked(packed(arrays())).items()
    }


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    card = write(arrays(), 254, tmp_path / "reader.json")
    with card.weights.open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(RetrievalError, match=r"sha256.*reinstall"):
        card.read()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights": 3}'])
def test_a_broken_card_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "reader.json").write_text(content, encoding="utf-8")
    with pytest.raises(RetrievalError, match="reinstall") as raised:
        Card.load(tmp_path / "reader.json")
    assert "\n" not in str(raised.value)


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    value = {"weights": "absent.npz", "sha256": "0", "longest": 254}
    (tmp_path / "reader.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(RetrievalError, match=r"absent\.npz"):
        Card.load(tmp_path / "reader.json").read()


def test_the_shipped_weights_are_sound_and_at_most_40_megabytes() -> None:
    found = Card.load(SHIPPED).read()
    assert all(np.isfinite(value).all() for value in found.values())
    assert SHIPPED.with_suffix(".npz").stat().st_size <= 40_000_000


# The network


@pytest.fixture(scope="module")
def reference() -> TorchJointModel:
    return TorchJointModel(Card.load(), Precision.FLOAT32)


@pytest.mark.model
def test_a_text_alone_is_read_as_the_packaged_encoder_reads_it(reference: TorchJointModel) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    from retrieval.encoders.models import packaged_folder

    model = SentenceTransformer(str(packaged_folder()), device="cpu", local_files_only=True)
    features = model.preprocess(["Envoys met in Moscow.", "Nobody spoke."])
    mask = features["attention_mask"].bool()
    with torch.no_grad():
        read = model[0].auto_model(
            input_ids=features["input_ids"], attention_mask=features["attention_mask"], output_hidden_states=True
        )
    states, vectors = reference.represent(features["input_ids"].numpy(), mask.numpy())
    for found, expected in ((states, read.hidden_states[reference.network.shape.apart]), (vectors, read[0])):
        assert np.allclose(found[mask], expected[mask], atol=1e-4)


@pytest.mark.model
def test_padding_changes_nothing(reference: TorchJointModel) -> None:
    inputs = example(reference.tokenizer)
    tokens, null = judged(reference, inputs)
    wider = Inputs(*(np.pad(getattr(inputs, n), [(0, 0), (0, 5), (0, 0)][: getattr(inputs, n).ndim]) for n in FIELDS))
    more_tokens, more_null = judged(reference, wider)
    width = inputs.passage_ids.shape[1]
    assert np.allclose(tokens[inputs.passage_mask], more_tokens[:, :width][inputs.passage_mask], atol=1e-3)
    assert np.allclose(null, more_null, atol=1e-3)


FIELDS = tuple(Inputs.__dataclass_fields__)


@pytest.mark.model
def test_openvino_reads_as_torch_does(reference: TorchJointModel, tmp_path: Path) -> None:
    exported = load_joint_model(Precision.FLOAT32, Backend.OPENVINO, tmp_path)
    assert isinstance(exported, OpenVinoJointModel)
    assert exported.special == reference.special == SpecialTokens(101, 102, 0)
    question = "Where did the envoys meet the president?"
    one, other = (
        JointReader(Representations(model)).read(question, [PASSAGE], alike)[0] for model in (reference, exported)
    )
    assert one.score == pytest.approx(other.score, abs=0.02)
    assert [span for span, _ in one.sentences] == [span for span, _ in other.sentences]


@pytest.mark.model
def test_an_export_is_found_again_and_made_anew_where_it_is_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_joint_model(Precision.FLOAT32, Backend.OPENVINO, tmp_path)
    (graph,) = tmp_path.glob("*/together.bin")
    made = graph.stat().st_mtime_ns
    load_joint_model(Precision.FLOAT32, Backend.OPENVINO, tmp_path)
    assert graph.stat().st_mtime_ns == made
    with graph.open("r+b") as stream:
        stream.write(b"damaged")
    with caplog.at_level(logging.WARNING):
        load_joint_model(Precision.FLOAT32, Backend.OPENVINO, tmp_path)
    assert "is damaged" in caplog.text
    assert graph.read_bytes()[:7] != b"damaged"


@pytest.mark.model
def test_torch_reads_where_it_is_asked_to(tmp_path: Path) -> None:
    assert isinstance(load_joint_model(Precision.FLOAT32, Backend.TORCH, tmp_path), TorchJointModel)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def in_eight_bits() -> OpenVinoJointModel:
    try:
        return quantized(Card.load())
    except ExportImpossible as error:
        pytest.skip(f"the shipped graphs are not run here: {error}")


@pytest.mark.model
def test_in_eight_bits_it_reads_nearly_as_in_full(
    reference: TorchJointModel, in_eight_bits: OpenVinoJointModel
) -> None:
    for question in ("Where did the envoys meet the president?", "What did oil cost on Tuesday?"):
        one, other = (
            JointReader(Representations(model)).read(question, [PASSAGE], alike)[0]
            for model in (reference, in_eight_bits)
        )
        assert one.score == pytest.approx(other.score, abs=1.0)
        assert one.sentences[0][0] == other.sentences[0][0]


@pytest.mark.model
def test_eight_bits_are_read_unless_another_precision_is_asked_for(
    in_eight_bits: OpenVinoJointModel, exported_models: Path
) -> None:
    chosen = {precision: load_joint_model(precision, Backend.AUTO, exported_models) for precision in Precision}
    graphs = {precision: model.graphs for precision, model in chosen.items() if isinstance(model, OpenVinoJointModel)}
    assert graphs[Precision.AUTO] == in_eight_bits.graphs
    assert graphs[Precision.FLOAT32].is_relative_to(exported_models)


@pytest.mark.model
def test_a_processor_that_computes_eight_bits_otherwise_gets_an_export(
    in_eight_bits: OpenVinoJointModel, exported_models: Path
) -> None:
    card = Card.load()
    otherwise = replace(card, probe=tuple(logit + 3 for logit in card.probe))
    with pytest.raises(ExportImpossible, match=r"differ .* by [23]\.\d"):
        quantized(otherwise)
    model = load_joint_model(Precision.AUTO, Backend.AUTO, exported_models, otherwise)
    assert isinstance(model, OpenVinoJointModel)
    assert model.graphs.is_relative_to(exported_models)


def test_altered_graphs_are_refused(tmp_path: Path) -> None:
    weights = write(arrays(), 254, tmp_path / "reader.json").weights
    folder = graph_folder(weights)
    folder.mkdir()
    (folder / "alone.bin").write_bytes(b"as it was")
    card = write_graphs(Card.load(tmp_path / "reader.json"), [0.5, -2.0], tmp_path / "reader.json")
    assert (card.graph_folder(), card.probe, list(card.graphs)) == (folder, (0.5, -2.0), ["alone.bin"])
    (folder / "alone.bin").write_bytes(b"damaged")
    with pytest.raises(RetrievalError, match=r"alone.bin has sha256.*reinstall"):
        card.graph_folder()
    (folder / "alone.bin").unlink()
    with pytest.raises(RetrievalError, match=r"cannot be read.*reinstall"):
        card.graph_folder()


def test_new_weights_have_no_graphs(tmp_path: Path) -> None:
    card = write(arrays(), 254, tmp_path / "reader.json")
    graph_folder(card.weights).mkdir()
    assert write_graphs(card, [0.5], tmp_path / "reader.json").probe
    assert not write(arrays(), 254, tmp_path / "reader.json").probe


@pytest.mark.model
def test_it_marks_the_sentence_that_answers(reference: TorchJointModel) -> None:
    reader = JointReader(Representations(reference))
    (reading,) = reader.read("Where did the envoys of India meet the president?", [PASSAGE], alike)
    (other,) = reader.read("Who won the football match in Madrid?", [PASSAGE], alike)
    assert "Moscow" in reading.sentences[0][0].of(TEXT)
    assert reading.score > other.score


# Which reader reads


def test_beside_an_encoder_that_is_given_that_encoder_reads(tmp_path: Path) -> None:
    app = Application(Settings(data_dir=tmp_path, _env_file=None), encoder=FakeEncoder())
    assert isinstance(app.reader, MaxSimReader)
    assert app.parameters.calibration == app.parameters.untrained


@pytest.mark.model
def test_the_encoder_gives_out_on_the_way_what_the_network_makes_of_a_passage(
    reference: TorchJointModel, exported_models: Path
) -> None:
    encoder = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, exported_models)
    assert isinstance(encoder, OpenVinoEncoder)
    texts = [TEXT, "Oil fell.", "", "The ministers welcomed the report. " * 80]
    made = encoder.represent_passages(texts)
    assert np.array_equal(made.vectors, encoder.encode_passages(texts))
    assert np.array_equal(encoder.represent_query(TEXT).vectors, encoder.encode_queries([TEXT]))
    assert np.allclose(encoder.encode_queries([TEXT, TEXT])[1:], encoder.encode_queries([TEXT]), atol=1e-6)
    network = Representations(reference)
    read = [np.array(encoding.ids[: reference.longest]) for encoding in network.encodings(texts)]
    for text, ids, expected, found in zip(texts, made.ids, read, made.representations, strict=True):
        assert ids.tolist() == expected.tolist()
        own = network.of_question(text, expected)  # not rounded, as what is stored of passages is
        assert np.allclose(found.states, own.states, atol=0.02)
        assert np.allclose(found.vectors, own.vectors, atol=0.02)


@pytest.mark.model
@pytest.mark.parametrize("megabytes", [0, 10])
def test_what_is_made_while_articles_are_indexed_is_kept_if_wanted(
    tmp_path: Path, exported_models: Path, reference: TorchJointModel, megabytes: int
) -> None:
    data, articles = tmp_path / "data", tmp_path / "articles"
    for folder in (data, articles):
        folder.mkdir()
    (data / "models").symlink_to(exported_models)
    (articles / "talks.md").write_text(f"# Talks in Moscow\n\n{TEXT}\n", encoding="utf-8")
    app = Application(Settings(data_dir=data, representations_mb=megabytes, _env_file=None))
    app.service.reindex([str(articles)])
    texts = encoder_inputs([("Talks in Moscow", TEXT)])
    (key,) = (text_key(np.array(encoding.ids)) for encoding in Representations(reference).encodings(texts))
    assert (list(app.representations.find([key])) if app.representations else []) == [key] * bool(megabytes)
    assert (data / "representations.sqlite3").exists() == bool(megabytes)
    app.close()


@pytest.mark.model
def test_the_shipped_network_reads_by_default(tmp_path: Path) -> None:
    app = Application(Settings(data_dir=tmp_path, _env_file=None))
    assert isinstance(app.reader, MixedReader)
