"""Record reference values of the asymmetric loss, computed by torch_ecg, in `torch_ecg.json`.

The real `torch_ecg.models.loss.AsymmetricLoss` runs in float64; its values and autograd gradients are
written beside this script, one test case per line, for the tests of this crate to compare with.

    pip install torch numpy mpmath
    pip install --no-deps torch_ecg
    python tests/vectors/generate.py

The seeds are fixed, so the same versions write the same file; another CPU or another torch version can
change last digits. Takes about a minute.

torch_ecg cancels digits where the probability is near the margin or near 1. Each recorded number is
therefore compared with the plain definition of the loss, differentiated numerically in 50 digits or
more (mpmath), and a logit is drawn anew (or left out) until the two agree within `TOLERANCE`, so that a
test may ask for 1e-12.

Fields of a case, beside the settings, `shape`, `logits` and `targets` (row-major):

group             "general": random logits in [-6, 6].
                  "extreme": badly wrong predictions, where the reference's log floor acts.
value             a number, or one per element when `reduction` is "none".
gradient          as autograd gives it: of `value`, or of the sum of `value` for "none".
reference_fault   true where that gradient is wrong: the "deep-psp" implementation multiplies by the focal
                  weight in place with gradients switched off, which removes the weight from the gradient
                  instead of treating it as a constant.
correct_gradient  for those cases only: the gradient with the weight as a constant, from mpmath.
"""

import importlib
import importlib.metadata
import importlib.util
import itertools
import math
import random
import sys
import types
from pathlib import Path

import mpmath
import torch

from recording import agree, record

OUTPUT = Path(__file__).with_name("torch_ecg.json")
LOG_FLOOR = 1e-8  # `eps` in torch_ecg, not a setting there
DIGITS = {"general": 50, "extreme": 2000}  # tiny terms count beside large ones: p**5 at -700 is 1e-1520

IMPLEMENTATIONS = {"AlibabaMiil": "alibaba-miil", "DeepPsp": "deep-psp"}  # name here: name in torch_ecg
REDUCTIONS = ["mean", "sum", "none"]
SHAPES = [(8, 5), (6, 7), (2, 3, 4), (11,)]
SETTINGS = [  # gamma_neg, gamma_pos, prob_margin
    (4.0, 1.0, 0.05),
    (2.0, 0.0, 0.2),
    (0.0, 0.0, 0.0),
    (2.0, 2.0, 0.0),
    (3.0, 1.5, 0.1),
    (1.0, 2.0, 0.05),
    (0.0, 0.0, 0.2),
    (0.0, 1.0, 0.05),
    (4.0, 1.0, 0.0),
    (0.5, 0.5, 0.1),
    (2.5, 0.5, 0.0),
    (6.0, 3.0, 0.5),
]

# Logit and target; a case leaves out those where the reference is unsound. The floor acts beyond about
# -18.42 on positives and, at margin 0, beyond 18.42 on negatives.
EXTREME_ELEMENTS = [
    (-18.4, 1.0),
    (-18.5, 1.0),
    (-30.0, 1.0),
    (-100.0, 1.0),
    (-700.0, 1.0),
    (18.5, 0.0),
    (30.0, 0.0),
    (100.0, 0.0),
    (-30.0, 0.0),
    (-100.0, 0.0),
    (-30.0, 0.9),
]
EXTREME_SETTINGS = [(4.0, 1.0, 0.05), (4.0, 0.0, 0.05), (0.0, 0.0, 0.0), (4.0, 1.0, 0.0)]


# --- The reference ---------------------------------------------------------------------------------


def load_reference():
    """Return torch_ecg's `AsymmetricLoss` without running the package's `__init__` files, whose
    dependencies this loss does not need."""
    root = Path(importlib.util.find_spec("torch_ecg").origin).parent
    for name in ["torch_ecg", "torch_ecg.components", "torch_ecg.models", "torch_ecg.utils"]:
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    return importlib.import_module("torch_ecg.models.loss").AsymmetricLoss


AsymmetricLoss = load_reference()


