import { byteSteps, fixed, percent } from '../numbers.js';
import { answer, answerNumber, change } from '../state.js';

/** What the attack did, in numbers. */
export function Figures() {
  const made = change.value?.perturbation;
  const summary = answer.value?.summary;
  const figures = [
    ['Pixels flipped', summary ? percent(summary.flippedShare) : '–', 'whose class changed'],
    ['L∞', made ? `${byteSteps(made.linf)}/255` : '–', 'greatest change of a value'],
    ['PSNR', made?.psnrDb === null ? '∞' : fixed(made?.psnrDb, 1, ' dB'), 'signal to change'],
    ['SSIM', fixed(made?.ssim, 3), 'likeness, 1 is the same'],
    ['mIoU before', shareOf(summary?.miou), 'beside the label'],
    ['mIoU after', shareOf(summary?.miouAttacked), 'beside the label'],
  ] as const;
  return (
    <section class="panel figures" aria-label="Figures" data-answer={answerNumber.value}>
      <dl>
        {figures.map(([name, value, hint]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
            <dd class="hint">{hint}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function shareOf(value: number | null | undefined): string {
  return typeof value === 'number' ? percent(value) : '–';
}
