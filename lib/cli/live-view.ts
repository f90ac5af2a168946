import { Listr } from 'listr2';

/** Where progress is shown: lines, and one run of a stage at a time that they belong to. */
export interface LiveView {
  line(text: string): void;
  /** Opens a run; one that is still open ends before it. */
  begin(title: string): void;
  end(isGood: boolean): void;
  /** Ends what is open; resolves when everything is on the screen. */
  settle(): Promise<void>;
}

/** One line after the other, for files and pipes. */
export function createPlainView(print: (line: string) => void): LiveView {
  let isOpen = false;
  return {
    line: (text) => print(isOpen ? `  ${text}` : text),
    begin(title) {
      isOpen = true;
      print(`▶ ${title}`);
    },
    end() {
      isOpen = false;
    },
    settle: async () => {
      isOpen = false;
    },
  };
}

interface OpenRun {
  readonly write: (text: string) => void;
  readonly settle: (isGood: boolean) => void;
}

/** Runs turn while they work and keep their lines under their title, for terminals. */
export function createTerminalView(print: (line: string) => void): LiveView {
  let open: OpenRun | null = null;
  let shown: Promise<unknown> = Promise.resolve();
  const end = (isGood: boolean) => {
    open?.settle(isGood);
    open = null;
  };
  return {
    line(text) {
      if (open === null) shown = shown.then(() => print(text));
      else open.write(text);
    },
    begin(title) {
      end(true);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiting: string[] = [];
      let write = (text: string): void => void waiting.push(text);
      const task = {
        title,
        rendererOptions: { persistentOutput: true, outputBar: Number.POSITIVE_INFINITY },
        task: async (_: unknown, handle: { output: string }) => {
          write = (text) => {
            handle.output = text;
          };
          for (const text of waiting) write(text);
          await promise;
        },
      };
      shown = shown.then(() => new Listr([task], { exitOnError: false, concurrent: false }).run());
      open = {
        write: (text) => write(text),
        settle: (isGood) => (isGood ? resolve() : reject(new Error(title))),
      };
    },
    end,
    async settle() {
      end(true);
      await shown;
    },
  };
}
