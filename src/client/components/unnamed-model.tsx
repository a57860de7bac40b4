import { useEffect, useRef } from 'preact/hooks';
import { factsByHand } from '../facts-by-hand.js';
import { addModel } from '../models.js';
import { attempt } from '../say.js';
import { unnamedModel, victim } from '../state.js';

/** Asks what a model is whose file does not say so. */
export function UnnamedModel() {
  const dialog = useRef<HTMLDialogElement>(null);
  const model = unnamedModel.value;
  useEffect(() => {
    if (model !== null) dialog.current!.showModal();
    else dialog.current!.close();
  }, [model]);
  return (
    <dialog
      ref={dialog}
      class="panel"
      aria-labelledby="unnamed-title"
      onClose={() => (unnamedModel.value = null)}
    >
      {model && (
        <form
          method="dialog"
          onSubmit={({ currentTarget }) => {
            const form = new FormData(currentTarget);
            const text = (key: string): string => form.get(key) as string;
            void attempt(async () => {
              const facts = factsByHand({
                kind: text('kind'),
                classes: text('classes'),
                width: text('width'),
                height: text('height'),
              });
              await addModel(model.file, facts);
            });
          }}
        >
          <h2 id="unnamed-title">What is {model.file.name}?</h2>
          <p class="note">Its file does not say ({model.why}).</p>
          <div class="field">
            <label for="kind">Kind</label>
            <select id="kind" name="kind">
              <option value="victim">victim: image [N,3,H,W] in, logits [N,K,H,W] out</option>
              <option value="attacker">attacker: image in, attacked out</option>
            </select>
          </div>
          <div class="field">
            <label for="class-names">Classes, in order, with commas between</label>
            <input
              id="class-names"
              name="classes"
              required
              value={victim.value?.facts.classes.join(', ')}
            />
          </div>
          <div class="field sizes">
            <label for="width">Width</label>
            <input id="width" name="width" type="number" min="8" step="8" required value="480" />
            <label for="height">Height</label>
            <input id="height" name="height" type="number" min="8" step="8" required value="360" />
          </div>
          <div class="row">
            <button type="submit" class="button primary">
              Use it
            </button>
            <button type="button" class="button" onClick={() => (unnamedModel.value = null)}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
