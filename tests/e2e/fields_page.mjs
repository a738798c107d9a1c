// The part of docs/api.md that names every field, made from the schemas of all operations.

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (value) => `\`${cell(typeof value === "string" ? value : JSON.stringify(value))}\``;

const placed = (place) => {
  if (place === "path") return "in the path";
  return place.startsWith("header ") ? `header \`${place.slice(7)}\`` : place;
};

const range = (low, high, unit) => {
  if (high === undefined && !low) return [];
  if (!low) return [`at most ${high}${unit}`];
  if (high === undefined) return [`at least ${low}${unit}`];
  return [`${low} to ${high}${unit}`];
};

// Objects that may stand for each other as one with the fields of all.
function merged(forms) {
  if (!forms.every((form) => form.properties)) return { forms };
  const properties = {};
  for (const form of forms) {
    for (const [name, field] of Object.entries(form.properties)) {
      const known = properties[name];
      properties[name] = known?.enum && field.enum
        ? { type: "string", enum: [...new Set([...known.enum, ...field.enum])] } : known ?? field;
    }
  }
  return { type: "object", properties };
}

// {schema, isNullable} of what may be null.
function without(schema) {
  const forms = schema.anyOf ?? schema.oneOf;
  if (!forms) return { schema, isNullable: false };
  const rest = forms.filter((form) => form.type !== "null");
  const { anyOf: _1, oneOf: _2, ...about } = schema;
  return rest.length === 1
    ? { schema: { ...about, ...rest[0], description: about.description ?? rest[0].description },
        isNullable: rest.length < forms.length }
    : { schema: { ...about, ...merged(rest) }, isNullable: rest.length < forms.length };
}

function kindOf(schema) {
  if (schema.forms) return schema.forms.map(kindOf).join(" or ");
  if (schema.enum) return schema.enum.map(code).join(", ");
  if (schema.const !== undefined) return code(schema.const);
  const type = [schema.type ?? "any value"].flat().join(" or ");
  if (schema.type === "array") {
    const item = without(schema.items ?? {}).schema;
    const items = item.properties ? "objects" : kindOf(item);
    return [`array of ${items}`, ...range(schema.minItems, schema.maxItems, "")].join(", ");
  }
  return [type === "string" && schema.format ? schema.format : type,
    ...range(schema.minLength, schema.maxLength, " characters"),
    ...range(schema.minimum, schema.maximum, ""),
    ...(schema.default === undefined ? [] : [`default ${code(schema.default)}`])].join(", ");
}

/** The rows of a schema's fields, nested ones by their path: {path, kind, about}. */
export function fieldRows(schema, { carried, prefix = "", known = new Map() } = {}) {
  const required = schema.required ?? [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, raw]) => {
    const { schema: field, isNullable } = without(raw);
    const path = prefix + name;
    const isRequest = carried !== undefined;
    const parts = [kindOf(field)];
    if (isRequest && required.includes(name)) parts.push("required");
    if (isNullable) parts.push("may be `null`");
    const place = isRequest && prefix === "" ? (carried[name] ?? "body") : "body";
    if (place !== "body") parts.push(placed(place));
    const below = [field, without(field.items ?? {}).schema].find((each) => each.properties);
    const same = below && known.get(JSON.stringify(below.properties));
    const fields = same ? ` Its fields are ${same.replace("that", "those")}.` : "";
    const about = cell(field.description ?? "") + fields;
    const step = field.type === "array" ? `${path}[].` : `${path}.`;
    return [{ path, kind: parts.join("; "), about },
      ...(below && !same ? fieldRows(below, { carried, prefix: step, known }) : [])];
  });
}

const table = (rows) => ["| field | | |", "|---|---|---|",
  ...rows.map(({ path, kind, about }) => `| \`${path}\` | ${kind} | ${about} |`), ""];

/** The Markdown between the page's marks, of what `segmentflow operations` prints. */
export function fieldsPage(operations) {
  const known = new Map();
  return operations.flatMap(({ id, method, path, tool, description, request, carried, answer }) => {
    const asked = fieldRows(request, { carried });
    const shape = JSON.stringify(answer.properties);
    const same = known.get(shape);
    const rows = same ? [] : fieldRows(answer, { known });
    if (!same) known.set(shape, `that of \`${id}\``);
    return [
      `### \`${id}\``, "",
      `\`${method} ${path}\`, over MCP \`${tool}\`. ${cell(description)}`, "",
      ...(asked.length > 0 ? ["Request:", "", ...table(asked)] : ["It takes no fields.", ""]),
      ...(same ? [`The answer is ${same}.`, ""] : ["Answer:", "", ...table(rows)]),
    ];
  }).join("\n");
}
