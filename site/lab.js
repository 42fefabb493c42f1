// Beside each link into the lab, a button that opens it in the page. Part of typedoc's pages, and no module, so that it
// works from files. There the lab itself does not, which is said above the first link.
const links = [...document.querySelectorAll('a[href*="lab/index.html#"]')];

if (location.protocol === 'file:') {
  const note = document.createElement('p');
  note.className = 'lab-note';
  note.textContent =
    'This page is read from a file. Scenarios run in it where a web server serves the site, for example “python3 -m http.server -d build/site”: browsers load no modules from files. In a terminal “irqlab run FILE” runs them, “irqlab web FILE” opens them in the lab.';
  paragraphOf(links[0])?.before(note);
  for (const link of links) paragraphOf(link)?.remove();
} else for (const link of links) addButton(link);

function paragraphOf(link) {
  return link?.closest('p');
}

function addButton(link) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'lab-button';
  link.before(button, ' ');
  let frame;
  const show = (next) => {
    // A guest that nobody sees needs no CPU.
    frame?.remove();
    frame = next;
    if (frame !== undefined) paragraphOf(link).after(frame);
    button.textContent = frame === undefined ? 'Run it here' : 'Close it';
    button.setAttribute('aria-expanded', String(frame !== undefined));
  };
  show(undefined);
  button.addEventListener('click', () => show(frame === undefined ? frameOf(link.href) : undefined));
}

function frameOf(address) {
  const frame = document.createElement('iframe');
  frame.className = 'lab';
  frame.title = 'The lab with the scenario above';
  frame.src = address;
  return frame;
}
