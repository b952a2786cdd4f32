"""The default encoder in eight bits: nearly the original's vectors, from a graph that needs no export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest

from retrieval.encoders.agreement import SAMPLE
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.openvino import OpenVinoEncoder
from retrieval.encoders.options import Backend, Precision, quick_in_bfloat16
from retrieval.encoders.runtime import compiled, inferred, multiplies_eight_bits, renamed, with_means
from retrieval.errors import ExportImpossible, RetrievalError
from retrieval.joint.encoder import EightBitEncoder, eight_bit_encoder
from retrieval.joint.models import example, load_joint_model, probe, quantized
from retrieval.joint.weights import Card, graph_folder

AMD, INTEL = "AuthenticAMD", "GenuineIntel"


@pytest.fixture(scope="module")
def original(exported_models: Path) -> OpenVinoEncoder:
    loaded = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, exported_models)
    assert isinstance(loaded, OpenVinoEncoder)
    return loaded


@pytest.fixture(scope="module")
def in_eight_bits() -> EightBitEncoder:
    try:
        return eight_bit_encoder()
    except ExportImpossible as error:
        pytest.skip(f"the shipped graph is not run here: {error}")


@pytest.mark.model
def test_what_is_shipped_of_the_encoder_is_the_originals(original: OpenVinoEncoder) -> None:
    card = Card.load()
    assert card.encoder == original.facts
    assert card.encoder_probe


@pytest.mark.model
def test_its_vectors_are_nearly_the_originals(original: OpenVinoEncoder, in_eight_bits: EightBitEncoder) -> None:
    texts = [text for text in SAMPLE if len(text) > 1]
    one, other = (encoder.encode_passages(texts) for encoder in (original, in_eight_bits))
    cosines = np.einsum("nd,nd->n", one, other)
    assert cosines.mean() > 0.995
    assert cosines.min() > 0.98
    for text in texts:
        one_token, other_token = (encoder.encode_query_tokens(text) for encoder in (original, in_eight_bits))
        np.testing.assert_array_equal(one_token.offsets, other_token.offsets)
        assert np.einsum("nd,nd->n", one_token.vectors, other_token.vectors).mean() > 0.98


@pytest.mark.model
def test_it_gives_what_the_reader_goes_on_from(original: OpenVinoEncoder, in_eight_bits: EightBitEncoder) -> None:
    (one,), (other,) = (encoder.represent_passages(SAMPLE[:1]).representations for encoder in (original, in_eight_bits))
    assert one.states.shape == other.states.shape
    cosines = [float(a @ b / np.sqrt((a @ a) * (b @ b))) for a, b in zip(one.states, other.states, strict=True)]
    assert np.mean(cosines) > 0.98


@pytest.mark.model
def test_the_reader_goes_on_from_the_same_graph(in_eight_bits: EightBitEncoder, tmp_path: Path) -> None:
    sharing = load_joint_model(Precision.AUTO, Backend.OPENVINO, tmp_path, encoder=in_eight_bits)
    alone = quantized(Card.load())
    inputs = example(alone.tokenizer)
    given = inputs.passage_ids, inputs.passage_mask
    for one, other in zip(sharing.represent(*given), alone.represent(*given), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_allclose(probe(sharing), probe(alone), atol=1e-3)


@pytest.mark.model
def test_left_open_the_default_model_is_exported_only_where_eight_bits_are_not_run(tmp_path: Path) -> None:
    loaded = load_encoder(DEFAULT_MODEL, Precision.AUTO, Backend.OPENVINO, tmp_path)
    assert isinstance(loaded, OpenVinoEncoder)
    assert loaded.represents
    assert bool(list(tmp_path.iterdir())) is not multiplies_eight_bits()


@pytest.mark.model
@pytest.mark.usefixtures("in_eight_bits")
def test_a_graph_that_gives_something_else_is_refused(tmp_path: Path) -> None:
    card = Card.load()
    otherwise = replace(card, encoder_probe=tuple(number + 0.1 for number in card.encoder_probe))
    with pytest.raises(ExportImpossible, match=r"differs .* by 0\.1"):
        eight_bit_encoder(otherwise)
    with pytest.raises(ExportImpossible, match="no graphs"):
        eight_bit_encoder(replace(card, graphs={}))
    with pytest.raises(ExportImpossible, match="no graphs"):
        eight_bit_encoder(replace(card, encoder=None))
    moved = replace(card, weights=tmp_path / card.weights.name)
    graph_folder(moved.weights).mkdir()
    with pytest.raises(RetrievalError, match="cannot be read"):
        eight_bit_encoder(moved)


def test_a_graph_gives_the_mean_of_the_rows_that_its_mask_counts(tmp_path: Path) -> None:
    operations = openvino.opset13
    rows = operations.parameter([-1, -1, 2], np.float32, name="rows")
    mask = operations.parameter([-1, -1], np.bool_, name="mask")
    for port, name in ((rows, "rows"), (mask, "mask")):
        port.output(0).get_tensor().set_names({name})
    doubled = operations.multiply(rows, operations.constant(np.float32(2))).output(0)
    doubled.get_tensor().set_names({"doubled"})
    # The mask has to be used, as in an encoder.
    counted = operations.convert(mask, "f32").output(0)
    counted.get_tensor().set_names({"counted"})
    file = tmp_path / "graph.xml"
    openvino.save_model(openvino.Model([doubled, counted], [rows, mask]), file)

    graph = compiled(
        file, Precision.FLOAT32, lambda given: renamed(with_means(given, "doubled", "mask", "means"), {"rows": "texts"})
    )
    given = np.array([[[1, 2], [3, 4], [9, 9]], [[5, 6], [9, 9], [9, 9]]], dtype=np.float32)
    mask_given = np.array([[1, 1, 0], [1, 0, 0]], dtype=np.int64)
    means, rows_found = inferred(graph, {"texts": given, "mask": mask_given}, ("means", "doubled"))
    np.testing.assert_allclose(means, [[4, 6], [10, 12]])
    np.testing.assert_allclose(rows_found, 2 * given)


@pytest.mark.parametrize(
    ("facts", "quick"),
    [
        ({AMD, "avx2"}, False),
        ({AMD, "avx512_bf16"}, True),
        ({INTEL, "avx512_bf16"}, False),
        ({INTEL, "avx512_bf16", "amx_bf16"}, True),
        ({"asimd", "bf16"}, True),
        (set(), False),
    ],
)
def test_bfloat16_is_taken_where_it_is_quicker_than_floats(facts: set[str], *, quick: bool) -> None:
    assert quick_in_bfloat16(facts) is quick
