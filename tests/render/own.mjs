// Our renderer: the program render_lines, one line in, one line out.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class OwnRenderer {
  #child = spawn(process.env.SEGMENTFLOW_RENDER_LINES, { stdio: ['pipe', 'pipe', 'inherit'] });
  #waiting = [];

  constructor() {
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift().resolve(JSON.parse(line)),
    );
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`render_lines ended: ${code}`));
    });
  }

  /** Gives {html, text, missing, warnings, findings}, or {error, path, findings}. */
  render({ body, state }) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ body, state })}\n`);
    });
  }

  close() {
    this.#child.stdin.end();
  }
}
