import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What the comments above a class and its properties say. */
export interface ClassComments {
  readonly about?: string;
  readonly properties: ReadonlyMap<string, string>;
}

/** By the names of the classes. @throws Error for a name that is there twice */
export function classComments(folder: string): ReadonlyMap<string, ClassComments> {
  const found = new Map<string, ClassComments>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true);
    for (const node of source.statements) {
      if (!ts.isClassDeclaration(node) || node.name === undefined) continue;
      if (found.has(node.name.text)) throw new Error(`two classes are called ${node.name.text}`);
      found.set(node.name.text, commentsOf(node));
    }
  }
  return found;
}

function commentsOf(node: ts.ClassDeclaration): ClassComments {
  const about = commentOf(node);
  const properties = node.members.filter(ts.isPropertyDeclaration).flatMap((member): [string, string][] => {
    const comment = commentOf(member);
    return comment === undefined ? [] : [[member.name.getText(), comment]];
  });
  return { ...(about === undefined ? {} : { about }), properties: new Map(properties) };
}

/** On one line, without what only readers of the code can look up. */
function commentOf(node: ts.Node): string | undefined {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = ts
    .getTextOfJSDocComment(comment?.comment)
    ?.replace(/\s+/g, ' ')
    .replace(/ \((protocol\.md|rule) [^)]*\)/g, '');
  return text === undefined || text === '' ? undefined : text;
}
