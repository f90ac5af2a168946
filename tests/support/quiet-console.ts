import { afterEach, beforeEach } from 'vitest';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
let printed: string[] = [];

/** Every test fails on console output that it did not take over itself (`vi.spyOn(console, …)`). style: habit 7 */
beforeEach(() => {
  printed = [];
  for (const method of METHODS)
    console[method] = (...values: unknown[]) => {
      printed.push(`console.${method}: ${values.map(String).join(' ')}`);
    };
});

afterEach(() => {
  if (printed.length > 0)
    throw new Error(`unexpected console output, take it over or remove it:\n${printed.join('\n')}`);
});
