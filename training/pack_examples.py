"""Write what :mod:`training.train_on_device` takes, small enough to be carried to a machine with a GPU.

    python -m training.pack_examples --train TRAIN --data EVAL --work FOLDER --teacher MPNET

``MPNET`` is a folder with the weights of all-mpnet-base-v2 as sentence-transformers has them. Writes ``FOLDER/packed``:
examples of some epochs, and weights of eight bits to start from.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from retrieval.encoders.models import LOWER_LAYERS
from retrieval.joint.models import special_tokens
from retrieval.joint.network import JointNetwork
from retrieval.joint.weights import SHIPPED, Arrays, Card, packed
from training.packed import EXAMPLES, is_lower, pack
from training.train_reader import load_encoder, prepare, tokenizer

_FIRST_EPOCH = 100  # those before were shown to the network that it starts from
_HELD_OUT = 2000
_IN_FILE = 44_000_000  # weights, some 40 MB: what carries files to a machine may take no larger ones


def encoder_arrays() -> Arrays:
    """The packaged encoder's lower layers, and the tokens around a text."""
    network = JointNetwork()
    load_encoder(network)
    special = special_tokens(tokenizer())
    kept = {name: value.numpy() for name, value in network.encoder.state_dict().items() if is_lower(name, LOWER_LAYERS)}
    return kept | {"special": np.array([special.first, special.last, special.fill], dtype=np.float32)}


def in_parts(arrays: Arrays, most: int) -> Iterator[Arrays]:
    """The weights, at most so many in each part but for a single larger one."""
    part: Arrays = {}
    count = 0
    for name, value in arrays.items():
        if part and count + value.size > most:
            yield part
            part, count = {}, 0
        part[name] = value
        count += value.size
    yield part


def main() -> None:
    """Write everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name in ("train", "data", "work", "teacher"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    folder = options.work / "packed"
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value for name, value in load_file(options.teacher / "model.safetensors").items() if value.ndim}
    for at, part in enumerate(in_parts({n: v for n, v in weights.items() if "pooler" not in n}, _IN_FILE)):
        _write(folder / f"mpnet{at}.npz", part)
    _write(folder / "encoder.npz", encoder_arrays())
    copyfile(Card.load(SHIPPED).weights, folder / "reader.npz")
    texts, examples = prepare(options.train, options.data, options.work)
    epochs = range(_FIRST_EPOCH, _FIRST_EPOCH + options.epochs)
    pack(texts, [*map(examples.epoch, epochs), examples.held_out(_HELD_OUT)]).save(folder / EXAMPLES)


def _write(file: Path, arrays: Arrays) -> None:
    stored: dict[str, Any] = packed({name: value.astype(np.float32) for name, value in arrays.items()})
    np.savez_compressed(file, **stored)
    print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
