/** Buttons that save a picture, one for SVG and one for PNG. */
import { Button } from '@mantine/core';
import { Download } from 'lucide-react';
import { savePicture } from './save-file';

export type PictureForm = 'SVG' | 'PNG';

interface SaveButtonsProps {
  /** Of the group, and of a button in it. */
  label: string;
  labelOf: (form: PictureForm) => string;
  /** Of the file, without its ending. */
  name: string;
  /** A whole SVG document; null while there is nothing to save. */
  draw: (() => string) | null;
  className: string | undefined;
  small?: boolean;
  /** Null when a save begins. */
  onFault: (fault: unknown) => void;
  children?: React.ReactNode;
}

export function SaveButtons({ label, labelOf, name, draw, className, small = false, onFault, children }: SaveButtonsProps) {
  return (
    <span className={className} role="group" aria-label={label}>
      {children}
      {(['SVG', 'PNG'] as const).map((form) => (
        <Button
          key={form}
          size={small ? 'compact-xs' : 'xs'}
          variant="default"
          leftSection={<Download size={small ? 12 : 13} />}
          aria-label={labelOf(form)}
          disabled={!draw}
          onClick={() => {
            onFault(null);
            savePicture(draw!(), form === 'SVG' ? 'svg' : 'png', name).catch(onFault);
          }}
        >
          {form}
        </Button>
      ))}
    </span>
  );
}
