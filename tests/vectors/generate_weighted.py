"""Record weighted values of the asymmetric loss, computed by timm and mmpretrain, in `weighted.json`.

The real `AsymmetricLossMultiLabel` of timm 1.0.31 and `AsymmetricLoss` of mmpretrain 1.2.0 run in float64; their values
and autograd gradients are written beside this script, one test case per line, for the tests of this crate to compare with.

    pip install torch numpy mpmath
    pip install --no-deps timm==1.0.31 mmpretrain==1.2.0
    python tests/vectors/generate_weighted.py

The seeds are fixed, so the same versions write the same file; another CPU or another torch version can change last
digits. Takes less than a minute. Recorded with torch 2.15.0, mpmath 1.3.0 and Python 3.11.7.

Each recorded number is compared with the definition of this crate, differentiated numerically in many digits (mpmath), and
a logit is drawn anew (or left out) until the two agree within `TOLERANCE`, so that a test may ask for 1e-12. With a class
weight c, a positive weight π and a weight ω of the call, one label costs

    ω·c·bᵉ·(π·y·s + (1−y)·r),   b = y·(1−p) + (1−y)·u,   e = γ₊y + γ₋(1−y),   s = −ln p,   r = −ln(1−u),

after the label has been smoothed, y ← y(1−α) + α/2. That is `AlibabaMiil`.

timm is this definition, on hard and soft labels. What it has:

- `weight` c, one per class (any tensor that broadcasts); `pos_weight` π, a number or one per class; `smoothing` α in [0, 1).
- `reduction` "batchmean" (its default: the sum divided by the first axis), "mean" (by all elements), "sum" and "none".
  Weights have no part in a divisor. With more than two axes "batchmean" still divides by the first alone, so it is
  recorded for two.
- `disable_torch_grad_focal_loss` treats the focal weight as a constant, as this crate does.
- `eps` 1e-8 clamps the arguments of the logarithms: a log floor.
- No weights of the call, and no unknown labels.
- It converts logits and labels to float32, whatever they were. Here `Tensor.float` stands for `double` while it runs.
- For 0 < γ < 1 its gradient is NaN where the base of the focal weight is 0, as it is for negatives below the margin: 0·∞.

mmpretrain is this definition on hard labels only. What it has:

- `weight` ω, one per row, and `loss_weight`, a number for all: a uniform c. No positive weight, no smoothing, no detached weight.
- `reduction` "mean" (by all elements, also with weights), "sum" and "none"; with "mean", `avg_factor` is the divisor instead. With
  "sum" it is refused.
- `eps` 1e-8 clamps the argument of the logarithm: a log floor.
- For 0 < γ < 1 its gradient is NaN where timm's is.
- On soft labels it takes the logarithm of the mixture, −bᵉ·ln(1−b), in place of the mixture of logarithms: none of the
  formulations of this crate. The script checks that this is so, and records hard labels.
- Weights become float32; `Tensor.float` stands for `double` here, too.
- Labels with one axis or one column count as indices of classes, so cases have two axes and several columns; vectors go
  through the function `asymmetric_loss`, which does not convert them.
- With three axes, weights lie along the second, though it calls them weights of samples. Not recorded.

Fields of a case, beside the settings of this crate, `shape`, `logits` and `targets` (row-major):

library        "timm" or "mmpretrain".
group          "general": random logits in [-6, 6].
               "extreme": badly wrong predictions, where the log floor acts.
class_weight   c: a number, or one per class.
pos_weight     π: likewise.
weights        ω: null, or numbers in `weights_shape`, which broadcasts to `shape`.
reduction      "mean", "sum", "batchmean", "divisor(n)", or "none".
value          a number, or one per element when `reduction` is "none".
gradient       as autograd gives it: of `value`, or of the sum of `value` for "none".
"""

import contextlib
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

OUTPUT = Path(__file__).with_name("weighted.json")
LOG_FLOOR = 1e-8  # the default of both libraries
DIGITS = {"general": 50, "extreme": 300}  # tiny terms count beside large ones: p**5 at -100 is 1e-217

