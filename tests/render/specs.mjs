// A short way to write specs: el(type, props, children, {visible, repeat}).

export const el = (type, props = {}, children = [], more = {}) => ({
  type,
  props,
  children,
  ...more,
});
export const text = (value, style) =>
  el('Text', style === undefined ? { text: value } : { text: value, style });

/** The flat spec of a tree of el(); elements may also name others by key, as strings. */
export function spec(root, more = {}) {
  const elements = {};
  const place = (node, key) => {
    const { children, ...rest } = node;
    elements[key] = rest;
    elements[key].children = children?.map((child, i) =>
      typeof child === 'string' ? child : place(child, key === 'root' ? `e${i}` : `${key}${i}`),
    );
    return key;
  };
  place(root, 'root');
  return { root: 'root', elements, ...more };
}

/** A document around the elements. */
export const page = (...children) => spec(el('Html', {}, [el('Head'), el('Body', {}, children)]));

/** Cases around one element each: {name: element}. */
export const elementCases = (group, elements, state = {}) =>
  Object.entries(elements).map(([name, element]) => ({
    name: `${group}: ${name}`,
    body: page(...(Array.isArray(element) ? element : [element])),
    state,
  }));
