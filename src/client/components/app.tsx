import { Classes } from './classes.js';
import { Controls } from './controls.js';
import { Fault } from './fault.js';
import { Figures } from './figures.js';
import { Footer } from './footer.js';
import { Header } from './header.js';
import { Hero } from './hero.js';
import { Sources } from './sources.js';
import { Stage } from './stage.js';

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
        <Classes />
      </main>
      <Fault />
      <Footer />
    </>
  );
}
