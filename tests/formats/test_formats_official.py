"""Formats against the official code: pytest --official PATH, where PATH is a checkout of a SELD
baseline (2020 ... 2024), of EIN-SELD or of SALSA, or a folder of them.

Of their files only the named functions and classes are taken, so that no training or audio library
is needed; what they import is given to them.
"""

import ast
import types
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from seldbench.contracts import Clip
from seldbench.formats.accdoa import Accdoa
from seldbench.formats.doa import Doa
from seldbench.formats.multi_accdoa import MultiAccdoa, adpit
from seldbench.formats.sed_doa import SedDoa
from seldbench.formats.tracks import Tracks, tpit

CLASSES = tuple("abcdefghijklm")
FRAMES = 60


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def taken(path, *names, **known):
    """The functions, methods and classes of these names, run as they stand in the file."""
    found = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names
    ]
    for node in found:
        node.decorator_list = []
    space = {"np": np, "torch": torch, "nn": torch.nn, "Path": Path, **known}
    found.sort(key=lambda node: isinstance(node, ast.FunctionDef))  # methods of classes again
    exec(compile(ast.Module(found, []), str(path), "exec"), space)
    return [space[name] for name in names]


@pytest.fixture
def checkouts(request):
    """Gives the checkouts in which a file holds a text; skips where there are none."""

    def given(file, text):
        paths = [Path(p) for p in request.config.getoption("official")]
        if not paths:
            pytest.skip("no official code: give --official PATH, a checkout or a folder of them")
        folders = [f for p in paths for f in (p, *sorted(q for q in p.iterdir() if q.is_dir()))]
        found = [
            f for f in folders if (f / file).is_file() and text in (f / file).read_text("utf-8")
        ]
        if not found:
            pytest.skip(f"no checkout with {text!r} in {file} in {', '.join(map(str, paths))}")
        return found

    return given


def random_targets(form, seed=0):
    """ADPIT targets of 0 ... 3 sources, by frame and class."""
    number = torch.randint(0, 4, (2, FRAMES, 1, len(CLASSES)), generator=generator(seed))
    values = torch.randn(2, FRAMES, 6, form.axes, len(CLASSES), generator=generator(seed))
    family = torch.tensor([1, 2, 2, 3, 3, 3])[:, None]
    active = (number == family).float().unsqueeze(3)
    return torch.cat([active, active * values], dim=3)


def random_outputs(form, seed=0):
    """(1, frames, size): tracks of all lengths, often near one another."""
    draw = generator(seed)
    base = torch.randn(1, FRAMES, 1, form.axes, len(CLASSES), generator=draw)
    near = base + 0.15 * torch.randn(1, FRAMES, 3, form.axes, len(CLASSES), generator=draw)
    far = torch.randn(1, FRAMES, 3, form.axes, len(CLASSES), generator=draw)
    together = torch.rand(1, FRAMES, 3, 1, len(CLASSES), generator=draw) < 0.7
    return 0.6 * torch.where(together, near, far).flatten(2)


@pytest.mark.parametrize("distance", [False, True], ids=["3 axes", "4 axes"])
def test_adpit_is_the_official_loss_with_its_gradient(checkouts, distance):
    form = MultiAccdoa(CLASSES, distance=distance)
    for folder in checkouts("seldnet_model.py", "class MSELoss_ADPIT"):
        (official,) = taken(folder / "seldnet_model.py", "MSELoss_ADPIT")
        targets = random_targets(form)
        outputs = torch.randn(2, FRAMES, form.size, generator=generator(1)).requires_grad_()
        theirs, ours = official()(outputs, targets), adpit(outputs, targets)
        assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-6)
        slopes = [torch.autograd.grad(loss, outputs)[0] for loss in (theirs, ours)]
        assert torch.allclose(*slopes, atol=1e-9)


