"""cleanlab on the same probabilities: python label_faults.py FOLDER N K H W VOID SEED…

Reads FOLDER/probabilities.f32 [N,K,H,W], FOLDER/labels-SEED.u8 and FOLDER/faults-SEED.u8 [N,H,W]; prints a JSON line a seed: the images' scores
(softmin) and the connected regions of the pixels that find_label_issues names, ranked by their pixels' own mean score.
Pixels without a label, which cleanlab does not know, are given the label with certainty.
"""

import json
import sys

import numpy as np
from cleanlab.segmentation.filter import find_label_issues
from cleanlab.segmentation.rank import get_label_quality_scores
from scipy import ndimage

folder = sys.argv[1]
n, k, h, w, void = map(int, sys.argv[2:7])
shape = (n, k, h, w)
probabilities = np.fromfile(f"{folder}/probabilities.f32", np.float32).reshape(shape)

for seed in sys.argv[7:]:
    labels = np.fromfile(f"{folder}/labels-{seed}.u8", np.uint8).reshape(n, h, w).astype(int)
    faults = np.fromfile(f"{folder}/faults-{seed}.u8", np.uint8).reshape(n, h, w)
    given = probabilities.copy()
    image, y, x = np.nonzero(labels == void)
    given[image, :, y, x] = 0
    given[image, void, y, x] = 1
    scores, pixel_scores = get_label_quality_scores(labels, given, method="softmin", verbose=False)
    issues = find_label_issues(labels, given, n_jobs=1, verbose=False)
    regions = []
    for i in range(n):
        ids, count = ndimage.label(issues[i], structure=np.ones((3, 3)))
        for region in range(1, count + 1):
            inside = ids == region
            pixels = int(inside.sum())
            score = float(1 - pixel_scores[i][inside].mean())
            regions.append([i, pixels, score, int(faults[i][inside].sum())])
    print(json.dumps({"scores": [float(s) for s in scores], "regions": regions}), flush=True)
