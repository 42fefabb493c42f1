/** What a plug-in binds cannot be used. The message says what, and what to do. */
export class PluginError extends TypeError {
  override readonly name = 'PluginError';
}
