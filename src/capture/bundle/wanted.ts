/** What is kept of a recording, in all and of one file. A recording of a minute on 256 CPUs has 60 MB. */
export const MOST_KEPT_BYTES = 512 << 20;
export const MOST_FILE_BYTES = 64 << 20;

/** Directories of a recording that import looks at; of what sos has programs say, only what is of the machine itself. */
const wanted =
  /(?:^|\/)(?:(?:proc|sys|snapshots|commands|sos_commands\/(?:kernel|hyperv|hardware|processor|numa))(?:\/|$)|manifest$)/;

/** True for what import looks at. @param path of an archive, or below a directory. */
export function isWanted(path: string): boolean {
  return wanted.test(path);
}
