import type { Split } from '../../data/dataset.js';

/** What a report was made of, by the names that the command line knows it by. */
export interface ReportSource {
  readonly victim: string;
  readonly attacker?: string | undefined;
  /** Folder of the models, where it is not the default. */
  readonly models?: string | undefined;
  /** Kind of data set, and its folder. */
  readonly dataset: string;
  readonly datasetDir?: string | undefined;
  readonly split: Split;
  readonly limit?: number | undefined;
  /** Of a report by cross-validation. */
  readonly folds?: number | undefined;
  readonly saveDir?: string | undefined;
  readonly epochs?: number | undefined;
  readonly out?: string | undefined;
}

/** The command that gives the same report again; with an image, that of this image alone. */
export function reportCommand(source: ReportSource, image?: string): string {
  const { victim, attacker, models, dataset, datasetDir, split, limit } = source;
  const { folds, saveDir, epochs, out } = source;
  const given: readonly (readonly [flag: string, value: string | number | undefined])[] = [
    ['victim', victim],
    ['attacker', attacker],
    ['models', models],
    ['dataset', dataset],
    ['dataset-dir', datasetDir],
    ['split', split],
    ...(image === undefined
      ? ([
          ['limit', limit],
          ['folds', folds],
          ['save-dir', saveDir],
          ['epochs', epochs],
          ['out', out],
        ] as const)
      : ([['image', image]] as const)),
  ];
  const written = given.flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} ${quote(String(value))}`],
  );
  return `segprobe report ${written.join(' ')}`;
}

/** For a shell. */
function quote(value: string): string {
  return /^[\w./:=@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
