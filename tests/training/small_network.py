"""A joint network of a few thousand weights, for all but what it gives."""

from __future__ import annotations

from dataclasses import replace

import torch

from retrieval.joint.network import JointNetwork, Shape

SMALL = Shape(hidden=12, wide=16, heads=3, layers=4, apart=2, together_wide=8, together_heads=2)
WIDER = replace(SMALL, together_wide=16, together_heads=3)


def small_network(shape: Shape = SMALL, seed: int = 0) -> JointNetwork:
    """Random weights, always the same."""
    torch.manual_seed(seed)
    return JointNetwork(shape).eval()
