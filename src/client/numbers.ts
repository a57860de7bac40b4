/** A share, 0..1, in percent. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 99.95 || value === 0 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** A change of a colour, 0..1, in steps of 8 bits. */
export function byteSteps(change: number): string {
  return String(Math.round(255 * change));
}

/** A number with so many digits behind the point, or a dash where there is none. */
export function fixed(value: number | null | undefined, digits: number, unit = ''): string {
  return value === null || value === undefined ? '–' : `${value.toFixed(digits)}${unit}`;
}
