import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AgentRunSpec } from '../../ports/agent.ts';
import type { Action } from './scenario-action.ts';
import type { Step } from './scenario.ts';
import { renderScriptedArtifact, renderScriptedConflict, renderScriptedQuestions } from './scripted-artifacts.ts';
import type { PlannedAction, ScriptedPlan } from './scripted-plan.ts';

/**
 * A step of a scenario made ready for one run: placeholders replaced, fixture files read, artifacts written out.
 * Throws file-system errors of fixture files (paths are relative to the scenario's folder).
 */
export function planStep(step: Step, spec: AgentRunSpec, scenarioFile: string, session: string): ScriptedPlan {
  const replace = (text: string): string =>
    text
      .replaceAll('{WI}', `docs/work-items/${spec.item}`)
      .replaceAll('{ID}', spec.item)
      .replaceAll('{round}', String(spec.round));
  return {
    version: 1,
    session,
    promptFiles: [spec.systemPromptFile, spec.promptFile],
    expect: {
      promptHas: step.expect.prompt_has.map(replace),
      promptLacks: step.expect.prompt_lacks.map(replace),
      envLacks: step.expect.env_lacks,
      files: step.expect.files.map(replace),
    },
    actions: step.do.map((action) => planAction(action, spec.item, replace, dirname(scenarioFile))),
    end: step.end,
    usage:
      step.usage === undefined
        ? null
        : {
            input: step.usage.input,
            cacheRead: step.usage.cache_read,
            cacheCreation: step.usage.cache_creation,
            output: step.usage.output,
            costUsd: step.usage.cost_usd ?? null,
            model: step.usage.model ?? null,
          },
  };
}

function planAction(action: Action, item: string, replace: (text: string) => string, folder: string): PlannedAction {
  const folderOfItem = `docs/work-items/${item}`;
  const write = (path: string, content: string | Buffer, mode: string | null = null): PlannedAction => ({
    do: 'write',
    path,
    data: Buffer.from(content as string).toString('base64'),
    mode,
  });
  if (action.write !== undefined) {
    const { path, text, file, mode } = action.write;
    const content = text ?? readFixture(resolve(folder, file ?? ''));
    return write(replace(path), typeof content === 'string' ? replace(content) : content, mode ?? null);
  }
  if (action.append !== undefined)
    return {
      do: 'append',
      path: replace(action.append.path),
      data: Buffer.from(replace(action.append.text)).toString('base64'),
      mode: null,
    };
  if (action.delete !== undefined) return { do: 'delete', path: replace(action.delete) };
  if (action.move !== undefined) return { do: 'move', from: replace(action.move.from), to: replace(action.move.to) };
  if (action.chmod !== undefined) return { do: 'chmod', path: replace(action.chmod.path), mode: action.chmod.mode };
  if (action.mkdir !== undefined) return { do: 'mkdir', path: replace(action.mkdir) };
  if (action.symlink !== undefined)
    return { do: 'symlink', path: replace(action.symlink.path), target: action.symlink.target };
  if (action.submodule !== undefined) return { do: 'submodule', path: replace(action.submodule) };
  if (action.binary !== undefined)
    return { do: 'binary', path: replace(action.binary.path), bytes: action.binary.bytes };
  if (action.artifact !== undefined)
    return write(`${folderOfItem}/${replace(action.artifact.file)}`, renderScriptedArtifact(action.artifact, item));
  if (action.questions !== undefined)
    return write(`${folderOfItem}/01-questions.md`, renderScriptedQuestions(action.questions, item));
  if (action.conflict !== undefined)
    return write(`${folderOfItem}/06-conflict.md`, renderScriptedConflict(action.conflict, item));
  if (action.sleep !== undefined) return { do: 'sleep', ms: action.sleep };
  if (action.spawn_orphan !== undefined) return { do: 'spawn_orphan', ms: action.spawn_orphan };
  if (action.print !== undefined) return { do: 'print', text: replace(action.print) };
  if (action.run !== undefined)
    return {
      do: 'run',
      argv: action.run.argv.map(replace),
      input: action.run.input === undefined ? null : replace(action.run.input),
    };
  return { do: 'print_env' };
}

/** Text as a string, anything else as bytes. */
function readFixture(path: string): string | Buffer {
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : bytes;
}
