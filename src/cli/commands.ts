import type { CommandEntry } from './command.js';

/** Every command, in the order of `segprobe --help`. To add one: a file here in cli/ and a row below. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'train',
    summary: 'train the victim (ENet) and keep its best checkpoint',
    load: async () => (await import('./train.js')).configureTrain,
  },
  {
    name: 'test',
    summary: 'measure the IoU of a checkpoint on a split',
    load: async () => (await import('./test.js')).configureTest,
  },
  {
    name: 'full',
    summary: 'train, then test',
    load: async () => (await import('./full.js')).configureFull,
  },
  {
    name: 'train-attacker',
    alias: 'trainmal',
    summary: 'freeze a victim and train an attacker against it',
    load: async () => (await import('./train-attacker.js')).configureTrainAttacker,
  },
  {
    name: 'harden',
    summary: 'freeze an attacker and train a victim against it, or both in turns',
    load: async () => (await import('./harden.js')).configureHarden,
  },
  {
    name: 'display',
    alias: 'dis',
    summary: 'draw scenes before and after an attack, and the IoU of each class',
    load: async () => (await import('./display.js')).configureDisplay,
  },
  {
    name: 'export',
    summary: 'write a checkpoint as models/onnx/NAME.onnx with its manifest',
    load: async () => (await import('./export.js')).configureExport,
  },
  {
    name: 'import-pytorch',
    summary: 'make a checkpoint of PyTorch-ENet or the Malicious Autoencoder ours',
    load: async () => (await import('./import-pytorch.js')).configureImportPytorch,
  },
  {
    name: 'segment',
    summary: 'segment pictures: masks, overlays, class numbers, shares',
    load: async () => (await import('./segment.js')).configureSegment,
  },
  {
    name: 'attack',
    summary: 'attack pictures: by an attacker, by gradients, or by a control',
    load: async () => (await import('./attack.js')).configureAttack,
  },
  {
    name: 'evaluate',
    summary: 'measure the IoU of a model on a data set before and after an attack',
    load: async () => (await import('./evaluate.js')).configureEvaluate,
  },
  {
    name: 'report',
    summary: 'find the faults of a model and of the labels, as one page and as JSON',
    load: async () => (await import('./report.js')).configureReport,
  },
  {
    name: 'gate',
    summary: 'hold a report to thresholds and to a baseline; exit 4 where it fails',
    load: async () => (await import('./gate.js')).configureGate,
  },
  {
    name: 'inspect',
    summary: 'say what an ONNX file is: inputs, classes, operators, parameters, multiply-adds',
    load: async () => (await import('./inspect.js')).configureInspect,
  },
  {
    name: 'bench',
    summary: 'measure how fast an ONNX file runs here, and where the time goes',
    load: async () => (await import('./bench.js')).configureBench,
  },
  {
    name: 'serve',
    summary: 'serve the models over HTTP',
    load: async () => (await import('./serve.js')).configureServe,
  },
  {
    name: 'worker',
    summary: 'evaluate for servers on the same Redis, on any machine',
    load: async () => (await import('./worker.js')).configureWorker,
  },
  {
    name: 'page',
    summary: 'write the page as a folder of files for any web server',
    load: async () => (await import('./page.js')).configurePage,
  },
  {
    name: 'sample-data',
    summary: 'write sample street scenes with their labels',
    load: async () => (await import('./sample-data.js')).configureSampleData,
  },
  {
    name: 'data',
    summary: 'check a data set: name every fault of its files, labels and splits',
    load: async () => (await import('./data.js')).configureData,
  },
  {
    name: 'doctor',
    summary: 'show what this machine has, what is missing and how to mend it',
    load: async () => (await import('./doctor.js')).configureDoctor,
  },
  {
    name: 'setup',
    summary: 'set up native TensorFlow for training',
    load: async () => (await import('./setup.js')).configureSetup,
  },
];
