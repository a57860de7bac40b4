"""ENet from a picture to labels in PyTorch or OpenVINO: the peers of bench/inference.ts. For each line on stdin, which says how often, runs
it and prints the most memory held so far in bytes and the milliseconds of each run.
Arguments: eager, compiled (torch.compile, channels_last) or openvino; threads, height, width; for openvino the ONNX file. PyTorch's weights are
random, which does not change the work, and it starts from floats."""

import resource
import sys
import time


def pytorch(mode, threads, height, width):
    import torch

    from train_step import ENet

    torch.manual_seed(1)
    torch.set_num_threads(threads)
    model, image = ENet().eval(), torch.rand(1, 3, height, width)
    if mode == "compiled":
        model, image = (x.to(memory_format=torch.channels_last) for x in (model, image))
        model.compile()

    @torch.inference_mode()
    def run():
        return model(image).argmax(1).to(torch.uint8)

    return run


def openvino(threads, height, width, file):
    import numpy as np
    import openvino as ov

    core = ov.Core()
    model = core.read_model(file)
    model.reshape([1, height, width, 3])
    options = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    image = np.random.default_rng(1).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    return lambda: request.infer({0: image})


def main():
    mode, threads, height, width = sys.argv[1], *map(int, sys.argv[2:5])
    try:
        run = openvino(threads, height, width, sys.argv[5]) if mode == "openvino" else pytorch(mode, threads, height, width)
    except ImportError:
        sys.exit(3)
    for line in sys.stdin:
        milliseconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            milliseconds.append(1000 * (time.perf_counter() - start))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, *milliseconds, flush=True)


if __name__ == "__main__":
    main()