def reference(case, reduction):
    """Value and gradient from torch_ecg: floats in lists, or one float for a reduced value."""
    loss = AsymmetricLoss(
        gamma_neg=case["gamma_neg"],
        gamma_pos=case["gamma_pos"],
        prob_margin=case["prob_margin"],
        disable_torch_grad_focal_loss=case["detach"],
        reduction=reduction,
        implementation=IMPLEMENTATIONS[case["implementation"]],
    )
    assert loss.eps == case["log_floor"]
    logits = torch.tensor(case["logits"], dtype=torch.float64).reshape(case["shape"])
    targets = torch.tensor(case["targets"], dtype=torch.float64).reshape(case["shape"])
    logits.requires_grad_()
    value = loss(logits, targets)
    value.sum().backward()
    value, gradient = value.detach() + 0.0, logits.grad + 0.0  # + 0.0: no negative zeros
    return value.flatten().tolist() if reduction == "none" else value.item(), gradient.flatten().tolist()


# --- The definition --------------------------------------------------------------------------------


def products(case, y):
    """The loss on one label as a sum of (weight, cross-entropy) pairs, both functions of the logit."""
    gamma_neg, gamma_pos, margin, floor = (
        mpmath.mpf(case[name]) for name in ["gamma_neg", "gamma_pos", "prob_margin", "log_floor"]
    )
    y = mpmath.mpf(y)

    def probability(z):
        return 1 / (1 + mpmath.exp(-z))

    def shifted(z):
        return max(probability(z) - margin, 0)

    def positive(z):
        return -mpmath.log(max(probability(z), floor))

    def negative(z):
        return -mpmath.log(max(1 - shifted(z), floor))

    if case["implementation"] == "AlibabaMiil":
        exponent = gamma_pos * y + gamma_neg * (1 - y)
        return [
            (
                lambda z: (y * (1 - probability(z)) + (1 - y) * shifted(z)) ** exponent,
                lambda z: y * positive(z) + (1 - y) * negative(z),
            )
        ]
    return [
        (lambda z: (1 - probability(z)) ** gamma_pos, lambda z: y * positive(z)),
        (lambda z: probability(z) ** gamma_neg, lambda z: (1 - y) * negative(z)),
    ]


def exact(case, z, y):
    """Loss on one label, its gradient, the gradient torch_ecg is expected to give (another one only
    where torch_ecg is at fault), and whether the gradient is well away from a change of sign."""
    z, pairs = mpmath.mpf(z), products(case, y)
    frozen = [weight(z) for weight, _ in pairs]
    value = sum(w * cross_entropy(z) for w, (_, cross_entropy) in zip(frozen, pairs))

    def attached(x):
        return sum(weight(x) * cross_entropy(x) for weight, cross_entropy in pairs)

    def detached(x):
        return sum(w * cross_entropy(x) for w, (_, cross_entropy) in zip(frozen, pairs))

    def dropped(x):
        return sum(cross_entropy(x) for _, cross_entropy in pairs)

    curve = detached if case["detach"] else attached
    gradient = mpmath.diff(curve, z)
    by_torch = gradient
    if case["implementation"] == "DeepPsp" and case["detach"] and (case["gamma_neg"] > 0 or case["gamma_pos"] > 0):
        by_torch = mpmath.diff(dropped, z)
    # Soft labels: terms of opposite sign cancel near a zero of the gradient, in any evaluation.
    well_conditioned = abs(mpmath.diff(curve, z, 2)) <= 50 * abs(gradient)
    return value, gradient, by_torch, well_conditioned


# --- Cases -----------------------------------------------------------------------------------------


def new_case(group, implementation, detach, settings, reduction):
    gamma_neg, gamma_pos, prob_margin = settings
    return {
        "group": group,
        "implementation": implementation,
        "detach": detach,
        "gamma_neg": gamma_neg,
        "gamma_pos": gamma_pos,
        "prob_margin": prob_margin,
        "log_floor": LOG_FLOOR,
        "reduction": reduction,
    }


