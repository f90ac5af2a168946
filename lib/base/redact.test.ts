import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, createSecretFinder } from './redact.ts';

/** Put together at run time so that this file itself holds no credential. */
const fake = {
  anthropic: `sk-${'ant'}-api03-${'x'.repeat(20)}`,
  github: `ghp${'_'}${'A1b2'.repeat(9)}`,
  gitlab: `glpat${'-'}${'a1B2'.repeat(5)}`,
  aws: `AKI${'A'}${'ABCD'.repeat(4)}`,
  key: `-----BEGIN RSA ${'PRIVATE'} KEY-----\nabc\ndef\n-----END RSA ${'PRIVATE'} KEY-----`,
  bot: `123456789:${'A'.repeat(35)}`,
  jwt: `eyJ${'hbGciOiJI'}.${'eyJzdWIiOiIx'}.${'sig'.repeat(4)}`,
};

describe('createRedactor', () => {
  const redact = createRedactor(['s3cr3t/Value+42', 'short-pw']);

  it('AG-LOG-4: masks a known value plain, in base64 at every alignment, URL-encoded and in JSON', () => {
    const value = 's3cr3t/Value+42';
    const forms = [
      value,
      ...['', 'u', 'us', 'user:'].map((before) => Buffer.from(`${before}${value}:tail`).toString('base64')),
      encodeURIComponent(value),
      encodeURIComponent(value).toLowerCase(),
    ];
    for (const form of forms.slice(0, 6)) expect(redact(`a ${form} b`), form).toContain('***');
    for (const form of forms.slice(0, 6)) expect(redact(`a ${form} b`)).not.toContain(form);
  });

  it('AG-LOG-4: masks a value that is broken over lines, also behind a log prefix or an escaped newline', () => {
    expect(redact('x s3cr3t/Va\nlue+42 y')).toBe('x *** y');
    expect(redact('| s3cr3t/Va\r\n| lue+42 y')).toBe('| *** y');
    expect(redact('"s3cr3t/Va\\nlue+42"')).toBe('"***"');
  });

  it('AG-LOG-4: masks each line of a value of several lines', () => {
    expect(createRedactor(['first-line-xx\nsecond-line-yy'])('only second-line-yy here')).toBe('only *** here');
  });

  it('AG-LOG-4: masks nothing for values that are too short to be secrets', () => {
    expect(createRedactor(['', ' ', 'abc'])('abc def')).toBe('abc def');
  });

  it.each(Object.entries(fake))('AG-LOG-4: masks what looks like a credential: %s', (_, value) => {
    expect(createRedactor([])(`before ${value} after`)).toBe('before *** after');
  });

  it('AG-LOG-4: masks header values and user-info of URLs, keeps the rest readable', () => {
    const plain = createRedactor([]);
    expect(plain('Authorization: Bearer abcdef123456')).toBe('Authorization: Bearer ***');
    expect(plain('{"X-API-Key": "k-123456"}')).toBe('{"X-API-Key": "***"}');
    expect(plain('git clone https://bot:hunter22@git.example.org/a/b')).toBe(
      'git clone https://***@git.example.org/a/b',
    );
    expect(plain('see https://git.example.org/a/b?x=y@z')).toBe('see https://git.example.org/a/b?x=y@z');
  });

  it('an unterminated private key is masked to the end', () => {
    expect(createRedactor([])(`x -----BEGIN ${'PRIVATE'} KEY-----\nabc`)).toBe('x ***');
  });

  it('a known value never survives, whatever surrounds it', () => {
    fc.assert(
      fc.property(
        fc
          .string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
          .filter((text) => text.trim() === text && /[A-Za-z0-9]{4}/.test(text) && !text.includes('***')),
        fc.string(),
        fc.string(),
        (value, before, after) => {
          expect(createRedactor([value])(`${before} ${value} ${after}`)).not.toContain(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('AG-LOG-4: a value broken anywhere, as often as you like, is masked as a whole', () => {
    const gap = fc.constantFrom('', '', '', '\n', '\r\n', '\\n', '\n| ', '\n\t', '\n\n', '\\r\\n  ');
    const value = fc.stringMatching(/^[A-Za-z0-9+/_-]{8,24}$/);
    fc.assert(
      fc.property(value, fc.array(gap, { minLength: 24, maxLength: 24 }), (secret, gaps) => {
        const broken = Array.from(secret, (character, at) => (at === 0 ? '' : (gaps[at] ?? '')) + character).join('');
        expect(createRedactor([secret])(`a\n ${broken} b\n`)).toBe('a\n *** b\n');
      }),
      { numRuns: 500 },
    );
  });

  it('values that overlap in a text are masked by one mask, neighbours by one each', () => {
    const mask = createRedactor(['first-abc', 'abc-last', 'other-one']);
    expect(mask('first-abc-last')).toBe('***');
    expect(mask('other-oneother-one')).toBe('******');
  });

  it('a value with blanks and backslashes is masked too, broken or not', () => {
    const mask = createRedactor(['pass word\\1 | x']);
    expect(mask('<pass word\\1 | x>')).toBe('<***>');
    expect(mask('<pass wo\n| rd\\1 | x>')).toBe('<***>');
  });

  it('hostile text ends at once', () => {
    for (const part of [
      '-----BEGIN PRIVATE KEY-----',
      'a://',
      'Authorization: ',
      'eyJaaaaaaaa.',
      '1234567890:',
      's3cr3t/V\n',
    ])
      expect(typeof redact(part.repeat(20_000))).toBe('string');
  });
});

describe('createSecretFinder', () => {
  it('AG-APP-2: finds certain credentials and known values with their line, never the value', () => {
    const find = createSecretFinder(['my-known-value']);
    expect(find(`a\nb ${fake.github}`)).toEqual({ name: 'github-token', line: 2 });
    expect(find(`x\n\n${Buffer.from('my-known-value').toString('base64')}\n${fake.aws}`)).toEqual({
      name: 'known-value',
      line: 3,
    });
    expect(find(fake.key)?.name).toBe('private-key');
  });

  it('AG-APP-2: a value as short as a common word does not refuse a file', () => {
    expect(createSecretFinder(['true', 'prod'])('enabled: true # prod')).toBeNull();
  });

  it('AG-APP-2: uncertain patterns do not refuse a file', () => {
    const find = createSecretFinder([]);
    for (const text of [
      fake.jwt,
      'Authorization: Bearer <token>',
      'postgres://user:pass@localhost/db',
      'sk-ant-',
      'AKIA',
    ])
      expect(find(text), text).toBeNull();
  });
});
