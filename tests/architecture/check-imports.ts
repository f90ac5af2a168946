import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { parseSync } from 'rolldown/utils';
import { COMMON_PACKAGES, PURE_NODE, layerName, layerOf } from './layers.ts';
import type { Source } from './sources.ts';

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Programs that are copied into managed repositories stand alone, and tests may use everything. */
const outsideTheRules = (path: string) =>
  /\.test\.ts$|-fixture\.ts$|\.contract\.ts$/.test(path) || path.startsWith('lib/kit/hook/');

/** What a file of the product does against the table of layers; [] for a file that obeys or lies outside. Pure. */
export function layerViolations({ path, text }: Source): string[] {
  const layer = layerOf(path);
  if (layer === null || !path.endsWith('.ts') || outsideTheRules(path)) return [];
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0)
    return [`${path}: cannot be parsed, so nothing about it is known: ${parsed.errors[0]?.message}`];
  const nodes = [...walk(parsed.program as unknown as Node)];
  const found = nodes.flatMap((node) => importSpecifier(node)).map((specifier) => judgeImport(path, specifier));
  const impure = layer.pure ? nodes.flatMap((node) => impurity(node, nodes)) : [];
  return [...found.filter((fault) => fault !== null), ...impure.map((what) => `${path}: ${what} in a pure folder`)];
}

function judgeImport(path: string, specifier: string): string | null {
  const layer = layerOf(path);
  if (layer === null) return null;
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    if (target === 'package.json') return null;
    const other = layerOf(target);
    if (other === null) return `${path}: imports ${target}, which is not part of the product`;
    if (other === layer || layer.may.includes(layerName(other))) return null;
    return `${path}: ${layerName(layer)} must not import ${layerName(other)} (${specifier})`;
  }
  // An older Node that runs this test does not know every module of the one the product runs on.
  if (specifier.startsWith('node:') || isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `${path}: write node:${specifier}`;
    return layer.pure && !PURE_NODE.includes(specifier) ? `${path}: ${specifier} in a pure folder` : null;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (COMMON_PACKAGES.includes(name) || layer.packages.includes(name)) return null;
  return `${path}: ${layerName(layer)} must not use the package ${name}`;
}

function importSpecifier(node: Node): string[] {
  const holds = [
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
    'TSImportType',
  ];
  const value = holds.includes(node.type) ? (node['source'] as { value?: unknown } | null)?.value : undefined;
  return typeof value === 'string' ? [value] : [];
}

const IMPURE_OBJECTS = ['process', 'performance', 'console', 'globalThis'];
const IMPURE_CALLS = ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'require'];
const IMPURE_CRYPTO = /^(random|generate|getRandom)/;

function impurity(node: Node, all: readonly Node[]): string[] {
  if (node.type === 'ImportSpecifier') {
    const name = (node['imported'] as { name?: string }).name ?? '';
    const fromCrypto = all.some(
      (other) =>
        other.type === 'ImportDeclaration' &&
        (other['source'] as { value?: unknown }).value === 'node:crypto' &&
        (other['specifiers'] as unknown[]).includes(node),
    );
    return fromCrypto && IMPURE_CRYPTO.test(name) ? [`${name} of node:crypto`] : [];
  }
  if (node.type === 'NewExpression') {
    const isDate = identifier(node['callee']) === 'Date';
    return isDate && (node['arguments'] as unknown[]).length === 0 ? ['new Date() without a value'] : [];
  }
  if (node.type === 'CallExpression') {
    const name = identifier(node['callee']);
    return name !== null && IMPURE_CALLS.includes(name) && !declares(all, name) ? [`${name}()`] : [];
  }
  if (node.type !== 'MemberExpression') return [];
  const object = identifier(node['object']);
  const property = identifier(node['property']);
  if (object === 'Date' && property === 'now') return ['Date.now'];
  if (object === 'Math' && property === 'random') return ['Math.random'];
  return object !== null && IMPURE_OBJECTS.includes(object) && !declares(all, object)
    ? [`${object}.${property ?? '[…]'}`]
    : [];
}

const identifier = (node: unknown): string | null => {
  const { type, name } = (node ?? {}) as { type?: string; name?: string };
  return type === 'Identifier' && name !== undefined ? name : null;
};

/** Whether the file has a variable, parameter or function of its own with this name. */
function declares(all: readonly Node[], name: string): boolean {
  return all.some((node) => {
    if (node.type === 'VariableDeclarator') return identifier(node['id']) === name;
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return false;
    return (
      identifier(node['id']) === name ||
      (node['params'] as unknown[]).some((parameter) => identifier(parameter) === name)
    );
  });
}

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    const children = Array.isArray(value) ? value : [value];
    for (const child of children) if (typeof (child as Node | null)?.type === 'string') yield* walk(child as Node);
  }
}
