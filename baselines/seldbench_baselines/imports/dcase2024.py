"""`dcase2024`: the weights released with the DCASE 2024 task 3 baseline, audio alone.

Their names end in .h5; they are PyTorch state dicts of 53 tensors. SHA-256 of the files in the
repository partha2409/DCASE2024_seld_baseline, commit 0b07887.
"""

from collections.abc import Mapping

from torch import Tensor

from seldbench.contracts import Import
from seldbench_baselines.architectures.seldnet import converted

FIRST = "conv_block_list.0.conv.weight"
# Input channels -> the recipe's variant.
VARIANTS = {7: "dcase2024", 10: "dcase2024_mic"}


def convert(state: Mapping[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    """The variant by the number of input channels, and the network's tensors.

    Errors: ValueError for the state of another network.
    """
    if FIRST not in state:
        raise ValueError(f"no tensor {FIRST!r}; expected a state dict of the DCASE 2024 baseline")
    channels = state[FIRST].shape[1]
    if channels not in VARIANTS:
        raise ValueError(
            f"a network of {channels} input channels; those released have 7 (FOA) or 10 (MIC)"
        )
    return VARIANTS[channels], converted(state, head="frames")


IMPORT = Import(
    architecture="seldnet",
    dataset="starss23",
    convert=convert,
    released={
        "aef17c01091ea7afa5b1ee4300228d179736081dc5bc0b4b8861063e99434da1": (
            "3_1_dev_split0_multiaccdoa_foa_model.h5"
        ),
        "19838ad84fafbb237307c98693a4f99734d7202aa8db6074c1748d29b7f8afec": (
            "6_1_dev_split0_multiaccdoa_mic_gcc_model.h5"
        ),
    },
    source="partha2409/DCASE2024_seld_baseline, commit 0b07887",
    protocol="select_on_test",  # train_seldnet.py keeps the epoch that is best on fold 4
    notes="The mean and deviation by which the authors scaled the features were not released; they"
    " are fitted anew on the training split of the data set that is named here.",
)
