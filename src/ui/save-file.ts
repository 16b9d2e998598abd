/** Gives the person a file, under a name that every file system takes. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  link.click();
  // The browser has taken the blob when the click returns; the address may go after it.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

/** Pixels of a PNG for each unit of the drawing. */
const SCALE = 2;

/** @param svg a whole document */
export async function savePicture(svg: string, format: 'svg' | 'png', name: string): Promise<void> {
  const drawing = new Blob([svg], { type: 'image/svg+xml' });
  saveFile(format === 'svg' ? drawing : await painted(drawing), `${name}.${format}`);
}

async function painted(drawing: Blob): Promise<Blob> {
  const url = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser made no PNG of the picture'))), 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
