import { isOffline, settings } from '../state.js';

/** Where pictures go, or rather do not. */
export function Footer() {
  return (
    <footer>
      <p>
        {settings.place.value === 'browser'
          ? 'Pictures never leave this machine.'
          : 'Pictures are sent to the server, which keeps none.'}{' '}
        {isOffline.value && <span class="offline">Works offline from now on.</span>}
      </p>
    </footer>
  );
}
