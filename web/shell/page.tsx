import { Head } from './head.js';
import { Notices } from './notices.js';
import { Shown } from './shown.js';
import { Tabs } from './tabs.js';

/** All of the page. */
export function Page() {
  return (
    <>
      <Head />
      <Tabs />
      <Notices />
      <Shown />
    </>
  );
}
