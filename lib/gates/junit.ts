import { XMLParser } from 'fast-xml-parser';
import type { Fact } from './fact.ts';
import { read, unreadable } from './fact.ts';

/** What one JUnit file counts. `failures`: names of the tests that failed or errored, with the first line of why. */
export interface JUnit {
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === 'testsuite' || name === 'testcase',
});
const LIMIT = 16 * 1024 * 1024;
const DEPTH = 50;

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const children = (node: Node, name: string): readonly unknown[] => {
  const value = node[name];
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
};

/** Counts the test cases of a JUnit XML file; the cases count, never the sums a suite claims. Never throws. spec: G-TST-2 */
export function parseJUnit(xml: string): Fact<JUnit> {
  if (xml.length > LIMIT) return unreadable(`the JUnit file has ${xml.length} characters, more than ${LIMIT}`);
  if (/<!DOCTYPE[^>]*\[|<!ENTITY/i.test(xml)) return unreadable('the JUnit file declares entities');
  let root: unknown;
  try {
    root = parser.parse(xml, true);
  } catch (thrown) {
    return unreadable(`the JUnit file is not XML: ${(thrown as Error).message}`);
  }
  if (!isNode(root) || (root['testsuites'] === undefined && root['testsuite'] === undefined))
    return unreadable('the JUnit file has neither testsuites nor testsuite');
  const cases = children(root, 'testsuites').flatMap((node) => casesOf(node, 0));
  cases.push(...children(root, 'testsuite').flatMap((node) => casesOf(node, 0)));
  const failed = cases.filter((node) => 'failure' in node || 'error' in node);
  return read({
    total: cases.length,
    failed: failed.length,
    skipped: cases.filter((node) => 'skipped' in node).length,
    failures: failed.map(describe),
  });
}

function casesOf(node: unknown, depth: number): Node[] {
  if (!isNode(node) || depth > DEPTH) return [];
  const own = children(node, 'testcase').filter((child) => isNode(child) || typeof child === 'string');
  const cases = own.map((child) => (isNode(child) ? child : {}));
  return [...cases, ...children(node, 'testsuite').flatMap((child) => casesOf(child, depth + 1))];
}

function describe(node: Node): string {
  const text = (key: string) => (typeof node[key] === 'string' ? node[key] : '');
  const name = [text('@classname'), text('@name')].filter((part) => part !== '').join(' › ');
  const cause = node['failure'] ?? node['error'];
  const first = Array.isArray(cause) ? cause[0] : cause;
  const why = isNode(first) ? (first['@message'] ?? first['#text']) : first;
  const line = typeof why === 'string' ? why.trim().split('\n')[0] : '';
  return line === undefined || line === '' ? name : `${name}: ${line}`;
}
