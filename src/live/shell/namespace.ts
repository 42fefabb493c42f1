import { UsageError } from '../../command/usage-error.js';
import { linuxOnly } from '../linux-only.js';
import { succeeds } from '../programs.js';

/** How this process can get a mount namespace of its own. */
export type NamespaceRights =
  /** It may create one. */
  | 'mount'
  /** Only inside a new user namespace. */
  | 'user';

/** @throws UsageError that says what is missing. */
export function namespaceRights(): NamespaceRights {
  linuxOnly('a guest can take the place of files');
  if (succeeds('unshare', ['-m', 'true'])) return 'mount';
  if (succeeds('unshare', ['-U', '-r', '-m', 'true'])) return 'user';
  if (!succeeds('unshare', ['--version'])) {
    throw new UsageError('there is no unshare(1)', 'Install util-linux.');
  }
  throw new UsageError(
    'you may make neither mount nor user namespaces here',
    process.geteuid?.() === 0
      ? 'A container needs --cap-add SYS_ADMIN, or user namespaces (sysctl user.max_user_namespaces).'
      : 'Use root, or allow user namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, ' +
          'kernel.apparmor_restrict_unprivileged_userns.',
  );
}
