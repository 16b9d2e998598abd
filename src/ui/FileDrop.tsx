/** A place to drop files or folders, with buttons that do the same from the keyboard. */
import { useRef, useState, type DragEvent } from 'react';
import { Button } from '@mantine/core';
import { FolderOpen, Upload } from 'lucide-react';
import { droppedFiles, pickedFiles, type TakenFiles } from './dropped-files';
import styles from './FileDrop.module.css';

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
