import { byteSteps, fixed, percent } from '../numbers.js';
import { takeLabel } from '../pictures.js';
import { answer, answerNumber, isAhead, isExact, shownNumber, truth } from '../state.js';
import { FileButton } from './sources.js';

/** What the attack did, in numbers. */
export function Figures() {
  const summary = answer.value?.summary;
  const figures = [
    ['Pixels flipped', summary ? percent(summary.flippedShare) : '–', 'whose class changed'],
    ['L∞', summary ? `${byteSteps(summary.linf)}/255` : '–', 'greatest change of a value'],
    ['PSNR', summary?.psnrDb === null ? '∞' : fixed(summary?.psnrDb, 1, ' dB'), 'signal to change'],
    ['SSIM', fixed(summary?.ssim, 3), 'likeness, 1 is the same'],
    ['mIoU before', shareOf(summary?.miou), 'beside the label'],
    ['mIoU after', shareOf(summary?.miouAttacked), 'beside the label'],
  ] as const;
  return (
    <section
      class={`panel figures ${isExact.value ? '' : 'lagging'}`}
      aria-label="Figures"
      data-answer={answerNumber.value}
      data-shown={shownNumber.value}
      data-ahead={isAhead.value}
      data-drop="label"
    >
      <dl>
        {figures.map(([name, value, hint]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
            <dd class="hint">{hint}</dd>
          </div>
        ))}
      </dl>
      <FileButton
        label="What is right, as a picture"
        accept="image/png,image/webp"
        onFile={(file) => takeLabel(file, file.name)}
      >
        {truth.value ? 'Open another label' : 'Open its label'}
      </FileButton>
    </section>
  );
}

function shareOf(value: number | null | undefined): string {
  return typeof value === 'number' ? percent(value) : '–';
}