def official_rows(folder, outputs):
    """{(frame, class): rows of x, y, z (and distance)} that the official evaluation writes."""
    train = folder / "train_seldnet.py"
    (distance,) = taken(
        folder / "SELD_evaluation_metrics.py", "distance_between_cartesian_coordinates"
    )
    (flat,) = taken(folder / "cls_compute_seld_results.py", "reshape_3Dto2D")
    helpers = ("get_multi_accdoa_labels", "get_accdoa_labels", "determine_similar_location")
    known = {"distance_between_cartesian_coordinates": distance, "reshape_3Dto2D": flat}
    known |= {"os": types.SimpleNamespace(path=types.SimpleNamespace(join=lambda *p: p[-1]))}
    test_epoch = taken(train, *helpers, "test_epoch", **known)[-1]
    written = {}
    data = types.SimpleNamespace(
        get_filelist=lambda: ["a.npy"],
        generate=lambda: iter([(np.zeros(1), np.zeros(1))]),
        write_output_format_file=lambda _, rows: written.update(rows),
    )

    class Network:
        def eval(self): ...
        def __call__(self, _):
            return outputs.clone()

    params = {
        "multi_accdoa": True,
        "unique_classes": len(CLASSES),
        "thresh_unify": 15,
        "quick_test": False,
    }
    test_epoch(data, Network(), lambda *_: torch.zeros(()), "", params, torch.device("cpu"))
    found = {}
    for frame, rows in written.items():
        for label, *values in rows:
            found.setdefault((frame, label), []).append([float(v) for v in values])
    return found


def test_decoding_writes_the_official_rows(checkouts, post):
    for folder in checkouts("train_seldnet.py", "determine_similar_location"):
        distance = "dist_pred0" in (folder / "train_seldnet.py").read_text()
        form = MultiAccdoa(CLASSES, distance=distance)
        outputs = random_outputs(form)
        expected = official_rows(folder, outputs)
        clip = Clip("a", FRAMES * 0.1, {})
        found = {}
        for event in form.decode(outputs[0], clip, 0.1, post(classes=CLASSES)).events:
            values = event.doa
            if distance:
                values = np.column_stack([values, event.distance])
            for i, row in enumerate(values.tolist()):
                key = round(event.onset * 10) + i, CLASSES.index(event.label)
                found.setdefault(key, []).append(row)
        assert found.keys() == expected.keys()
        sizes = {len(rows) for rows in found.values()}
        assert sizes == {1, 2, 3}
        for key, rows in expected.items():
            for row in rows:  # theirs are of any length
                row[:3] = np.array(row[:3]) / np.linalg.norm(row[:3])
            np.testing.assert_allclose(sorted(found[key]), sorted(rows), atol=2e-6)


def rows_of(events):
    """{frame: rows of class, source, x, y, z, centimetres} in the events' order."""
    found = {}
    for event in events:
        first, last = round(event.onset * 10), round(event.offset * 10)
        doa = np.broadcast_to(event.doa, (last - first, 3))
        for i in range(first, last):
            metres = event.distance[i - first]
            row = [CLASSES.index(event.label), event.source, *doa[i - first], 100 * metres]
            found.setdefault(i, []).append(row)
    return found


def renamed(scene):
    """The fixture's scene with the classes of this file."""
    names = {name: CLASSES[3 * i] for i, name in enumerate(scene.classes)}
    events = scene.clip(same=3, most=5, events=40).events
    return scene.of(
        [type(e)(e.onset, e.offset, names[e.label], doa=e.doa, distance=e.distance) for e in events]
    )


