import { answer, answered } from '../state.js';
import { byteSteps, percent } from '../numbers.js';

/** What the page is about, in one sentence that is true of what is on the screen. */
export function Hero() {
  return (
    <section class="hero" aria-label="In short">
      <h1>{Sentence()}</h1>
      <p>
        A segmentation model names the class of every pixel. An attacker changes the picture a
        little so that it no longer does.
      </p>
    </section>
  );
}

function Sentence() {
  const found = answer.value;
  if (found === null) return <>What does the model see, and how little does it take to blind it?</>;
  const { linf, flippedShare } = found.summary;
  if (answered.value?.attacker === null || linf === 0) {
    return <>Nothing was changed: this is what {answered.value?.victim} sees.</>;
  }
  return (
    <>
      No colour changes by more than <em>{byteSteps(linf)}</em> of 255 steps, and{' '}
      <em>{percent(flippedShare)}</em> of the street becomes something else.
    </>
  );
}
