import { runExample } from '../app/example-app';
import { pictureServer } from './image-store';
import { imageProcessing } from './workflow';

void runExample({
  name: 'image-processing',
  workflow: imageProcessing,
  routes: { '/pictures': pictureServer() },
  payload: (appUrl) => ({ pictureUrl: process.env['PICTURE_URL'] ?? `${appUrl}/pictures/ramp.pgm` }),
});