def test_adpit_targets_hold_the_official_instances(checkouts, scenes):
    clip = renamed(scenes)
    for folder in checkouts("cls_feature_class.py", "def get_adpit_labels_for_file"):
        path = folder / "cls_feature_class.py"
        distance = "dist_label" in path.read_text()
        (official,) = taken(path, "get_adpit_labels_for_file")
        reader = types.SimpleNamespace(_nb_unique_classes=len(CLASSES))
        theirs = official(reader, rows_of(clip.events), FRAMES)
        ours = MultiAccdoa(CLASSES, distance=distance).encode(clip, 0.0, FRAMES, 0.1).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_accdoa_targets_are_the_official_labels_where_the_last_source_counts(checkouts, scenes):
    clip = renamed(scenes)
    for folder in checkouts("cls_feature_class.py", "def get_labels_for_file"):
        path = folder / "cls_feature_class.py"
        if "x_label" not in path.read_text():  # 2019: azimuths and elevations
            continue
        (official,) = taken(path, "get_labels_for_file")
        reader = types.SimpleNamespace(
            _nb_unique_classes=len(CLASSES), _unique_classes=CLASSES, _max_label_frames=FRAMES
        )
        rows = rows_of(clip.events)
        if official.__code__.co_argcount == 3:
            theirs = official(reader, rows, FRAMES)
        else:  # 2020 and 2021: no source number
            rows = {t: [[k, x, y, z] for k, _, x, y, z, _ in found] for t, found in rows.items()}
            theirs = official(reader, rows)
        ours = SedDoa(CLASSES, overlap="last").encode(clip, 0.0, FRAMES, 0.1).numpy()
        # From 2024 on the distances follow.
        np.testing.assert_allclose(ours, theirs[:, : ours.shape[1]], atol=1e-6)
        vectors = Accdoa(CLASSES, overlap="last").encode(clip, 0.0, FRAMES, 0.1).numpy()
        np.testing.assert_allclose(vectors, ours[:, len(CLASSES) :])


def keras_on_torch():
    """The few functions of keras.backend that the baselines' masked loss uses."""
    backend = types.SimpleNamespace(
        repeat_elements=lambda x, n, axis: torch.from_numpy(np.repeat(x.numpy(), n, axis)),
        cast=lambda x, _: x.float(),
        sqrt=torch.sqrt,
        sum=torch.sum,
        square=torch.square,
    )
    return types.SimpleNamespace(backend=backend)


def test_the_masked_loss_of_2020_is_the_official_one(checkouts):
    for folder in checkouts("keras_model.py", "def masked_mse"):
        text = (folder / "keras_model.py").read_text()
        classes = 14 if ":14]" in text else 12  # fixed in the code
        (official,) = taken(folder / "keras_model.py", "masked_mse", keras=keras_on_torch())
        draw = generator()
        active = (torch.rand(2, FRAMES, 1, classes, generator=draw) < 0.2).float()
        vectors = active * torch.randn(2, FRAMES, 3, classes, generator=draw)
        targets = torch.cat([active, vectors], 2).flatten(2)
        outputs = torch.randn(targets.shape, generator=draw)
        theirs = official(targets, outputs)
        ours = Doa.losses["masked_mse_dcase2020"](outputs[..., classes:], targets[..., classes:])
        assert float(ours) == pytest.approx(float(theirs), rel=1e-6)
        bce = torch.nn.functional.binary_cross_entropy_with_logits(
            outputs[..., :classes], targets[..., :classes]
        )
        both = SedDoa.losses["bce_masked_mse_dcase2020"](outputs, targets)
        assert float(both) == pytest.approx(float(bce + 1000 * theirs), rel=1e-6)