SETTINGS = [  # gamma_neg, gamma_pos, prob_margin
    (4.0, 1.0, 0.05),
    (2.0, 0.0, 0.2),
    (0.0, 0.0, 0.0),
    (2.0, 2.0, 0.0),
    (3.0, 1.5, 0.1),
    (0.0, 1.0, 0.05),
    (0.5, 0.5, 0.1),
    (6.0, 3.0, 0.5),
]
TIMM_REDUCTIONS = ["batchmean", "mean", "sum", "none"]
TIMM_SHAPES = [(6, 4), (5, 5), (2, 3, 4), (4, 6)]
# Which of class weight, positive weight and smoothing a case has: none, "uniform" or "per class"; α.
TIMM_OPTIONS = [
    ("per class", "uniform", 0.0),
    ("uniform", "per class", 0.0),
    ("per class", "per class", 0.1),
    ("none", "per class", 0.3),
    ("per class", "none", 0.02),
]
MMPRETRAIN_REDUCTIONS = ["mean", "sum", "divisor", "none"]

# Logit and target; a case leaves out those where the library is unsound. The floor acts beyond about -18.42 on
# positives and, at margin 0, beyond 18.42 on negatives.
EXTREME_ELEMENTS = [
    (-18.4, 1.0),
    (-18.5, 1.0),
    (-30.0, 1.0),
    (-100.0, 1.0),
    (18.5, 0.0),
    (30.0, 0.0),
    (100.0, 0.0),
    (-30.0, 0.0),
]
EXTREME_SETTINGS = [(4.0, 1.0, 0.05), (4.0, 0.0, 0.05), (0.0, 0.0, 0.0)]


# --- The libraries ---------------------------------------------------------------------------------


def package(name, path=None):
    """Make an empty package known, in place of one whose `__init__` needs more than the loss does."""
    module = types.ModuleType(name)
    module.__path__ = [] if path is None else [str(path)]
    sys.modules[name] = module
    return module


def load_timm():
    root = Path(importlib.util.find_spec("timm").origin).parent
    package("timm", root)
    package("timm.loss", root / "loss")
    return importlib.import_module("timm.loss.asymmetric_loss").AsymmetricLossMultiLabel


def load_mmpretrain():
    root = Path(importlib.util.find_spec("mmpretrain").origin).parent
    for name in ["mmpretrain", "mmpretrain.models", "mmpretrain.models.losses"]:
        package(name, root.joinpath(*name.split(".")[1:]))
    # The registry of mmengine: here a decorator that does nothing.
    registry = package("mmpretrain.registry")
    registry.MODELS = types.SimpleNamespace(register_module=lambda: lambda registered: registered)
    return importlib.import_module("mmpretrain.models.losses.asymmetric_loss")


TIMM = load_timm()
MMPRETRAIN = load_mmpretrain()


@contextlib.contextmanager
def float_is_double():
    """Let `Tensor.float` keep float64, so that conversions inside the libraries lose no digits."""
    kept = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = kept


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def timm(case, reduction, logits, targets):
    loss = TIMM(
        gamma_neg=case["gamma_neg"],
        gamma_pos=case["gamma_pos"],
        clip=case["prob_margin"],
        eps=case["log_floor"],
        disable_torch_grad_focal_loss=case["detach"],
        smoothing=case["label_smoothing"],
        reduction=reduction,
        weight=tensor(case["class_weight"]),
        pos_weight=tensor(case["pos_weight"]),
    )
    return loss(logits, targets)


