"""One frame of the built-in head model."""

from __future__ import annotations

import torch

from emotalker.engine.bench.timing import median_ms
from emotalker.engine.head.default import load_default_head


def measure() -> dict[str, float]:
    """Milliseconds of posing every vertex once, without gradient."""
    head = load_default_head()
    generator = torch.Generator().manual_seed(0)
    identity = torch.randn(len(head.identity_basis), generator=generator)
    psi = torch.rand(1, len(head.expression_names), generator=generator)
    jaw, neck, eyes = torch.full((1, 3), 0.1), torch.full((1, 3), 0.05), torch.full((1, 2, 3), 0.02)
    with torch.no_grad():
        return {"head.forward_ms": median_ms(lambda: head.forward(identity, psi, jaw, neck, eyes), 50)}
