"""The image of a clip's target, alone at the first microphone: what a network that names a
separated sound is trained on. See `seldbench.images`."""

from seldbench.features._images import ImageFeatures


class LogMagnitude(ImageFeatures):
    """One channel."""

    def __init__(self) -> None:
        super().__init__("target")


FEATURES = LogMagnitude
