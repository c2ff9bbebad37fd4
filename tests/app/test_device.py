"""What is said about the graphics card."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from emotalker.app.device import describe_device


@pytest.mark.parametrize("ok", [True, False])
def test_the_card_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, ok: bool) -> None:
    """Found or not, the sentence names the reason the probe gave."""
    module = ModuleType("emotalker.engine.gaussians.cuda")
    module.probe_cuda = lambda: SimpleNamespace(ok=ok, reason="Card of the test.")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    words = describe_device()
    assert words.cuda is ok
    assert "Card of the test." in words.sentence
    assert ("CUDA card" if ok else "processor") in words.sentence
