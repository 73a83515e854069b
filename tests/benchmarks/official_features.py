"""Extracts features with the official code, for bench_features.py.

    python official_features.py CHECKOUT NAME FOLDER THREADS REPEATS

CHECKOUT: sharathadavanne/seld-dcase2022 for iv_dcase2022, gcc_phat and salsa_lite; thomeou/SALSA
for salsa. FOLDER holds one-minute recordings in foa_dev/ or mic_dev/, where the features end up
too. Needs librosa, scikit-learn, and for SALSA h5py, fire, tqdm and PyYAML; nothing of seldbench.
Prints JSON: seconds by the wall's clock and of the processor, the fastest repeat over all files,
and mebibytes before and at most.
"""

import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path
from unittest.mock import MagicMock

LAYOUTS = {"iv_dcase2022": "foa", "gcc_phat": "mic", "salsa_lite": "mic", "salsa": "foa"}
NOT_NEEDED = ("IPython", "matplotlib", "matplotlib.pyplot")


def dcase(name, folder):
    """What extracts all files with the class of the baselines."""
    import parameters
    from cls_feature_class import FeatureClass

    params = parameters.get_params("1")
    params["dataset"], params["use_salsalite"] = LAYOUTS[name], name == "salsa_lite"
    features = FeatureClass(params)
    files = sorted((folder / f"{LAYOUTS[name]}_dev").glob("*.wav"))

    def extract():
        for number, path in enumerate(files):
            features.extract_file_feature((number, str(path), str(folder / f"{path.stem}.npy")))

    return extract


def salsa(name, folder):
    """What extracts all files with SALSA's own command."""
    import yaml
    from salsa_feature_extraction import extract_features

    published = Path.cwd() / "dataset" / "configs" / "tnsse2021_salsa_feature_config.yml"
    config = yaml.safe_load(published.read_text())
    config |= {"data_dir": str(folder), "feature_dir": str(folder)}
    (folder / "foa_eval").mkdir(exist_ok=True)
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    return lambda: extract_features(str(folder / "config.yml"), task="feature")


def as_arrays(folder):
    """SALSA's files as .npy, beside the others."""
    import h5py
    import numpy as np

    for path in folder.rglob("foa_dev/*.h5"):
        with h5py.File(path) as file:
            np.save(folder / f"{path.stem}.npy", file["feature"][:])


def main(checkout, name, folder, threads, repeats):
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads
    os.chdir(checkout)
    sys.path[:0] = [checkout, str(Path(checkout) / "dataset")]
    for module in NOT_NEEDED:
        sys.modules[module] = MagicMock()
    import numpy as np

    np.int, np.float = int, float  # names that numpy has dropped since
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        extract = (salsa if name == "salsa" else dcase)(name, Path(folder))
        before = peak()
        walls, processors = [], []
        for _ in range(int(repeats)):
            wall, processor = time.perf_counter(), time.process_time()
            extract()
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
    found = {"wall": min(walls), "processor": min(processors), "before": before, "peak": peak()}
    if name == "salsa":
        as_arrays(Path(folder))
    print(json.dumps(found))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
