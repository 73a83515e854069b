"""Steps of the official AST, for bench_ast.py: a step for each line of its input, then seconds.

    python official_ast.py CHECKOUT BATCH FRAMES CLASSES DEVICE THREADS

CHECKOUT: YuanGongND/ast. Needs torch and timm 0.4.5, and nothing of seldbench. The step is that of
src/traintest.py in float32: BCE with logits, Adam (betas 0.95, 0.999; weight decay 5e-7).
"""

import contextlib
import io
import sys
import time
import types
import warnings


def main(checkout, batch, frames, classes, device, threads):
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    # Only its download of weights needs this package.
    sys.modules.setdefault("wget", types.ModuleType("wget"))
    sys.path.insert(0, f"{checkout}/src/models")
    import ast_models

    with contextlib.redirect_stdout(io.StringIO()):
        network = ast_models.ASTModel(
            label_dim=classes, input_tdim=frames, imagenet_pretrain=False, model_size="base384"
        )
    network = network.to(device).train()
    # Its forward switches mixed precision on by itself, on a GPU: all else is the same in float32.
    forward = getattr(network.forward, "__wrapped__", None)
    step_forward = (lambda x: forward(network, x)) if forward else network
    optimiser = torch.optim.Adam(network.parameters(), 1e-5, weight_decay=5e-7, betas=(0.95, 0.999))
    loss = torch.nn.BCEWithLogitsLoss()
    features = torch.randn(batch, frames, 128, device=device)
    target = (torch.rand(batch, classes, device=device) < 0.01).float()
    for _ in sys.stdin:
        start = time.perf_counter()
        value = loss(step_forward(features), target)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        if device == "cuda":
            torch.cuda.synchronize()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    numbers = [int(sys.argv[i]) for i in (2, 3, 4)]
    main(sys.argv[1], *numbers, sys.argv[5], int(sys.argv[6]))
