"""What a clip asks for, of formats that are about one of its sources."""

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
    """-log of the true one's probability, mean over clips; in float32. A probability of 0 counts as
    the smallest number that is none, which costs 87.

    probabilities: (clips, outputs). targets: one-hot, or shares; none at all costs 0.
    """
    p = probabilities.float()
    smallest = p.new_tensor(1.1754944e-38)
    return -(targets.float() * p.maximum(smallest).log()).sum(-1).mean()
