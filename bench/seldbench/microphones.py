"""The channels of a recording as clips of their own, for networks that hear one at a time."""

from dataclasses import replace

from seldbench.arrays import CHANNELS
from seldbench.audio import picked
from seldbench.contracts import Clip, Recording
from seldbench.errors import BadFile


def recording_of(clip: Clip, layout: str) -> Recording:
    """The clip's recording of a layout.

    Raises:
        BadFile: it has none. MissingData: a set on disk says itself where it looked for it.
    """
    try:
        return clip.recordings[layout]
    except KeyError:
        raise BadFile(
            f"{clip.id}: has no {layout!r} recording (it has: {', '.join(clip.recordings)});"
            " choose features of a layout that it has"
        ) from None


def microphones(clip: Clip, layout: str) -> tuple[Clip, ...]:
    """One clip for every channel of the recording of `layout`, as its "mono" recording, with all
    that is known of the scene. Nothing is read before it is asked for.

    Raises:
        BadFile, MissingData: see `recording_of`.
    """
    whole = recording_of(clip, layout)
    return tuple(
        replace(clip, recordings={"mono": picked(whole, [n])}) for n in range(CHANNELS[layout])
    )
