// The part of docs/templates.md that is made from what describe_template_format says.

const code = (value) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const kinds = ({ type, enum: values }) =>
  values ? values.map((value) => code(value)).join(", ") : [type].flat().join(", ");

function componentRows({ type, description, takesChildren, props }) {
  const required = props.required ?? [];
  const rows = Object.entries(props.properties).map(([name, schema]) =>
    `| ${code(name)}${required.includes(name) ? ", required" : ""} | ${cell(kinds(schema))} ` +
    `| ${cell(schema.description)} |`);
  return [
    `#### ${type}`,
    "",
    `${description}${takesChildren ? " Takes children." : ""}`,
    ...(rows.length > 0 ? ["", "| prop | | |", "|---|---|---|", ...rows] : []),
    "",
  ];
}

const rules = (title, list) => [
  `### ${title}`, "", "| form | meaning |", "|---|---|",
  ...list.map(({ form, meaning }) => `| ${code(cell(form))} | ${cell(meaning)} |`), "",
];

/** The Markdown between the page's marks, of the answer to templates.schema. */
export function formatPage(format) {
  return [
    format.overview.replaceAll(/\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g, (json) => code(json)), "",
    "### Components", "",
    "Wherever a prop takes an object, an expression may stand.", "",
    ...format.components.flatMap(componentRows),
    ...rules("Expressions", format.expressions),
    ...rules("Conditions", format.conditions),
    ...rules("Functions", format.functions),
    ...rules("State", format.state),
    "### Limits", "", "| limit | |", "|---|---|",
    ...Object.entries(format.limits).map(([name, value]) => `| ${code(name)} | ${value} |`), "",
    "### An example", "", "```json", JSON.stringify(format.example, null, 2), "```",
  ].join("\n");
}
