// The reference renderer: what it makes of a body and a state.
import { renderToHtml, renderToPlainText } from '@json-render/react-email';

// It warns on the console about what the specs of these tests do on purpose.
console.warn = () => {};
console.error = () => {};

/** Gives {html, text}, or {error} where the reference throws. */
export async function renderWithOracle({ body, state = {} }) {
  try {
    return {
      html: await renderToHtml(body, { state }),
      text: await renderToPlainText(body, { state }),
    };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}
