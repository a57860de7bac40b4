import { useEffect, useState } from 'preact/hooks';
import { isDropping } from '../state.js';
import { Classes } from './classes.js';
import { Controls } from './controls.js';
import { Fault } from './fault.js';
import { Figures } from './figures.js';
import { Footer } from './footer.js';
import { Header } from './header.js';
import { Hero } from './hero.js';
import { Keep } from './keep.js';
import { Sources } from './sources.js';
import { Stage } from './stage.js';
import { UnnamedModel } from './unnamed-model.js';

/** The whole page: what is seen first in a task of its own, so that no task is long. */
export function App() {
  const [isWhole, setWhole] = useState(false);
  useEffect(() => void setTimeout(() => setWhole(true)), []);
  return (
    <>
      <Header />
      <main>
        <Hero />
        <Sources />
        <Stage />
        {isWhole && (
          <>
            <Controls />
            <Figures />
            <Keep />
            <Classes />
          </>
        )}
      </main>
      <Fault />
      <UnnamedModel />
      {isDropping.value && <div class="dropping">Drop a picture, a film or an ONNX model</div>}
      {isWhole && <Footer />}
    </>
  );
}
