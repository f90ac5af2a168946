/** A number that Python holds as a float: 65535 is written as 65535.0. */
export class PythonFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** JSON as Python's `json.dumps` writes it: ", " and ": " between, every character outside ASCII as \uXXXX. Plane signs these bytes. */
export function pythonJson(value: unknown): string {
  if (value instanceof PythonFloat) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, entry]) => `${pythonString(key)}: ${pythonJson(entry)}`)
      .join(', ')}}`;
  if (typeof value === 'string') return pythonString(value);
  return JSON.stringify(value ?? null);
}

function pythonString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
