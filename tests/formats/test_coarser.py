"""Fine label frames brought to a grid: filters and means, and formats that have none."""

import numpy as np
import pytest
import torch

from seldbench import registry
from seldbench.contracts import Clip
from seldbench.events import Event, EventList
from seldbench.geometry import unit_vectors

CLASSES = ("cat", "dog")


def make(name):
    return registry.find("formats", name)(CLASSES)


def column(*values):
    """(frames, 2): one class with these values, the other silent."""
    return torch.tensor([[v, 0.0] for v in values])


@pytest.mark.parametrize(
    "times, values, expected",
    [
        # 25 ms: a median over five frames takes two of them out; then means of four.
        (4, [0, 0, 0.8, 0.8, 0, 0, 0, 0], [0.0, 0.0]),
        (4, [0, 0, 0.8, 0.8, 0.8, 0, 0, 0], [0.4, 0.2]),
        # 33.3 ms: three frames, a median over three.
        (3, [0, 0.9, 0, 0.9, 0.9, 0], [0.3, 0.6]),
        # 50 ms: two frames, a median over three.
        (2, [0.6, 0.6, 0, 0.6], [0.6, 0.6]),
        (2, [0, 0, 0.6, 0], [0.0, 0.0]),
        # A last label frame of one frame.
        (2, [0.6, 0.6, 0.6, 0.4, 0.4], [0.6, 0.5, 0.4]),
    ],
)
def test_activities_are_median_filtered_over_a_label_frame_and_averaged(times, values, expected):
    found = make("strong").coarser(column(*values), times)
    torch.testing.assert_close(found, column(*expected))


@pytest.mark.parametrize("name", ["doa", "accdoa"])
def test_the_direction_of_a_label_frame_is_the_mean_vector(name):
    frames = torch.rand(7, 6, generator=torch.Generator().manual_seed(0))
    found = make(name).coarser(frames, 3)
    torch.testing.assert_close(
        found, torch.stack([frames[:3].mean(0), frames[3:6].mean(0), frames[6]])
    )


def test_one_head_for_both_is_brought_to_the_grid_as_its_halves_are():
    outputs = torch.rand(8, 8, generator=torch.Generator().manual_seed(1))
    found = make("sed_doa").coarser(outputs, 4)
    torch.testing.assert_close(found[:, :2], make("strong").coarser(outputs[:, :2], 4))
    torch.testing.assert_close(found[:, 2:], make("doa").coarser(outputs[:, 2:], 4))


@pytest.mark.parametrize("name", ["weak", "tags"])
def test_scores_of_clips_have_no_frames(name):
    scores = torch.tensor([0.2, 0.9])
    assert torch.equal(make(name).coarser(scores, 4), scores)


@pytest.mark.parametrize("name", ["tracks", "multi_accdoa", "boundaries"])
def test_frames_without_means_are_refused(name):
    form = make(name)
    with pytest.raises(ValueError, match=r"leave.* inference\.grid out"):
        form.coarser(torch.zeros(8, form.size), 4)


@pytest.mark.parametrize("times", [2, 3, 4])
@pytest.mark.parametrize("name", ["strong", "doa", "sed_doa", "accdoa"])
def test_targets_of_fine_frames_are_those_of_the_grid_repeated_and_come_back(name, times):
    """Events annotated every 100 ms, none shorter than 300 ms and no gap shorter than that."""
    moving = unit_vectors(np.arange(4) * 20.0, np.zeros(4))
    events = [Event(0.3, 0.7, "dog", doa=moving), Event(0.9, 1.2, "cat", doa=moving[0])]
    clip = Clip("a", 1.5, {}, EventList(events))
    form, hop = make(name), 0.1 / times
    coarse = form.encode(clip, 0.2, 10, 0.1)
    fine = form.encode(clip, 0.2, 10 * times, hop)
    torch.testing.assert_close(fine, coarse.repeat_interleave(times, 0))
    torch.testing.assert_close(form.coarser(fine, times), coarse)