def complete(case, replace):
    """Add the reference's numbers. `replace(case, unsound)` is to redraw or drop the elements at the
    indices `unsound`; this repeats until there are none."""
    mpmath.mp.dps = DIGITS[case["group"]]
    known = {}

    def exact_cached(z, y):
        if (z, y) not in known:
            known[z, y] = exact(case, z, y)
        return known[z, y]

    while True:
        count = len(case["logits"])
        scale = mpmath.mpf(1) / count if case["reduction"] == "mean" else 1
        numbers = [exact_cached(z, y) for z, y in zip(case["logits"], case["targets"])]
        value, gradient = reference(case, case["reduction"])
        losses, _ = reference(case, "none")
        unsound = [
            i
            for i, (exact_value, _, by_torch, well_conditioned) in enumerate(numbers)
            if not (well_conditioned and agree(losses[i], exact_value) and agree(gradient[i], by_torch * scale))
        ]
        if not unsound:
            break
        replace(case, unsound)

    correct = [exact_gradient * scale for _, exact_gradient, _, _ in numbers]
    fault = not all(map(agree, gradient, correct))
    case.update(value=value, gradient=gradient, reference_fault=fault)
    if fault:
        assert case["implementation"] == "DeepPsp" and case["detach"]
        case["correct_gradient"] = [float(g) for g in correct]

    if case["reduction"] == "none":
        assert all(agree(loss, n[0]) for loss, n in zip(value, numbers))
    else:
        assert agree(value, sum(n[0] for n in numbers) * scale)
    assert all(agree(g, n[2] * scale) for g, n in zip(gradient, numbers))
    return case


def general_case(seed, implementation, detach, soft, settings, reduction, shape):
    draw = random.Random(seed)
    count = math.prod(shape)

    def draw_logit():
        return round(draw.uniform(-6, 6), 4)

    def draw_target():
        if soft and draw.random() < 0.8:
            return round(draw.random(), 2)
        return float(draw.random() < 0.4)

    def redraw(case, unsound):
        for i in unsound:
            case["logits"][i] = draw_logit()

    case = new_case("general", implementation, detach, settings, reduction)
    case["shape"] = list(shape)
    case["logits"] = [draw_logit() for _ in range(count)]
    case["targets"] = [draw_target() for _ in range(count)]
    return complete(case, redraw)


def extreme_case(implementation, detach, settings, reduction):
    def drop(case, unsound):
        for name in ["logits", "targets"]:
            case[name] = [x for i, x in enumerate(case[name]) if i not in unsound]
        case["shape"] = [len(case["logits"])]

    case = new_case("extreme", implementation, detach, settings, reduction)
    case["shape"] = [len(EXTREME_ELEMENTS)]
    case["logits"] = [z for z, _ in EXTREME_ELEMENTS]
    case["targets"] = [y for _, y in EXTREME_ELEMENTS]
    complete(case, drop)

    # A positive at -30: the loss stops at -ln(1e-8), and the cross-entropy no longer has a gradient.
    at = case["logits"].index(-30.0)
    assert case["targets"][at] == 1.0
    losses, _ = reference(case, "none")
    assert abs(losses[at] - 18.420680743952367) < 1e-11
    if case["gamma_pos"] == 0 or detach:
        assert case["gradient"][at] == 0.0
    return case


def main():
    torch.set_num_threads(1)

    cases = []
    for row, settings in enumerate(SETTINGS):
        variants = itertools.product(IMPLEMENTATIONS, [False, True], [False, True])
        for column, (implementation, detach, soft) in enumerate(variants):
            reduction = REDUCTIONS[(row + column) % len(REDUCTIONS)]
            shape = SHAPES[(row // len(REDUCTIONS) + column) % len(SHAPES)]
            cases.append(general_case(len(cases), implementation, detach, soft, settings, reduction, shape))
    for settings, implementation, detach in itertools.product(EXTREME_SETTINGS, IMPLEMENTATIONS, [False, True]):
        cases.append(extreme_case(implementation, detach, settings, REDUCTIONS[len(cases) % len(REDUCTIONS)]))

    record(
        OUTPUT,
        cases,
        torch=torch.__version__,
        torch_ecg=importlib.metadata.version("torch_ecg"),
        mpmath=mpmath.__version__,
    )


if __name__ == "__main__":
    main()
