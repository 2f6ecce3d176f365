"""Record reference values of the single-label asymmetric loss, computed by timm, in `timm_single_label.json`.

The real `timm.loss.AsymmetricLossSingleLabel` runs in float64; its values and autograd gradients are written beside this
script, one test case per line, for the tests of this crate to compare with.

    pip install torch numpy mpmath
    pip install --no-deps timm==1.0.31
    python tests/vectors/generate_timm_single.py

The seeds are fixed, so the same versions write the same file; another CPU or another torch version can change last
digits. Takes some seconds.

timm takes the probability of a class as exp(log_softmax), and of any class but the target as 1 - (1 - p), which is off by a
rounding of 1 and not of p. So its small probabilities, and what depends on them, are good to an absolute error only. Each
recorded number is therefore compared with the plain definition of the loss, differentiated numerically in 50 digits (mpmath),
and a row of logits is drawn anew until the two agree within `TOLERANCE`, so that a test may ask for 1e-12.

Fields of a case, beside the settings (`eps` is the label smoothing), `shape`, `logits` (row-major) and `classes`:

value     a number, or one per row when `reduction` is "none".
gradient  as autograd gives it: of `value`, or of the sum of `value` for "none". It flows through the focal weight.
"""

import importlib.metadata
import importlib.util
import itertools
import random
from pathlib import Path

import mpmath
import torch

from recording import agree, record

OUTPUT = Path(__file__).with_name("timm_single_label.json")
SHAPES = [(5, 3), (4, 7), (2, 12), (3, 1)]
EXPONENTS = [(4.0, 1.0), (4.0, 0.0), (0.0, 0.0), (2.0, 2.0), (1.0, 3.0), (2.5, 0.5), (3.0, 1.5)]  # gamma_neg, gamma_pos
SMOOTHINGS = [0.1, 0.0, 0.3]
REDUCTIONS = ["mean", "none"]


def load_reference():
    """Return timm's class without running the package's `__init__` files, whose dependencies this loss does not need."""
    root = Path(importlib.util.find_spec("timm").origin).parent
    spec = importlib.util.spec_from_file_location("timm_asymmetric_loss", root / "loss" / "asymmetric_loss.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.AsymmetricLossSingleLabel


AsymmetricLossSingleLabel = load_reference()


def reference(case):
    """Values and gradient from timm: floats in lists, or one float for a reduced value."""
    loss = AsymmetricLossSingleLabel(
        gamma_pos=case["gamma_pos"], gamma_neg=case["gamma_neg"], eps=case["eps"], reduction=case["reduction"]
    )
    logits = torch.tensor(case["logits"], dtype=torch.float64).reshape(case["shape"])
    logits.requires_grad_()
    value = loss(logits, torch.tensor(case["classes"]))
    value.sum().backward()
    value, gradient = value.detach() + 0.0, logits.grad + 0.0  # + 0.0: no negative zeros
    return value.flatten().tolist() if case["reduction"] == "none" else value.item(), gradient.flatten().tolist()


def loss_of_row(case, target):
    """The plain definition, a function of the logits of a row."""
    gamma_neg, gamma_pos, eps = (mpmath.mpf(case[name]) for name in ["gamma_neg", "gamma_pos", "eps"])

    def loss(*logits):
        total = sum(mpmath.exp(z) for z in logits)
        value = mpmath.mpf(0)
        for c, z in enumerate(logits):
            p = mpmath.exp(z) / total
            weight = (1 - p) ** gamma_pos if c == target else p**gamma_neg
            value -= ((1 - eps) * (c == target) + eps / len(logits)) * weight * mpmath.log(p)
        return value

    return loss


def exact(case, logits, target):
    """Loss of a row and its gradient."""
    loss, logits = loss_of_row(case, target), [mpmath.mpf(z) for z in logits]
    if len(logits) == 1:  # certain: no fractional power of 1 - p can be differentiated
        return mpmath.mpf(0), [mpmath.mpf(0)]
    gradient = [mpmath.diff(loss, tuple(logits), tuple(int(c == j) for c in range(len(logits)))) for j in range(len(logits))]
    return loss(*logits), gradient


def new_case(seed, gamma_neg, gamma_pos, eps, reduction, shape):
    draw = random.Random(seed)
    rows, classes = shape
    case = {"gamma_neg": gamma_neg, "gamma_pos": gamma_pos, "eps": eps, "reduction": reduction, "shape": list(shape)}

    def draw_row():
        return [round(draw.uniform(-3, 3), 4) for _ in range(classes)]

    case["classes"] = [draw.randrange(classes) for _ in range(rows)]
    logits = [draw_row() for _ in range(rows)]
    numbers = [exact(case, row, target) for row, target in zip(logits, case["classes"])]
    scale = mpmath.mpf(1) / rows if reduction == "mean" else 1
    while True:
        case["logits"] = [z for row in logits for z in row]
        losses, _ = reference({**case, "reduction": "none"})
        value, gradient = reference(case)
        unsound = [
            i
            for i, (loss, slopes) in enumerate(numbers)
            if not agree(losses[i], loss)
            or not all(agree(gradient[i * classes + j], slope * scale) for j, slope in enumerate(slopes))
        ]
        if not unsound:
            break
        for i in unsound:
            logits[i] = draw_row()
            numbers[i] = exact(case, logits[i], case["classes"][i])
    if reduction == "mean":
        assert agree(value, sum(loss for loss, _ in numbers) * scale)
    case.update(value=value, gradient=gradient)
    return case


def main():
    torch.set_num_threads(1)
    mpmath.mp.dps = 50

    cases = []
    for (gamma_neg, gamma_pos), eps, reduction in itertools.product(EXPONENTS, SMOOTHINGS, REDUCTIONS):
        shape = SHAPES[len(cases) % len(SHAPES)]
        if shape[1] == 1 and 0 < gamma_pos < 1:  # timm has 0 * inf there
            shape = SHAPES[0]
        cases.append(new_case(len(cases), gamma_neg, gamma_pos, eps, reduction, shape))

    record(
        OUTPUT,
        cases,
        torch=torch.__version__,
        timm=importlib.metadata.version("timm"),
        mpmath=mpmath.__version__,
    )


if __name__ == "__main__":
    main()
