import { classesAt, followAt } from '../point.js';
import { isComparing, settings } from '../state.js';
import { Awaited } from './awaited.js';
import { Pane } from './pane.js';
import { Readout } from './readout.js';

/** The pictures side by side: before, attacked, and what differs; above the picture, below what the model sees. */
export function Stage() {
  return (
    <section class="stage" aria-label="Before and after">
      <div class="panes">
        <Pane
          name="original"
          title="The picture"
          label="The picture as it is"
          layers={[{ pane: 'original', kind: 'picture' }]}
          onChoose={followAt('before')}
        />
        <Pane
          name="before"
          title="What the model sees"
          label={`What the model sees in the picture. ${classesAt('before')}`}
          layers={[
            { pane: 'original', kind: 'picture' },
            { pane: 'before', kind: 'mask' },
          ]}
          onChoose={followAt('before')}
        />
        <Pane
          name="attacked"
          title="The picture, attacked"
          label="The picture after the attack"
          layers={[
            { pane: 'original', kind: 'picture' },
            { pane: 'attacked', kind: 'picture', isOfAttack: true },
          ]}
          onChoose={followAt('after')}
        />
        <Pane
          name="after"
          title="What it sees then"
          label={`What the model sees in the attacked picture. ${classesAt('after')}`}
          layers={[
            { pane: 'original', kind: 'picture' },
            { pane: 'before', kind: 'mask' },
            { pane: 'attacked', kind: 'picture', isOfAttack: true },
            { pane: 'after', kind: 'mask', isOfAttack: true },
          ]}
          onChoose={followAt('after')}
        >
          <Awaited />
        </Pane>
        <Pane
          name="difference"
          title={
            <>
              The difference <output>×{settings.gain}</output>
            </>
          }
          label={`How the picture was changed, amplified ${settings.gain.value} times`}
          layers={[{ pane: 'difference', kind: 'picture' }]}
          onChoose={followAt('before')}
        />
        <Pane
          name="changed"
          title="Pixels that changed"
          label="Pixels that changed class, in the colour of what they became"
          layers={[{ pane: 'changed', kind: 'picture' }]}
          onChoose={followAt('before')}
        >
          <Awaited />
        </Pane>
      </div>
      <div class="under">
        <Readout />
        <Compare />
      </div>
    </section>
  );
}

/** While it is held, by pointer or key, the attacked panes show what was there before. */
function Compare() {
  const hold = (isHeld: boolean) => () => {
    isComparing.value = isHeld;
  };
  const byKey = (isHeld: boolean) => (event: KeyboardEvent) => {
    if (event.key === ' ' || event.key === 'Enter') isComparing.value = isHeld;
  };
  return (
    <button
      type="button"
      class="button compare"
      aria-pressed={isComparing.value}
      onPointerDown={hold(true)}
      onPointerUp={hold(false)}
      onPointerLeave={hold(false)}
      onPointerCancel={hold(false)}
      onKeyDown={byKey(true)}
      onKeyUp={byKey(false)}
      onBlur={hold(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      Hold to compare
    </button>
  );
}
