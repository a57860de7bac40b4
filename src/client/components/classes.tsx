import { percent } from '../numbers.js';
import { follow } from '../point.js';
import { answer, followed, isExact, victim } from '../state.js';
import { Swatch } from './swatch.js';

/** The legend: every class with its colour, its share before and after as bars, and what became of it. */
export function Classes() {
  const facts = victim.value?.facts;
  const shares = answer.value?.summary.classes;
  const longest = Math.max(
    0.01,
    ...(shares ?? []).flatMap(({ share, shareAttacked }) => [share, shareAttacked]),
  );
  return (
    <section
      class={`panel classes ${isExact.value ? '' : 'lagging'}`}
      aria-labelledby="classes-title"
    >
      <h2 id="classes-title">Classes</h2>
      <p class="note">Share of the picture before and after; press one to follow it.</p>
      <ul>
        {(facts?.classes ?? []).map((name, k) => {
          const { share = 0, shareAttacked = 0 } = shares?.[k] ?? {};
          return (
            <li key={name}>
              <button type="button" aria-pressed={followed.value === k} onClick={() => follow(k)}>
                <Swatch color={facts?.palette[k]} />
                <span class="name">{name}</span>
                <span class="bars" aria-hidden="true">
                  <Bar share={share / longest} color={facts?.palette[k]} kind="before" />
                  <Bar share={shareAttacked / longest} color={facts?.palette[k]} kind="after" />
                </span>
                <span class="share">
                  {percent(share)} <span class="unseen">before</span>
                  <br />
                  {percent(shareAttacked)} <span class="unseen">after</span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      <Followed />
    </section>
  );
}

function Bar({
  share,
  color,
  kind,
}: {
  readonly share: number;
  readonly color: readonly number[] | undefined;
  readonly kind: 'before' | 'after';
}) {
  return (
    <span
      class={`share-bar ${kind}`}
      style={{ width: `${100 * share}%`, background: color && `rgb(${color.join(' ')})` }}
    />
  );
}

/** What the class that is followed became. */
function Followed() {
  const k = followed.value;
  const found = answer.value;
  const facts = victim.value?.facts;
  if (k === null || found === null || !facts) return null;
  const row = Array.from(
    found.moves.subarray(k * facts.classes.length, (k + 1) * facts.classes.length),
  );
  const all = row.reduce((sum, count) => sum + count, 0);
  if (all === 0)
    return <p class="followed">The model sees no {facts.classes[k]} before the attack.</p>;
  const targets = row
    .map((count, number) => ({ number, share: count / all }))
    .filter(({ share }) => share >= 0.005)
    .sort((a, b) => b.share - a.share);
  return (
    <p class="followed" aria-live="polite">
      What was {facts.classes[k]} is then{' '}
      {targets.map(({ number, share }, i) => (
        <span key={number}>
          {i > 0 && ', '}
          <Swatch color={facts.palette[number]} /> {facts.classes[number]} {percent(share)}
        </span>
      ))}
      .
    </p>
  );
}
