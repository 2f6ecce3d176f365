"""The time of timm's loss of one label in each row, eager: `python tools/timm_single_label.py THREADS`, after `pip install torch timm`.

Its settings are the defaults of `SingleLabelLoss`. Value and gradient in nanoseconds per element, the fastest tenth of calls; compare with what
`cargo bench --bench ratios` prints on the same machine with `RAYON_NUM_THREADS=THREADS`.
"""

import sys
import time

import torch
from timm.loss import AsymmetricLossSingleLabel

CALLS = 20

torch.set_num_threads(int(sys.argv[1]))
loss = AsymmetricLossSingleLabel(gamma_pos=0, gamma_neg=4, eps=0.1)
for rows, classes in [(4096, 1000), (65536, 10)]:
    logits = (3 * torch.randn(rows, classes)).requires_grad_(True)
    targets = torch.randint(0, classes, (rows,))
    times = []
    for _ in range(CALLS):
        logits.grad = None
        start = time.perf_counter()
        loss(logits, targets).backward()
        times.append(time.perf_counter() - start)
    print(f"{rows} × {classes}: {sorted(times)[CALLS // 10] * 1e9 / (rows * classes):.2f} ns")
