import { escape } from '../charts/svg.js';
import type { GateOutcome } from './check-gate.js';

/** Writes an outcome as JUnit XML, a test case a check. @see https://github.com/testmoapp/junitxml */
export function toJunit({ victim, checks }: GateOutcome): string {
  const failures = checks.filter(({ holds }) => !holds).length;
  const cases = checks.map(({ name, holds, message }) => {
    const own = `classname="segprobe.gate" name="${escape(name)}"`;
    return holds
      ? `    <testcase ${own}/>`
      : `    <testcase ${own}>\n      <failure message="${escape(message)}"/>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${checks.length}" failures="${failures}">`,
    `  <testsuite name="segprobe gate: ${escape(victim)}" tests="${checks.length}" failures="${failures}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Writes an outcome as Markdown, for the summary of a CI run. */
export function toMarkdown({ victim, holds, checks }: GateOutcome): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return [
    `### segprobe gate: ${victim} ${holds ? 'holds' : 'does not hold'}`,
    '',
    '| | check |',
    '|---|---|',
    ...checks.map((check) => `| ${check.holds ? '✓' : '✗'} | ${cell(check.message)} |`),
    '',
  ].join('\n');
}
