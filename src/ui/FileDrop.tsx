/** Files that a person drops or picks, with those inside dropped folders. */
import { useRef, useState, type DragEvent } from 'react';
import { Button } from '@mantine/core';
import { FolderOpen, Upload } from 'lucide-react';
import styles from './FileDrop.module.css';

/** Files of a drop, with those inside dropped folders, their paths there, and handles where the browser gives them. */

export interface TakenFile {
  file: File;
  /** "folder/inner/a.txt" for what came in a folder, else the name. */
  path: string;
  /** With it the file can be read again after a reload (Chromium). */
  handle?: FileSystemFileHandle;
}

export interface TakenFiles {
  files: TakenFile[];
  /** There were more files than are taken. */
  more: boolean;
}

/** Enough for any data set of source files; a home directory dropped by mistake stops here. */
const MOST_FILES = 20_000;
/** Nobody's text: tools keep thousands of files there. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'node_modules', '__MACOSX', '.DS_Store']);

async function droppedFiles(transfer: DataTransfer): Promise<TakenFiles> {
  // All must be asked for before the first await: the transfer is empty afterwards.
  const items = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => ({
      file: item.getAsFile(),
      entry: item.webkitGetAsEntry(),
      handle: 'getAsFileSystemHandle' in item ? (item as HandleItem).getAsFileSystemHandle().catch(() => null) : null,
    }));
  const taken: TakenFiles = { files: [], more: false };
  if (items.length === 0) for (const file of transfer.files) take(taken, { file, path: file.name });
  for (const { file, entry, handle: asked } of items) {
    const handle = await asked;
    if (handle) await collectHandle(handle, '', taken);
    else if (entry) await collectEntry(entry, taken);
    else if (file) take(taken, { file, path: file.name });
  }
  return taken;
}

/** Files of an input, of which a folder's carry their paths. */
function pickedFiles(list: FileList | null): TakenFiles {
  const taken: TakenFiles = { files: [], more: false };
  for (const file of list ?? []) {
    const path = file.webkitRelativePath === '' ? file.name : file.webkitRelativePath;
    if (!path.split('/').some((part) => LEFT_OUT.has(part))) take(taken, { file, path });
  }
  return taken;
}

/** Not yet in TypeScript's DOM. */
interface HandleItem {
  getAsFileSystemHandle(): Promise<FileSystemHandle | null>;
}

/** @returns false when no more are taken */
function take(taken: TakenFiles, file: TakenFile): boolean {
  if (taken.files.length >= MOST_FILES) taken.more = true;
  else taken.files.push(file);
  return !taken.more;
}

async function collectHandle(handle: FileSystemHandle, folder: string, taken: TakenFiles): Promise<boolean> {
  const path = folder === '' ? handle.name : `${folder}/${handle.name}`;
  if (handle.kind === 'file') {
    const fileHandle = handle as FileSystemFileHandle;
    return take(taken, { file: await fileHandle.getFile(), path, handle: fileHandle });
  }
  for await (const inner of (handle as FileSystemDirectoryHandle).values())
    if (!LEFT_OUT.has(inner.name) && !(await collectHandle(inner, path, taken))) return false;
  return true;
}

/** Browsers give a folder's entries in batches. */
async function collectEntry(entry: FileSystemEntry, taken: TakenFiles): Promise<boolean> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return take(taken, { file, path: entry.fullPath.replace(/^\//, '') });
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return true;
    for (const inner of batch) if (!LEFT_OUT.has(inner.name) && !(await collectEntry(inner, taken))) return false;
  }
}

/** A place to drop files or folders, with buttons that do the same from the keyboard. */
interface Props {
  title: string;
  hint: string;
  /** Label of the button that picks files. */
  pick: string;
  /** Label of the button that picks a folder; without it there is none. */
  pickFolder?: string;
  /** As the `accept` attribute: ".txt,.md". */
  accept: string;
  disabled?: boolean;
  /** Also called with none, when an empty folder was dropped. */
  onFiles: (files: File[], taken: TakenFiles) => void;
}

export function FileDrop({ title, hint, pick, pickFolder, accept, disabled = false, onFiles }: Props) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const give = (taken: TakenFiles) =>
    onFiles(
      taken.files.map(({ file }) => file),
      taken,
    );
  const take = (input: HTMLInputElement) => {
    const picked = pickedFiles(input.files);
    // Picking the same file again must fire again.
    input.value = '';
    give(picked);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!disabled) void droppedFiles(event.dataTransfer).then(give);
  };
  return (
    <div
      className={styles.drop}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(!disabled);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Upload size={22} strokeWidth={1.5} aria-hidden />
      <div>
        <div className={styles.title}>{title}</div>
        <div>{hint}</div>
      </div>
      <div className={styles.buttons}>
        <Button size="xs" variant="default" disabled={disabled} leftSection={<Upload size={14} />} onClick={() => files.current?.click()}>
          {pick}
        </Button>
        {pickFolder !== undefined && (
          <Button
            size="xs"
            variant="default"
            disabled={disabled}
            leftSection={<FolderOpen size={14} />}
            onClick={() => folder.current?.click()}
          >
            {pickFolder}
          </Button>
        )}
      </div>
      <input ref={files} type="file" hidden multiple accept={accept} aria-label={pick} onChange={(event) => take(event.currentTarget)} />
      {pickFolder !== undefined && (
        <input
          ref={folder}
          type="file"
          hidden
          aria-label={pickFolder}
          {...{ webkitdirectory: '' }}
          onChange={(event) => take(event.currentTarget)}
        />
      )}
    </div>
  );
}
