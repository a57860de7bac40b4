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

/** The whole page. */
export function App() {
  return (
    <>
      <Header />
      <main>
        <Hero />
        <Sources />
        <Stage />
        <Controls />
        <Figures />
        <Keep />
        <Classes />
      </main>
      <Fault />
      <UnnamedModel />
      {isDropping.value && <div class="dropping">Drop a picture, a film or an ONNX model</div>}
      <Footer />
    </>
  );
}
