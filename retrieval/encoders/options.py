"""What can be chosen of how an encoder computes, and what the processor has for it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import StrEnum
from pathlib import Path


class Precision(StrEnum):
    """In which numbers the model computes."""

    AUTO = "auto"
    """Eight bits for what is shipped so, the default encoder and the joint reader, where the processor multiplies them;
    else bfloat16 where that is quicker there, else float32."""
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
        return quick_in_bfloat16(_cpu_facts())
    return precision is Precision.BFLOAT16


def quick_in_bfloat16(facts: AbstractSet[str]) -> bool:
    """Whether a processor of which these are the flags, and the vendor, multiplies bfloat16 quicker than floats.

    Without instructions for it, it is emulated. Intel's vector instructions do as many products at a time as those for
    floats, and rounding comes on top: two cores without AMX made 71 vectors a second in place of 118. AMD's do twice as
    many.
    """
    return bool(facts & {"amx_bf16", "bf16"}) or {"avx512_bf16", "AuthenticAMD"} <= facts


def _cpu_facts() -> set[str]:
    """What Linux says of the processor; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    told = ("flags", "features", "vendor_id")
    return {word for line in lines if line.lower().startswith(told) for word in line.split()}
