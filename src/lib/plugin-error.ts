/** What a plug-in binds cannot be used. The message says what, and what to do. */
export class PluginError extends TypeError {
  override readonly name = 'PluginError';

  /** @param file the plug-in, if it is known which one. */
  constructor(
    message: string,
    readonly file?: string,
  ) {
    super(message);
  }
}
