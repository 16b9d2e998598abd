/** Corpora and models to choose from, read from the library when the desk opens. */
import { useEffect, useState } from 'react';
import type { CorpusRecord } from '../contract/corpus';
import type { ModelRecord } from '../contract/library';
import { lab } from '../lab/lab';
import { meetCorpora } from '../channels/own-channels';
import { useRun } from './run-store';

export function useLibrary(): { corpora: readonly CorpusRecord[]; models: readonly ModelRecord[] } {
  const [corpora, setCorpora] = useState<readonly CorpusRecord[]>([]);
  const [models, setModels] = useState<readonly ModelRecord[]>([]);
  useEffect(() => {
    let open = true;
    const { report } = useRun.getState();
    lab.corpus.list().then((found) => {
      meetCorpora(found);
      if (open) setCorpora(found);
    }, report);
    lab.library.models().then((found) => open && setModels(found), report);
    return () => {
      open = false;
    };
  }, []);
  return { corpora, models };
}
