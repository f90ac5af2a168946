/** Looks again until it is as wanted; `expect.poll` does not know its test when several run at once. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  wanted: (value: T) => boolean,
  timeoutS = 30,
): Promise<T> {
  const end = Date.now() + timeoutS * 1000;
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    if (Date.now() > end) throw new Error(`not so after ${timeoutS} s: ${what}; last: ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}
