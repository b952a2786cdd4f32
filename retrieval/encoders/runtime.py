"""OpenVINO: the one place that imports it. Graphs are traced from torch modules, saved, and compiled for the CPU."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from retrieval.encoders.options import Backend, Precision, in_bfloat16
from retrieval.errors import ExportImpossible

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def installed_version() -> str:
    """OpenVINO's version, without importing it.

    Raises:
        ExportImpossible: it is not installed.
    """
    try:
        return version("openvino")
    except PackageNotFoundError as error:
        raise ExportImpossible("openvino is not installed") from error


def save_graph(module: Any, example: Mapping[str, Any], outputs: Sequence[str], file: Path) -> None:  # noqa: ANN401
    """Trace a torch module and write its graph.

    Args:
        module: as torch has it.
        example: inputs by name, to trace it with.
        outputs: names of what it gives.
        file: where to; its weights lie beside it.

    Raises:
        ExportImpossible: it has an operation that cannot be traced or converted.
        OSError: the file cannot be written.
    """
    library = _library()
    try:
        with warnings.catch_warnings():  # what the libraries have to say about tracing
            warnings.simplefilter("ignore")
            graph = library.convert_model(module, example_input=dict(example))
        for output, name in zip(graph.outputs, outputs, strict=True):
            output.get_tensor().set_names({name})
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # Whatever tracing an unknown architecture raises, the model can still be run by torch.
        raise ExportImpossible(f"its graph cannot be converted ({first_line(error)})") from error
    library.save_model(graph, file, compress_to_fp16=False)


def compiled(graph: Path, precision: Precision, adapt: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401
    """A graph made ready to be run; a quantised one in floats, where the processor does not multiply eight bits.

    Args:
        graph: its file.
        precision: of what has not eight bits anyway.
        adapt: gives what is to be run in its place.

    Raises:
        ExportImpossible: OpenVINO cannot be imported, or cannot run it here.
    """
    core = _library().Core()
    half = in_bfloat16(precision) and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    configuration = {
        "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
        # All cores on one batch: a question is answered soonest, and many passages hardly slower.
        "PERFORMANCE_HINT": "LATENCY",
        # Two processes would else compute on the same cores while others are idle.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        model = core.read_model(str(graph))
        if adapt is not None:
            model = adapt(model)
        if _roundings(model) and not multiplies_eight_bits():
            leave_unrounded(model)
        return core.compile_model(model, "CPU", configuration)
    except RuntimeError as error:
        raise ExportImpossible(f"OpenVINO cannot run the model ({first_line(error)})") from error


@cache
def multiplies_eight_bits() -> bool:
    """Whether sums of products of eight bits come out right on this processor.

    Without instructions for it (VNNI, AMX) pairs of products are added in sixteen bits, which overflow; what runs so
    is no quicker than floats either.

    Raises:
        ExportImpossible: OpenVINO cannot be imported.
    """
    library = _library()
    width, given, weight = 64, 255.0, 127  # the largest of each, of which two products are too much for sixteen bits
    configuration = {"INFERENCE_PRECISION_HINT": "f32"}
    product = library.Core().compile_model(eight_bit_product(width, weight), "CPU", configuration)
    found = product(np.full((1, width), given, dtype=np.float32))[0]
    return bool((found == given * weight * width).all())


def eight_bit_product(width: int, weight: int) -> Any:  # noqa: ANN401
    """A quantised graph: ``(b, width)``, rounded to whole numbers from 0 to 255, times weights that are all alike."""
    library = _library()
    operations = library.opset13
    given = operations.parameter([-1, width], np.float32)
    low, high = operations.constant(np.float32(0)), operations.constant(np.float32(255))
    rounded = operations.fake_quantize(given, low, high, low, high, 256)
    weights = operations.convert(operations.constant(np.full((width, width), weight, dtype=np.int8)), "f32")
    scaled = operations.multiply(weights, operations.constant(np.float32(1)))
    return library.Model([operations.matmul(rounded, scaled, False, True)], [given])


def leave_unrounded(graph: Any) -> None:  # noqa: ANN401
    """Have a quantised graph computed in floats: its weights have eight bits, what goes in between has not."""
    for rounding in _roundings(graph):
        rounding.output(0).replace(rounding.input_value(0))


def inferred(graph: Any, arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str]) -> list[npt.NDArray[np.float32]]:  # noqa: ANN401
    """What a compiled graph gives under these names; safe to call from several threads."""
    request = graph.create_infer_request()
    request.infer(arrays)
    return [request.get_tensor(name).data.copy() for name in names]


def with_means(graph: Any, rows: str, mask: str, means: str) -> Any:  # noqa: ANN401
    """Let a graph take its mask as whole numbers, and give the mean of each text's rows besides.

    Args:
        graph: takes ``mask``, truth values ``(b, n)``, and gives ``rows``, ``(b, n, d)``.
        rows: the name of that output.
        mask: the name of that input; it takes int64 then.
        means: what to call the new output, float32 ``(b, d)``.
    """
    library = _library()
    operations = library.opset13
    counted = operations.unsqueeze(operations.convert(graph.input(mask), "f32"), operations.constant(2))
    total, count = (
        operations.reduce_sum(what, operations.constant(1), False)
        for what in (operations.multiply(graph.output(rows).get_node().input_value(0), counted), counted)
    )
    mean = operations.divide(total, count).output(0)
    mean.get_tensor().set_names({means})
    graph.add_outputs([mean])
    changed = library.preprocess.PrePostProcessor(graph)
    changed.input(mask).tensor().set_element_type(library.Type.i64)
    return changed.build()


def renamed(graph: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401
    """A graph some of whose inputs and outputs are called otherwise."""
    for port in (*graph.inputs, *graph.outputs):
        given = port.get_any_name()
        port.get_tensor().set_names({names.get(given, given)})
    return graph


def _roundings(graph: Any) -> list[Any]:  # noqa: ANN401
    return [operation for operation in graph.get_ops() if operation.get_type_name() == "FakeQuantize"]


def exported_or_torch(what: str, backend: Backend, exported: Callable[[], _T], by_torch: Callable[[], _T]) -> _T:
    """What the backend asks for: an exported model, else torch with a warning.

    Args:
        what: is run, as messages name it.
        backend: what computes.
        exported: loads the export, making it first where that has not been done.
        by_torch: loads the original.

    Raises:
        ExportImpossible: the backend is to be OpenVINO and cannot.
    """
    if backend is not Backend.TORCH:
        try:
            return exported()
        except ExportImpossible as error:
            if backend is Backend.OPENVINO:
                raise ExportImpossible(
                    f"{what} cannot be run by OpenVINO: {error}; set BACKCHANNEL_ENCODER_BACKEND=auto"
                ) from error
            _log.warning(
                "%s is run by torch, which starts slower: %s (BACKCHANNEL_ENCODER_BACKEND=torch ends this warning)",
                what,
                error,
            )
    return by_torch()


def first_line(error: Exception) -> str:
    """Of what an error says."""
    return str(error).strip().partition("\n")[0]


def _library() -> Any:  # noqa: ANN401 (it has no types)
    # Where openvino finds this package, its import alone reports usage to its makers and writes to the home folder.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise ExportImpossible(f"openvino cannot be imported ({first_line(error)})") from error
    return openvino