def mmpretrain(case, reduction, logits, targets):
    weights = case["weights"] and tensor(case["weights"])
    settings = {
        "gamma_neg": case["gamma_neg"],
        "gamma_pos": case["gamma_pos"],
        "clip": case["prob_margin"],
        "eps": case["log_floor"],
    }
    factor = None
    if reduction.startswith("divisor"):
        reduction, factor = "mean", float(reduction[len("divisor(") : -1])
    if logits.dim() == 1:
        assert case["class_weight"] == 1.0
        return MMPRETRAIN.asymmetric_loss(
            logits, targets, weights, reduction=reduction, avg_factor=factor, **settings
        )
    loss = MMPRETRAIN.AsymmetricLoss(reduction=reduction, loss_weight=case["class_weight"], **settings)
    return loss(logits, targets, weights, avg_factor=factor)


LIBRARIES = {"timm": timm, "mmpretrain": mmpretrain}


def reference(case, reduction):
    """Value and gradient from the library: floats in lists, or one float for a reduced value."""
    logits = tensor(case["logits"]).reshape(case["shape"])
    targets = tensor(case["targets"]).reshape(case["shape"])
    logits.requires_grad_()
    with float_is_double():
        value = LIBRARIES[case["library"]](case, reduction, logits, targets)
    assert value.dtype == torch.float64
    value.sum().backward()
    value, gradient = value.detach() + 0.0, logits.grad + 0.0  # + 0.0: no negative zeros
    return value.flatten().tolist() if reduction == "none" else value.item(), gradient.flatten().tolist()


# --- The definition --------------------------------------------------------------------------------


class Definition:
    """The loss on one label, in many digits, without its weights ω and c."""

    def __init__(self, case, y, pos_weight):
        self.gamma_neg, self.gamma_pos, self.margin, self.floor, smoothing = (
            mpmath.mpf(case[name])
            for name in ["gamma_neg", "gamma_pos", "prob_margin", "log_floor", "label_smoothing"]
        )
        self.y = mpmath.mpf(y) * (1 - smoothing) + smoothing / 2
        self.pos_weight = mpmath.mpf(pos_weight)

    def base(self, z):
        p = 1 / (1 + mpmath.exp(-z))
        return self.y * (1 - p) + (1 - self.y) * max(p - self.margin, 0)

    def focal_weight(self, z):
        return self.base(z) ** (self.gamma_pos * self.y + self.gamma_neg * (1 - self.y))

    def cross_entropy(self, z):
        p = 1 / (1 + mpmath.exp(-z))
        positive = -mpmath.log(max(p, self.floor))
        negative = -mpmath.log(max(1 - max(p - self.margin, 0), self.floor))
        return self.pos_weight * self.y * positive + (1 - self.y) * negative

    def of_the_mixture(self, z):
        """The loss of mmpretrain."""
        return -self.focal_weight(z) * mpmath.log(max(1 - self.base(z), self.floor))


def exact(case, z, y, pos_weight):
    """Loss on one label, its gradient, and whether that is well away from a change of sign."""
    z, definition = mpmath.mpf(z), Definition(case, y, pos_weight)
    frozen = definition.focal_weight(z)

    def attached(x):
        return definition.focal_weight(x) * definition.cross_entropy(x)

    def detached(x):
        return frozen * definition.cross_entropy(x)

    curve = detached if case["detach"] else attached
    gradient = mpmath.diff(curve, z)
    # Soft labels: terms of opposite sign cancel near a zero of the gradient, in any evaluation.
    well_conditioned = abs(mpmath.diff(curve, z, 2)) <= 50 * abs(gradient)
    return attached(z), gradient, well_conditioned


# --- Cases -----------------------------------------------------------------------------------------


def per_class(parameter, index, shape):
    return parameter[index % shape[-1]] if isinstance(parameter, list) else parameter


