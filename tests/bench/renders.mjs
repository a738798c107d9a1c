// Renders the receipt over and over with one of its peers, on one thread, parsed once.
// Arguments: oracle | liquid, a file, seconds. The file of oracle has {"body", "state"}, that of
// liquid {"template", "state"}. Prints {"renders", "cpu_s", "html_bytes", "text_bytes"}; liquid
// prints its HTML instead where the seconds are 0.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../render/', import.meta.url));
const [who, file, secondsText] = process.argv.slice(2);
const input = JSON.parse(readFileSync(file, 'utf8'));
const seconds = Number(secondsText);

const makers = {
  oracle() {
    const { renderToHtml, renderToPlainText } = require('@json-render/react-email');
    const options = { state: input.state, includeStandard: true };
    return async () => ({
      html: await renderToHtml(input.body, options),
      text: await renderToPlainText(input.body, options),
    });
  },
  liquid() {
    const { Liquid } = require('liquidjs');
    const engine = new Liquid({ outputEscape: 'escape' });
    const template = engine.parse(input.template);
    return () => ({ html: engine.renderSync(template, input.state), text: '' });
  },
};

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const render = makers[who]();
const first = await render();
if (seconds === 0) {
  process.stdout.write(first.html);
  process.exit(0);
}
// The compilers of JavaScript need some time to do their best.
for (const until = cpuSeconds() + seconds / 2; cpuSeconds() < until;) await render();
const start = cpuSeconds();
let renders = 0;
while (cpuSeconds() - start < seconds) {
  for (let i = 0; i < 8; ++i) await render();
  renders += 8;
}
console.log(
  JSON.stringify({
    renders,
    cpu_s: cpuSeconds() - start,
    html_bytes: Buffer.byteLength(first.html),
    text_bytes: Buffer.byteLength(first.text),
  }),
);
