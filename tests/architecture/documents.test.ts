import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/pipeline/config.ts';
import { parseRelayConfig } from '../../lib/relay/config.ts';
import { TOP, projectFiles } from './sources.ts';

const read = (path: string) => readFileSync(join(TOP, path), 'utf8');
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
const readme = read('README.md');
/** Command lines of the README's shell blocks. */
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap((block) => (block[1] ?? '').trim().split('\n'));

describe('README', () => {
  it('has the two commands: the demo and the tests', () => {
    expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
  });

  it('every npm script it and AGENTS.md name exists, and the file it starts exists', () => {
    const named = [...`${readme}${read('AGENTS.md')}`.matchAll(/npm (?:run ([\w-]+)|(test))/g)].map(
      (found) => found[1] ?? found[2] ?? '',
    );
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(Object.keys(scripts), `npm run ${name}`).toContain(name);
  });

  it('every script of package.json starts a file or program that exists', () => {
    for (const [name, line] of Object.entries(scripts)) {
      const [program = '', file = ''] = line.split(' ');
      const path = program === 'node' ? file : join('node_modules', '.bin', program);
      expect(existsSync(join(TOP, path)), `${name}: ${path}`).toBe(true);
    }
  });

  it('.ci/run runs exactly the test command of the README, and the workflow runs .ci/run', () => {
    const test = commands.find((command) => command.endsWith('npm test'));
    expect(read('.ci/run').split('\n')).toContainEqual(expect.stringMatching(new RegExp(`^\\(${test}\\) `)));
    expect(read('.gitea/workflows/ci.yml')).toContain('run: .ci/run\n');
  });

  it('fits one screen', () => {
    expect(readme.split('\n').length).toBeLessThan(60);
  });
});

/** Blocks of a language in a document of docs/operations. */
const blocks = (name: string, language: string) =>
  [...read(`docs/operations/${name}.md`).matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (block) => block[1] ?? '',
  );

describe('operations', () => {
  it('the configuration of install.md is valid, and it says so when it is not', () => {
    const [config = ''] = blocks('install', 'yaml');
    expect(parseConfig(config)).toMatchObject({ ok: true });
    expect(parseConfig(config.replace('root: /srv/trails', ''))).toMatchObject({ ok: false });
  });

  it('the relay.yml of relay.md is valid with the environment that it lists', () => {
    const source = (blocks('relay', 'yaml')[0] ?? '').replace(/<uuid[^>]*>/, '0ac1e5b2-6f0e-4a57-9f0e-2f3c1d4b5a60');
    const named = read('docs/operations/relay.md').matchAll(/^\| `(CONVEYOR_RELAY_\w+)`/gm);
    const environment = Object.fromEntries([...named].map(([, name]) => [name, 'x'.repeat(40)]));
    expect(parseRelayConfig(source, environment)).toMatchObject({ ok: true, skipped: [] });
    expect(parseRelayConfig(source, {})).toMatchObject({ ok: false });
  });

  it('every command of the command line that a document shows exists', () => {
    const known = [...read('lib/cli/main.ts').matchAll(/\.command\('([a-z]+)/g)].map((found) => found[1]);
    const shown = ['install', 'relay', 'hooks'].flatMap((name) =>
      [...read(`docs/operations/${name}.md`).matchAll(/npm run conveyor -- ([a-z]+)/g)].map((found) => found[1]),
    );
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('documents', () => {
  const documents = projectFiles().filter(({ path }) =>
    /^(README|AGENTS|CHANGELOG|docs\/.*|actions\/README)(\.md)?$/.test(path),
  );

  it('every link between documents leads to a file', () => {
    expect(documents.length).toBeGreaterThan(8);
    const dead = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map((found) => join(dirname(path), found[1] ?? ''))
        .filter((target) => !existsSync(join(TOP, target)))
        .map((target) => `${path} → ${target}`),
    );
    expect(dead).toEqual([]);
  });

  it('every file and folder of the code that a document names exists', () => {
    const gone = documents
      .filter(({ path }) => !path.startsWith('CHANGELOG'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/`((?:lib|tests|actions|tools|agents|examples)\/[\w./-]+)`/g)]
          .map((found) => found[1] ?? '')
          .filter((named) => !existsSync(join(TOP, named)))
          .map((named) => `${path}: ${named}`),
      );
    expect(gone).toEqual([]);
  });

  it('the index of decision records lists every record, in order', () => {
    const records = readdirSync(join(TOP, 'docs/adr')).filter(
      (name) => /^\d{4}-/.test(name) && name !== '0000-template.md',
    );
    const listed = [...read('docs/adr/README.md').matchAll(/^\| \[\d{4}\]\(([^)]+)\)/gm)].map((found) => found[1]);
    expect(listed).toEqual(records.sort());
  });

  it('a record has a number, a status and the sections of the template', () => {
    const sections = [...read('docs/adr/0000-template.md').matchAll(/^## .*/gm)].map(([heading]) => heading);
    for (const name of readdirSync(join(TOP, 'docs/adr')).filter((file) => /^\d{4}-/.test(file))) {
      const text = read(`docs/adr/${name}`);
      expect(
        [...text.matchAll(/^## .*/gm)].map(([heading]) => heading),
        name,
      ).toEqual(sections);
      expect(text, name).toMatch(/^Status: /m);
    }
  });
});
