"""Evaluation before and after an attack in eager PyTorch with its DataLoader: the peer of bench/evaluate.ts.

The same loop: decode, predict, attack, round to 8 bits, predict again, confusion matrices, L2, L-infinity, PSNR, SSIM. Weights are random;
they do not change the work. Evaluates all scenes once for each line on stdin; prints the seconds.
Arguments: the split's folder of pictures, its folder of labels, the number of scenes, batch size, the loader's workers.
"""

import os
import sys
import time

try:
    import numpy as np
    import torch
    from PIL import Image
except ImportError as error:
    sys.exit(f"{error}: the peer needs torch, numpy and pillow")
from torch import nn
from torch.nn.functional import conv2d
from torch.utils.data import DataLoader, Dataset

from train_step import ENet

CLASSES, IGNORED = 12, 11
LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
TAPS = torch.exp(-((torch.arange(11.0) - 5) ** 2) / (2 * 1.5**2))
TAPS = (TAPS / TAPS.sum()).view(1, 1, 11, 1)


class Scenes(Dataset):
    def __init__(self, pictures, labels, count):
        names = sorted(os.listdir(pictures))[:count]
        self.pairs = [(os.path.join(pictures, name), os.path.join(labels, name)) for name in names]

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        picture, label = (np.array(Image.open(path)) for path in self.pairs[index])
        return torch.from_numpy(picture).permute(2, 0, 1).float() / 255, torch.from_numpy(label).long()


class Attacker(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Conv2d(3, 8, 3, 2, 1)
        self.decode = nn.ConvTranspose2d(8, 3, 3, 2, 1, 1, bias=False)

    def forward(self, x):
        return self.decode(self.encode(x)).clamp(0, 1)


def count(matrix, given, predicted):
    kept = given != IGNORED
    cells = given[kept] * CLASSES + predicted[kept]
    matrix += torch.bincount(cells, minlength=CLASSES**2).view(CLASSES, CLASSES)


def ssim(a, b):
    a, b = ((255 * x * LUMA).sum(1, keepdim=True) for x in (a, b))
    maps = torch.cat([a, b, a * a + b * b, a * b])
    mean_a, mean_b, squares, products = conv2d(conv2d(maps, TAPS), TAPS.transpose(2, 3)).chunk(4)
    mean_squares, mean_products = mean_a**2 + mean_b**2, mean_a * mean_b
    upper = (2 * mean_products + 6.5025) * (2 * (products - mean_products) + 58.5225)
    return (upper / ((mean_squares + 6.5025) * (squares - mean_squares + 58.5225))).mean((1, 2, 3))


@torch.inference_mode()
def evaluate(victim, attacker, loader):
    clean, fooled = (torch.zeros(CLASSES, CLASSES, dtype=torch.long) for _ in range(2))
    figures = []
    for image, label in loader:
        before = victim(image).argmax(1)
        attacked = (attacker(image) * 255).round() / 255
        after = victim(attacked).argmax(1)
        count(clean, label, before)
        count(fooled, label, after)
        difference = (attacked - image).flatten(1)
        squares = difference.square().sum(1)
        psnr = 10 * torch.log10(difference.shape[1] / squares)
        flipped = (before != after).flatten(1).float().mean(1)
        figures.append(torch.stack([squares.sqrt(), difference.abs().amax(1), psnr, ssim(image, attacked), flipped]))
    return clean, fooled, torch.cat(figures, 1).mean(1).tolist()


def main():
    pictures, labels, scenes, batch, workers = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    torch.manual_seed(1)
    victim, attacker = ENet(CLASSES).eval(), Attacker().eval()
    loader = DataLoader(Scenes(pictures, labels, scenes), batch, num_workers=workers, persistent_workers=workers > 0)
    for _ in sys.stdin:
        start = time.perf_counter()
        evaluate(victim, attacker, loader)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
