import { z } from 'zod';
import { parseDuration } from '../duration.js';

// One definition for both front doors: what a scenario file's schema says of a value holds for the library's options as
// well. Where the two are written differently, the form of the options stands beside that of the file.

/** How a value of a scenario file is written in the library's options. */
interface OptionForm {
  readonly schema: z.ZodType;
  /** What the name of its key ends with there. Default: the key has the same name. */
  readonly suffix?: string;
}

const forms = new WeakMap<z.core.$ZodType, OptionForm>();
/** What was expected of a mapping: its schema tells it only to issues. */
const texts = new WeakMap<z.core.$ZodType, string>();

/** What is known of a schema, or of the one that it is a clone of. */
function ofOriginal<T>(known: WeakMap<z.core.$ZodType, T>, schema: z.core.$ZodType): T | undefined {
  for (let one: z.core.$ZodType | undefined = schema; one !== undefined; one = one._zod.parent) {
    const found = known.get(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Says how the options write what a file writes as `written`. Clones of `written`, as describe makes them, have it too. */
export function inOptions<T extends z.ZodType>(written: T, schema: z.ZodType, suffix?: string): T {
  forms.set(written, { schema, suffix });
  return written;
}

/** Remembers what is expected where a mapping should be. */
export function takesText<T extends z.ZodType>(schema: T, what: string): T {
  texts.set(schema, what);
  return schema;
}

/** The schema of what a file writes as `written` in the options: the same ranges, names and checks; nothing is transformed. */
export function optionSchema(written: z.ZodType): z.ZodType {
  return formOf(written).schema;
}

function formOf(written: z.ZodType): OptionForm {
  const known = ofOriginal(forms, written);
  if (known !== undefined) return known;
  if (written instanceof z.ZodOptional) {
    const { schema, suffix } = formOf(written.unwrap() as z.ZodType);
    return { schema: schema.optional(), suffix };
  }
  return { schema: rebuilt(written) };
}

/** A schema made of the options' forms of its parts. */
function rebuilt(written: z.ZodType): z.ZodType {
  if (written instanceof z.ZodPipe) return optionSchema(written.in as z.ZodType);
  if (written instanceof z.ZodNullable) return optionSchema(written.unwrap() as z.ZodType).nullable();
  if (written instanceof z.ZodObject) return withChecks(optionMapping(written), written);
  if (written instanceof z.ZodArray) {
    const { element } = written.def;
    return withChecks(z.array(optionSchema(element as z.ZodType), messagesOf(written)), written);
  }
  if (written instanceof z.ZodRecord) {
    const { keyType, valueType } = written.def;
    return z.record(keyType as z.ZodString, optionSchema(valueType as z.ZodType), messagesOf(written));
  }
  if (written instanceof z.ZodUnion) {
    const { options } = written.def;
    return z.union(
      options.map((option) => optionSchema(option as z.ZodType)),
      messagesOf(written),
    );
  }
  return written;
}

function optionMapping(written: z.ZodObject): z.ZodType {
  const entries = Object.entries(written.shape).map(([key, schema]) => {
    const { schema: form, suffix = '' } = formOf(schema as z.ZodType);
    return [key + suffix, form] as const;
  });
  const what = inNumbers(ofOriginal(texts, written) ?? 'an object');
  const known = entries.map(([key]) => key).join(' ');
  return z.strictObject(Object.fromEntries(entries), {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : what),
  });
}

/** A schema's own text for what it expected. */
function messagesOf({ def }: z.ZodType): { error: z.core.$ZodErrorMap } {
  const textOf = def.error as z.core.$ZodErrorMap | undefined;
  return {
    error(issue) {
      const text = textOf?.(issue);
      return typeof text === 'string' ? inNumbers(text) : text;
    },
  };
}

function withChecks(schema: z.ZodType, written: z.ZodType): z.ZodType {
  const checks = written.def.checks as readonly z.core.$ZodCheck<unknown>[] | undefined;
  return checks === undefined ? schema : schema.check(...checks);
}

/** An example of a file as it is in the options: `{open: 1ms}` → `{openNs: 1000000}`. */
function inNumbers(what: string): string {
  return what
    .replace(/\ba mapping\b/, 'an object')
    .replace(/(\w+): (\d+(?:ns|us|ms|s))\b/g, (_, key: string, text: string) => {
      return `${key}Ns: ${parseDuration(text)}`;
    });
}
