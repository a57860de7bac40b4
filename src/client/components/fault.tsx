import { fault } from '../state.js';

/** What went wrong, in words, until it is taken note of. */
export function Fault() {
  return (
    <div class="fault-place" role="alert">
      {fault.value !== null && (
        <p class="fault">
          {fault}
          <button type="button" aria-label="Close" onClick={() => (fault.value = null)}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}
