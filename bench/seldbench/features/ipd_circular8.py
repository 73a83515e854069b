"""Image of the first microphone of a circle of eight, and its phase differences to the others.

Channel 0: the image (see `seldbench.images`). Channels 2m - 1 and 2m: cosine and sine of the phase
of microphone 0 less that of microphone m, m = 1 ... 7, neither scaled nor weighted; where a
microphone has a magnitude of 0, its phase is 0. 15 channels, 256 bins, 256 frames of 65,792 samples
at 16 kHz.
Source: Long et al., "Sound event localization and detection utilizing overlapping end-to-end
learning", Figure 2, has 15 channels and does not say which; these are the only ones of that number
in the public code of a co-author.
"""

from seldbench.features._images import ImageFeatures


class IpdCircular8(ImageFeatures):
    """The image, then seven pairs of cosine and sine."""

    def __init__(self) -> None:
        super().__init__("circular8")


FEATURES = IpdCircular8
