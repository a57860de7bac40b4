"""One training step of ENet as of 2018 in PyTorch, by the names in its files: what TensorFlow's is compared with.

Reads safetensors with the weights and running statistics, `image` [N,3,H,W], `label` [N,H,W]; writes `loss`, `grad.NAME` of every
weight and the running statistics after the step. No dropout.
"""

import sys

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

source, target = sys.argv[1:]
tensors = load_file(source)
image, label = tensors.pop("image"), tensors.pop("label").long()
slopes = {}  # The activations of a block share one slope: the tensors of its several names are one.
for name, tensor in tensors.items():
    if not name.endswith(("running_mean", "running_var")):
        block = name.split(".")[0]
        own = slopes.setdefault(block, tensor) if tensor.shape == (1,) else tensor
        tensors[name] = own.requires_grad_()


def norm(x, name):
    own = [tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, *own, training=True)


def act(x, name):
    slope = tensors.get(f"{name}.weight")
    return F.relu(x) if slope is None else F.prelu(x, slope)


def unit(x, name, first=0, last=True, **options):
    x = norm(F.conv2d(x, tensors[f"{name}.{first}.weight"], **options), f"{name}.{first + 1}")
    return act(x, f"{name}.{first + 2}") if last else x


def doubled(x, weight):
    return F.conv_transpose2d(x, weight, stride=2, padding=1, output_padding=1)


def regular(x, name, dilation=1):
    y = unit(x, f"{name}.ext_conv1")
    if name.startswith("asymmetric"):
        y = unit(y, f"{name}.ext_conv2", padding=(2, 0))
        y = unit(y, f"{name}.ext_conv2", first=3, padding=(0, 2))
    else:
        y = unit(y, f"{name}.ext_conv2", padding=dilation, dilation=dilation)
    return act(x + unit(y, f"{name}.ext_conv3"), f"{name}.out_prelu")


def down(x, name):
    main, indices = F.max_pool2d(x, 3, 2, 1, return_indices=True)
    y = unit(unit(x, f"{name}.ext_conv1", stride=2), f"{name}.ext_conv2", padding=1)
    y = unit(y, f"{name}.ext_conv3")
    main = F.pad(main, (0, 0, 0, 0, 0, y.shape[1] - main.shape[1]))
    return act(main + y, f"{name}.out_prelu"), indices


def up(x, indices, name):
    main = F.max_unpool2d(unit(x, f"{name}.main_conv1", last=False), indices, 2)
    y = doubled(unit(x, f"{name}.ext_conv1"), tensors[f"{name}.ext_conv2.0.weight"])
    y = F.relu(norm(y, f"{name}.ext_conv2.1"))
    return F.relu(main + unit(y, f"{name}.ext_conv3"))


CONTEXT = "regular dilated asymmetric dilated regular dilated asymmetric dilated".split()
DILATIONS = (1, 2, 1, 4, 1, 8, 1, 16)


def network(x):
    main = F.conv2d(x, tensors["initial_block.main_branch.weight"], stride=2, padding=1)
    x = norm(torch.cat([main, F.max_pool2d(x, 3, 2, 1)], 1), "initial_block.batch_norm")
    x, outer = down(act(x, "initial_block.out_prelu"), "downsample1_0")
    for i in range(1, 5):
        x = regular(x, f"regular1_{i}")
    x, inner = down(x, "downsample2_0")
    for stage, first in ((2, 1), (3, 0)):
        for i, (kind, dilation) in enumerate(zip(CONTEXT, DILATIONS)):
            x = regular(x, f"{kind}{stage}_{first + i}", dilation)
    x = up(x, inner, "upsample4_0")
    x = regular(regular(x, "regular4_1"), "regular4_2")
    return doubled(regular(up(x, outer, "upsample5_0"), "regular5_1"), tensors["transposed_conv.weight"])


loss = F.cross_entropy(network(image), label)
loss.backward()
found = {"loss": loss.detach().reshape(1)}
for name, tensor in tensors.items():
    if tensor.requires_grad:
        found[f"grad.{name}"] = tensor.grad.clone()
    else:
        found[name] = tensor
save_file(found, target)
