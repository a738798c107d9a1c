// The documented response shapes, as JSON Schema written by hand from the API's documentation, so
// that they judge the schemas the engine publishes instead of repeating them.
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats(ajv);

const uuid = { type: "string", format: "uuid" };
const time = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" };
const nullable = (schema) => ({ anyOf: [schema, { type: "null" }] });
const oneOf = (...values) => ({ type: "string", enum: values });
const object = (properties, optional = []) => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const address = object({
  email: { type: "string", format: "email" },
  name: { type: ["string", "null"] },
});

// What an email that is read again tells beside its record, where it has something to tell.
const progress = {
  delivery: object({
    attempts: { type: "integer", minimum: 0 },
    lastAttemptAt: nullable(time),
    nextAttemptAt: nullable(time),
    stage: { type: "string" },
    code: { type: ["integer", "null"] },
    enhancedCode: { type: ["string", "null"] },
    message: { type: "string" },
  }),
  copies: {
    type: "array",
    items: object({
      email: { type: "string", format: "email" },
      status: oneOf("Processing", "Sent", "Failed", "Skipped"),
      failureReason: nullable({ type: "string" }),
      message: nullable({ type: "string" }),
      nextAttemptAt: nullable(time),
    }),
  },
  captured: { const: true },
};

const emailSend = object({
  ...progress,
  id: uuid,
  status: oneOf("Queued", "Processing", "Sent", "Failed", "Skipped"),
  templateId: uuid,
  templateSnapshotId: uuid,
  senderProfileId: uuid,
  from: address,
  replyTo: nullable(address),
  subject: { type: "string", minLength: 1 },
  subscriptionGroupId: nullable(uuid),
  profileId: uuid,
  to: object({ email: { type: "string", format: "email" } }),
  cc: { type: "array", items: address },
  messageId: nullable(uuid),
  skippedReason: nullable({ type: "string" }),
  failureReason: nullable({ type: "string" }),
  failureMessage: nullable({ type: "string" }),
  createdAt: time,
  updatedAt: time,
  // Ours, beyond the documentation: of a send's answer, and over MCP.
  missingPaths: { type: "array", items: { type: "string" } },
  unusedData: { type: "array", items: { type: "string" } },
  untrusted: { type: "array", items: { type: "string" } },
}, [...Object.keys(progress), "missingPaths", "unusedData", "untrusted"]);

const count = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const batchItem = { index: count, idempotencyKey: { type: "string" } };
const accepted = object({ ...batchItem, status: oneOf("Accepted"), send: emailSend });
const rejected = object({
  ...batchItem,
  status: oneOf("Rejected"),
  error: {
    type: "object",
    properties: {
      error: { type: "string", pattern: "^[a-z][a-z_]*$" },
      errorCode: { type: "string", pattern: "^[A-Z][A-Za-z]*$" },
      message: { type: "string", minLength: 10 },
    },
    required: ["error", "errorCode", "message"],
  },
});
const emailBatch = object({
  total: count,
  accepted: count,
  rejected: count,
  items: { type: "array", items: { oneOf: [accepted, rejected] } },
});

// List items may grow: what the documentation names must be there, more may be.
const templateItem = {
  ...object({
    id: uuid,
    organizationId: uuid,
    name: { type: "string", minLength: 1 },
    type: { type: "string" },
    status: oneOf("Active", "Archived"),
    purpose: oneOf("General", "Newsletter", "Promotional", "Transactional", "LeadMagnetDelivery"),
    isComplete: { type: "boolean" },
    language: { type: "string" },
    createdAt: time,
    updatedAt: time,
  }),
  additionalProperties: true,
};

const checks = {
  EmailSend: ajv.compile(emailSend),
  EmailBatch: ajv.compile(emailBatch),
  TemplateList: ajv.compile({ type: "array", minItems: 2, items: templateItem }),
};

// Throws with every difference when `value` has not the documented shape.
export function hasShape(name, value) {
  const check = checks[name];
  if (check(value)) return;
  const shown = JSON.stringify(value, null, 2);
  throw new Error(`not a ${name}: ${ajv.errorsText(check.errors)}\n${shown}`);
}
