import { classesOf } from '../point.js';
import { pointer, victim } from '../state.js';
import { Swatch } from './swatch.js';

/** Names the class under the pointer, and what it became. */
export function Readout() {
  const point = pointer.value;
  const classes = point && classesOf(point);
  if (!classes)
    return (
      <p class="readout muted">Point at a picture to name a pixel; click to follow its class.</p>
    );
  return (
    <p class="readout" aria-live="polite">
      <ClassName number={classes.before} />
      {classes.before === classes.after ? (
        <span class="muted">stays what it is</span>
      ) : (
        <>
          <span aria-label="becomes">→</span>
          <ClassName number={classes.after} />
        </>
      )}
    </p>
  );
}

function ClassName({ number }: { readonly number: number }) {
  const facts = victim.value?.facts;
  return (
    <span class="class-name">
      <Swatch color={facts?.palette[number]} />
      {facts?.classes[number] ?? `class ${number}`}
    </span>
  );
}
