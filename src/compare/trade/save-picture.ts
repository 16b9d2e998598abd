/** The picture as a file: the SVG as it is, or painted at twice its size. */
import { saveFile } from '../../ui/save-file';

const SCALE = 2;

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
