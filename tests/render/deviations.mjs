// Where we differ from the reference on purpose: the one list.
//
// {id, reason, applies({body, state, oracle, own}), ignore}. `ignore` says what may differ where
// the deviation applies (see compare.mjs); without it, the outcome as a whole. Everything else has
// to be the same.

const elements = (body) => Object.values(body?.elements ?? {});
const markdownOf = ({ body }) =>
  elements(body)
    .filter(({ type }) => type === 'Markdown')
    .map(({ props }) => String(props?.content ?? ''));
const anyMarkdown = (pattern) => (given) =>
  markdownOf(given).some((content) => pattern.test(content));
const told =
  (...codes) =>
  ({ own }) =>
    [...(own.findings ?? []), ...(own.warnings ?? [])].some(({ code }) => codes.includes(code));

export const deviations = [
  {
    id: 'unsafe-urls',
    reason:
      'href and src take http, https, mailto, tel and cid; anything else is left out, because ' +
      'javascript: and data: addresses in mail are attacks.',
    applies: told('refused_url'),
    ignore: { attributes: ['href', 'src', 'target'], text: true },
  },
  {
    id: 'unsafe-styles',
    reason:
      'A style value that would fetch or run something, or leave its declaration, is left out.',
    applies: told('refused_style', 'invalid_style'),
    ignore: { attributes: ['style'] },
  },
  {
    id: 'own-properties',
    reason: 'A path leads to what the data holds, not to what JavaScript objects inherit.',
    applies: ({ body }) =>
      /constructor|__proto__|toString|hasOwnProperty/.test(JSON.stringify(body)),
  },
  {
    id: 'functions',
    reason: 'The reference has no functions for $computed; ours are in the template format.',
    applies: ({ body }) => /"\$computed"/.test(JSON.stringify(body)),
  },
  {
    id: 'objects-as-text',
    reason: 'An object in a $template or an attribute is "[object Object]" there; we refuse it.',
    applies: ({ own }) => /An object cannot be shown as text/.test(own.error ?? ''),
  },
  {
    id: 'values-in-addresses',
    reason:
      'A value within an address is percent-encoded, so that it cannot end its part of it or add ' +
      'another; the reference puts it in as it is.',
    applies: ({ body }) =>
      elements(body).some(({ props }) => JSON.stringify([props?.href, props?.src]).includes('${')),
    ignore: { attributes: ['href', 'src'], text: true },
  },
  {
    id: 'controls',
    reason: 'Control characters are left out: no reader of mail shows them.',
    applies: ({ oracle }) =>
      /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(`${oracle.html}${oracle.text}`),
  },
  {
    id: 'cut-previews',
    reason: 'A preview is cut before a character that readers see as one, never within it.',
    applies: ({ oracle }) => (oracle.html ?? '').includes('\ufffd'),
  },
  {
    id: 'cycles',
    reason:
      'An element inside itself overflows the stack of the reference; we cut it and say so.',
    applies: told('cycle'),
  },
  {
    id: 'budgets',
    reason: 'Rendering ends with an error where a limit of the budget is reached.',
    applies: ({ own }) => /make the template or its data smaller\.$/.test(own.error ?? ''),
  },
  {
    id: 'string-styles',
    reason: 'The reference takes a style that is a text for a list of letters; we refuse it.',
    applies: ({ body, own }) =>
      own.error !== undefined &&
      elements(body).some(({ props }) => typeof props?.style === 'string'),
  },
  {
    id: 'head-children',
    reason: 'React drops the text of a Preview in the Head; ours keeps it.',
    applies: ({ body }) =>
      elements(body).some(({ type, children }) => type === 'Head' && (children ?? []).length > 0),
  },
  {
    id: 'misplaced-head',
    reason: 'React moves what stands in a Head inside the body into the real one; ours stays.',
    applies: ({ body }) =>
      elements(body).some(
        ({ type, children }) =>
          type !== 'Html' &&
          (children ?? []).some((key) => ['Head', 'Html'].includes(body.elements[key]?.type)),
      ),
  },
  {
    id: 'stray-columns',
    reason:
      'HTML closes a cell where another begins. A Column that is not in a Row is a cell in a ' +
      'cell, of which each reader makes something else; our plain text keeps to the template.',
    applies: ({ body }) =>
      elements(body).some(
        ({ type, children }) =>
          type !== 'Row' && (children ?? []).some((key) => body.elements[key]?.type === 'Column'),
      ),
    ignore: { text: true },
  },
  {
    id: 'lines-of-values',
    reason:
      'The lines of a value, such as a postal address, stay lines in both parts, as do those of ' +
      'an array that holds one; the reference runs them together.',
    applies: ({ body, state }) => /\\n|\\r|\u2028|\u2029/.test(JSON.stringify([body, state])),
    ignore: { lineBreaks: true, textLayout: true },
  },
  {
    id: 'rows-are-lines',
    reason:
      'A row of a table is one line of the plain text, its cells set apart; the reference makes ' +
      'a paragraph of each cell.',
    applies: (given) =>
      elements(given.body).some(({ type }) => type === 'Row') ||
      anyMarkdown(/\|.*\n\|?\s*:?-/)(given),
    ignore: { textLayout: true },
  },
  {
    id: 'neighbours',
    reason:
      'In the plain text of the reference a link or button sticks to the address of the one ' +
      'before it, which then leads elsewhere.',
    applies: (given) =>
      elements(given.body).some(({ type }) => ['Link', 'Button'].includes(type)) ||
      anyMarkdown(/\]\(|\]\[|>/)(given),
    ignore: { textLayout: true },
  },
  {
    id: 'addresses-in-headings',
    reason:
      'Words of a heading are capitals in the plain text; addresses, whose case matters, are not.',
    applies: (given) =>
      [
        ...elements(given.body)
          .filter(({ type }) => type === 'Heading')
          .map(() => JSON.stringify(given)),
        ...markdownOf(given),
      ].some((text) => /:\/\/|www\.|@/i.test(text)),
    ignore: { textCase: true },
  },
  {
    id: 'markdown-values',
    reason: 'What a value holds is text in Markdown; the reference reads it as Markdown.',
    applies: ({ body }) =>
      elements(body).some(
        ({ type, props }) =>
          type === 'Markdown' && typeof props?.content === 'object' && !props.content.$state,
      ),
  },
  {
    id: 'marks-in-addresses',
    reason:
      'A bare address with marks of emphasis stands in the mail as it was written, a mark at its ' +
      'end too where it has a partner; the reference cuts it off.',
    applies: anyMarkdown(/(:\/\/|www\.)\S*[*_~]/),
  },
  {
    id: 'markdown-tasks',
    reason: 'The reference drops the boxes of tasks; ours show what is done.',
    applies: anyMarkdown(/^\s*([*+-]|\d+[.)])\s+\[[ xX]\]\s/m),
  },
  {
    id: 'markdown-escaping',
    reason:
      'The reference does not escape code, link addresses and titles in Markdown; we escape ' +
      'everything.',
    applies: anyMarkdown(/`[^`]*[<>&"'][^`]*`|^( {4}|\t).*[<>&"']|\]\([^)]*["'&<>]/m),
  },
  {
    id: 'markdown-html',
    reason:
      'HTML in Markdown passes through the reference; we leave it out, because the text may ' +
      'come from data.',
    applies: anyMarkdown(/<[a-z/!?]/i),
  },
  {
    id: 'markdown-list-items',
    reason:
      'A list item with a second block, and a quote right after a list, crash the reference; ' +
      'we render them.',
    applies: ({ oracle, own, ...given }) =>
      oracle.error !== undefined &&
      own.error === undefined &&
      anyMarkdown(/^\s*([*+-]|\d+[.)])\s/m)(given),
  },
  {
    id: 'markdown-entities',
    reason:
      'Rare named entities are decoded in the HTML by the reader; the plain text keeps them as ' +
      'they were written.',
    applies: anyMarkdown(/&[a-z0-9]+;/i),
    ignore: { text: true },
  },
  {
    id: 'markdown-alt',
    reason:
      'The alternative text of a picture in Markdown is plain text (CommonMark 6.4); the ' +
      'reference keeps the marks.',
    applies: anyMarkdown(/!\[[^\]]*[*_`~[&\\][^\]]*\]/),
    ignore: { attributes: ['alt'] },
  },
];
