"""The encoder that the settings ask for: an exported model where there is one or can be one, else torch."""

from __future__ import annotations

import logging
from pathlib import Path

from retrieval.encoders.agreement import least_cosine
from retrieval.encoders.exports import Export, Exports, ModelFacts
from retrieval.encoders.models import DEFAULT_MODEL, is_folder, source_of
from retrieval.encoders.openvino import OpenVinoEncoder, export_model
from retrieval.encoders.options import Backend, Precision, in_bfloat16
from retrieval.encoders.port import Encoder
from retrieval.encoders.runtime import exported_or_torch, installed_version
from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder
from retrieval.errors import ExportImpossible

# Below this an export is refused. Rounding alone leaves float32 above 0.999999, and single tokens in bfloat16, by torch
# as by OpenVINO, at 0.9999.
_LEAST_COSINE = {Precision.FLOAT32: 0.9999, Precision.BFLOAT16: 0.999}

_log = logging.getLogger(__name__)


def load_encoder(model: str, precision: Precision, backend: Backend, folder: Path) -> Encoder:
    """Load a model, exporting it first where that has not been done.

    Args:
        model: the default model's name, another model's hub name, or a folder.
        precision: in which numbers to compute. Left open, the default model's shipped graph is run where the processor
            has eight bits.
        backend: what computes.
        folder: where exported models lie.

    Raises:
        EncoderError: the model cannot be loaded.
        ExportImpossible: the backend is to be OpenVINO and cannot.
    """
    is_folder(model, "BACKCHANNEL_MODEL")

    def exported() -> Encoder:
        if precision is Precision.AUTO and model == DEFAULT_MODEL:
            try:
                return _eight_bits()
            except ExportImpossible as error:
                _log.info("the encoder is not run in eight bits: %s", error)
        return _exported(model, precision, Exports(folder, installed_version(), ModelFacts))

    return exported_or_torch(
        f"the model {model!r}", backend, exported, lambda: SentenceTransformerEncoder(model, precision)
    )


def _eight_bits() -> Encoder:
    # It ships with the joint reader, which is built on encoders.
    from retrieval.joint.encoder import eight_bit_encoder

    return eight_bit_encoder()


def _exported(model: str, precision: Precision, exports: Exports[ModelFacts]) -> OpenVinoEncoder:
    source = source_of(model)
    export = exports.find(source) if source else None
    if export is None:
        with exports.locked():
            # Another process may have made it while this one waited.
            export = (exports.find(source) if source else None) or _make(model, source, exports)
    return OpenVinoEncoder.of_export(export, precision)


def _make(model: str, source: dict[str, str] | None, exports: Exports[ModelFacts]) -> Export[ModelFacts]:
    original = SentenceTransformerEncoder(model, Precision.FLOAT32)
    loaded = source_of(model)
    if loaded is None or (source is not None and source != loaded):
        raise ExportImpossible("which version of its files was loaded cannot be told")
    try:
        with exports.unfinished() as folder:
            try:
                export = Export(folder, export_model(original, folder))
                _check(original, export)
            except ExportImpossible as error:
                exports.refuse(folder, loaded, str(error))
                raise
            return exports.publish(folder, loaded, export.facts)
    except OSError as error:
        raise ExportImpossible(f"the export cannot be written ({error.strerror or error})") from error


def _check(original: Encoder, export: Export[ModelFacts]) -> None:
    precisions = [Precision.FLOAT32] + [Precision.BFLOAT16] * in_bfloat16(Precision.AUTO)
    for precision in precisions:
        cosine = least_cosine(original, OpenVinoEncoder.of_export(export, precision))
        if not cosine >= _LEAST_COSINE[precision]:
            raise ExportImpossible(f"in {precision} its vectors differ from the original's (cosine {cosine:.5f})")
