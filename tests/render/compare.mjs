// Compares two HTML documents as parsed trees: elements, attributes, styles, text, and comments
// other than React's markers.
import { parse } from 'parse5';

const reactMarkers = new Set([
  '$',
  '/$',
  '$?',
  '$!',
  ' ',
  '',
  'html',
  'head',
  'body',
  '/html',
  '/head',
  '/body',
]);

/** A plain tree: {tag, attributes, children} | {text} | {comment} | {doctype}. */
function treeOf(html) {
  return simplify(parse(html));
}

function simplify(node) {
  if (node.nodeName === '#text') return { text: node.value };
  if (node.nodeName === '#comment') return { comment: node.data };
  if (node.nodeName === '#documentType') {
    return { doctype: [node.name, node.publicId, node.systemId].join(' ') };
  }
  return {
    tag: node.nodeName,
    attributes: Object.fromEntries((node.attrs ?? []).map(({ name, value }) => [name, value])),
    children: childrenOf(node),
  };
}

function childrenOf(node) {
  const children = [];
  for (const child of node.childNodes.map(simplify)) {
    if (child.comment !== undefined && reactMarkers.has(child.comment)) continue;
    if (child.text === '') continue;
    const last = children.at(-1);
    // Markers stand between texts that belong together.
    if (child.text !== undefined && last?.text !== undefined) last.text += child.text;
    else children.push(child);
  }
  return children;
}

/** The first difference as {path, expected, got}; null when there is none. */
function firstDifference(expected, got, ignored, path = '') {
  if (expected.tag === undefined || got.tag === undefined) {
    return equal(expected, got) ? null : { path, expected, got };
  }
  const here = `${path}/${expected.tag}`;
  if (expected.tag !== got.tag) return { path, expected: expected.tag, got: got.tag };
  const names = new Set([...Object.keys(expected.attributes), ...Object.keys(got.attributes)]);
  for (const name of names) {
    if (!ignored.includes(name) && expected.attributes[name] !== got.attributes[name]) {
      return {
        path: `${here}@${name}`,
        expected: expected.attributes[name],
        got: got.attributes[name],
      };
    }
  }
  for (let i = 0; i < Math.max(expected.children.length, got.children.length); ++i) {
    const [a, b] = [expected.children[i], got.children[i]];
    if (!a || !b) return { path: `${here}[${i}]`, expected: a ?? 'nothing', got: b ?? 'nothing' };
    const difference = firstDifference(a, b, ignored, `${here}[${i}]`);
    if (difference) return difference;
  }
  return null;
}

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** A tree in which a line break is what it is in a text. */
function withBreaksAsText(node) {
  if (node.tag === undefined) return node;
  if (node.tag === 'br') return { text: '\n' };
  const children = [];
  for (const child of node.children.map(withBreaksAsText)) {
    const last = children.at(-1);
    if (child.text !== undefined && last?.text !== undefined) last.text += child.text;
    else children.push({ ...child });
  }
  return { ...node, children };
}

/** What counts of a plain text. */
function plainOf(text, { textLayout, textCase }) {
  const letters = textLayout ? text.replace(/[\s|]+/g, '') : text;
  return textCase ? letters.toUpperCase() : letters;
}

/**
 * The difference between what the oracle and we made of a case; null when there is none. Two errors
 * are the same. `ignore` says what may differ: `attributes` by name; `lineBreaks`, which are breaks
 * in one HTML and part of the text in the other; in the plain text `textLayout` (blanks and the
 * marks between cells), `textCase`, or all of it: `text`.
 */
export function compareResults(oracle, own, ignore = {}) {
  if (oracle.error !== undefined || own.error !== undefined) {
    if (oracle.error !== undefined && own.error !== undefined) return null;
    return {
      path: 'outcome',
      expected: oracle.error ?? 'a document',
      got: own.error ?? 'a document',
    };
  }
  const tree = (html) => (ignore.lineBreaks ? withBreaksAsText(treeOf(html)) : treeOf(html));
  const difference = firstDifference(
    tree(oracle.html),
    tree(own.html),
    ignore.attributes ?? [],
  );
  if (difference) return { ...difference, path: `html ${difference.path}` };
  if (!ignore.text && plainOf(oracle.text, ignore) !== plainOf(own.text, ignore)) {
    return { path: 'text', expected: oracle.text, got: own.text };
  }
  return null;
}
