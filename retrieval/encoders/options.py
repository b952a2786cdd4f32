"""What can be chosen of how an encoder computes, and what the processor has for it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Precision(StrEnum):
    """In which numbers the model computes."""

    AUTO = "auto"
    """bfloat16 where the processor multiplies it in hardware (two to three times as fast), else float32; the joint
    reader in eight bits where it can."""
    FLOAT32 = "fp32"
    BFLOAT16 = "bf16"


class Backend(StrEnum):
    """What computes the encoder's vectors."""

    AUTO = "auto"
    """OpenVINO where it can, else torch."""
    OPENVINO = "openvino"
    TORCH = "torch"


def in_bfloat16(precision: Precision) -> bool:
    """Whether to compute in bfloat16 on this machine."""
    if precision is Precision.AUTO:
        # Elsewhere bfloat16 is emulated, and slower than float32.
        return bool(_cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})
    return precision is Precision.BFLOAT16


def _cpu_flags() -> set[str]:
    """What Linux says the processor can do; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split()}
