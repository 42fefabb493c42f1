import './files.css';
import { FilePane } from './file-pane.js';
import { LogPane } from './log-pane.js';
import { ShellPane } from './shell-pane.js';
import { Tree } from './tree.js';

/** The guest's files to browse, read and write, its log, and a line of shell. */
export function FilesView() {
  return (
    <div class="files-view">
      <Tree />
      <FilePane />
      <ShellPane />
      <LogPane />
    </div>
  );
}
