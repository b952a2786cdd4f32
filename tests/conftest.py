from pathlib import Path

import pytest
from hypothesis import settings

from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision

# No deadline: the machines that run these are shared.
settings.register_profile("shared", deadline=None, max_examples=60)
settings.load_profile("shared")


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of exported models that holds the default one; not to be changed."""
    from retrieval.encoders.loading import load_encoder

    folder = tmp_path_factory.mktemp("exported") / "models"
    load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, folder)
    return folder