def test_the_loss_of_two_tracks_is_the_official_one(checkouts):
    for folder in checkouts("seld/methods/ein_seld/losses.py", "tPIT"):
        parts = taken(
            folder / "seld/methods/utils/loss_utilities.py", "MSELoss", "BCEWithLogitsLoss"
        )
        known = dict(zip(("MSELoss", "BCEWithLogitsLoss"), parts))
        (losses,) = taken(folder / "seld/methods/ein_seld/losses.py", "Losses", **known)
        official = losses({"training": {"loss_beta": 0.5, "PIT_type": "tPIT"}})
        form, draw = Tracks(CLASSES), generator()
        targets = (torch.rand(2, FRAMES, 2, form.size // 2, generator=draw) < 0.2).float()
        outputs = torch.randn(2, FRAMES, form.size, generator=draw).requires_grad_()
        apart = outputs.unflatten(-1, (2, -1))
        theirs = official.calculate(
            {"sed": apart[..., :-3], "doa": apart[..., -3:]},
            {"sed": targets[..., :-3], "doa": targets[..., -3:]},
        )["all"]
        ours = tpit(outputs, targets)
        assert float(ours.detach()) == pytest.approx(float(theirs.detach()), rel=1e-6)
        slopes = [torch.autograd.grad(loss, outputs)[0] for loss in (theirs, ours)]
        assert torch.allclose(*slopes, atol=1e-9)


def test_decoding_tracks_writes_the_official_rows(checkouts, post):
    for folder in checkouts("seld/methods/ein_seld/inference.py", "def fusion"):
        form, draw = Tracks(CLASSES), generator()
        outputs = torch.rand(1, FRAMES, 2, form.size // 2, generator=draw)
        outputs[..., :-3] = outputs[..., :-3] ** 12  # some tracks are silent
        outputs[..., -3:] = 2 * outputs[..., -3:] - 1
        (convert,) = taken(folder / "seld/methods/ein_seld/training.py", "to_dcase_format")
        (fusion,) = taken(
            folder / "seld/methods/ein_seld/inference.py", "fusion", to_dcase_format=convert
        )
        written = []
        owner = types.SimpleNamespace(
            cfg={"inference": {"threshold_sed": 0.5}},
            fn_list=["a"],
            num_segments=1,
            write_submission=lambda *given, kept=written: kept.append(given),
        )
        sed, doa = outputs[..., :-3].numpy(), outputs[..., -3:].numpy()
        fusion(owner, Path(), [{"sed": sed, "doa": doa}])
        ((_, expected),) = written
        clip = Clip("a", FRAMES * 0.1, {})
        found = {}
        for event in form.decode(outputs[0].flatten(1), clip, 0.1, post(classes=CLASSES)).events:
            azimuth = np.degrees(np.arctan2(event.doa[:, 1], event.doa[:, 0]))
            elevation = np.degrees(np.arcsin(event.doa[:, 2].clip(-1, 1)))
            for i, angles in enumerate(np.stack([azimuth, elevation], 1).round().astype(int)):
                row = [CLASSES.index(event.label), *angles.tolist()]
                found.setdefault(round(event.onset * 10) + i, []).append(row)
        assert len(expected) > 20
        assert {t: sorted(r) for t, r in found.items()} == {
            t: sorted(r) for t, r in expected.items()
        }


def test_the_masked_absolute_error_is_the_official_one(checkouts):
    for folder in checkouts("models/interfaces.py", "compute_masked_reg_loss"):
        path = folder / "models/interfaces.py"
        names = ("compute_masked_reg_loss", "compute_doa_reg_loss", "compute_classwise_clareg_loss")
        masked, directions, both = taken(path, *names, F=torch.nn.functional)
        classes, draw = len(CLASSES), generator()
        owner = types.SimpleNamespace(
            n_classes=classes, loss_weight=(0.3, 0.7), compute_masked_reg_loss=masked
        )
        owner.compute_doa_reg_loss = partial(directions, owner)
        active = (torch.rand(2, FRAMES, 1, classes, generator=draw) < 0.2).float()
        vectors = active * torch.randn(2, FRAMES, 3, classes, generator=draw)
        targets = torch.cat([active, vectors], 2).flatten(2)
        outputs = torch.randn(targets.shape, generator=draw)
        theirs, *_ = both(
            owner,
            target_dict={
                "event_frame_gt": targets[..., :classes],
                "doa_frame_gt": targets[..., classes:],
            },
            pred_dict={
                "event_frame_logit": outputs[..., :classes],
                "doa_frame_output": outputs[..., classes:],
            },
        )
        ours = SedDoa.losses["bce_masked_mae"](outputs, targets)
        assert float(ours) == pytest.approx(float(theirs), rel=1e-6)
