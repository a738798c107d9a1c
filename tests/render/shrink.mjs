// Makes a case that fails smaller while it still fails.

const withoutElement = (body, key) => {
  const copy = structuredClone(body);
  delete copy.elements[key];
  for (const element of Object.values(copy.elements)) {
    if (element.children) element.children = element.children.filter((child) => child !== key);
  }
  return copy;
};

function* smallerBodies(body) {
  for (const [key, element] of Object.entries(body.elements)) {
    if (key === body.root) continue;
    yield withoutElement(body, key);
    for (const member of ['visible', 'repeat']) {
      if (element[member] === undefined) continue;
      const copy = structuredClone(body);
      delete copy.elements[key][member];
      yield copy;
    }
    for (const name of Object.keys(element.props)) {
      const copy = structuredClone(body);
      delete copy.elements[key].props[name];
      yield copy;
    }
    for (const name of Object.keys(element.props.style ?? {})) {
      const copy = structuredClone(body);
      delete copy.elements[key].props.style[name];
      yield copy;
    }
  }
}

function* smallerStates(state) {
  for (const root of Object.keys(state)) {
    for (const name of Object.keys(state[root])) {
      const copy = structuredClone(state);
      delete copy[root][name];
      yield copy;
    }
  }
}

function* smallerCases({ body, state }) {
  for (const smaller of smallerBodies(body)) yield { body: smaller, state };
  for (const smaller of smallerStates(state)) yield { body, state: smaller };
}

/** `fails(case)` resolves to whether the case still shows the difference. */
export async function shrink(failing, fails) {
  let current = failing;
  for (let found = true; found;) {
    found = false;
    for (const smaller of smallerCases(current)) {
      if (!(await fails(smaller))) continue;
      current = smaller;
      found = true;
      break;
    }
  }
  return current;
}
