"""Trains the official DCASE 2022 baseline on a folder of recordings, for bench_training.py.

    cd CHECKOUT && python official_training.py DATA EPOCHS THREADS

CHECKOUT: sharathadavanne/seld-dcase2022. Needs its packages (librosa, torch, scikit-learn, joblib,
matplotlib, IPython) and nothing of seldbench. Prints JSON: seconds of the extraction of features
and labels, and of each epoch.
"""

import contextlib
import io
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, os.getcwd())


def main(data, epochs, threads):
    import numpy as np
    import torch

    np.int, np.float = int, float  # names that numpy has dropped since
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    random.seed(0)
    import cls_data_generator
    import cls_feature_class
    import parameters
    import seldnet_model
    import train_seldnet

    with contextlib.redirect_stdout(io.StringIO()):
        params = parameters.get_params("3")  # FOA, multi-ACCDOA
        params["dataset_dir"] = data
        params["feat_label_dir"] = str(Path(data) / "features")
        started = time.perf_counter()
        features = cls_feature_class.FeatureClass(params)
        features.extract_all_feature()
        features.preprocess_features()
        features.extract_all_labels()
        extraction = time.perf_counter() - started
        batches = cls_data_generator.DataGenerator(params=params, split=[3])
        inputs, outputs = batches.get_data_sizes()
        network = seldnet_model.CRNN(inputs, outputs, params)
        optimiser = torch.optim.Adam(network.parameters(), lr=params["lr"])
        loss = seldnet_model.MSELoss_ADPIT()
        seconds = []
        for _ in range(epochs):
            started = time.perf_counter()
            train_seldnet.train_epoch(batches, optimiser, network, loss, params, "cpu")
            seconds.append(time.perf_counter() - started)
    print(json.dumps({"extraction": extraction, "epochs": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
