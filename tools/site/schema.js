// JSON Schemas as rows of a table.

/**
 * Rows for all keys of a JSON Schema.
 *
 * @returns for each path what it may be, and what it means; a part that contains itself is not opened again.
 */
export function schemaRows(schema) {
  const rows = new Map();
  addBelow(schema, '', { schema, rows, open: [] });
  return [...rows.values()];
}

function addRows(part, path, { schema, rows, open }) {
  const { form, name, description = '' } = resolved(part, schema);
  if (!rows.has(path)) rows.set(path, [`\`${path}\``, kindOf(part, schema), description]);
  if (name !== undefined && open.includes(name)) return;
  addBelow(form, path, { schema, rows, open: name === undefined ? open : [...open, name] });
}

function addBelow(form, path, state) {
  for (const [key, part] of Object.entries(form.properties ?? {}))
    addRows(part, path === '' ? key : `${path}.${key}`, state);
  if (typeof form.additionalProperties === 'object') addRows(form.additionalProperties, `${path}.*`, state);
  if (form.items) addRows(form.items, `${path}[]`, state);
  for (const one of formsOf(form) ?? []) {
    const { form: inside, name } = resolved(one, state.schema);
    if (name !== undefined && state.open.includes(name)) continue;
    addBelow(inside, path, name === undefined ? state : { ...state, open: [...state.open, name] });
  }
}

const formsOf = ({ anyOf, oneOf, allOf }) => anyOf ?? oneOf ?? allOf;

/** The part that a reference is to, by however many steps. @returns its name as well, and the first description. */
function resolved(part, schema) {
  let form = part;
  let { description } = part;
  let name;
  while (form.$ref !== undefined) {
    name = decodeURIComponent(form.$ref).replace(/^#\/(?:definitions|\$defs)\//, '');
    form = (schema.definitions ?? schema.$defs)[name];
    description ??= form.description;
  }
  return { form, name, description };
}

function kindOf(part, schema) {
  const { form } = resolved(part, schema);
  const kinds = new Set((formsOf(form) ?? []).map((one) => kindOf(one, schema)));
  kinds.delete('anything');
  if (kinds.size > 0) return [...kinds].join(' or ');
  if (form.const !== undefined) return `\`${form.const}\``;
  if (form.enum) return form.enum.map((value) => `\`${value}\``).join(', ');
  if (form.type !== 'integer' && form.type !== 'number') return [form.type ?? 'anything'].flat().join(' or ');
  const { minimum = '', maximum = '' } = form;
  return minimum === '' && maximum === '' ? form.type : `${form.type} ${minimum}…${maximum}`;
}
