import * as state from './state.js';

/**
 * Keeps the page for times without a network: the files of the build, and what was fetched to compute. Not where service
 * workers may not run (pages that are not secure).
 */
export async function keepForOffline(): Promise<void> {
  const container = (navigator as Partial<Navigator>).serviceWorker;
  if (container === undefined) return;
  await container.register('./service-worker.js', { type: 'module' });
  const { active } = await container.ready;
  const keep = state.fetched.value;
  const channel = new MessageChannel();
  const kept = new Promise((resolve) => (channel.port1.onmessage = resolve));
  active!.postMessage({ keep }, [channel.port2]);
  await kept;
  state.isOffline.value = true;
}
