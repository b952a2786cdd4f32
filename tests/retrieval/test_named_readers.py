"""Readers by other models, with tiny untrained ones that are made here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.options import Backend, Precision
from retrieval.errors import EncoderError
from retrieval.named_readers import CrossEncoderReader, SpanReader, load_reader
from retrieval.reader import Reader
from retrieval.segmentation import sentences
from retrieval.types import Article, Passage
from tests.retrieval.joint_fake import alike

pytestmark = pytest.mark.model

TEXT = "Before all this.\n\nOil fell to 70 dollars. Envoys met in Moscow on 9 July. Nobody spoke."
PASSAGES = [
    Passage(1, Article("a", TEXT, "A visit"), 18, len(TEXT)),
    Passage(2, Article("b", "The court ruled on Monday.", ""), 0, 26),
]
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def made(folder: Path, kind: str, **settings: object) -> str:
    """A folder that holds a model of random weights."""
    import torch
    import transformers

    from retrieval.encoders.models import packaged_folder

    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(packaged_folder())
    config = transformers.BertConfig(vocab_size=len(tokenizer), **SMALL, **settings)
    getattr(transformers, kind)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("cross"), "BertForSequenceClassification", num_labels=1)


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("spans"), "BertForQuestionAnswering")


def check(reader: Reader) -> None:
    """What every reader does."""
    readings = reader.read("Where did the envoys meet?", PASSAGES, alike)
    for reading, passage in zip(readings, PASSAGES, strict=True):
        inside = [span for span in sentences(passage.article.text) if span.start >= passage.start]
        assert sorted(span for span, _ in reading.sentences) == inside
        scores = [score for _, score in reading.sentences]
        assert scores == sorted(scores, reverse=True)
        assert np.isfinite([reading.score, *scores]).all()
    (alone,) = reader.read("Where did the envoys meet?", PASSAGES[:1], alike)
    assert alone.score == pytest.approx(readings[0].score, abs=1e-3)
    assert reader.read("Who?", [], alike) == []
    (endless,) = reader.read("Where did the envoys meet? " * 74, PASSAGES[:1], alike)
    assert np.isfinite(endless.score)


def test_a_cross_encoder_reads(cross: str) -> None:
    reader = load_reader(cross, Precision.FLOAT32)
    assert isinstance(reader, CrossEncoderReader)
    check(reader)


def test_a_model_for_extractive_question_answering_reads(spans: str) -> None:
    reader = load_reader(spans, Precision.FLOAT32)
    assert isinstance(reader, SpanReader)
    check(reader)
    reading = reader.read("Where did the envoys meet?", PASSAGES[:1], alike)[0]
    assert reading.score == reading.sentences[0][1]


@pytest.mark.parametrize("name", ["/nonexistent/model", "./nothing", "~/nothing"])
def test_a_folder_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=rf"no folder '{name}'.*BACKCHANNEL_READER"):
        load_reader(name, Precision.FLOAT32)
    with pytest.raises(EncoderError, match=rf"no folder '{name}'.*BACKCHANNEL_MODEL"):
        load_encoder(name, Precision.FLOAT32, Backend.AUTO, tmp_path)


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, "BertForMaskedLM")
    with pytest.raises(EncoderError, match=r"BertForMaskedLM.*BACKCHANNEL_READER"):
        load_reader(folder, Precision.FLOAT32)


def test_a_classifier_of_several_classes_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, "BertForSequenceClassification", num_labels=3)
    with pytest.raises(EncoderError, match="cannot read"):
        load_reader(folder, Precision.FLOAT32)


@pytest.mark.parametrize("content", [None, "{", json.dumps({"model_type": "no such model"})])
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(EncoderError, match="cannot be loaded") as raised:
        load_reader(str(tmp_path), Precision.FLOAT32)
    assert "\n" not in str(raised.value)


def test_the_setting_names_a_folder(cross: str, tmp_path: Path) -> None:
    app = Application(Settings(data_dir=tmp_path, reader=cross, _env_file=None), encoder=FakeEncoder())
    assert isinstance(app.reader, CrossEncoderReader)
    assert app.parameters.calibration == app.parameters.plain
