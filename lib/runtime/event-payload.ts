/**
 * What the forge says about the event that started this run, unjudged; {} when the runner wrote nothing. The toolkit
 * brings a REST client, so it is loaded only by a run that asks.
 */
export async function loadEventPayload(): Promise<unknown> {
  const { context } = await import('@actions/github');
  return context.payload;
}
