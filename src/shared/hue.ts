/**
 * The rotation of colours about the grey axis (Rodrigues' formula): three rows that give red, green and blue. Each sums to 1,
 * so that greys stay as they are.
 *
 * @param angle - in radians.
 */
export function hueRotation(angle: number): number[][] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle) / Math.sqrt(3)];
  const rest = (1 - cos) / 3;
  return [
    [cos + rest, rest - sin, rest + sin],
    [rest + sin, cos + rest, rest - sin],
    [rest - sin, rest + sin, cos + rest],
  ];
}
