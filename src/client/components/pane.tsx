import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { showOn } from '../canvases.js';
import { isComparing, picture, pointer, settings } from '../state.js';
import type { PaneName } from '../worker/protocol.js';

/** A picture of a pane; those that come later lie over it. */
export interface Layer {
  readonly pane: PaneName;
  readonly kind: 'picture' | 'mask';
  /** Not shown while the panes are compared. */
  readonly isOfAttack?: boolean;
}

/** One of the pictures side by side, with its caption. */
export function Pane({
  name,
  title,
  label,
  layers,
  children,
  onChoose,
}: {
  readonly name: PaneName;
  readonly title: ComponentChildren;
  /** What is on it, for those who do not see it. */
  readonly label: string;
  readonly layers: readonly Layer[];
  readonly children?: ComponentChildren;
  /** Called with a place in shares of the picture's size. */
  readonly onChoose: (place: { readonly x: number; readonly y: number }) => void;
}) {
  const size = picture.value?.size ?? { width: 4, height: 3 };
  const point = pointer.value;
  return (
    <figure class={`pane pane-${name}`}>
      <figcaption>{title}</figcaption>
      <div
        class="frame"
        role="img"
        aria-label={label}
        tabIndex={0}
        style={{ aspectRatio: `${size.width} / ${size.height}` }}
        onPointerMove={(event) => (pointer.value = placeOf(event))}
        onPointerLeave={() => (pointer.value = null)}
        onBlur={() => (pointer.value = null)}
        onKeyDown={(event) => moveByKey(event, onChoose)}
        onClick={(event) => onChoose(placeOf(event))}
      >
        {layers.map((layer) => (
          <LayerCanvas key={layer.pane} {...layer} />
        ))}
        {point && (
          <span class="cross" style={{ left: `${100 * point.x}%`, top: `${100 * point.y}%` }} />
        )}
        {children}
      </div>
    </figure>
  );
}

function LayerCanvas({ pane, kind, isOfAttack = false }: Layer) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => showOn(canvas.current!, pane), [pane]);
  return (
    <canvas
      ref={canvas}
      class={kind}
      data-pane={pane}
      style={{
        opacity: kind === 'mask' ? settings.opacity.value : 1,
        visibility: isOfAttack && isComparing.value ? 'hidden' : 'visible',
      }}
    />
  );
}

function placeOf(event: MouseEvent): { x: number; y: number } {
  const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const within = (share: number): number => Math.min(0.9999, Math.max(0, share));
  return {
    x: within((event.clientX - left) / width),
    y: within((event.clientY - top) / height),
  };
}

const STEPS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Arrow keys move the place that is named; Enter follows its class. */
function moveByKey(
  event: KeyboardEvent,
  onChoose: (place: { x: number; y: number }) => void,
): void {
  const from = pointer.value ?? { x: 0.5, y: 0.5 };
  const step = STEPS[event.key];
  if (step !== undefined) {
    const stride = event.shiftKey ? 0.1 : 0.01;
    const move = (place: number, by: number): number =>
      Math.min(0.9999, Math.max(0, place + by * stride));
    pointer.value = { x: move(from.x, step[0]), y: move(from.y, step[1]) };
    event.preventDefault();
  } else if (event.key === 'Enter') {
    onChoose(from);
  }
}
