"""Where to compute, decided by a real render and said in a sentence."""

from __future__ import annotations

from emotalker.engine.errors import UserError


def choose_device(wanted: str) -> tuple[str, str]:
    """The device to train on, "cpu" or "cuda", and a sentence that says so and why.

    Args:
        wanted: "cpu", "cuda", or "auto" for the card if it really renders.

    Raises:
        UserError: if "cuda" is wanted and does not run here.
    """
    if wanted == "cpu":
        return "cpu", "Training on the processor, as chosen."
    from emotalker.engine.gaussians.cuda import probe_cuda

    state = probe_cuda()
    if state.ok:
        return "cuda", f"Training on the CUDA card: {state.reason}"
    if wanted == "cuda":
        raise UserError(
            "The CUDA card cannot be used.",
            state.reason,
            "Train on the processor (--device cpu on the command line), or mend what is named above.",
        )
    return "cpu", f"Training on the processor. {state.reason}"