def weight_of(case, index):
    """ω·c of the element with this index."""
    weight = mpmath.mpf(per_class(case["class_weight"], index, case["shape"]))
    if case["weights"] is None:
        return weight
    rows = len(case["weights"])
    return weight * case["weights"][index * rows // math.prod(case["shape"])]


def divisor(case):
    shape = case["shape"]
    if case["reduction"].startswith("divisor"):
        return mpmath.mpf(case["reduction"][len("divisor(") : -1])
    return {"mean": math.prod(shape), "batchmean": math.prod(shape[:-1]), "sum": 1, "none": 1}[case["reduction"]]


def complete(case, replace):
    """Add the library's numbers. `replace(case, unsound)` is to redraw or drop the elements at the indices `unsound`;
    this repeats until there are none."""
    mpmath.mp.dps = DIGITS[case["group"]]
    known = {}

    def exact_cached(z, y, pos_weight):
        if (z, y, pos_weight) not in known:
            known[z, y, pos_weight] = exact(case, z, y, pos_weight)
        return known[z, y, pos_weight]

    while True:
        scale = mpmath.mpf(1) / divisor(case)
        numbers = []
        for i, (z, y) in enumerate(zip(case["logits"], case["targets"])):
            loss, slope, well_conditioned = exact_cached(z, y, per_class(case["pos_weight"], i, case["shape"]))
            weight = weight_of(case, i)
            numbers.append((weight * loss, weight * slope * scale, well_conditioned))
        value, gradient = reference(case, case["reduction"])
        losses, _ = reference(case, "none")
        unsound = [
            i
            for i, (loss, slope, well_conditioned) in enumerate(numbers)
            if not (well_conditioned and agree(losses[i], loss) and agree(gradient[i], slope))
        ]
        if not unsound:
            break
        replace(case, unsound)

    if case["reduction"] == "none":
        assert all(agree(loss, n[0]) for loss, n in zip(value, numbers))
    else:
        assert agree(value, sum(n[0] for n in numbers) * scale)
    case.update(value=value, gradient=gradient)
    return case


def new_case(library, group, settings, reduction, shape, detach=False):
    gamma_neg, gamma_pos, prob_margin = settings
    return {
        "library": library,
        "group": group,
        "implementation": "AlibabaMiil",
        "detach": detach,
        "gamma_neg": gamma_neg,
        "gamma_pos": gamma_pos,
        "prob_margin": prob_margin,
        "log_floor": LOG_FLOOR,
        "class_weight": 1.0,
        "pos_weight": 1.0,
        "label_smoothing": 0.0,
        "weights_shape": None,
        "weights": None,
        "reduction": reduction,
        "shape": list(shape),
    }


def draw_weight(draw):
    """A weight that float32 has, too: sixty-fourths."""
    return draw.randint(1, 4 * 64) / 64


def draw_weights(draw, kind, classes):
    if kind == "none":
        return 1.0
    return draw_weight(draw) if kind == "uniform" else [draw_weight(draw) for _ in range(classes)]


def fill(draw, case, soft):
    """Draw logits and targets, and complete the case."""

    def draw_logit():
        return round(draw.uniform(-6, 6), 4)

    def draw_target():
        if soft and draw.random() < 0.8:
            return round(draw.random(), 2)
        return float(draw.random() < 0.4)

    def redraw(case, unsound):
        for i in unsound:
            case["logits"][i] = draw_logit()

    count = math.prod(case["shape"])
    case["logits"] = [draw_logit() for _ in range(count)]
    case["targets"] = [draw_target() for _ in range(count)]
    return complete(case, redraw)


def timm_case(seed, settings, options, reduction, shape, detach, soft):
    draw = random.Random(seed)
    case = new_case("timm", "general", settings, reduction, shape, detach)
    class_weight, pos_weight, case["label_smoothing"] = options
    case["class_weight"] = draw_weights(draw, class_weight, shape[-1])
    case["pos_weight"] = draw_weights(draw, pos_weight, shape[-1])
    if seed % 4 == 0 and isinstance(case["class_weight"], list):
        case["class_weight"][0] = 0.0
    return fill(draw, case, soft)


def mmpretrain_case(seed, settings, reduction, shape):
    draw = random.Random(seed)
    if reduction == "divisor":
        reduction = f"divisor({draw.randint(1, 40)})"
    case = new_case("mmpretrain", "general", settings, reduction, shape)
    case["weights"] = [draw_weight(draw) for _ in range(shape[0])]
    case["weights_shape"] = [shape[0]] + [1] * (len(shape) - 1)
    if len(shape) > 1:
        case["class_weight"] = draw_weight(draw)
        case["weights"][draw.randrange(shape[0])] = 0.0
    return fill(draw, case, soft=False)


def extreme_case(library, settings, reduction):
    """Predictions that are badly wrong, one per row of a table with two equal columns, weighted."""

    def drop(case, unsound):
        rows = {i // 2 for i in unsound}
        kept = [i for i in range(len(case["logits"])) if i // 2 not in rows]
        for name in ["logits", "targets"]:
            case[name] = [case[name][i] for i in kept]
        case["shape"][0] -= len(rows)
        if case["weights"] is not None:
            case["weights"] = [w for row, w in enumerate(case["weights"]) if row not in rows]
            case["weights_shape"][0] -= len(rows)

    case = new_case(library, "extreme", settings, reduction, (len(EXTREME_ELEMENTS), 2))
    case["logits"] = [z for z, _ in EXTREME_ELEMENTS for _ in range(2)]
    case["targets"] = [y for _, y in EXTREME_ELEMENTS for _ in range(2)]
    if library == "timm":
        case["class_weight"], case["pos_weight"] = [2.0, 0.5], [0.25, 3.0]
    else:
        case["weights"] = [0.5 * (1 + row % 4) for row in range(len(EXTREME_ELEMENTS))]
        case["weights_shape"] = [len(EXTREME_ELEMENTS), 1]
    complete(case, drop)
    assert -30.0 in case["logits"][: case["logits"].index(-100.0)]  # a positive beyond the floor is there
    return case


def check_soft_labels_of_mmpretrain():
    """On soft labels mmpretrain has a formula of its own."""
    mpmath.mp.dps = DIGITS["general"]
    draw = random.Random(0)
    for settings in SETTINGS:
        case = new_case("mmpretrain", "general", settings, "none", (5, 4))
        case["logits"] = [round(draw.uniform(-3, 3), 4) for _ in range(20)]
        case["targets"] = [round(draw.uniform(0.1, 0.9), 2) for _ in range(20)]
        losses, _ = reference(case, "none")
        for z, y, loss in zip(case["logits"], case["targets"], losses):
            definition = Definition(case, y, 1)
            assert agree(loss, definition.of_the_mixture(z)), (settings, z, y)
            assert not agree(loss, definition.focal_weight(z) * definition.cross_entropy(z)), (settings, z, y)


def main():
    torch.set_num_threads(1)
    check_soft_labels_of_mmpretrain()

    cases = []
    for row, settings in enumerate(SETTINGS):
        for column, options in enumerate(TIMM_OPTIONS):
            reduction = TIMM_REDUCTIONS[(row + column) % len(TIMM_REDUCTIONS)]
            shape = TIMM_SHAPES[(row // 2 + column) % len(TIMM_SHAPES)]
            if reduction == "batchmean" and len(shape) > 2:
                shape = TIMM_SHAPES[0]
            detach, soft = (row + column) % 3 == 1, (row // 2 + column) % 2 == 1
            cases.append(timm_case(len(cases), settings, options, reduction, shape, detach, soft))
        for column, shape in enumerate([(6, 4), (5, 3), (9,)]):
            reduction = MMPRETRAIN_REDUCTIONS[(row + column) % len(MMPRETRAIN_REDUCTIONS)]
            cases.append(mmpretrain_case(len(cases), settings, reduction, shape))
    for settings, library in itertools.product(EXTREME_SETTINGS, LIBRARIES):
        cases.append(extreme_case(library, settings, ["mean", "sum", "none"][len(cases) % 3]))

    record(
        OUTPUT,
        cases,
        torch=torch.__version__,
        timm=importlib.metadata.version("timm"),
        mmpretrain=importlib.metadata.version("mmpretrain"),
        mpmath=mpmath.__version__,
    )


if __name__ == "__main__":
    main()
