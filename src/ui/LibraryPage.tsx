/** What the pages share that list what this browser keeps: runs, texts, models, tokenizers. */
import { useEffect, useState, type ReactNode } from 'react';
import { ActionIcon, TextInput } from '@mantine/core';
import { Pencil } from 'lucide-react';
import { ErrorBanner } from './Banner';
import { Card, PageHead, Skeleton } from './Card';
import { Confirm } from './Dialog';
import styles from './LibraryPage.module.css';

interface Named {
  id: string;
  name: string;
}

/** The question before an item is removed; the item is null while the dialog closes. */
export interface Removal<Item> {
  title: (name: string) => string;
  /** The verb on the button. */
  confirm: string;
  /** It cannot be removed now; the words say why. */
  disabled?: (item: Item) => boolean;
  /** What is lost, and what stays. */
  words: (item: Item | null) => ReactNode;
  remove: (id: string) => Promise<unknown>;
}

/** A list and its faults, as the stores of such pages hold them. */
interface LibraryState {
  load(): Promise<void>;
  /** Why the list could not be read. */
  listError: unknown;
  /** Why the last thing done to an item failed. */
  failure: unknown;
  dismiss(): void;
}

interface LibraryPageProps<Item> {
  title: string;
  lead?: string;
  /** Controls in the place of a shown title. */
  tools?: ReactNode;
  state: LibraryState;
  removal: Removal<Item>;
  /** @param askRemoval opens the question */
  children: (askRemoval: (item: Item) => void) => ReactNode;
}

/** Head, faults and content of such a page, which loads its list when it opens and asks before an item is removed. */
export function LibraryPage<Item extends Named>(props: LibraryPageProps<Item>) {
  const { title, lead, tools, state, removal, children } = props;
  const { load, listError, failure, dismiss } = state;
  const [doomed, setDoomed] = useState<Item | null>(null);
  useEffect(() => void load(), [load]);
  return (
    <>
      <PageHead title={title} lead={lead} titleHidden={tools !== undefined}>
        {tools}
      </PageHead>
      {listError ? <ErrorBanner error={listError} onRetry={() => void load()} /> : null}
      {failure ? <ErrorBanner error={failure} onDismiss={dismiss} /> : null}
      <div className={styles.page}>{children(setDoomed)}</div>
      <Confirm
        opened={doomed !== null}
        title={removal.title(doomed?.name ?? '')}
        confirm={removal.confirm}
        disabled={doomed !== null && removal.disabled?.(doomed) === true}
        onClose={() => setDoomed(null)}
        onConfirm={() => {
          if (doomed) void removal.remove(doomed.id);
          setDoomed(null);
        }}
      >
        {removal.words(doomed)}
      </Confirm>
    </>
  );
}

interface ListingProps<Item> {
  label: string;
  state: 'loading' | 'ready' | 'failed';
  items: readonly Item[];
  /** Of the skeleton. */
  lines: number;
  empty: ReactNode;
  children: (item: Item) => ReactNode;
}

/** The items below one another, or what stands in their place. */
export function Listing<Item>({ label, state, items, lines, empty, children }: ListingProps<Item>) {
  return (
    <>
      {state === 'loading' && (
        <Card>
          <Skeleton lines={lines} />
        </Card>
      )}
      {state === 'ready' && items.length === 0 && <Card>{empty}</Card>}
      {items.length > 0 && (
        <ul className={styles.list} aria-label={label}>
          {items.map(children)}
        </ul>
      )}
    </>
  );
}

interface EditableNameProps {
  name: string;
  heading: 'h2' | 'h3';
  /** Of the row of heading and button. */
  className: string | undefined;
  /** Of the field. */
  label: string;
  /** Of the button that opens it. */
  renameLabel: string;
  maxLength: number;
  onRename: (name: string) => void;
}

/** A heading with a button that makes it a field; Enter or leaving the field keeps the new name, Escape the old one. */
export function EditableName({ name, heading: Heading, className, label, renameLabel, maxLength, onRename }: EditableNameProps) {
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null)
    return (
      <div className={className}>
        <Heading>{name}</Heading>
        <ActionIcon size={22} variant="subtle" color="gray" aria-label={renameLabel} onClick={() => setDraft(name)}>
          <Pencil size={13} />
        </ActionIcon>
      </div>
    );
  const keep = () => {
    setDraft(null);
    onRename(draft);
  };
  return (
    <TextInput
      size="xs"
      autoFocus
      aria-label={label}
      value={draft}
      maxLength={maxLength}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') setDraft(null);
      }}
    />
  );
}
