"""Names of simulated clips: of the form of DESED's, and impossible to mistake for them."""

from base64 import urlsafe_b64encode

from seldbench.simulation.seeds import digest
from seldbench.simulation.splits import Split


def clip_name(split: Split, index: int, seconds: float, seed: int) -> str:
    """`17.wav` for a soundscape; `Ysim<8 letters>_<start>_<end>.wav` for a recording, where real
    clips have the eleven letters of a video's id (which, as there, may contain - and _)."""
    if split.kind == "soundscape":
        return f"{index}.wav"
    random = digest(seed, "name", split.name, index)
    start = 10 * (random[-1] % 30) if seconds == 10 else 0
    identity = "sim" + urlsafe_b64encode(random)[:8].decode()
    return f"Y{identity}_{start:.3f}_{start + seconds:.3f}.wav"
