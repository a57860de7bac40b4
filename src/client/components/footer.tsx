/** Where pictures go, or rather do not. */
export function Footer() {
  return (
    <footer>
      <p>Pictures never leave this machine while it computes in this browser.</p>
    </footer>
  );
}
