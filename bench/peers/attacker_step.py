"""The Malicious Autoencoder's training step against a frozen ENet in PyTorch: the peer of bench/attacker-step.ts. One step for each
line on stdin; prints its seconds and the most memory held so far, in bytes."""

import resource
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(3)
from torch import nn

from train_step import ENet


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Conv2d(3, 8, 3, 2, 1)
        self.decode = nn.ConvTranspose2d(8, 3, 3, 2, 1, 1, bias=False)

    def forward(self, x):
        return self.decode(self.encode(x)).clamp(0, 1)


def main():
    batch, height, width = map(int, sys.argv[1:4])
    mode = sys.argv[4]
    torch.manual_seed(1)
    victim = ENet().eval().requires_grad_(False)
    attacker = Autoencoder()
    assert sum(p.numel() for p in attacker.parameters()) == 440
    if mode == "compiled":
        victim.compile()
    optimizer = torch.optim.Adam(attacker.parameters(), 5e-4)
    criterion = nn.CrossEntropyLoss(weight=torch.ones(12))
    image, label = torch.rand(batch, 3, height, width), torch.randint(0, 12, (batch, height, width))
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        attacked = attacker(image)
        loss = 0.1 * torch.linalg.vector_norm(attacked - image) - 100 * criterion(victim(attacked), label)
        loss.backward()
        optimizer.step()
        loss.item()
        seconds = time.perf_counter() - start
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    main()
