"""ENet's training step in PyTorch, eager or compiled: the peers of bench/train-step.ts. One step for each line on stdin; prints its
seconds and the most memory held so far, in bytes."""

import resource
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(3)
from torch import nn


class Bottleneck(nn.Module):
    """Main branch plus extension branch, then an activation; the kinds differ in both branches."""

    def __init__(self, cin, cout, kind="regular", dilation=1, act=nn.PReLU, drop=0.1):
        super().__init__()
        inner = cin // 4
        self.kind = kind

        def unit(i, o, k, s=1, p=0, d=1, last=False, transposed=False):
            conv = nn.ConvTranspose2d if transposed else nn.Conv2d
            rest = {} if transposed else {"padding": p, "dilation": d}
            return [conv(i, o, k, s, bias=False, **rest), nn.BatchNorm2d(o)] + ([] if last else [act()])

        layers = unit(cin, inner, 2, 2) if kind == "down" else unit(cin, inner, 1)
        if kind == "up":
            layers += unit(inner, inner, 2, 2, transposed=True)
        elif kind == "asymmetric":
            layers += unit(inner, inner, (5, 1), p=(2, 0)) + unit(inner, inner, (1, 5), p=(0, 2))
        else:
            layers += unit(inner, inner, 3, p=dilation, d=dilation)
        layers += unit(inner, cout, 1, last=kind == "up") + [nn.Dropout2d(drop)]
        self.extension = nn.Sequential(*layers)
        if kind == "up":
            self.main = nn.Sequential(*unit(cin, cout, 1, last=True))
        self.pad = cout - cin
        self.act = act()

    def forward(self, x, indices=None):
        extension = self.extension(x)
        if self.kind == "down":
            main, indices = nn.functional.max_pool2d(x, 2, return_indices=True)
            main = nn.functional.pad(main, (0, 0, 0, 0, 0, self.pad))
            return self.act(main + extension), indices
        if self.kind == "up":
            return self.act(nn.functional.max_unpool2d(self.main(x), indices, 2) + extension)
        return self.act(x + extension)


class ENet(nn.Module):
    def __init__(self, classes=12):
        super().__init__()
        self.conv = nn.Conv2d(3, 13, 3, 2, 1, bias=False)
        self.norm, self.act = nn.BatchNorm2d(16), nn.PReLU()
        self.down1 = Bottleneck(16, 64, "down", drop=0.01)
        self.stage1 = nn.Sequential(*[Bottleneck(64, 64, drop=0.01) for _ in range(4)])
        self.down2 = Bottleneck(64, 128, "down")
        row = [("regular", 1), ("regular", 2), ("asymmetric", 1), ("regular", 4)]
        row += [("regular", 1), ("regular", 8), ("asymmetric", 1), ("regular", 16)]
        self.stage23 = nn.Sequential(*[Bottleneck(128, 128, k, d) for k, d in row + row])
        self.up4 = Bottleneck(128, 64, "up", act=nn.ReLU)
        self.stage4 = nn.Sequential(*[Bottleneck(64, 64, act=nn.ReLU) for _ in range(2)])
        self.up5 = Bottleneck(64, 16, "up", act=nn.ReLU)
        self.stage5 = Bottleneck(16, 16, act=nn.ReLU)
        self.last = nn.ConvTranspose2d(16, classes, 3, 2, 1, 1, bias=False)

    def forward(self, x):
        x = self.act(self.norm(torch.cat([self.conv(x), nn.functional.max_pool2d(x, 3, 2, 1)], 1)))
        x, i1 = self.down1(x)
        x, i2 = self.down2(self.stage1(x))
        x = self.stage4(self.up4(self.stage23(x), i2))
        return self.last(self.stage5(self.up5(x, i1)))


def main():
    batch, height, width = map(int, sys.argv[1:4])
    mode = sys.argv[4]
    torch.manual_seed(1)
    model = ENet()
    assert sum(p.numel() for p in model.parameters()) == 350652
    model.train()
    if mode == "compiled":
        model.compile()
    optimizer = torch.optim.Adam(model.parameters(), 5e-4, weight_decay=2e-4)
    criterion = nn.CrossEntropyLoss(weight=torch.ones(12))
    image, label = torch.rand(batch, 3, height, width), torch.randint(0, 12, (batch, height, width))
    for _ in sys.stdin:
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = criterion(model(image), label)
        loss.backward()
        optimizer.step()
        loss.item()
        seconds = time.perf_counter() - start
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    main()
