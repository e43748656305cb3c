import { serve } from '@upstash/workflow/express';
import { invert, parsePgm, shrink, upload } from './image-store';

export interface PictureOrder {
  readonly pictureUrl: string;
}

/** Image processing: download, three variants in parallel, upload of each. */
export const imageProcessing = serve<PictureOrder>(async (context) => {
  const { pictureUrl } = context.requestPayload;

  const original = await context.run('download', async () => {
    const response = await fetch(pictureUrl);
    if (!response.ok) throw new Error(`${pictureUrl} answered ${response.status}`);
    return parsePgm(Buffer.from(await response.arrayBuffer()));
  });

  const [half, thumbnail, negative] = await Promise.all([
    context.run('variant-half', () => shrink(original, 2)),
    context.run('variant-thumbnail', () => shrink(original, 8)),
    context.run('variant-negative', () => invert(original)),
  ]);

  const files = await Promise.all([
    context.run('upload-half', () => upload('half', half)),
    context.run('upload-thumbnail', () => upload('thumbnail', thumbnail)),
    context.run('upload-negative', () => upload('negative', negative)),
  ]);
  return { files };
});
