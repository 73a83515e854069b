"""Of formats about one source of a clip: which one it asks for, and cross-entropy."""

import torch
from torch import Tensor

from seldbench.contracts import Clip
from seldbench.events import Event


def silent(clip: Clip) -> bool:
    """Whether a clip is known to hold no sound: then it asks for nothing, and targets are zeros."""
    return clip.events is not None and not clip.events and clip.target is None


def target_event(clip: Clip) -> Event:
    """The first event of the source that the clip asks for.

    Errors: ValueError where it asks for none, or its events are unknown or of other sources.
    """
    if clip.target is None:
        raise ValueError(
            f"clip {clip.id!r} asks for no source of its own: let this head's `on` name only splits"
            " whose clips have a target"
        )
    for event in clip.events or ():
        if event.source == clip.target:
            return event
    raise ValueError(f"clip {clip.id!r} has no event of its target, source {clip.target}")


def cross_entropy(probabilities: Tensor, targets: Tensor) -> Tensor:
    """-log of the true one's probability, mean over clips; in float32.

    Args:
        probabilities: (clips, outputs); below float32's smallest normal number, 1.2e-38, they count
            as that, which costs 87.
        targets: one-hot, or shares; none at all costs 0.
    """
    p = probabilities.float().clamp(min=torch.finfo(torch.float32).tiny)
    return -(targets.float() * p.log()).sum(-1).mean()
