#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, CommanderError } from 'commander';
import { ExternalError } from '../base/errors.ts';
import { classifyFailure, renderFailure } from '../runtime/failure.ts';
import { VERSION } from '../runtime/version.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import type { Io } from './io.ts';

// The second start reads what the first one compiled.
enableCompileCache();

/** 128 + SIGINT. */
const INTERRUPTED = 130;
const print = (text: string) => console.log(text);
const tell = (text: string) => console.error(text);
const interrupt = new AbortController();
/** What the command answered, and what went wrong. */
let code: number = EXIT.done;
let failed: number | null = null;
const io: Io = {
  env: process.env,
  pid: process.pid,
  print,
  tell: print,
  // A terminal that does not say how wide it is cannot be drawn on.
  isTerminal: process.stdout.isTTY && process.stdout.columns > 20,
  signal: interrupt.signal,
};

const program = new Command('conveyor')
  .description('An autonomous software delivery pipeline on Gitea Actions')
  .version(VERSION)
  .exitOverride()
  .showHelpAfterError();
const collect = (value: string, others: readonly string[] = []) => [...others, value];

program
  .command('demo')
  .description('one work item from the board to production, on this machine, without a server')
  .option('--json', 'print the result as one JSON line; progress goes to standard error')
  .option('--keep', 'leave repository, records and services where they are')
  .option('--scenario <name>', 'what the scripted agents do', 'happy')
  .action(async (options) => {
    const { demoCommand } = await import('./demo.ts');
    code = await demoCommand(options, options.json === true ? { ...io, tell, isTerminal: false } : io);
  });

program
  .command('run')
  .description('a work item of your own repository on this machine, with your own agent')
  .requiredOption('--local <repository>', 'bare repository with .conveyor/config.yml on its main branch')
  .option('--folder <folder>', 'issues and records (default: beside the repository)')
  .option('--main <branch>', 'main branch', 'main')
  .option('--issue <number>', 'go on with an issue')
  .option('--title <text>', 'title of a new issue')
  .option('--description <text>', 'description of a new issue')
  .option('--as <name>', 'your name on the board', 'me')
  .option('--approve', 'approve the analysis without asking')
  .option('--confirm', 'confirm the deployment without asking')
  .option('--answer <text>', 'answer to questions of the analyst')
  .action(async (options) => {
    const { runCommand } = await import('./run.ts');
    code = await runCommand(options, io);
  });

program
  .command('init')
  .description('make the ledger branch of a repository (CONVEYOR_BOT_TOKEN)')
  .requiredOption('--repository <address>', 'address or path of the repository')
  .option('--main <branch>', 'main branch', 'main')
  .action(async (options) => {
    const { initCommand } = await import('./init.ts');
    code = await initCommand(options, io);
  });

program
  .command('workflows')
  .description('write the workflow files of a managed repository')
  .requiredOption('--actions <repository>', "where Conveyor's actions are: owner/name on the same forge, or a URL")
  .requiredOption('--ref <commit>', 'commit or protected tag of the release')
  .option('--config <file>', 'configuration of the repository', '.conveyor/config.yml')
  .option('--out <folder>', 'top of the repository', '.')
  .option('--ci <name>', 'name of a CI workflow; may be given several times (default: those that are there)', collect)
  .option('--check', 'write nothing; exit 1 when a file is missing or differs')
  .action(async (options) => {
    const { workflowsCommand } = await import('./workflows.ts');
    code = workflowsCommand(options, print);
  });

program
  .command('doctor')
  .description('what works here and what does not (CONVEYOR_FORGE_URL, CONVEYOR_FORGE_TOKEN)')
  .option('--area <name>', 'only this area; may be given several times', collect)
  .option('--repo <owner/name>', 'a managed repository')
  .option('--strict', 'warnings count as failures')
  .option('--json', 'print the report as JSON')
  .action(async (options) => {
    const { doctorCommand } = await import('./doctor.ts');
    code = await doctorCommand(options, process.env, print);
  });

const relay = program
  .command('relay')
  .description('receive webhooks and start runs')
  .option('--config <file>', 'relay.yml (default: CONVEYOR_RELAY_CONFIG)')
  .action(async (options) => {
    const { relayCommand } = await import('./relay.ts');
    code = await relayCommand(options, io);
  });
relay
  .command('redrive')
  .description('try dead events again')
  .option('--key <key>', 'only this one')
  .action(async (options) => {
    const { relayRequestCommand } = await import('./relay.ts');
    code = await relayRequestCommand(relay.opts(), { kind: 'redrive', key: options.key ?? null }, io);
  });
relay
  .command('drop <project>')
  .description('throw away what waits for a project')
  .action(async (project: string) => {
    const { relayRequestCommand } = await import('./relay.ts');
    code = await relayRequestCommand(relay.opts(), { kind: 'drop', project }, io);
  });

const isRelay = process.argv[2] === 'relay';
// A closed terminal must leave nothing behind either; to the relay SIGHUP says that its file changed.
for (const signal of ['SIGINT', 'SIGTERM', ...(isRelay ? [] : (['SIGHUP'] as const))] as const)
  process.once(signal, () => interrupt.abort());
// Whoever read our output has gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort());
// A bug that nobody waits for: what was started is still cleaned up.
process.once('unhandledRejection', (thrown) => {
  fail(thrown);
  interrupt.abort();
});
try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) fail(thrown);
  else if (thrown.exitCode !== 0) failed = EXIT.usage;
}
// The relay ends well when it is asked to end; everything else was cut short.
process.exitCode = failed ?? (interrupt.signal.aborted && !isRelay ? INTERRUPTED : code);

function fail(thrown: unknown): void {
  const failure = classifyFailure(thrown);
  // No reconciler goes on with what a person started by hand.
  const next = thrown instanceof ExternalError && thrown.detail.retryable ? 'run it again' : failure.next;
  tell(renderFailure(`conveyor ${process.argv[2] ?? ''}`, { ...failure, next }, null));
  failed = exitCodeOf(thrown);
}
