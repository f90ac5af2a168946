import { describe, expect, it } from 'vitest';
import type { Manifest } from './manifest.ts';
import { buildKey, parseManifest, renderManifest } from './manifest.ts';

const sha = '4be1'.padEnd(40, '0');
const manifest: Manifest = {
  schema: 1,
  item: 'ET-12',
  kind: 'bundle',
  digest: `sha256:${'9f3c'.repeat(16)}`,
  size: 418_233,
  commit: sha,
  tree: sha,
  code_tree: sha,
  base: sha,
  build_key: '51ac'.repeat(16),
  run: 4711,
  created_at: '2026-01-20T10:11:40Z',
};

describe('the manifest', () => {
  it('D-ART-3: what is written is read back, key by key in the order of the schema', () => {
    expect(parseManifest(renderManifest(manifest))).toEqual({ ok: true, manifest });
    expect(Object.keys(JSON.parse(renderManifest({ ...manifest, item: 'ET-1' })) as object)).toEqual(
      Object.keys(manifest),
    );
  });

  it.each([
    ['not JSON', '{', 'not JSON'],
    ['a list', '[]', '(top level)'],
    ['a newer schema', JSON.stringify({ ...manifest, schema: 2 }), 'schema'],
    ['a short digest', JSON.stringify({ ...manifest, digest: 'sha256:9f3c' }), 'digest'],
    ['no commit', JSON.stringify({ ...manifest, commit: undefined }), 'commit'],
    ['an empty artifact', JSON.stringify({ ...manifest, size: 0 }), 'size'],
  ])('is refused with a reason: %s', (_what, text, reason) => {
    expect(parseManifest(text)).toMatchObject({ ok: false, text: expect.stringContaining(reason) as string });
  });

  it('D-ART-4: the build key changes with code tree, command and output, and with nothing else', () => {
    const section = { kind: 'bundle', build: 'npm run build', output: 'dist' };
    const key = buildKey(sha, section);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const withOtherKeys = { ...section, keep: 9, timeout_s: 1 };
    expect(buildKey(sha, withOtherKeys)).toBe(key);
    const others = [
      buildKey(`${sha}1`, section),
      ...['kind', 'build', 'output'].map((name) => buildKey(sha, { ...section, [name]: 'x' })),
    ];
    expect(new Set([key, ...others]).size).toBe(5);
    expect(buildKey(sha, { kind: 'a', build: 'b","c', output: 'd' })).not.toBe(
      buildKey(sha, { kind: 'a', build: 'b', output: 'c","d' }),
    );
  });
});
