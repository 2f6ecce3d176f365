"""Print what other libraries give for the arrays of docs/recipes/other_libraries.md, with their defaults, in float64.

    pip install torch numpy mpmath optax
    pip install --no-deps torch_ecg==0.0.33 timm==1.0.31 mmpretrain==1.2.0
    python tests/vectors/print_defaults.py FILE

FILE is `src/loss_functions/losses.py` of the official code, which is not a package.
"""

import runpy
import sys

import jax
import numpy
import optax
import torch
from generate_timm_single import AsymmetricLossSingleLabel  # first: the others replace its package

import generate
import generate_weighted

jax.config.update("jax_enable_x64", True)
torch.Tensor.float = torch.Tensor.double  # timm and mmpretrain convert to float32
logits = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.2, 1.5]], dtype=torch.float64)
labels = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], dtype=torch.float64)
classes = torch.tensor([0, 2])

values = {
    "torch_ecg": generate.AsymmetricLoss()(logits, labels),
    "torch_ecg, deep-psp": generate.AsymmetricLoss(implementation="deep-psp")(logits, labels),
    "official code": runpy.run_path(sys.argv[1])["AsymmetricLoss"]()(logits, labels),
    "timm": generate_weighted.TIMM()(logits, labels),
    "timm, one class in each row": AsymmetricLossSingleLabel()(logits, classes),
    "mmpretrain": generate_weighted.MMPRETRAIN.AsymmetricLoss()(logits, labels),
    "optax": optax.sigmoid_focal_loss(numpy.array(logits), numpy.array(labels), alpha=0.25, gamma=2.0).mean(),
}
for name, value in values.items():
    print(f"{name}: {float(value):.12f}")
