import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createIssue, moveIssue } from '../adapters/tracker/file.ts';
import { readIssue } from '../adapters/tracker/file-store.ts';
import { ConfigError } from '../base/errors.ts';
import { createLocalEngine } from '../engines/local.ts';
import type { ItemState } from '../pipeline/state.ts';
import { deploySecretsOf } from '../runtime/secrets.ts';
import { renderWhereabouts } from './demo/result.ts';
import { type Person, driveItem } from './drive-item.ts';
import { EXIT } from './exit-code.ts';
import type { Io } from './io.ts';
import { type LiveView, createPlainView, createTerminalView } from './live-view.ts';
import { createStory } from './story.ts';
import { type Ask, createAsk } from './ask.ts';

export interface RunOptions {
  /** Bare repository with its own `.conveyor/config.yml` on main. */
  readonly local: string;
  /** Folder of issues and records; default: beside the repository. */
  readonly folder?: string;
  readonly main: string;
  /** Number of an issue that is there. */
  readonly issue?: string;
  readonly title?: string;
  readonly description?: string;
  /** Account name on the board. */
  readonly as: string;
  readonly approve?: boolean;
  readonly confirm?: boolean;
  readonly answer?: string;
}

/**
 * `conveyor run`: a work item of the user's own repository on the local engine, with its own agent. What the pipeline
 * asks is answered by options, else at the terminal; without either the item stays where it is and the next call goes
 * on from there. Answers the exit code: 0 only when the item is done. spec: design §6
 */
export async function runCommand(options: RunOptions, io: Io): Promise<number> {
  const repository = resolve(options.local);
  await assertBare(repository);
  const folder = resolve(options.folder ?? `${repository.replace(/\/+$|\.git\/*$/g, '')}.conveyor`);
  const view = io.isTerminal ? createTerminalView(io.tell) : createPlainView(io.tell);
  const story = createStory(view);
  const quiet = () => {};
  await using engine = await createLocalEngine({
    repository,
    folder,
    mainBranch: options.main,
    env: io.env,
    log: { debug: quiet, info: quiet, warn: (text) => view.line(`⚠️ ${text}`), error: quiet },
    deploySecrets: deploySecretsOf(io.env),
    onRun: story.onRun,
    onStep: story.onStep,
  });
  const issue = await chooseIssue(options, engine.issues);
  await story.follow(engine, issue);
  await engine.resume();
  const item = await driveItem(engine, issue, personOf(options, view, createAsk(io)), io.signal);
  await story.look();
  await story.close();
  await view.settle();
  if (item === null) {
    io.tell(`Issue ${issue} is no work item: its comments in ${engine.issues} say what it lacks`);
    return EXIT.negative;
  }
  for (const line of renderWhereabouts(item)) io.print(line);
  if (item.stage === 'done') return EXIT.done;
  io.tell(`To go on: conveyor run --local ${options.local} --issue ${issue}`);
  return EXIT.negative;
}

/** A branch that is checked out somewhere must not move under its work tree. */
async function assertBare(repository: string): Promise<void> {
  const isFolder = (path: string) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
  if (await isFolder(join(repository, '.git')))
    throw new ConfigError(
      'RUN_NOT_BARE',
      `${repository} has a work tree, and its main would move under it: make a bare copy with "git clone --bare ${repository} ${repository}.git" and give that`,
    );
  if (!(await isFolder(join(repository, 'objects'))))
    throw new ConfigError(
      'RUN_NO_REPOSITORY',
      `${repository} is no bare git repository: make one with "git clone --bare <your repository> ${repository}"`,
    );
}

async function chooseIssue({ issue, title, description, as }: RunOptions, issues: string): Promise<string> {
  if (issue === undefined) {
    if (title === undefined)
      throw new ConfigError('RUN_ISSUE', 'give --issue <number>, or --title and --description of a new issue');
    const made = await createIssue(issues, { title, description: description ?? '' }, as);
    await moveIssue(issues, made, 'to_analyse', as);
    return made;
  }
  const stored = await readIssue(issues, issue);
  if (stored === null) throw new ConfigError('RUN_ISSUE', `--issue ${issue}: there is no such issue in ${issues}`);
  const status = stored.moves.at(-1)?.to ?? stored.file.created.status;
  if (status === 'backlog' || status === 'todo') await moveIssue(issues, issue, 'to_analyse', as);
  return issue;
}

function personOf(options: RunOptions, view: LiveView, ask: Ask): Person {
  const decide = async (given: boolean | undefined, question: string) => {
    await view.settle();
    return given === true || (await ask.yes(question));
  };
  return {
    name: options.as,
    approves: (item) => decide(options.approve, `${item.id}: approve the analysis (branch ${item.branch ?? ''})?`),
    confirms: (item) => decide(options.confirm, `${item.id}: deploy ${digestOf(item)} to production?`),
    async answers(item) {
      await view.settle();
      return options.answer ?? (await ask.text(`${item.id} asks: ${item.hold?.text ?? ''}\nYour answer:`));
    },
  };
}

const digestOf = (item: ItemState) => item.delivery?.request?.digest.slice(0, 19) ?? 'the candidate';
