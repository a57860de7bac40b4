import type { Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { PageModel } from '../../shared/page-models.js';
import { byteSteps } from '../numbers.js';
import { GREATEST_EPSILON, GREATEST_GAIN, STRENGTH_STEP } from '../settings.js';
import { attackers, isHeld, lastSlider, settings, victims } from '../state.js';
import { takeModel } from '../models.js';
import { FileButton } from './sources.js';

/** Victim, attacker, and how much of the attack. */
export function Controls() {
  return (
    <section class="panel controls" aria-labelledby="controls-title">
      <h2 id="controls-title">Attack</h2>
      <div class="field">
        <label for="victim">Victim</label>
        <select
          id="victim"
          value={settings.victim.value ?? ''}
          disabled={victims.value.length === 0}
          onChange={({ currentTarget }) => (settings.victim.value = currentTarget.value)}
        >
          {victims.value.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="attacker">Attacker</label>
        <select
          id="attacker"
          value={settings.attacker.value ?? ''}
          onChange={({ currentTarget }) => (settings.attacker.value = currentTarget.value)}
        >
          {attackers.value.map((model) => (
            <option key={model.name} value={model.name}>
              {model.name}
              {budgetOf(model)}
            </option>
          ))}
          <option value="noise">noise (knows no victim)</option>
          <option value="hue">hue (knows no victim)</option>
          <option value="">none</option>
        </select>
      </div>
      <FileButton
        label="A model of your own"
        accept=".onnx"
        onFile={(file) => void takeModel(file)}
      >
        Bring your own ONNX model …
      </FileButton>
      <Slider
        name="Strength"
        shown={`${Math.round(100 * settings.strength.value)} %`}
        least={0}
        greatest={100}
        step={STRENGTH_STEP}
        value={Math.round(100 * settings.strength.value)}
        onInput={(value) => {
          lastSlider.value = 'strength';
          settings.strength.value = value / 100;
        }}
      />
      <Slider
        name="Epsilon"
        hint="limit of each value's change"
        shown={epsilonWords()}
        least={1}
        greatest={GREATEST_EPSILON + 1}
        value={settings.epsilon.value ?? GREATEST_EPSILON + 1}
        isOff={settings.place.value === 'server'}
        onInput={(value) => {
          lastSlider.value = 'epsilon';
          settings.epsilon.value = value > GREATEST_EPSILON ? null : value;
        }}
      />
      <Slider
        name="Difference"
        shown={`×${settings.gain.value}`}
        least={1}
        greatest={GREATEST_GAIN}
        value={settings.gain.value}
        onInput={set(settings.gain)}
      />
      <Slider
        name="Classes over the picture"
        shown={`${Math.round(100 * settings.opacity.value)} %`}
        least={0}
        greatest={100}
        value={Math.round(100 * settings.opacity.value)}
        onInput={(value) => (settings.opacity.value = value / 100)}
      />
    </section>
  );
}

function epsilonWords(): string {
  if (settings.place.value === 'server') return 'in this browser only';
  return settings.epsilon.value === null ? 'no limit' : `${settings.epsilon.value}/255`;
}

/** What an attacker keeps within, where that is little. */
function budgetOf({ measured }: PageModel): string {
  const linf = measured?.linf ?? 1;
  return linf < 1 ? ` (within ${byteSteps(linf)}/255)` : '';
}

function set(target: Signal<number>): (value: number) => void {
  return (value) => {
    target.value = value;
  };
}

function Slider({
  name,
  hint,
  shown,
  least,
  greatest,
  step = 1,
  isOff = false,
  value,
  onInput,
}: {
  readonly name: string;
  readonly hint?: string;
  /** The value in words. */
  readonly shown: string;
  readonly least: number;
  readonly greatest: number;
  readonly step?: number;
  readonly isOff?: boolean;
  readonly value: number;
  readonly onInput: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>
        {name} {hint && <small>{hint}</small>}
      </label>
      <output for={id}>{shown}</output>
      <input
        id={id}
        type="range"
        min={least}
        max={greatest}
        step={step}
        disabled={isOff}
        value={value}
        aria-valuetext={shown}
        onPointerDown={() => (isHeld.value = true)}
        onPointerUp={() => (isHeld.value = false)}
        onPointerCancel={() => (isHeld.value = false)}
        onInput={({ currentTarget }) => {
          isHeld.value = false;
          onInput(currentTarget.valueAsNumber);
        }}
      />
    </div>
  );
}
