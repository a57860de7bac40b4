import { start } from '../conductor.js';
import { attempt } from '../say.js';
import type { Place } from '../settings.js';
import { apiKey, hasService, needsKey, settings } from '../state.js';

const PLACES: readonly (readonly [Place, string])[] = [
  ['browser', 'This browser'],
  ['server', 'The server'],
];

/** Where it is computed. */
export function PlaceSwitch() {
  if (!hasService.value && !needsKey.value) return null;
  return (
    <fieldset class="place">
      <legend class="unseen">Computed in</legend>
      <div class="switch">
        {PLACES.map(([place, words]) => (
          <label key={place}>
            <input
              type="radio"
              name="place"
              checked={settings.place.value === place}
              onChange={() => (settings.place.value = place)}
            />
            <span>{words}</span>
          </label>
        ))}
      </div>
      {needsKey.value && <ApiKey />}
    </fieldset>
  );
}

function ApiKey() {
  return (
    <form
      class="key"
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(start);
      }}
    >
      <label for="api-key">API key</label>
      <input
        id="api-key"
        type="password"
        autocomplete="off"
        value={apiKey.value}
        onChange={({ currentTarget }) => (apiKey.value = currentTarget.value)}
      />
      <button type="submit" class="button">
        Use it
      </button>
    </form>
  );
}
